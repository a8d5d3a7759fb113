"""A turn in a patent's life reaches everybody whom it concerns, once each, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from core.notices.models import Notice
from core.people.types import Actor
from licensing import services as licensing
from licensing.models import Licence, OpenDeclaration
from listings import services
from listings.models import Encumbrance, Listing
from listings.services.register import watchers
from matching.models import Lead
from pledges.models import Pledge
from tests.factories import core
from tests.factories import licensing as lic
from tests.factories import listings as make
from tests.factories import pledges as pled
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system()
TODAY = NOON.date()
Drain = Callable[[], int]


def record(patent_id: int, code: str, day: date = TODAY, reference: str = "") -> None:
    services.record_legal_event(
        patent_id=patent_id, code=code, occurred_on=day, reference=reference, by=SYSTEM, now=NOON
    )


def bells(since: int = 0) -> dict[int, list[Notice]]:
    found: dict[int, list[Notice]] = {}
    for notice in Notice.objects.filter(pk__gt=since).order_by("pk"):
        found.setdefault(notice.user_id, []).append(notice)
    return found


def last() -> int:
    return Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def shown(row: Any, firm: Any) -> None:
    Lead.objects.create(
        organisation=firm.organisation,
        patent=row,
        created_at=NOON,
        pushed_at=NOON,
        pushed_by="system",
    )


@pytest.mark.parametrize("code", ["CF01", "IW01", "AV01", "CX01"])
def test_a_loss_and_its_end_ring_once_for_everyone(code: str, drain: Drain) -> None:
    keeper, fan, receiver, both = (
        core.office(), core.enterprise(), core.enterprise(), core.enterprise(),
    )  # fmt: skip
    row = make.listed_patent(keeper)
    for member in (fan, both):
        services.favourite(patent_id=row.pk, by=core.actor(member), now=NOON)
    for member in (receiver, both):
        shown(row, member)
    before = last()
    record(row.pk, code)
    assert Listing.objects.get().status == "suspended"
    drain()
    drain()
    rung = bells(before)
    people = {m.user_id for m in (keeper, fan, receiver, both)}
    assert {user: len(found) for user, found in rung.items()} == dict.fromkeys(people, 1)
    for [notice] in rung.values():
        assert row.title in notice.title
        assert notice.body.endswith("。")
        assert notice.url
    assert rung[keeper.user_id][0].url == f"/library/patents/{row.pk}/"


def test_a_restoration_and_a_second_loss_ring_again(drain: Drain) -> None:
    fan, receiver = core.enterprise(), core.enterprise()
    row = make.listed_patent()
    services.favourite(patent_id=row.pk, by=core.actor(fan), now=NOON)
    shown(row, receiver)
    for code, days in (("CF01", 9), ("RR01", 6), ("CF01", 3)):
        before = last()
        record(row.pk, code, TODAY - timedelta(days))
        drain()
        rung = bells(before)
        assert [len(rung[m.user_id]) for m in (fan, receiver)] == [1, 1]
        word = "恢复" if code == "RR01" else "终止"
        assert word in rung[fan.user_id][0].title


def test_news_that_has_been_overtaken_is_not_told() -> None:
    fan = core.enterprise()
    row = make.listed_patent()
    services.favourite(patent_id=row.pk, by=core.actor(fan), now=NOON)
    assert watchers.tell_of_loss(patent_id=row.pk, event_id="1", now=NOON) == 0
    record(row.pk, "CF01")
    assert watchers.tell_of_return(patent_id=row.pk, event_id="2", now=NOON) == 0
    assert not bells()


def test_a_contradiction_rings_with_its_holder_unless_it_has_settled(drain: Drain) -> None:
    keeper = core.office()
    colleague = core.inventor()  # may not open the page, so hears nothing
    colleague.organisation = keeper.organisation
    colleague.save()
    row = make.patent(keeper)
    record(row.pk, "TR01", TODAY - timedelta(9))
    drain()
    [[notice]] = bells().values()
    assert notice.user_id == keeper.user_id
    assert notice.url == "/library/events/doubts/"
    before = last()
    record(row.pk, "PE01", TODAY - timedelta(9), "Y1")
    record(row.pk, "PE01", TODAY - timedelta(5), "Y2")
    record(row.pk, "PC01", TODAY - timedelta(6), "Y1")
    drain()
    assert not bells(before)


# --- licences and pledges --------------------------------------------------------------------


def test_both_parties_of_a_licence_hear_once_of_loss_and_return(drain: Drain) -> None:
    office, firm = core.office(), core.enterprise()
    licence = lic.licence(office, firm)
    services.favourite(patent_id=licence.patent_id, by=core.actor(firm), now=NOON)
    drain()
    for code in ("CF01", "RR01"):
        before = last()
        record(licence.patent_id, code)
        drain()
        rung = bells(before)
        assert {user: len(found) for user, found in rung.items()} == {
            office.user_id: 1, firm.user_id: 1,
        }  # fmt: skip
        assert rung[firm.user_id][0].url == f"/licences/{licence.pk}/"


def test_a_cancelled_filing_ends_the_licence_and_a_withdrawal_the_declaration(
    drain: Drain,
) -> None:
    office, firm = core.office(), core.enterprise()
    licence = lic.licence(office, firm)
    licensing.file_licence(
        licence_id=licence.pk,
        filing_number="X2026980000001",
        filed_on=TODAY,
        by=core.actor(office),
        now=NOON,
    )
    before = last()
    record(licence.patent_id, "EC01", TODAY, "X2026980000001")
    drain()
    licence = Licence.objects.get(pk=licence.pk)
    assert licence.status == "ended"
    assert "注销" in licence.closed_reason
    ended = [n for found in bells(before).values() for n in found if "备案已注销" in n.title]
    assert {n.user_id for n in ended} == {office.user_id, firm.user_id}
    record(licence.patent_id, "OL01", TODAY)
    record(licence.patent_id, "OL02", TODAY)
    drain()
    assert OpenDeclaration.objects.get().status == "withdrawn"


def test_a_cancelled_registration_releases_the_pledge(drain: Drain) -> None:
    office, bank = core.office(), core.bank()
    pledge = pled.pledge(office, bank)
    row = Encumbrance.objects.get()
    assert row.register_number == pledge.register_number
    before = last()
    record(row.patent_id, "PC01", TODAY, pledge.register_number)
    drain()
    pledge = Pledge.objects.get(pk=pledge.pk)
    assert (pledge.status, pledge.released_by) == ("released", "system")
    told = [n for found in bells(before).values() for n in found if "质押注销" in n.title]
    assert {n.user_id for n in told} == {office.user_id, bank.user_id}


def test_both_parties_of_a_pledge_hear_of_loss_and_return(drain: Drain) -> None:
    office, bank = core.office(), core.bank()
    pledge = pled.pledge(office, bank)
    patent_id = pledge.items.get().patent_id
    for code, word in (("CF01", "失效"), ("RR01", "恢复")):
        before = last()
        record(patent_id, code)
        drain()
        told = [n for n in bells(before)[bank.user_id] if "质押的专利" in n.title]
        assert [word in n.title for n in told] == [True]
