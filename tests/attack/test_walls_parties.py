"""The second wall around pledges, and around what the parties of a deal say to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client

from core import walls
from core.notices.models import Notice
from core.people.models import Membership
from core.people.types import Actor, Role
from licensing.models import (
    Deal,
    DealApproval,
    DealMessage,
    FeePart,
    FeePlan,
    TermsVersion,
)
from licensing.models.deals import DealQuerySet
from licensing.selectors import deals as deal_selectors
from licensing.services import deals, signing
from matching.models import Need, NeedRevision
from matching.services import demands, revisions
from pledges.models import Pledge, PledgeQuerySet
from tests.attack.test_walls import _granted, as_web, rows  # noqa: F401  a fixture
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories import matching as wants
from tests.factories import pledges as pled
from tests.factories.licensing import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_granted")]
Client_as = Callable[[Membership], Client]


@pytest.mark.parametrize(
    ("role", "region", "seen"),
    [
        (Role.AUDITOR, "", "%"), (Role.SYSADMIN, "", "%"), (Role.BUREAU, "31", "31%"),
        (Role.BUREAU, "", "%"), (Role.BANK, "31", ""), (Role.OFFICE, "", ""),
        (Role.EXCHANGE, "", ""), (Role.ANONYMOUS, "", ""),
    ],
)  # fmt: skip
def test_who_oversees_what(role: Role, region: str, seen: str) -> None:
    assert walls.overseen(Actor(roles=frozenset({role}), region=region)) == seen


def test_a_pledge_is_seen_by_its_parties_the_bureau_of_its_region_and_the_audit() -> None:
    holder, bank = make.office(region="310115"), make.bank()
    row = pled.pledge(holder, bank)
    tables = ("pledges_pledge", "pledges_pledgeitem")
    for table in tables:
        assert rows(table) == 1  # commands and workers see all
        for who in (holder, bank):
            with as_web(who.organisation_id):
                assert rows(table) == 1
        for region, count in (("31%", 1), ("%", 1), ("32%", 0), ("", 0)):
            with as_web(999_999, overseen=region):
                assert rows(table) == count, (table, region)
        with as_web():
            assert rows(table) == 0
    with as_web(make.bank().organisation_id):
        assert Pledge.objects.filter(pk=row.pk).update(debtor_name="x") == 0
    with (
        as_web(bank.organisation_id),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Pledge.objects.filter(pk=row.pk).update(pledgee=999_999, pledgor=999_998, region="")


def test_what_parties_say_and_propose_is_theirs_and_what_they_agreed_is_asked_for() -> None:
    at = given.table()
    row = given.proposed(at)
    deals.send_message(deal_id=row.pk, text="最低三百万。", by=at.holder, now=NOON)
    private = ("licensing_dealmessage", "licensing_termsversion", "licensing_termspatent")
    for table in private:
        assert rows(table) == 1
        for who in (at.office, at.firm):
            with as_web(who.organisation_id):
                assert rows(table) == 1, table
        with as_web(999_999, overseen="%"):
            assert rows(table) == 0, table
    stranger = given.table()
    with as_web(stranger.office.organisation_id):
        assert Deal.objects.count() == 0
        assert TermsVersion.objects.filter(deal=row).update(remarks="x") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            DealMessage.objects.create(
                deal=row, side="holder", text="x", sent_at=NOON, sent_by="user:1"
            )
    agreed = given.agreed(stranger)
    with as_web(999_999):
        assert [v.deal_id for v in TermsVersion.objects.all()] == [agreed.pk]
        assert rows("licensing_dealmessage") == 0


def test_a_deal_is_its_parties_until_it_is_agreed_and_a_contract_is_asked_for_by_all() -> None:
    """Talk: the parties. Agreed: also the bureau of the region and the audit. Signed: all."""
    at = given.table()
    seen = {"": 0, "31%": 0, "%": 0}
    for stage, answers in (
        (given.proposed, seen), (given.agreed, seen | {"31%": 1, "%": 1}),
        (given.signed, dict.fromkeys(seen, 1)),
    ):  # fmt: skip
        row = stage(at)
        Deal.objects.filter(pk=row.pk).update(region="310115")
        for who in (at.office, at.firm):
            with as_web(who.organisation_id):
                assert Deal.objects.filter(pk=row.pk).count() == 1
        for region, count in answers.items():
            with as_web(999_999, overseen=region):
                assert Deal.objects.filter(pk=row.pk).count() == count, (row.status, region)
    with as_web():
        assert Deal.objects.filter(status="signed").count() == 1


def test_what_a_deal_costs_is_hidden_with_its_terms_and_declarations_stay_open() -> None:
    row = given.proposed(given.table())
    plan = row.versions.get().plan_id
    declared = lic.declaration(make.office()).plan_id
    with as_web(row.taker_id):
        assert FeePlan.objects.filter(pk__in=[plan, declared]).count() == 2
    for region in ("", "%"):
        with as_web(999_999, overseen=region):
            assert [p.pk for p in FeePlan.objects.all()] == [declared]
            assert set(FeePart.objects.values_list("plan_id", flat=True)) == {declared}


def test_approvals_are_the_parties_and_the_overseers() -> None:
    row = given.signed(given.table())
    Deal.objects.filter(pk=row.pk).update(region="310115")
    DealApproval.objects.create(
        deal=row, kind="funder", authority="主管部门", number="1", approved_on=NOON.date(),
        attachment=row.agreed_terms.copies.first().attachment, recorded_at=NOON,
        recorded_by="user:1",
    )  # fmt: skip
    for tenant, region, count in (
        (row.holder_id, "", 1), (row.taker_id, "", 1), (999_999, "", 0), (999_999, "31%", 1),
        (999_999, "%", 1), (999_999, "32%", 0),
    ):  # fmt: skip
        with as_web(tenant, overseen=region):
            assert DealApproval.objects.count() == count, (tenant, region)


def test_a_draft_of_a_need_is_its_firms_and_a_matched_one_its_holders(
    drain: Callable[[], int],
) -> None:
    firm, holder, other = make.enterprise(region="310115"), make.office(), make.office()
    shy = wants.match(drain, firm, holder).need_id
    Need.objects.filter(pk=shy).update(visibility="matched")
    draft = wants.need(firm, replace(wants.COLD, title="还没写好"), open_now=False).pk
    wide = wants.need(firm, replace(wants.COLD, title="公开征集：电池低温充电怎样快速升温")).pk

    def seen(tenant: int, overseen: str = "") -> set[int]:
        with as_web(tenant, overseen=overseen):
            return set(Need.objects.values_list("pk", flat=True))

    assert seen(firm.organisation_id) == {draft, shy, wide}
    assert seen(holder.organisation_id) == {shy, wide}
    assert seen(other.organisation_id) == seen(999_999, "32%") == {wide}
    assert seen(999_999, "31%") == {shy, wide}
    assert seen(999_999, "%") == {draft, shy, wide}
    with as_web(holder.organisation_id):
        assert Need.objects.filter(pk=draft).update(title="x") == 0
    with (
        as_web(other.organisation_id),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Need.objects.filter(pk=wide).update(visibility="matched")


def test_what_a_need_said_before_is_its_firms_and_its_agents_while_the_mandate_holds() -> None:
    """An open need passes its wall; what was struck out of it before does not."""
    firm, broker, other = make.enterprise(region="310115"), make.broker(), make.enterprise()
    need = wants.need(firm, replace(wants.COLD, title="求购：某型战车电池快充办法"))
    agent = given_mandate(firm, broker)
    row = revisions.propose_revision(
        need_id=need.pk, data=replace(wants.COLD, title="电池快充办法"), note="去掉用途",
        by=agent, now=NOON,
    )  # fmt: skip

    def seen(*tenants: int, overseen: str = "") -> list[int]:
        with as_web(*tenants, overseen=overseen):
            assert Need.objects.filter(pk=need.pk).count() == 1  # opened for all
            return list(NeedRevision.objects.values_list("pk", flat=True))

    client, house = firm.organisation_id, broker.organisation_id
    assert seen(client) == seen(house, client) == seen(overseen="%") == [row.pk]
    assert seen(house) == seen(other.organisation_id) == seen(overseen="31%") == []
    with as_web(other.organisation_id):
        assert NeedRevision.objects.filter(pk=row.pk).update(note="x") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            NeedRevision.objects.create(
                need=need, number=9, state="own", before={}, content={}, base_version=1,
                proposed_at=NOON, proposed_by="user:1", decided_at=NOON, decided_by="user:1",
            )  # fmt: skip


def given_mandate(firm: Membership, broker: Membership) -> Actor:
    """The broker, acting for the firm too."""
    revisions.give_mandate(
        agent_id=broker.organisation_id, starts_on=NOON.date(), ends_on=None,
        by=make.actor(firm), now=NOON,
    )  # fmt: skip
    return make.actor(broker)


def test_a_need_is_refined_by_pages_behind_the_walls() -> None:
    firm, broker = make.enterprise(), make.broker()
    client, house = firm.organisation_id, broker.organisation_id
    need = wants.need(firm, open_now=False)
    agent = given_mandate(firm, broker)
    with as_web(house, client):
        row = revisions.propose_revision(
            need_id=need.pk, data=replace(wants.COLD, title="电池低温快充办法"), note="写清楚",
            by=agent, now=NOON,
        )  # fmt: skip
    with as_web(client):
        owner = make.actor(firm)
        revisions.answer_revision(revision_id=row.pk, agrees=True, by=owner, now=NOON)
        need.refresh_from_db()
        demands.edit_need(
            need_id=need.pk, data=replace(wants.COLD, title="再改一次的名称"), version=need.version,
            by=owner, now=NOON,
        )  # fmt: skip
        kept = NeedRevision.objects.order_by("number").values_list("state", flat=True)
        assert list(kept) == ["agreed", "own"]


def test_those_who_still_talk_hear_of_a_contract_from_a_worker(drain: Callable[[], int]) -> None:
    at, other = given.table(), given.table()
    first = given.uploaded(at)
    second = given.talking(given.Table(at.office, at.second, other.firm), first.patent_id)
    with as_web(at.office.organisation_id):
        signing.confirm_seals(deal_id=first.pk, by=at.checker, now=NOON)
    assert not Notice.objects.filter(key=f"deal:{second.pk}:rival:{first.pk}").exists()
    drain()
    told = Notice.objects.filter(key=f"deal:{second.pk}:rival:{first.pk}")
    assert other.firm.user_id in told.values_list("user_id", flat=True)


def test_pages_work_behind_it_and_forgetting_who_looks_shows_no_talk(
    client_as: Client_as, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROW_WALLS = True
    at, holder, bank = given.table(), make.office(), make.bank()
    row = given.proposed(at)
    deals.send_message(deal_id=row.pk, text="最低三百万。", by=at.holder, now=NOON)
    pledge = pled.pledge(holder, bank)
    with as_web(), time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        page = client_as(at.firm).get(f"/deals/{row.pk}/").content.decode()
        assert "最低三百万" in page
        page = client_as(bank).get(f"/pledges/{pledge.pk}/").content.decode()
        assert pledge.register_number in page
        # A colleague forgets the first wall everywhere.
        for kind in (DealQuerySet, PledgeQuerySet):
            monkeypatch.setattr(kind, "visible_to", lambda self, actor: self)
        monkeypatch.setattr(deal_selectors, "messages_for", lambda row, viewer: row.messages.all())
        monkeypatch.setattr(deal_selectors, "versions_for", lambda row, v: row.versions.all())
        stranger = client_as(make.enterprise())
        page = stranger.get(f"/deals/{row.pk}/").content.decode()
        assert "最低三百万" not in page
        assert client_as(make.bank()).get(f"/pledges/{pledge.pk}/").status_code == 404


def test_a_contract_is_made_and_a_need_is_written_by_pages_behind_the_walls() -> None:
    at = given.table()
    patent = lic.listed(at.office)
    firm, holder = at.taker.organisation_id or 0, at.holder.organisation_id or 0
    with as_web(firm):
        row = given.asked(at, patent)
    with as_web(holder):
        deals.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=at.holder, now=NOON)
    with as_web(firm):
        deals.propose_terms(deal_id=row.pk, terms=given.terms(patent), by=at.taker, now=NOON)
        deals.send_message(deal_id=row.pk, text="请看条款。", by=at.taker, now=NOON)
    with as_web(holder):
        deals.answer_terms(
            deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
        )
    for by, house in ((at.holder, holder), (at.taker, firm)):
        with as_web(house):
            signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=NOON)
    with as_web(holder):
        assert signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON).status == "signed"
    with as_web(firm):
        need = wants.need(at.firm)
        assert demands.close_need(need_id=need.pk, by=at.taker, now=NOON).status == "closed"
