"""Ratings, opt-outs and what came of a lead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from core.audit.models import AuditEntry
from core.errors import Invalid, NotAllowed
from core.outbox.models import OutboxEvent
from core.outbox.services import emit
from core.people.types import Actor, Role
from matching import rules, selectors, services
from matching.models import Evaluation, Lead, Match, MatchOptOut, Need
from matching.types import Rejection, Verdict
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]
SYSTEM = Actor.system()


def rated() -> list[dict[str, object]]:
    rows = OutboxEvent.objects.filter(name="match.rated").order_by("written_at")
    return [row.payload for row in rows]


def test_rating_is_kept_told_and_audited(drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    verdict = Verdict(interested=False, prospect=2, reason=Rejection.PRICE, improvement="太贵")
    services.rate_match(match_id=match.pk, verdict=verdict, by=core.actor(firm), now=now)
    row = Evaluation.objects.get()
    assert (row.prospect, row.interested, row.reason) == (2, False, "price")
    assert row.subclasses == ["H01M", "H02J"]
    assert rated() == [
        {
            "lead_id": row.lead_id,
            "patent_id": match.patent_id,
            "organisation_id": firm.organisation_id,
            "prospect": 2,
            "interested": False,
            "reason": "price",
        }
    ]
    assert AuditEntry.objects.filter(event="match.rated").count() == 1


def test_rating_twice_the_same_tells_once_and_another_word_replaces_it(
    drain: Drain, now: datetime
) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    by = core.actor(firm)
    for _ in range(2):
        services.rate_match(match_id=match.pk, verdict=Verdict(True), by=by, now=now)
    assert len(rated()) == 1
    services.rate_match(match_id=match.pk, verdict=Verdict(True, prospect=5), by=by, now=now)
    assert [p["prospect"] for p in rated()] == [rules.INTERESTED_PROSPECT, 5]
    assert Evaluation.objects.get().is_implied is False


def test_two_colleagues_share_one_evaluation(drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    colleague = core.MembershipFactory(organisation=firm.organisation)
    match = make.match(drain, firm)
    services.rate_match(match_id=match.pk, verdict=Verdict(True), by=core.actor(firm), now=now)
    services.rate_match(
        match_id=match.pk, verdict=Verdict(False), by=core.actor(colleague), now=now
    )
    assert Evaluation.objects.get().rated_by == core.actor(colleague).key
    again = Evaluation.objects.get()
    again.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save(force_insert=True)


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(True, prospect=6),
        Verdict(True, prospect=0),
        Verdict(True, reason=Rejection.PRICE),
        Verdict(True, improvement="长" * 501),
    ],
)
def test_nonsense_is_refused(drain: Drain, now: datetime, verdict: Verdict) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    with pytest.raises(Invalid):
        services.rate_match(match_id=match.pk, verdict=verdict, by=core.actor(firm), now=now)
    assert not Evaluation.objects.exists()


def test_stranger_cannot_rate_look_or_opt_out(drain: Drain, now: datetime) -> None:
    match = make.match(drain)
    by = core.actor(core.enterprise())
    with pytest.raises(ObjectDoesNotExist):
        services.rate_match(match_id=match.pk, verdict=Verdict(True), by=by, now=now)
    with pytest.raises(ObjectDoesNotExist):
        services.opt_out(match_id=match.pk, by=by, now=now)
    with pytest.raises(ObjectDoesNotExist):
        services.view_match(match_id=match.pk, by=by, now=now)
    assert not Evaluation.objects.exists()
    assert not MatchOptOut.objects.exists()


def test_auditor_sees_a_match_and_cannot_rate_it(drain: Drain, now: datetime) -> None:
    match = make.match(drain)
    by = core.actor(core.auditor())
    services.view_match(match_id=match.pk, by=by, now=now)
    assert not Lead.objects.filter(viewed_at__isnull=False).exists()
    with pytest.raises(NotAllowed):
        services.rate_match(match_id=match.pk, verdict=Verdict(True), by=by, now=now)
    assert not Evaluation.objects.exists()


def test_first_look_counts(drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    for hours in (0, 5):
        services.view_match(
            match_id=match.pk, by=core.actor(firm), now=now + timedelta(hours=hours)
        )
    assert Lead.objects.get().viewed_at == now


def test_rating_changes_the_next_list(drain: Drain, now: datetime) -> None:
    """A dislike lowers this patent and its field, and says so among the reasons."""
    firm = core.enterprise()
    match = make.match(drain, firm)
    other = core.enterprise()
    make.need(other)
    drain()
    verdict = Verdict(False, prospect=1, reason=Rejection.OFF_TOPIC)
    services.rate_match(match_id=match.pk, verdict=verdict, by=core.actor(firm), now=now)
    drain()
    after = Match.objects.get(pk=match.pk)
    assert after.ticks < match.ticks
    assert {r["code"] for r in after.reasons if r["signal"] == "behaviour"} >= {"rated-before"}
    assert rules.adds_up(after.ticks, after.reasons)
    untouched = Match.objects.get(organisation=other.organisation, patent=match.patent_id)
    assert untouched.ticks == match.ticks


def test_liking_a_holder_lifts_its_other_patents(drain: Drain, now: datetime) -> None:
    firm, keeper = core.enterprise(), core.office()
    match = make.match(drain, firm, keeper)
    sibling = board.listed_patent(keeper, **make.BATTERY | {"title": "电池脉冲自加热电路"})
    drain()
    before = Match.objects.get(patent=sibling, organisation=firm.organisation).ticks
    services.rate_match(
        match_id=match.pk, verdict=Verdict(True, prospect=5), by=core.actor(firm), now=now
    )
    drain()
    assert Match.objects.get(patent=sibling, organisation=firm.organisation).ticks > before


def test_cooperation_intent_makes_contact_and_the_need_matched(drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    verdict = Verdict(True, prospect=5, cooperation="想先试用三个月")
    services.rate_match(match_id=match.pk, verdict=verdict, by=core.actor(firm), now=now)
    assert Lead.objects.get().contacted_at == now
    assert Need.objects.get(pk=match.need_id).status == "matched"
    drain()
    assert Match.objects.filter(pk=match.pk).exists()


# --- opting out ------------------------------------------------------------------------------


@pytest.mark.parametrize("holder", [False, True])
def test_opt_out_holds_at_the_very_next_request(drain: Drain, now: datetime, holder: bool) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    by = core.actor(firm)
    first = services.opt_out(match_id=match.pk, holder=holder, by=by, now=now)
    assert selectors.card(match.pk, viewer=by) is None
    listed = selectors.today(viewer=by, query=selectors.MatchQuery())
    assert match.patent_id not in listed.values_list("patent_id", flat=True)
    drain()
    assert not Match.objects.filter(pk=match.pk).exists()
    services.lift_opt_out(opt_out_id=first.pk, by=by, now=now)
    drain()
    assert Match.objects.filter(organisation=firm.organisation, patent=match.patent_id).exists()


def test_opted_out_holder_stays_out_with_new_patents(drain: Drain, now: datetime) -> None:
    firm, keeper = core.enterprise(), core.office()
    match = make.match(drain, firm, keeper)
    services.opt_out(match_id=match.pk, holder=True, by=core.actor(firm), now=now)
    drain()
    late = board.listed_patent(keeper, **make.BATTERY | {"title": "磷酸铁锂电池脉冲自加热"})
    drain()
    assert not Match.objects.filter(patent=late, organisation=firm.organisation).exists()


def test_opting_out_twice_is_one_row_and_a_stranger_cannot_lift_it(
    drain: Drain, now: datetime
) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    row = services.opt_out(match_id=match.pk, by=core.actor(firm), now=now)
    copy = MatchOptOut.objects.get()
    copy.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)
    with pytest.raises(ObjectDoesNotExist):
        services.lift_opt_out(opt_out_id=row.pk, by=core.actor(core.enterprise()), now=now)
    assert MatchOptOut.objects.get().lifted_at is None


# --- what came of it -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "moment"), [("licence.noticed", "contacted_at"), ("licence.effective", "deal_at")]
)
def test_licence_events_mark_the_lead(drain: Drain, now: datetime, event: str, moment: str) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    payload = {
        "patent_id": match.patent_id,
        "licensee_id": firm.organisation_id,
        "licensor_id": match.supplier_id,
        "licence_id": 1,
    }
    emit(event, subject=match, by=core.actor(firm), at=now, payload=payload)
    drain()
    lead = Lead.objects.get(organisation=firm.organisation, patent=match.patent_id)
    assert getattr(lead, moment) == now


def test_holder_learns_who_only_after_contact(drain: Drain, now: datetime) -> None:
    firm = core.enterprise(region="310115", industry_codes=["3841"])
    keeper = core.office()
    match = make.match(drain, firm, keeper)
    by, holder = core.actor(firm), core.actor(keeper)
    services.rate_match(match_id=match.pk, verdict=Verdict(True), by=by, now=now)
    rows = selectors.received_cards(selectors.received(viewer=holder), viewer=holder)
    assert [(r.who, r.is_named, r.region) for r in rows] == [("", False, "上海市")]
    verdict = Verdict(True, prospect=4, cooperation="请联系")
    services.rate_match(match_id=match.pk, verdict=verdict, by=by, now=now)
    (row,) = selectors.received_cards(selectors.received(viewer=holder), viewer=holder)
    assert (row.who, row.cooperation) == (firm.organisation.name, "请联系")
    stranger = core.actor(core.office())
    assert not selectors.received(viewer=stranger).exists()
    assert not stranger.has(Role.ENTERPRISE)
