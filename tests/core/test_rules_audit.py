"""What of an audit entry is sealed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from core.audit import rules

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CHANGES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.none() | st.integers(min_value=1), TEXT, TEXT, TEXT, st.none() | TEXT,
    st.none() | st.integers(),
    st.datetimes(datetime(1900, 1, 1), timezones=st.just(timezone(timedelta(hours=8)))),
    CHANGES,
)  # fmt: skip
def test_the_sealed_text_is_json_in_order(
    position: int | None, event: str, kind: str, pk: str, actor: str | None,
    organisation: int | None, at: datetime, changes: object,
) -> None:  # fmt: skip
    said = {
        "position": position,
        "event": event,
        "subject": f"{kind}:{pk}",
        "actor": actor,
        "organisation": organisation,
        "at": at.astimezone(UTC).isoformat(),
        "changes": changes,
    }
    plain = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert rules.content(position, event, kind, pk, actor, organisation, at, changes) == plain
