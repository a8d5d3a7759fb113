"""A broker refines a firm's need under mandate: only consented text goes live, versions stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import Error, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people import selectors as people
from core.people.models import Membership
from core.people.types import Actor
from matching import selectors
from matching import services as room
from matching.models import Need, NeedRevision
from matching.rules import revisions as rules
from matching.selectors import revisions as asked
from matching.services import revisions as services
from matching.types import Metric, NeedInput
from tests.factories import core
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
BETTER = replace(make.COLD, title="储能柜低温十分钟升温办法", targets="零下二十度升到五度八分钟")


def empowered(firm: Membership, now: datetime = make.NOON) -> Membership:
    broker = core.broker()
    services.give_mandate(
        agent_id=broker.organisation_id, starts_on=now.date(), ends_on=None,
        by=core.actor(firm), now=now,
    )  # fmt: skip
    return broker


def proposed(firm: Membership, need: Need, data: NeedInput = BETTER) -> tuple[Actor, NeedRevision]:
    agent = core.actor(empowered(firm))
    row = services.propose_revision(
        need_id=need.pk, data=data, note="把时间写清楚", by=agent, now=make.NOON
    )
    return agent, row


def test_only_consented_text_goes_live_and_is_matched_anew() -> None:
    firm = core.enterprise()
    need = make.need(firm)
    agent, row = proposed(firm, need)
    need.refresh_from_db()
    assert need.title == make.COLD.title
    assert Notice.objects.filter(user=firm.user, url=f"/needs/revisions/{row.pk}/").count() == 1
    before = OutboxEvent.objects.filter(name="need.changed").count()
    services.answer_revision(revision_id=row.pk, agrees=True, by=core.actor(firm), now=make.NOON)
    need.refresh_from_db()
    assert (need.title, need.targets) == (BETTER.title, BETTER.targets)
    assert OutboxEvent.objects.filter(name="need.changed").count() == before + 1
    row.refresh_from_db()
    assert (row.state, row.before["title"]) == ("agreed", make.COLD.title)
    assert Notice.objects.filter(user_id=agent.user_id, kind="need.progress").count() == 2
    recorded = set(AuditEntry.objects.values_list("event", flat=True))
    assert {"mandate.given", "need_revision.proposed", "need_revision.agreed"} <= recorded


def test_an_agent_sees_whose_need_it_is(client_as: As) -> None:
    firm = core.enterprise()
    make.need(firm)
    name = firm.organisation.name
    assert name in client_as(empowered(firm, timezone.now())).get("/needs/mine/").content.decode()
    own = client_as(firm).get("/needs/mine/").content.decode()
    assert f'<span class="small muted">{name}' not in own


def test_a_refusal_needs_a_reason_and_changes_nothing() -> None:
    firm = core.enterprise()
    need = make.need(firm)
    _agent, row = proposed(firm, need)
    by = core.actor(firm)
    with pytest.raises(Invalid):
        services.answer_revision(revision_id=row.pk, agrees=False, by=by, now=make.NOON)
    services.answer_revision(
        revision_id=row.pk, agrees=False, reason="时间不现实", by=by, now=make.NOON
    )
    need.refresh_from_db()
    row.refresh_from_db()
    assert (need.title, row.state, row.reason) == (make.COLD.title, "refused", "时间不现实")
    with pytest.raises(Conflict):
        services.answer_revision(revision_id=row.pk, agrees=True, by=by, now=make.NOON)


def test_an_agent_may_propose_and_nothing_else() -> None:
    firm = core.enterprise()
    need = make.need(firm)
    agent, row = proposed(firm, need)
    with pytest.raises(Conflict):
        room.edit_need(need_id=need.pk, data=BETTER, version=need.version, by=agent, now=make.NOON)
    for command in (room.close_need, room.solve_need, room.renew_need, room.open_need):
        with pytest.raises(Conflict):
            command(need_id=need.pk, by=agent, now=make.NOON)
    with pytest.raises(NotAllowed):
        services.answer_revision(revision_id=row.pk, agrees=True, by=agent, now=make.NOON)
    with pytest.raises(Conflict):
        services.propose_revision(
            need_id=need.pk, data=BETTER, note="再来", by=agent, now=make.NOON
        )
    services.withdraw_revision(revision_id=row.pk, by=agent, now=make.NOON)
    assert NeedRevision.objects.get().state == "withdrawn"


def test_visibility_and_confidentiality_stay_the_owners(now: datetime) -> None:
    firm = core.enterprise()
    need = make.need(firm, replace(make.COLD, is_confidential=True))
    open_it = replace(BETTER, is_confidential=False, metrics=(Metric("升温", "8", "30", "分钟"),))
    _agent, row = proposed(firm, need, open_it)
    services.answer_revision(revision_id=row.pk, agrees=True, by=core.actor(firm), now=now)
    need.refresh_from_db()
    assert (need.is_confidential, need.targets_with_numbers) == (True, open_it.metrics)


def test_a_need_edited_meanwhile_is_not_overwritten() -> None:
    firm = core.enterprise()
    need = make.need(firm)
    _agent, row = proposed(firm, need)
    by = core.actor(firm)
    room.edit_need(
        need_id=need.pk, data=replace(make.COLD, title="甲自己改过的名称"), version=need.version,
        by=by, now=make.NOON,
    )  # fmt: skip
    with pytest.raises(Conflict):
        services.answer_revision(revision_id=row.pk, agrees=True, by=by, now=make.NOON)
    kept = [(r.number, r.state) for r in asked.revisions(need.pk, viewer=by)]
    assert kept == [(2, "own"), (1, "proposed")]


def test_revoking_ends_it_at_once_and_withdraws_what_waits() -> None:
    firm = core.enterprise()
    need = make.need(firm, open_now=False)
    broker = empowered(firm)
    agent = core.actor(broker)
    row = services.propose_revision(
        need_id=need.pk, data=BETTER, note="写清楚", by=agent, now=make.NOON
    )
    (given,) = selectors_given(firm)
    with pytest.raises(ObjectDoesNotExist):
        services.revoke_mandate(mandate_id=given, by=core.actor(core.enterprise()), now=make.NOON)
    services.revoke_mandate(mandate_id=given, by=core.actor(firm), now=make.NOON)
    row.refresh_from_db()
    assert row.state == "withdrawn"
    with pytest.raises(ObjectDoesNotExist):
        selectors.need(need.pk, viewer=core.actor(broker))
    with pytest.raises(Conflict):
        services.revoke_mandate(mandate_id=given, by=core.actor(firm), now=make.NOON)


def selectors_given(firm: Membership) -> list[int]:
    return [card.id for card in people.mandates_given(firm.organisation_id)]


def test_who_cannot_be_empowered_is_told() -> None:
    firm = core.enterprise()
    by = core.actor(firm)
    today = make.NOON.date()
    for agent_id, ends in (
        (firm.organisation_id, None),
        (core.office().organisation_id, None),
        (core.broker().organisation_id, today - timedelta(days=1)),
    ):
        with pytest.raises(Invalid):
            services.give_mandate(
                agent_id=agent_id, starts_on=today, ends_on=ends, by=by, now=make.NOON
            )
    with pytest.raises(NotAllowed):
        services.give_mandate(
            agent_id=core.broker().organisation_id, starts_on=today, ends_on=None,
            by=core.actor(core.bank()), now=make.NOON,
        )  # fmt: skip


def test_pages_from_mandate_to_consent(client_as: As) -> None:
    firm, broker = core.enterprise(), core.broker(name="甲技术转移公司")
    need = make.need(firm)
    owner, agent = client_as(firm), client_as(broker)
    wrong = owner.post("/needs/mandates/", {"agent": "没有这家", "starts_on": "2026-01-01"})
    assert wrong.status_code == 422
    owner.post("/needs/mandates/", {"agent": "甲技术转移公司", "starts_on": "2026-01-01"})
    assert "甲技术转移公司" in owner.get("/needs/mandates/").content.decode()
    assert agent.get(f"/needs/{need.pk}/edit/").status_code == 302
    url = f"/needs/{need.pk}/refine/"
    assert agent.get(url).status_code == 200
    filled = {"title": BETTER.title, "problem": make.COLD.problem, "industry": "38", "note": "改名"}
    assert agent.post(url, filled | {"note": ""}).status_code == 422
    assert agent.post(url, filled).status_code == 302
    row = NeedRevision.objects.get()
    page = owner.get(f"/needs/revisions/{row.pk}/").content.decode()
    assert "<ins>" in page
    assert "同意，马上生效" in page
    assert "查看改动" in owner.get(f"/needs/{need.pk}/").content.decode()
    assert owner.post(f"/needs/revisions/{row.pk}/", {"verdict": "refuse"}).status_code == 422
    assert owner.post(f"/needs/revisions/{row.pk}/", {"verdict": "agree"}).status_code == 302
    need.refresh_from_db()
    assert need.title == BETTER.title
    assert "第 1 版" in owner.get(f"/needs/{need.pk}/versions/").content.decode()
    assert client_as(core.enterprise()).get(f"/needs/revisions/{row.pk}/").status_code == 404


def test_the_api_does_the_same(api_as: Callable[[Membership | None], APIClient]) -> None:
    firm, broker = core.enterprise(), core.broker()
    need = make.need(firm)
    owner, agent = api_as(firm), api_as(broker)
    body = {"agent_id": broker.organisation_id, "starts_on": "2026-01-01"}
    made = owner.post("/api/v1/mandates/", body, format="json", HTTP_IDEMPOTENCY_KEY="m1")
    assert made.status_code == 201
    said = {"title": BETTER.title, "note": "改名"}
    sent = agent.post(f"/api/v1/need-revisions/{need.pk}/propose/", said, format="json")
    assert (sent.status_code, sent.json()["changed"]) == (201, ["title"])
    url = f"/api/v1/need-revisions/{sent.json()['id']}/"
    assert owner.get(url).json()["state"] == "proposed"
    assert owner.post(url + "answer/", {"agrees": True}, format="json").status_code == 200
    assert owner.post(f"/api/v1/mandates/{made.json()['id']}/revoke/").status_code == 204
    assert owner.get("/api/v1/mandates/").json()[0]["revoked_at"] is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "odd"},
        {"state": "agreed"},
        {"decided_by": "x"},
        {"agent": None},
        {"state": "refused", "decided_at": make.NOON, "decided_by": "x"},
    ],
)
def test_broken_revisions_are_refused(fields: dict[str, Any]) -> None:
    firm = core.enterprise()
    _agent, row = proposed(firm, make.need(firm))
    with pytest.raises(Error), transaction.atomic():
        NeedRevision.objects.filter(pk=row.pk).update(**fields)


def test_a_kept_text_comes_back_whole() -> None:
    whole = replace(BETTER, metrics=(Metric("a", "1"),), deadline=make.NOON.date(), trl=5)
    assert rules.restored(rules.kept(whole), make.COLD) == whole
    assert rules.changed(rules.kept(whole), rules.kept(make.COLD)) == [
        "title", "targets", "metrics", "deadline", "trl",
    ]  # fmt: skip


def test_an_agent_writes_a_clients_need_and_the_client_opens_it(
    client_as: As, api_as: Callable[[Membership | None], APIClient]
) -> None:
    firm = core.enterprise()
    broker = empowered(firm, timezone.now())
    body = {
        "client": str(firm.organisation_id), "title": "求低温快充办法",
        "problem": "加热膜升温太慢，客户等不起半小时。", "industry": "38", "visibility": "public",
        "open": "1",
    }  # fmt: skip
    page = client_as(broker).get("/needs/new/").content.decode()
    assert firm.organisation.name in page
    assert client_as(broker).post("/needs/new/", body).status_code == 302
    row = Need.objects.get()
    assert (row.organisation_id, row.status) == (firm.organisation_id, "refined")
    assert Notice.objects.get(user=firm.user, key=f"need:{row.pk}:posted")
    data = {"title": "求除氟", "problem": "出水氟超标", "organisation": firm.organisation_id}
    post = "/api/v1/needs/"
    made = api_as(broker).post(post, data, format="json", headers={"Idempotency-Key": "x"})
    assert made.status_code == 201
    opened = {**data, "open_now": True, "industry_codes": ["4620"]}
    refused = api_as(broker).post(post, opened, format="json", headers={"Idempotency-Key": "y"})
    assert refused.status_code == 409
    stranger = api_as(core.broker())
    assert (
        stranger.post(post, data, format="json", headers={"Idempotency-Key": "z"}).status_code
        == 403
    )
    assert "client" not in client_as(firm).get("/needs/new/").content.decode().split("<form")[-1]
    assert Need.objects.count() == 2
