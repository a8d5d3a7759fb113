"""Letters about a sum: one payment notice, one reminder a step, and what each of them says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.people.types import Actor
from licensing.models import Document
from licensing.services import letters
from tests.factories.disputes import Quarrel
from tests.factories.licensing import NOON

pytestmark = pytest.mark.django_db
KNOWN = {"by": Actor.system(), "now": NOON}


@pytest.fixture
def owed():
    return letters.owed_of(Quarrel().due)


def papers(kind: str) -> list[Document]:
    return list(Document.objects.filter(kind=kind).order_by("pk"))


def test_a_payment_notice_is_one(owed):
    first = letters.issue_invoice(owed, **KNOWN)
    assert letters.issue_invoice(owed, **KNOWN) == first
    assert papers(Document.Kind.INVOICE) == [first]
    assert first.number == f"{owed.number}-T01"
    assert dict(first.content)["应付金额"] == "7,000 元"
    assert "不是税务发票" in dict(first.content)["说明"]


def test_each_step_of_dunning_is_one_letter(owed):
    late = {"outstanding": Decimal(4_000), **KNOWN}
    assert letters.issue_dunning(owed, step=3, **late) is True
    assert not letters.issue_dunning(owed, step=3, **late)
    assert letters.issue_dunning(owed, step=15, **late) is True
    found = papers(Document.Kind.DUNNING)
    assert [paper.number for paper in found] == [f"{owed.number}-C01-3", f"{owed.number}-C01-15"]
    assert dict(found[0].content)["尚未支付"] == "4,000 元"
    assert dict(found[1].content)["逾期"].startswith("已逾期 15 天")


def test_before_the_day_it_is_a_notice_and_no_reminder(owed):
    assert letters.call_for(owed, "before-7", outstanding=Decimal(7_000), **KNOWN) is False
    assert (len(papers(Document.Kind.INVOICE)), papers(Document.Kind.DUNNING)) == (1, [])


def test_after_it_a_reminder_of_that_step(owed):
    late = {"outstanding": Decimal(7_000), **KNOWN}
    assert letters.call_for(owed, "late-7", **late) is True
    assert not letters.call_for(owed, "late-7", **late)
    [paper] = papers(Document.Kind.DUNNING)
    assert paper.number.endswith("-7")
