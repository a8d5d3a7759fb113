"""How far pushes went, for whom, and without pointing at one firm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.people.models import Membership
from interchange import services as interchange
from interchange.models import Delivery
from matching import rules as matching_rules
from matching.models import Lead, Push
from matching.rules import funnel as rules
from matching.selectors import funnel
from matching.types import FUNNEL_STAGES, Funnel
from tests.factories import core
from tests.factories import interchange as partners
from tests.factories import listings as board
from tests.factories import matching as make

ASK: dict[str, Any] = {
    "since": make.NOON - timedelta(days=1), "until": make.NOON + timedelta(days=9)
}  # fmt: skip


@given(st.lists(st.integers(0, 12), min_size=6, max_size=6))
def test_small_crowds_are_never_counted_out(counts: list[int]) -> None:
    exact = Funnel(*counts)
    seen = rules.blurred(exact)
    for name in FUNNEL_STAGES:
        shown, true = getattr(seen, name), getattr(exact, name)
        assert shown == (None if 0 < true < rules.FEWEST else true)


def leads(keeper: Membership, pushed: int, opened: int = 0) -> None:
    """So many firms were told of one patent, and so many of them looked."""
    patent = board.listed_patent(keeper, **make.BATTERY)
    for place in range(pushed):
        firm = core.OrganisationFactory()
        moment = make.NOON if place < opened else None
        lead = Lead.objects.create(
            organisation=firm,
            patent=patent,
            supplier=keeper.organisation,
            region=keeper.organisation.region,
            created_at=make.NOON,
            pushed_at=make.NOON,
            pushed_by="system",
            viewed_at=moment,
            viewed_by="user:1" if moment else None,
        )
        Push.objects.create(lead=lead, material="m", ticks=500_000, pushed_at=make.NOON)


@pytest.mark.django_db
def test_office_sees_its_own_blurred_and_the_bureau_its_region_exactly() -> None:
    keeper, other = core.office(region="310115"), core.office(region="320500")
    leads(keeper, 6, opened=2)
    leads(other, 3)
    mine = funnel.funnel(viewer=core.actor(keeper), **ASK)
    assert (mine.sent, mine.opened, mine.rated) == (6, None, 0)
    theirs = funnel.funnel(viewer=core.actor(other), **ASK)
    assert theirs.sent is None
    city = funnel.funnel(viewer=core.actor(core.bureau("31")), **ASK)
    assert (city.sent, city.opened) == (6, 2)
    everything = funnel.funnel(viewer=core.actor(core.sysadmin()), **ASK)
    assert everything.sent == 9
    stranger = funnel.funnel(viewer=core.actor(core.enterprise()), **ASK)
    assert stranger.sent == 0


@pytest.mark.django_db
def test_what_came_before_the_push_does_not_count() -> None:
    keeper = core.office()
    leads(keeper, 6, opened=6)
    Lead.objects.update(viewed_at=make.NOON - timedelta(days=1))
    assert funnel.funnel(viewer=core.actor(keeper), **ASK).opened == 0


@pytest.mark.django_db
def test_page_adds_up_and_asks_as_often_for_ten_patents_as_for_one(
    client_as: Callable[[Membership], Client], django_assert_max_num_queries: Any
) -> None:
    keeper = core.office(region="310115")
    client = client_as(core.bureau("31"))
    assert "这段时间还没有推送" in client.get("/pushes/").content.decode()
    counts = []
    for number in (1, 9):
        for _ in range(number):
            leads(keeper, 2, opened=1)
        Lead.objects.update(pushed_at=timezone.now(), viewed_at=None, viewed_by=None)
        with django_assert_max_num_queries(60) as captured:
            page = client.get("/pushes/?days=30").content.decode()
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert ">20<" in page
    assert "少于 5" not in page


@pytest.mark.django_db
def test_firms_own_program_hears_of_its_pushes_and_no_other(
    drain: Callable[[], int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching_rules, "PUSH_FLOOR", 20.0)
    stranger = partners.partner(now, "match.pushed", "patent.listed")
    firm = core.enterprise()
    by = core.actor(firm)
    interchange.add_endpoint(
        partner_id=interchange.join(by=by, now=now),
        url="https://erp.example.cn/hook",
        events=["match.pushed"],
        by=by,
        now=now,
    )
    make.match(drain, firm)
    told = Delivery.objects.filter(name="match.pushed")
    assert [row.endpoint.partner.organisation_id for row in told] == [firm.organisation_id]
    body = told.get().body["data"]
    assert set(body) == {"patent_id", "lead_id", "push_id", "score", "patent"}
    heard = Delivery.objects.filter(endpoint_id=stranger.endpoint_id)
    assert set(heard.values_list("name", flat=True)) == {"patent.listed"}
