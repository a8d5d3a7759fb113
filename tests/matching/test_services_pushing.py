"""Pushes: worth it, wanted, once, and not more than a day's share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import User
from core.people.types import Actor
from listings import services as listings
from matching import rules, services
from matching.models import Evaluation, Lead, Match, Push
from matching.services.pushing import Candidate, push
from matching.types import Demand, DemandKind, Verdict
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]
SYSTEM = Actor.system()


@pytest.fixture(autouse=True)
def _low_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor is measured on real data; three made-up patents must not depend on it."""
    monkeypatch.setattr(rules, "PUSH_FLOOR", 20.0)


def test_fitting_listing_rings_the_subscribers_bell_with_a_link_to_the_match(drain: Drain) -> None:
    firm = core.enterprise()
    make.subscription(firm)
    drain()
    patent = board.listed_patent(**make.BATTERY)
    drain()
    notice = Notice.objects.get(user=firm.user, kind="match.pushed")
    match = Match.objects.get(patent=patent, organisation=firm.organisation)
    assert notice.url == f"/matches/{match.pk}/"
    assert patent.title in notice.title
    lead = Lead.objects.get(organisation=firm.organisation, patent=patent)
    assert lead.pushed_at is not None
    assert OutboxEvent.objects.filter(name="match.pushed").count() == 1


def test_what_does_not_fit_is_not_pushed(drain: Drain) -> None:
    firm = core.enterprise()
    make.subscription(firm)
    drain()
    board.listed_patent(**make.WATER)
    drain()
    assert not Notice.objects.filter(user=firm.user).exists()


def test_same_match_is_pushed_once_however_often_it_is_computed(
    drain: Drain, now: datetime
) -> None:
    match = make.match(drain)
    assert Push.objects.count() == 1
    for _ in range(2):
        services.run_for_patent(patent_id=match.patent_id, by=SYSTEM, now=now)
        services.run_everything(by=SYSTEM, now=now)
    assert Push.objects.count() == 1
    assert Notice.objects.filter(kind="match.pushed").count() == 1


def test_database_refuses_a_second_push_of_the_same(drain: Drain) -> None:
    make.match(drain)
    again = Push.objects.get()
    again.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save(force_insert=True)


def test_need_and_subscription_of_one_firm_make_one_push(drain: Drain) -> None:
    firm = core.enterprise()
    make.subscription(firm)
    make.need(firm)
    drain()
    patent = board.listed_patent(**make.BATTERY)
    drain()
    assert Push.objects.filter(lead__patent=patent).count() == 1


def test_material_change_is_pushed_again_and_a_slip_of_the_pen_is_not(
    drain: Drain, now: datetime
) -> None:
    match = make.match(drain)
    listing = match.patent.listings.get()

    def edit(**fields: object) -> None:
        listing.refresh_from_db()
        offer = board.offer(**make.BATTERY["sheet"] | fields)
        listings.edit_listing(
            listing_id=listing.pk, offer=offer, version=listing.version, by=SYSTEM, now=now
        )
        drain()

    edit(contact="王老师")
    assert Push.objects.count() == 1
    edit(contact="王老师", asking_price=Decimal("90000.00"))
    assert Push.objects.count() == 2
    assert Lead.objects.count() == 1


def test_rejected_patent_is_not_pushed_again(drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    services.rate_match(
        match_id=match.pk, verdict=Verdict(interested=False), by=core.actor(firm), now=now
    )
    drain()
    listing = match.patent.listings.get()
    offer = board.offer(**make.BATTERY["sheet"] | {"asking_price": Decimal("1.00")})
    listings.edit_listing(
        listing_id=listing.pk, offer=offer, version=listing.version, by=SYSTEM, now=now
    )
    drain()
    assert Push.objects.count() == 1


def test_nobody_is_pushed_who_switched_recommendations_off(drain: Drain) -> None:
    firm = core.enterprise()
    colleague = core.MembershipFactory(organisation=firm.organisation)
    User.objects.filter(pk=firm.user_id).update(wants_recommendations=False)
    make.match(drain, firm)
    assert not Notice.objects.filter(user=firm.user).exists()
    assert Notice.objects.filter(user=colleague.user).count() == 1


def test_firm_where_all_switched_off_gets_no_push_at_all(drain: Drain) -> None:
    firm = core.enterprise()
    User.objects.filter(pk=firm.user_id).update(wants_recommendations=False)
    make.match(drain, firm)
    assert not Push.objects.exists()
    assert not Lead.objects.exists()


def test_days_share_is_kept_and_the_rest_comes_another_day(
    drain: Drain, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "PUSHES_A_DAY", 2)
    firm = core.enterprise()
    make.need(firm)
    drain()
    for number in range(4):
        board.listed_patent(**make.BATTERY | {"title": f"磷酸铁锂电池低温脉冲自加热方法{number}"})
    drain()
    assert Push.objects.count() == 2
    assert Match.objects.count() >= 4
    waited = Match.objects.earliest("pk").first_at
    assert services.push_waiting(now=waited) == 0
    assert services.push_waiting(now=waited + rules.WAITING_WINDOW / 2) == 2
    assert Push.objects.count() == 4


def test_new_demand_announces_only_the_best_of_its_list(drain: Drain) -> None:
    for number in range(5):
        board.listed_patent(**make.BATTERY | {"title": f"磷酸铁锂电池低温脉冲自加热方法{number}"})
    drain()
    make.need()
    drain()
    assert Match.objects.count() == 5
    assert Push.objects.count() == rules.PUSHES_A_DEMAND


@pytest.mark.parametrize(
    "limits", [{"bell": False}, {"price_cap": Decimal(1)}, {"regions": ("44",)}, {"min_score": 99}]
)
def test_subscribers_limits_keep_the_bell_silent(drain: Drain, limits: dict[str, object]) -> None:
    firm = core.enterprise()
    subscription = make.subscription(firm, **limits)
    drain()
    patent = board.listed_patent(core.office(region="310115"), region="310115", **make.BATTERY)
    drain()
    assert Match.objects.filter(subscription=subscription, patent=patent).exists()
    assert not Notice.objects.filter(user=firm.user).exists()


def test_blocked_patent_is_not_pushed_even_if_a_run_thought_so(drain: Drain, now: datetime) -> None:
    patent = board.listed_patent(**make.BATTERY)
    need = make.need()
    listing = patent.listings.get()
    listings.suspend_listing(listing_id=listing.pk, reason="补充材料", by=SYSTEM, now=now)
    demand = Demand(DemandKind.NEED, need.pk)
    assert push([Candidate(need.organisation_id, patent.pk, 900_000, demand)], now=now) == 0


def test_two_pushers_of_the_same_candidates_push_once(drain: Drain, now: datetime) -> None:
    patent = board.listed_patent(**make.BATTERY)
    need = make.need()
    same = [Candidate(need.organisation_id, patent.pk, 900_000, Demand(DemandKind.NEED, need.pk))]
    assert push(same * 2, now=now) == 1
    assert push(same, now=now) == 0
    assert not Evaluation.objects.exists()
