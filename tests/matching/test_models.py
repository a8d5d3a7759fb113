"""What the tables refuse, and who sees which rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import Error, transaction

from core.people.models import Membership
from matching.models import (
    EngineVersion,
    Evaluation,
    Lead,
    Match,
    MatchOptOut,
    Need,
    Push,
    Run,
    RunItem,
    RunShard,
    Subscription,
)
from matching.types import Verdict, Visibility
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]


def refused(row: Any, **fields: Any) -> None:
    """The row is not stored with these fields."""
    with pytest.raises(Error), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"problem": ""},
        {"status": "asleep"},
        {"visibility": "nobody"},
        {"budget": -1},
        {"trl": 0},
        {"trl": 10},
        {"region": "31"},
        {"licence_modes": ["gift"]},
        {"opened_at": None},
        {"opened_at": None, "opened_by": None},
        {"ended_by": "system"},
        {"status": "draft"},
        {"status": "refined"},
    ],
)
def test_broken_need_is_refused(fields: dict[str, Any]) -> None:
    refused(make.need(), **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"status": "asleep"},
        {"status": "paused"},
        {"paused_by": "system"},
        {"min_score": 101},
        {"price_cap": -1},
        {"text": "", "keywords": [], "ipc": []},
        {"licence_modes": ["gift"]},
    ],
)
def test_broken_subscription_is_refused(fields: dict[str, Any]) -> None:
    refused(make.subscription(), **fields)


def test_paused_subscription_cannot_be_paused_again_by_sql(now: datetime) -> None:
    row = make.subscription()
    Subscription.objects.filter(pk=row.pk).update(
        status="paused", paused_at=now, paused_by="system"
    )
    Subscription.objects.filter(pk=row.pk).update(status="active", paused_at=None, paused_by=None)


@pytest.mark.parametrize(
    "fields",
    [
        {"need": None},
        {"ticks": 1_000_001},
        {"ticks": -1},
    ],
)
def test_broken_match_is_refused(drain: Drain, fields: dict[str, Any]) -> None:
    refused(make.match(drain), **fields)


def test_match_has_one_demand_and_is_there_once(drain: Drain) -> None:
    match = make.match(drain)
    refused(match, subscription_id=make.subscription().pk)
    match.pk = None
    with pytest.raises(Error), transaction.atomic():
        match.save(force_insert=True)


@pytest.mark.parametrize("moment", ["pushed", "viewed", "rated", "contacted", "deal"])
def test_moment_of_a_lead_has_its_person(drain: Drain, now: datetime, moment: str) -> None:
    patent = board.listed_patent()
    firm = core.enterprise()
    lead = Lead.objects.create(
        organisation=firm.organisation, patent=patent, region="310115", created_at=now
    )
    refused(lead, **{f"{moment}_at": now})
    refused(lead, **{f"{moment}_by": "system"})
    with pytest.raises(Error), transaction.atomic():
        Lead.objects.create(organisation=firm.organisation, patent=patent, created_at=now)


def test_broken_evaluation_is_refused(drain: Drain, now: datetime) -> None:
    from matching import services

    firm = core.enterprise()
    match = make.match(drain, firm)
    row = services.rate_match(
        match_id=match.pk, verdict=Verdict(True), by=core.actor(firm), now=now
    )
    assert isinstance(row, Evaluation)
    for fields in ({"prospect": 0}, {"prospect": 6}, {"reason": "mood"}, {"reason": "price"}):
        refused(row, **fields)


def test_broken_push_is_refused(drain: Drain, now: datetime) -> None:
    lead = Lead.objects.create(
        organisation=core.enterprise().organisation, patent=board.listed_patent(), created_at=now
    )
    row = Push.objects.create(lead=lead, material="x", ticks=1, pushed_at=now)
    refused(row, channel="pigeon")


def test_opt_out_is_of_one_thing(drain: Drain, now: datetime) -> None:
    firm, keeper = core.enterprise(), core.office()
    patent = board.listed_patent(keeper)
    row = MatchOptOut.objects.create(
        organisation=firm.organisation, patent=patent, made_at=now, made_by="system"
    )
    refused(row, holder_id=keeper.organisation_id)
    refused(row, patent=None)
    refused(row, lifted_at=now)
    holder = MatchOptOut.objects.create(
        organisation=firm.organisation, holder=keeper.organisation, made_at=now, made_by="system"
    )
    holder.pk = None
    with pytest.raises(Error), transaction.atomic():
        holder.save(force_insert=True)


def test_broken_run_is_refused(now: datetime) -> None:
    run = Run.objects.create(scope="incremental", requested_at=now, requested_by="system")
    for fields in (
        {"scope": "half"},
        {"state": "asleep"},
        {"state": "running"},
        {"state": "finished", "started_at": now},
    ):
        refused(run, **fields)
    item = RunItem.objects.create(run=run, kind="patent", ref=1)
    refused(item, kind="wish")
    with pytest.raises(Error), transaction.atomic():
        RunItem.objects.create(run=run, kind="patent", ref=1)
    RunShard.objects.create(run=run, number=0, keys=[])
    with pytest.raises(Error), transaction.atomic():
        RunShard.objects.create(run=run, number=0, keys=[])
    assert EngineVersion.objects.count() == 0


# --- who sees what ---------------------------------------------------------------------------


def seen(need: Need, member: Membership | None) -> bool:
    from core.people.types import Actor

    viewer = core.actor(member) if member else Actor.anonymous()
    return Need.objects.visible_to(viewer).filter(pk=need.pk).exists()


def need_for(visibility: Visibility, firm: Membership) -> Need:
    from dataclasses import replace

    return make.need(firm, replace(make.COLD, visibility=visibility))


def test_public_need_is_seen_by_anyone_and_a_draft_by_its_owner_only() -> None:
    firm = core.enterprise()
    public = need_for(Visibility.PUBLIC, firm)
    draft = make.need(firm, open_now=False)
    assert seen(public, None)
    assert not seen(draft, None)
    assert not seen(draft, core.enterprise())
    assert seen(draft, firm)
    assert seen(draft, core.auditor())
    assert not seen(draft, core.bureau("31"))


def test_industry_need_is_seen_by_the_same_division() -> None:
    need = need_for(Visibility.INDUSTRY, core.enterprise())
    assert seen(need, core.enterprise(industry_codes=["3825"]))
    assert seen(need, core.enterprise(industry_codes=["C38"]))
    assert not seen(need, core.enterprise(industry_codes=["2614"]))
    assert not seen(need, core.enterprise())
    assert not seen(need, None)


def test_matched_need_is_seen_by_holders_it_was_matched_with(drain: Drain) -> None:
    keeper = core.office()
    need = need_for(Visibility.MATCHED, core.enterprise())
    assert not seen(need, keeper)
    make.stock(keeper)
    drain()
    assert seen(need, keeper)
    assert not seen(need, core.office())
    assert not seen(need, None)


def test_matches_and_subscriptions_are_ones_own(drain: Drain) -> None:
    firm = core.enterprise()
    match, profile = make.match(drain, firm), make.subscription(firm)
    for stranger in (core.enterprise(), core.office(), core.bureau("31"), core.sysadmin()):
        viewer = core.actor(stranger)
        assert not Match.objects.visible_to(viewer).exists()
        assert not Subscription.objects.visible_to(viewer).exists()
        assert not Lead.objects.visible_to(viewer).exists()
    auditor = core.actor(core.auditor())
    assert Match.objects.visible_to(auditor).filter(pk=match.pk).exists()
    assert Subscription.objects.visible_to(auditor).filter(pk=profile.pk).exists()
