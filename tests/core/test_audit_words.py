"""Auditors read words: every event that any room records has them, and they are found by them."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings

from core.audit import selectors, services, words
from core.audit.models import AuditEntry
from core.people.types import Actor
from tests.factories import core as make

ROOMS = ("core", "listings", "licensing", "matching", "pledges", "interchange", "oversight")
RECORDED = re.compile(r"\b(?:record|record_many)\(\s*\"([a-z_]+\.[a-z_]+)\"")
# Events whose second half is a status or a move that the code computes.
COMPUTED = (
    *(f"outcome.{s}" for s in ("verified", "rejected")),
    *(f"licence.contest_{s}" for s in ("upheld", "dismissed", "dropped")),
    *(f"need.{s}" for s in ("closed", "solved")),
    *(f"subscription.{s}" for s in ("active", "paused", "closed")),
)


def recorded() -> set[str]:
    base = Path(settings.BASE_DIR)
    files = [path for room in ROOMS for path in (base / room).rglob("*.py")]
    return {name for path in files for name in RECORDED.findall(path.read_text("utf-8"))}


def test_every_recorded_event_has_words() -> None:
    found = recorded() | set(COMPUTED)
    assert len(found) > 60
    assert sorted(code for code in found if words.event(code) == code) == []


def test_an_unknown_event_stays_what_it_is() -> None:
    assert words.event("thing.done") == "thing.done"
    assert words.subject("no.such_model") == "no.such_model"
    assert words.subject("nonsense") == "nonsense"


@pytest.mark.django_db
def test_entries_are_found_by_their_words_and_people(now: datetime) -> None:
    subject = make.OrganisationFactory()
    by = Actor(user_id=3, organisation_id=subject.pk, name="张三")
    for event in ("licence.effective", "licence.paid", "need.opened"):
        services.record(event, subject=subject, by=by, at=now)

    def events(text: str) -> list[str]:
        rows = selectors.searched(AuditEntry.objects.order_by("event"), text)
        return [row.event for row in rows]

    assert events("许可") == ["licence.effective", "licence.paid"]
    assert events("许可 · 生效") == ["licence.effective"]
    assert events("need.opened") == ["need.opened"]
    assert len(events("张三")) == 3
    assert events("李四") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (None, ()),
        (["a"], ()),
        ({"is_funded": False, "funding_project": ["", ""]}, ("财政资助：否",)),
        ({"funding_project": ["", "市重点 7 号"]}, ("资助项目：无 → 市重点 7 号",)),
        ({"names": [0, 3]}, ("发明人人数：0 → 3",)),
        ({"inventors": ["甲", "乙"], "share": None}, ("发明人：甲、乙",)),
        ({"to": "A", "from": "B", "score": "68.0"}, ("得分：68.0", "由：B", "到：A")),
        ({"encumbrance": 7, "kind": "pledge", "reference": "licence:24"}, ()),
        ({"reason": "too_early", "note": "债务已清偿"}, ("说明：债务已清偿",)),
        ({"reasons": ["得分到了。"], "by_hand": True}, ("人工调整：是", "理由：得分到了。")),
        ({"filename": "stock.csv", "note": "ok"}, ("文件：stock.csv", "说明：ok")),
        ({"amount": "60000.00"}, ("金额：60000.00",)),
        ({"note": "长" * 400}, ("说明：" + "长" * 297,)),
    ],
)
def test_what_was_changed_is_said_without_codes(changes: object, said: tuple[str, ...]) -> None:
    assert words.details(changes) == said
