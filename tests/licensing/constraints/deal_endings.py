"""Broken rows of ended contracts and of what ends them."""

from datetime import timedelta
from typing import Any

from tests.licensing.constraints.bare import NOON, TODAY

ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "deal_ended_without_licence": (
        {"status": "ended", "kind": "transfer"},
        {"kind": "exclusive"},
        {"kind": "sublicence"},
    ),
    "deal_ending_has_reason": ({"reason": "停"}, {"reason": ""}),
    "deal_ending_agreed_whole": ({"ground": "agreement", "handling": "无"}, {"handling": ""}),
    "deal_ending_proved": (
        {"ground": "breach", "evidence": 1},
        {"evidence": None},
        {"ground": "made_public", "evidence": None},
    ),
    "deal_ending_after_service": (
        {"served_on": TODAY, "effective_on": TODAY},
        {"served_on": TODAY + timedelta(days=1)},
    ),
    "deal_ending_closed_or_open": (
        {"status": "done", "closed_at": NOON},
        {"closed_at": None},
        {"status": "noticed"},
    ),
    "deal_ending_answered_with_reason": (
        {"status": "refused", "answered_at": NOON, "answer": "不同意"},
        {"answer": ""},
        {"answered_at": None},
    ),
}
WHERE: dict[str, Any] = {
    "one_open_deal_ending": ({"status": "noticed"}, {"status": "withdrawn"}),
}
