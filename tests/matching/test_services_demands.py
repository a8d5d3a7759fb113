"""Commands on needs and subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist

from core.audit.models import AuditEntry
from core.errors import Conflict, DomainError, Invalid, NotAllowed
from core.outbox.models import OutboxEvent
from core.people.models import Mandate
from core.people.selectors import actor_for
from matching import services
from matching.models import Need, Subscription
from matching.types import NeedInput, SubscriptionInput
from tests.factories import core
from tests.factories import matching as make

pytestmark = pytest.mark.django_db


def emitted() -> list[str]:
    return list(OutboxEvent.objects.order_by("written_at").values_list("name", flat=True))


def test_incomplete_need_is_kept_as_draft_and_opened_only_when_complete(now: datetime) -> None:
    firm = core.enterprise()
    by = core.actor(firm)
    need = services.post_need(data=NeedInput(title="低温快充"), by=by, now=now)
    assert need.status == "draft"
    with pytest.raises(Invalid) as refusal:
        services.open_need(need_id=need.pk, by=by, now=now)
    assert set(refusal.value.fields) == {"problem", "industry_codes"}
    need = services.edit_need(need_id=need.pk, data=make.COLD, version=need.version, by=by, now=now)
    assert need.status == "refined"
    assert emitted() == []
    need = services.open_need(need_id=need.pk, by=by, now=now)
    assert (need.status, need.opened_at, need.opened_by) == ("open", now, by.key)
    assert emitted() == ["need.opened"]
    assert AuditEntry.objects.filter(event="need.opened").count() == 1


def test_posting_open_and_incomplete_keeps_nothing(now: datetime) -> None:
    with pytest.raises(Invalid):
        services.post_need(
            data=NeedInput(title="低温快充"),
            by=core.actor(core.enterprise()),
            now=now,
            open_now=True,
        )
    assert not Need.objects.exists()
    assert not AuditEntry.objects.exists()


def test_refined_need_that_loses_its_problem_is_a_draft_again(now: datetime) -> None:
    firm = core.enterprise()
    need = make.need(firm, open_now=False)
    data = replace(make.COLD, problem="")
    row = services.edit_need(need_id=need.pk, data=data, version=1, by=core.actor(firm), now=now)
    assert row.status == "draft"


def test_open_need_must_stay_complete(now: datetime) -> None:
    firm = core.enterprise()
    need = make.need(firm)
    with pytest.raises(Invalid):
        services.edit_need(
            need_id=need.pk,
            data=replace(make.COLD, problem=""),
            version=need.version,
            by=core.actor(firm),
            now=now,
        )
    need.refresh_from_db()
    assert need.problem


def test_second_editor_is_told_and_changes_nothing(now: datetime) -> None:
    firm = core.enterprise()
    need, by = make.need(firm), core.actor(firm)
    services.edit_need(
        need_id=need.pk, data=replace(make.COLD, title="甲的修改内容"), version=need.version,
        by=by, now=now,
    )  # fmt: skip
    with pytest.raises(Conflict) as refusal:
        services.edit_need(
            need_id=need.pk, data=replace(make.COLD, title="乙的修改内容"), version=need.version,
            by=by, now=now,
        )  # fmt: skip
    assert refusal.value.code == "edited-meanwhile"
    assert Need.objects.get().title == "甲的修改内容"


def test_end_and_reopen(now: datetime) -> None:
    firm = core.enterprise()
    need, by = make.need(firm), core.actor(firm)
    services.solve_need(need_id=need.pk, by=by, now=now)
    assert emitted() == ["need.opened", "need.closed"]
    with pytest.raises(Conflict):
        services.open_need(need_id=need.pk, by=by, now=now)
    other = make.need(firm)
    services.close_need(need_id=other.pk, by=by, now=now)
    row = services.open_need(need_id=other.pk, by=by, now=now + timedelta(days=1))
    assert (row.status, row.ended_at, row.ended_by) == ("open", None, None)


def test_draft_without_a_problem_can_be_closed(now: datetime) -> None:
    by = core.actor(core.enterprise())
    need = services.post_need(data=NeedInput(title="先占个位置"), by=by, now=now)
    assert services.close_need(need_id=need.pk, by=by, now=now).status == "closed"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"industry_codes": ("9999",)}, "industry_codes"),
        ({"ipc": ("H01",)}, None),
        ({"ipc": ("XYZ 1/2",)}, "ipc"),
        ({"region": "999999"}, "region"),
        ({"trl": 12}, "trl"),
    ],
)
def test_input_is_checked_field_by_field(
    now: datetime, fields: dict[str, Any], field: str | None
) -> None:
    by, data = core.actor(core.enterprise()), replace(make.COLD, **fields)
    if field is None:
        assert services.post_need(data=data, by=by, now=now).ipc == ["H01"]
        return
    with pytest.raises(Invalid) as refusal:
        services.post_need(data=data, by=by, now=now)
    assert field in refusal.value.fields


Command = Callable[..., Any]


@pytest.mark.parametrize(
    "command",
    [services.open_need, services.close_need, services.solve_need],
)
def test_stranger_cannot_move_a_need(now: datetime, command: Command) -> None:
    need = make.need()
    with pytest.raises(DomainError):
        command(need_id=need.pk, by=core.actor(core.enterprise()), now=now)
    hidden = make.need(open_now=False)
    with pytest.raises(ObjectDoesNotExist):
        command(need_id=hidden.pk, by=core.actor(core.enterprise()), now=now)
    assert sorted(Need.objects.values_list("status", flat=True)) == ["open", "refined"]


def test_roles_without_a_demand_cannot_post_or_subscribe(now: datetime) -> None:
    for member in (core.office(), core.bank(), core.auditor()):
        with pytest.raises(NotAllowed):
            services.post_need(data=make.COLD, by=core.actor(member), now=now)
        with pytest.raises(NotAllowed):
            services.subscribe(data=make.profile(), by=core.actor(member), now=now)
    assert not Need.objects.exists()
    assert not Subscription.objects.exists()


def test_broker_posts_for_a_mandator_and_nobody_else(now: datetime) -> None:
    broker, principal = core.broker(), core.enterprise()
    Mandate.objects.create(
        principal=principal.organisation, agent=broker.organisation, starts_on=now.date()
    )
    by = actor_for(broker.user, membership_id=broker.pk, on=now.date())
    need = services.post_need(
        data=make.COLD, organisation_id=principal.organisation_id, by=by, now=now
    )
    assert need.organisation_id == principal.organisation_id
    with pytest.raises(NotAllowed):
        services.post_need(
            data=make.COLD, organisation_id=core.enterprise().organisation_id, by=by, now=now
        )


# --- subscriptions ---------------------------------------------------------------------------


def test_subscription_is_made_edited_paused_and_resumed(now: datetime) -> None:
    firm = core.enterprise()
    by = core.actor(firm)
    row = services.subscribe(data=make.profile(), by=by, now=now)
    row = services.edit_subscription(
        subscription_id=row.pk, data=make.profile(keywords=("焊缝",)), version=1, by=by, now=now
    )
    assert row.keywords == ["焊缝"]
    with pytest.raises(Conflict):
        services.edit_subscription(
            subscription_id=row.pk, data=make.profile(), version=1, by=by, now=now
        )
    row = services.pause_subscription(subscription_id=row.pk, by=by, now=now)
    assert (row.status, row.paused_at) == ("paused", now)
    with pytest.raises(Conflict):
        services.pause_subscription(subscription_id=row.pk, by=by, now=now)
    row = services.resume_subscription(subscription_id=row.pk, by=by, now=now)
    assert (row.status, row.paused_at) == ("active", None)
    assert emitted() == ["subscription.changed"] * 4


def test_paused_subscription_has_no_matches(now: datetime, drain: Callable[[], int]) -> None:
    firm = core.enterprise()
    row = make.subscription(firm)
    make.stock()
    drain()
    assert row.matches.exists()
    services.pause_subscription(subscription_id=row.pk, by=core.actor(firm), now=now)
    drain()
    assert not row.matches.exists()


def test_stranger_does_not_know_of_a_subscription(now: datetime) -> None:
    row = make.subscription()
    by = core.actor(core.enterprise())
    with pytest.raises(ObjectDoesNotExist):
        services.pause_subscription(subscription_id=row.pk, by=by, now=now)
    with pytest.raises(ObjectDoesNotExist):
        services.edit_subscription(
            subscription_id=row.pk, data=make.profile(), version=1, by=by, now=now
        )
    row.refresh_from_db()
    assert row.version == 1


def test_subscription_that_asks_nothing_is_refused(now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        services.subscribe(
            data=SubscriptionInput(name="空"), by=core.actor(core.enterprise()), now=now
        )
    assert set(refusal.value.fields) == {"text"}
