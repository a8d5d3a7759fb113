"""Declarations: each step is judged on its day, leaves its trace and binds as long as it may."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.audit.models import AuditEntry
from core.errors import Conflict
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from licensing import services
from licensing.models import Document
from licensing.rules.fees import FeeMode
from listings import selectors as listings
from listings import services as library
from listings.types import EncumbranceKind, HolderInput
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db


def step(command, row, office, **said):
    return command(declaration_id=row.pk, by=actor(office), now=NOON, **said)


def approved(office, patent_id=None):
    return step(services.approve_declaration, lic.draft(office, patent_id), office)


def filed(office):
    return step(services.file_declaration, approved(office), office, filed_on=TODAY)


def test_what_is_in_arrear_is_not_even_approved(office):
    row = lic.draft(office, lic.patent(office, annuity_paid_to=date(2025, 3, 1)))
    with pytest.raises(Conflict) as refusal:
        step(services.approve_declaration, row, office)
    assert {"annuity-late", "annuity-unpaid"} & {b.code for b in refusal.value.blockers}
    row.refresh_from_db()
    assert (row.status, row.approved_at) == ("draft", None)


def test_what_came_between_filing_and_announcement_stops_it(office):
    row = filed(office)
    library.encumber(
        patent_id=row.patent_id, kind=EncumbranceKind.EXCLUSIVE, starts_on=TODAY, ends_on=None,
        source="test", reference="x:1", by=Actor.system(), now=NOON,
    )  # fmt: skip
    with pytest.raises(Conflict) as refusal:
        step(services.announce_declaration, row, office, announced_on=TODAY)
    assert refusal.value.blockers
    row.refresh_from_db()
    assert (row.status, row.number) == ("filed", None)
    kinds = [b.kind for b in listings.encumbrances(row.patent_id, at=NOON)]
    assert kinds == [EncumbranceKind.EXCLUSIVE]


def test_the_declaration_names_the_holders_of_the_day_of_its_approval(office):
    row = lic.draft(office)
    own = HolderInput(office.organisation.name, organisation_id=office.organisation_id)
    other = HolderInput("某共有人大学")
    library.set_holders(
        patent_id=row.patent_id, version=None, by=actor(office), now=NOON, holders=(own, other)
    )
    with pytest.raises(Conflict) as refusal:
        step(services.approve_declaration, row, office)
    assert {b.code for b in refusal.value.blockers} == {"co-owner-consent"}
    renamed = HolderInput("更名后的大学", organisation_id=office.organisation_id)
    library.set_holders(
        patent_id=row.patent_id, version=None, by=actor(office), now=NOON, holders=(renamed,)
    )
    assert step(services.approve_declaration, row, office).patentees == "更名后的大学"


def test_a_declaration_binds_until_the_day_before_the_patent_ends(office):
    patent_id = lic.patent(office, expires_on=date(2030, 3, 1))
    lic.declaration(office, patent_id)
    (bond,) = listings.encumbrances(patent_id, at=NOON)
    assert bond.ends_on == date(2030, 2, 28)


def test_what_has_no_number_cannot_be_declared(office):
    with pytest.raises(Conflict, match="待核实"):
        lic.draft(office, lic.patent(office, number="", holders=(HolderInput("甲"),)))


def test_every_step_leaves_its_entry_and_its_event(office):
    row = filed(office)
    step(services.send_back_declaration, row, office)
    step(services.discard_declaration, row, office)
    given_up = set(AuditEntry.objects.values_list("event", flat=True))
    assert {"open_declaration.sent_back", "open_declaration.discarded"} <= given_up
    row = lic.declaration(office)
    done = step(services.withdraw_declaration, row, office, reason="拟独占许可")
    assert done.closed_reason == "拟独占许可"
    assert AuditEntry.objects.filter(event="open_declaration.withdrawn").count() == 1
    for event in ("open_declaration.announced", "open_declaration.withdrawn"):
        (told,) = OutboxEvent.objects.filter(name=event).values_list("payload", flat=True)
        assert (told["patent_id"], told["licensor_id"]) == (
            row.patent_id, office.organisation_id,
        )  # fmt: skip


def test_who_waits_to_pay_hears_of_the_withdrawal_and_who_has_paid_does_not(office):
    waiting, done = make.enterprise(), make.enterprise()
    row = lic.declaration(office, mode=FeeMode.FIXED)
    for firm in (waiting, done):
        taken = services.take_open_licence(declaration_id=row.pk, by=actor(firm), now=NOON)
    lic.paid(taken, done)
    step(services.withdraw_declaration, row, office, reason="拟独占许可")
    told = Notice.objects.filter(key=f"declaration-withdrawn:{row.pk}")
    assert list(told.values_list("user_id", flat=True)) == [waiting.user_id]
    assert "不再取得许可" in told.get().body


def test_a_revision_is_kept_and_given_back(office):
    row = step(services.revise_declaration, lic.draft(office), office, revision=1,
               terms=lic.terms(months=12, remarks=" 限华东 "))  # fmt: skip
    assert (row.months, row.remarks, row.revision) == (12, "限华东", 2)
    announced = step(services.declare, row, office, revision=2, filed_on=TODAY - timedelta(days=1),
                     announced_on=TODAY)  # fmt: skip
    paper = dict(Document.objects.get(declaration=announced).content)
    assert "限华东" in str(paper.values())
