"""Licensing's commands: declare, take, pay, object, file, report."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Mandate
from licensing import services
from licensing.models import Document, Licence, OpenDeclaration, Outcome, Payment
from licensing.rules.fees import FeeMode, FeePart, PartKind
from licensing.services.documents import content_hash
from licensing.tasks import daily
from licensing.types import DeclarationTerms, OutcomeReport
from listings import selectors as listings
from listings import services as library
from listings.models import PatentIncome
from listings.types import Action, EncumbranceKind, HolderInput, PatentKind
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, PDF, TODAY

pytestmark = pytest.mark.django_db


def upload(name="proof.pdf", content=PDF):
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def events(name):
    return list(OutboxEvent.objects.filter(name=name).values_list("payload", flat=True))


def codes(refusal):
    return {blocker.code for blocker in refusal.value.blockers}


# --- declarations ----------------------------------------------------------------------------


def test_a_declaration_goes_from_draft_to_announced(office):
    row = lic.draft(office)
    assert (row.status, row.number, row.patentees) == ("draft", None, office.organisation.name)
    done = services.declare(
        declaration_id=row.pk, filed_on=TODAY - timedelta(days=9),
        announced_on=TODAY - timedelta(days=2), revision=1, by=actor(office), now=NOON,
    )  # fmt: skip
    assert done.status == "announced"
    assert done.number == f"KF2026{row.pk:08d}"
    bond = listings.encumbrances(done.patent_id, at=NOON)
    assert [(b.kind, b.reference) for b in bond] == [
        (EncumbranceKind.OPEN_DECLARATION, f"declaration:{row.pk}")
    ]
    (payload,) = events("open_declaration.announced")
    assert payload["declaration_id"] == row.pk
    assert payload["fee"] == "5 万元"


def test_the_declaration_paper_says_what_was_declared(office):
    row = lic.declaration(office, mode=FeeMode.ENTRY_RUNNING)
    paper = Document.objects.get(declaration=row)
    assert dict(paper.content)["声明编号"] == row.number
    assert dict(paper.content)["付费标准"] == [
        "入门费 5 万元，随通知一次付清。",
        "按专利产品净销售额的 3% 逐年提成。",
    ]
    assert paper.content_hash == content_hash(paper.content)


@pytest.mark.parametrize("mode", list(FeeMode)[:5])
def test_every_offered_mode_can_be_declared(office, mode):
    assert lic.declaration(office, mode=mode).plan.mode == mode


def test_a_stranger_cannot_declare_and_nothing_changes(office):
    patent_id = lic.listed(office)
    with pytest.raises(NotAllowed):
        services.draft_declaration(
            patent_id=patent_id, terms=lic.terms(), by=actor(make.office()), now=NOON
        )
    hidden = lic.patent(office)
    with pytest.raises(Missing):
        services.draft_declaration(
            patent_id=hidden, terms=lic.terms(), by=actor(make.office()), now=NOON
        )
    assert not OpenDeclaration.objects.exists()


def test_a_strangers_draft_cannot_be_found(office):
    row = lic.draft(office)
    stranger = actor(make.office())
    commands = [
        lambda: services.revise_declaration(
            declaration_id=row.pk, terms=lic.terms(), revision=1, by=stranger, now=NOON
        ),
        lambda: services.approve_declaration(declaration_id=row.pk, by=stranger, now=NOON),
        lambda: services.discard_declaration(declaration_id=row.pk, by=stranger, now=NOON),
        lambda: services.declare(
            declaration_id=row.pk, filed_on=TODAY, announced_on=TODAY, revision=1,
            by=stranger, now=NOON,
        ),
    ]  # fmt: skip
    for command in commands:
        with pytest.raises(Missing):
            command()
    row.refresh_from_db()
    assert (row.status, row.revision) == ("draft", 1)


def test_one_patent_has_one_declaration_in_progress(office):
    row = lic.draft(office)
    with pytest.raises(Conflict) as refusal:
        lic.draft(office, row.patent_id)
    assert refusal.value.code == "already-declared"
    services.discard_declaration(declaration_id=row.pk, by=actor(office), now=NOON)
    assert lic.draft(office, row.patent_id).status == "draft"


def test_two_editors_do_not_overwrite_each_other(office):
    row = lic.draft(office)
    services.revise_declaration(
        declaration_id=row.pk, terms=lic.terms(months=12), revision=1, by=actor(office), now=NOON
    )
    with pytest.raises(Conflict) as refusal:
        services.revise_declaration(
            declaration_id=row.pk, terms=lic.terms(months=24), revision=1, by=actor(office),
            now=NOON,
        )  # fmt: skip
    assert refusal.value.code == "edited-meanwhile"
    with pytest.raises(Conflict):
        services.declare(
            declaration_id=row.pk, filed_on=TODAY, announced_on=TODAY, revision=1,
            by=actor(office), now=NOON,
        )  # fmt: skip
    row.refresh_from_db()
    assert (row.months, row.status) == (12, "draft")


def test_a_plan_without_sense_is_refused_at_its_field(office):
    broken = DeclarationTerms(parts=(FeePart(PartKind.LUMP),))
    with pytest.raises(Invalid) as refusal:
        services.draft_declaration(
            patent_id=lic.patent(office), terms=broken, by=actor(office), now=NOON
        )
    assert "mode" in refusal.value.fields


def declare_fails(office, **changes):
    patent = changes.pop("patent", {})
    row = lic.draft(office, lic.patent(office, **patent), **changes)
    with pytest.raises(Conflict) as refusal:
        services.declare(
            declaration_id=row.pk, filed_on=TODAY, announced_on=TODAY, revision=None,
            by=actor(office), now=NOON,
        )  # fmt: skip
    row.refresh_from_db()
    assert (row.status, row.number) == ("draft", None)
    assert not events("open_declaration.announced")
    return codes(refusal)


def test_every_reason_against_a_declaration_comes_at_once(office):
    found = declare_fails(
        office,
        patent={
            "number": lic.numbers.mint(2019, "2", 990_001),
            "kind": PatentKind.UTILITY_MODEL,
            "annuity_paid_to": date(2025, 3, 1),
            "holders": (
                HolderInput(office.organisation.name, organisation_id=office.organisation_id),
                HolderInput("某共有人大学"),
            ),
        },
        remarks="国际领先，欢迎来电",
    )
    assert {"evaluation-missing", "co-owner-consent", "advertising"} <= found
    assert found & {"annuity-late", "annuity-unpaid"}


def test_a_dear_fee_needs_reasons(office):
    dear = (FeePart(PartKind.LUMP, Decimal(20_000_001)),)
    assert declare_fails(office, parts=dear) == {"fee-above-cap"}
    row = lic.declaration(office, parts=dear, cap_reasons="评估价值 8000 万元")
    assert row.status == "announced"


@pytest.mark.parametrize(
    ("filed", "announced", "field"),
    [(1, 1, "filed_on"), (0, 1, "announced_on"), (0, -1, "announced_on")],
)
def test_days_of_a_declaration_stand_in_order(office, filed, announced, field):
    row = lic.draft(office)
    with pytest.raises(Invalid) as refusal:
        services.declare(
            declaration_id=row.pk, filed_on=TODAY + timedelta(days=filed),
            announced_on=TODAY + timedelta(days=announced), revision=None, by=actor(office),
            now=NOON,
        )  # fmt: skip
    assert field in refusal.value.fields
    row.refresh_from_db()
    assert row.status == "draft"


def test_step_by_step_and_back(office):
    row = lic.draft(office)
    by = actor(office)
    services.approve_declaration(declaration_id=row.pk, by=by, now=NOON)
    services.file_declaration(declaration_id=row.pk, filed_on=TODAY, by=by, now=NOON)
    back = services.send_back_declaration(declaration_id=row.pk, by=by, now=NOON)
    assert (back.status, back.filed_on, back.approved_at) == ("draft", None, None)
    with pytest.raises(Conflict):
        services.announce_declaration(declaration_id=row.pk, announced_on=TODAY, by=by, now=NOON)


def test_withdrawing_frees_the_patent_and_spares_licences(office, firm):
    row = lic.declaration(office, mode=FeeMode.FREE)
    taken = services.take_open_licence(declaration_id=row.pk, by=actor(firm), now=NOON)
    with pytest.raises(Invalid):
        services.withdraw_declaration(declaration_id=row.pk, reason=" ", by=actor(office), now=NOON)
    done = services.withdraw_declaration(
        declaration_id=row.pk, reason="拟独占许可", by=actor(office), now=NOON
    )
    taken.refresh_from_db()
    assert (done.status, taken.status) == ("withdrawn", "effective")
    kinds = [b.kind for b in listings.encumbrances(row.patent_id, at=NOON)]
    assert kinds == [EncumbranceKind.ORDINARY]
    assert len(events("open_declaration.withdrawn")) == 1
    with pytest.raises(Conflict) as refusal:
        services.take_open_licence(declaration_id=row.pk, by=actor(make.enterprise()), now=NOON)
    assert refusal.value.code == "not-on-offer"


def test_a_stranger_cannot_withdraw(office):
    row = lic.declaration(office)
    with pytest.raises(NotAllowed):
        services.withdraw_declaration(
            declaration_id=row.pk, reason="x", by=actor(make.office()), now=NOON
        )
    row.refresh_from_db()
    assert row.status == "announced"


# --- taking ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [FeeMode.FREE, FeeMode.DEFERRED, FeeMode.RUNNING])
def test_nothing_due_at_notice_means_effect_at_notice(office, firm, mode):
    row = lic.licence(office, firm, mode=mode)
    assert (row.status, row.effective_at) == ("effective", NOON)
    assert "自书面通知送达" in row.explanation
    assert (row.starts_on, row.ends_on) == (TODAY, date(2029, 11, 19))


@pytest.mark.parametrize("mode", [FeeMode.FIXED, FeeMode.ENTRY_RUNNING])
def test_a_sum_due_at_notice_must_be_paid_first(office, firm, mode):
    row = lic.licence(office, firm, mode=mode)
    assert (row.status, row.effective_at) == ("noticed", None)
    assert "尚有 5 万元 未付" in row.explanation
    later = NOON + timedelta(days=3)
    row = lic.paid(row, firm, now=later)
    assert (row.status, row.effective_at) == ("effective", later)
    assert row.starts_on == TODAY + timedelta(days=3)
    assert [len(events(n)) for n in ("licence.noticed", "licence.paid", "licence.effective")] == [
        1, 1, 1,
    ]  # fmt: skip


def test_a_payment_before_service_takes_effect_on_service(office, firm):
    offered = lic.declaration(office)
    row = services.take_open_licence(declaration_id=offered.pk, by=actor(firm), now=NOON)
    due = row.dues.get()
    early = NOON - timedelta(hours=3)
    services.record_payment(
        licence_id=row.pk, due_id=due.pk, amount=due.amount, paid_at=early, reference="早付",
        by=actor(firm), now=NOON,
    )  # fmt: skip
    row.refresh_from_db()
    assert row.effective_at == NOON
    assert "以后到者为准，许可自通知送达之时生效" in row.explanation


def test_a_notice_served_otherwise_keeps_its_time_and_proof(office, firm):
    offered = lic.declaration(office, mode=FeeMode.FREE)
    served = NOON - timedelta(hours=2)
    row = services.take_open_licence(
        declaration_id=offered.pk, served_at=served, served_proof=upload(), by=actor(firm), now=NOON
    )
    assert (row.channel, row.effective_at) == ("other", served)
    assert row.served_proof.name == "proof.pdf"


@pytest.mark.parametrize("hours", [1, -24 * 30])
def test_a_notice_cannot_be_served_later_than_now_or_before_the_offer(office, firm, hours):
    offered = lic.declaration(office)
    with pytest.raises(Invalid) as refusal:
        services.take_open_licence(
            declaration_id=offered.pk, served_at=NOON + timedelta(hours=hours), by=actor(firm),
            now=NOON,
        )  # fmt: skip
    assert "served_at" in refusal.value.fields
    assert not Licence.objects.exists()


def test_the_same_firm_cannot_take_twice(office, firm):
    row = lic.licence(office, firm)
    with pytest.raises(Conflict) as refusal:
        services.take_open_licence(declaration_id=row.declaration_id, by=actor(firm), now=NOON)
    assert refusal.value.code == "already-taken"
    assert row.number in refusal.value.message
    assert Licence.objects.count() == 1


def test_nobody_takes_a_licence_on_its_own_patent(office):
    offered = lic.declaration(office)
    own = make.MembershipFactory(organisation=office.organisation)
    with pytest.raises(Conflict) as refusal:
        services.take_open_licence(declaration_id=offered.pk, by=actor(own), now=NOON)
    assert refusal.value.code == "own-patent"


@pytest.mark.parametrize("who", [make.bank, make.bureau, make.auditor, make.office])
def test_only_firms_take_licences(office, who):
    offered = lic.declaration(office)
    with pytest.raises(NotAllowed):
        services.take_open_licence(declaration_id=offered.pk, by=actor(who()), now=NOON)
    assert not Licence.objects.exists()


def test_a_broker_takes_only_for_its_principal(office, firm):
    broker = make.broker()
    Mandate.objects.create(
        principal=firm.organisation, agent=broker.organisation, starts_on=date(2020, 1, 1)
    )
    offered = lic.declaration(office, mode=FeeMode.FREE)
    with pytest.raises(NotAllowed):
        services.take_open_licence(declaration_id=offered.pk, by=actor(broker), now=NOON)
    with pytest.raises(NotAllowed):
        services.take_open_licence(
            declaration_id=offered.pk, licensee_id=office.organisation_id, by=actor(broker),
            now=NOON,
        )  # fmt: skip
    row = services.take_open_licence(
        declaration_id=offered.pk, licensee_id=firm.organisation_id, by=actor(broker), now=NOON
    )
    assert row.licensee_id == firm.organisation_id


def test_a_draft_cannot_be_taken(office, firm):
    row = lic.draft(office)
    with pytest.raises(Missing):
        services.take_open_licence(declaration_id=row.pk, by=actor(firm), now=NOON)


def test_a_licence_binds_the_patent_and_bars_exclusive_rights(office, firm):
    row = lic.licence(office, firm)
    bonds = listings.encumbrances(row.patent_id, at=NOON)
    assert {b.kind for b in bonds} == {EncumbranceKind.OPEN_DECLARATION, EncumbranceKind.ORDINARY}
    blocked = listings.can(row.patent_id, Action.LICENSE_EXCLUSIVE, at=NOON)
    assert {"ordinary-licence", "open-declared"} <= {b.code for b in blocked}


def test_a_short_lived_patent_cuts_the_term(office, firm):
    patent_id = lic.patent(office, expires_on=date(2027, 1, 1))
    offered = lic.declaration(office, patent_id, mode=FeeMode.FREE)
    row = services.take_open_licence(declaration_id=offered.pk, by=actor(firm), now=NOON)
    assert row.ends_on == date(2026, 12, 31)


def test_the_contract_names_parties_and_effect(office, firm):
    row = lic.licence(office, firm)
    paper = Document.objects.get(licence=row)
    assert dict(paper.content)["许可人"] == office.organisation.name
    assert dict(paper.content)["被许可人"] == firm.organisation.name
    assert dict(paper.content)["生效时间"] == "2026-11-20 12:00"
    assert dict(paper.content)["生效说明"] == row.explanation


def test_both_parties_hear_that_the_licence_took_effect(office, firm):
    row = lic.licence(office, firm)
    told = Notice.objects.filter(key=f"licence-effective:{row.pk}").values_list(
        "user_id", flat=True
    )
    assert set(told) == {office.user_id, firm.user_id}


# --- paying ----------------------------------------------------------------------------------


def pay(row, who, **changes):
    due = row.dues.get()
    known = {
        "licence_id": row.pk, "due_id": due.pk, "amount": due.amount, "paid_at": NOON,
        "reference": "回单1", "by": actor(who), "now": NOON,
    }  # fmt: skip
    return services.record_payment(**(known | changes))


def test_part_payments_add_up_to_the_fen(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    pay(row, firm, amount=Decimal("49999.99"), reference="a")
    row.refresh_from_db()
    assert (row.status, "0.01 元 未付" in row.explanation) == ("noticed", True)
    pay(row, firm, amount=Decimal("0.01"), reference="b")
    row.refresh_from_db()
    assert row.status == "effective"


def test_paying_twice_is_refused(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    pay(row, firm)
    with pytest.raises(Conflict) as refusal:
        pay(row, firm, reference="另一张")
    assert refusal.value.code == "already-paid"
    assert Payment.objects.count() == 1


def test_one_receipt_pays_once(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    pay(row, firm, amount=Decimal(10_000))
    with pytest.raises(Conflict) as refusal:
        pay(row, firm, amount=Decimal(10_000))
    assert refusal.value.code == "receipt-used"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": Decimal("50000.01")}, "amount"),
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal("1.001")}, "amount"),
        ({"paid_at": NOON + timedelta(minutes=1)}, "paid_at"),
        ({"paid_at": NOON - timedelta(days=2)}, "paid_at"),
        ({"reference": " "}, "proof"),
        ({"due_id": 0}, "due"),
    ],
)
def test_what_cannot_be_a_payment_is_named(office, firm, changes, field):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    with pytest.raises(Invalid) as refusal:
        pay(row, firm, **changes)
    assert field in refusal.value.fields
    assert not Payment.objects.exists()


def test_a_proof_is_looked_at_by_content(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    with pytest.raises(Invalid) as refusal:
        pay(row, firm, reference="", proof=upload("a.pdf", b"MZ\x90"))
    assert "proof" in refusal.value.fields
    assert pay(row, firm, reference="", proof=upload()).proof.name == "proof.pdf"


def test_only_the_licensee_pays(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    with pytest.raises(Missing):
        pay(row, make.enterprise())
    with pytest.raises(NotAllowed):
        pay(row, office)
    with pytest.raises(NotAllowed):
        pay(row, make.bureau("31"))
    assert not Payment.objects.exists()


def test_paying_after_the_withdrawal_brings_no_licence(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    services.withdraw_declaration(
        declaration_id=row.declaration_id, reason="停止开放", by=actor(office), now=NOON
    )
    later = NOON + timedelta(days=1)
    with pytest.raises(Conflict) as refusal:
        pay(row, firm, paid_at=later, now=later)
    assert refusal.value.code == "withdrawn-before"
    assert not Payment.objects.exists()
    pay(row, firm, paid_at=NOON - timedelta(hours=1), now=later)
    row.refresh_from_db()
    assert row.status == "effective"


def test_a_deferred_sum_is_paid_later(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.DEFERRED)
    effective = row.effective_at
    later = NOON + timedelta(days=365)
    pay(row, firm, paid_at=later, now=later)
    row.refresh_from_db()
    assert (row.status, row.effective_at) == ("effective", effective)


def test_a_notice_can_be_taken_back_before_paying_and_taken_again(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    for stranger, refusal in ((make.enterprise(), Missing), (office, NotAllowed)):
        with pytest.raises(refusal):
            services.cancel_notice(licence_id=row.pk, reason="", by=actor(stranger), now=NOON)
    services.cancel_notice(licence_id=row.pk, reason="", by=actor(firm), now=NOON)
    row.refresh_from_db()
    assert row.status == "void"
    with pytest.raises(Conflict):
        pay(row, firm)
    again = services.take_open_licence(declaration_id=row.declaration_id, by=actor(firm), now=NOON)
    lic.paid(again, firm)
    with pytest.raises(Conflict):
        services.cancel_notice(licence_id=again.pk, reason="", by=actor(firm), now=NOON)


# --- objecting -------------------------------------------------------------------------------


def contest(row, office, **changes):
    known = {"licence_id": row.pk, "reason": "未收到款项", "by": actor(office), "now": NOON}
    return services.contest_licence(**(known | changes))


def test_an_upheld_objection_voids_the_licence_and_its_outcome(office, firm):
    row = lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm)
    contest(row, office)
    bureau = make.bureau("31")
    assert PatentIncome.objects.filter(patent=row.patent_id).count() == 1
    services.resolve_contest(
        licence_id=row.pk, uphold=True, resolution="付款凭证不实", by=actor(bureau), now=NOON
    )
    assert not PatentIncome.objects.filter(patent=row.patent_id).exists()
    row.refresh_from_db()
    assert (row.status, row.closed_reason) == ("void", "付款凭证不实")
    kinds = [b.kind for b in listings.encumbrances(row.patent_id, at=NOON)]
    assert kinds == [EncumbranceKind.OPEN_DECLARATION]
    assert Outcome.objects.get(licence=row).status == "rejected"
    assert [len(events(n)) for n in ("licence.contested", "licence.resolved")] == [1, 1]


@pytest.mark.parametrize("ending", ["dismiss", "drop"])
def test_a_failed_objection_leaves_the_licence_as_it_was(office, firm, ending):
    row = lic.licence(office, firm)
    contest(row, office)
    if ending == "drop":
        services.drop_contest(licence_id=row.pk, by=actor(office), now=NOON)
    else:
        services.resolve_contest(
            licence_id=row.pk, uphold=False, resolution="已到账", by=actor(make.bureau("31")),
            now=NOON,
        )  # fmt: skip
    row.refresh_from_db()
    assert row.status == "effective"
    with pytest.raises(Conflict):
        services.drop_contest(licence_id=row.pk, by=actor(office), now=NOON)


def test_an_objection_has_its_time_its_reason_and_no_twin(office, firm):
    row = lic.licence(office, firm)
    late = NOON + timedelta(days=16)
    with pytest.raises(Conflict) as refusal:
        contest(row, office, now=late)
    assert refusal.value.code == "too-late"
    with pytest.raises(Invalid):
        contest(row, office, reason=" ")
    contest(row, office, now=NOON + timedelta(days=15))
    with pytest.raises(Conflict):
        contest(row, office)


def test_only_the_patentee_objects_and_only_its_bureau_decides(office, firm):
    row = lic.licence(office, firm)
    for who, refusal in ((firm, NotAllowed), (make.office(), Missing)):
        with pytest.raises(refusal):
            contest(row, who)
    contest(row, office)
    decide = {"licence_id": row.pk, "uphold": True, "resolution": "x", "now": NOON}
    for who, refusal in ((office, NotAllowed), (firm, NotAllowed), (make.bureau("32"), Missing)):
        with pytest.raises(refusal):
            services.resolve_contest(by=actor(who), **decide)
    row.refresh_from_db()
    assert row.status == "effective"


def test_a_contested_licence_is_neither_filed_nor_verified(office, firm):
    row = lic.licence(office, firm)
    contest(row, office)
    with pytest.raises(Conflict) as refusal:
        services.file_licence(
            licence_id=row.pk, filing_number="X1", filed_on=TODAY, by=actor(firm), now=NOON
        )
    assert refusal.value.code == "contested"
    with pytest.raises(Conflict):
        services.verify_outcome(
            outcome_id=Outcome.objects.get().pk, by=actor(make.bureau("31")), now=NOON
        )


# --- filing and the clock --------------------------------------------------------------------


@pytest.mark.parametrize("side", ["office", "firm"])
def test_either_party_files(office, firm, side):
    row = lic.licence(office, firm)
    who = {"office": office, "firm": firm}[side]
    services.file_licence(
        licence_id=row.pk, filing_number="X2026980001234", filed_on=TODAY, by=actor(who), now=NOON
    )
    row.refresh_from_db()
    assert (row.status, row.filing_number) == ("filed", "X2026980001234")
    assert len(events("licence.filed")) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"filing_number": ""}, "filing_number"),
        ({"filing_number": "X" * 41}, "filing_number"),
        ({"filed_on": TODAY + timedelta(days=1)}, "filed_on"),
        ({"filed_on": TODAY - timedelta(days=1)}, "filed_on"),
    ],
)
def test_a_filing_is_checked(office, firm, changes, field):
    row = lic.licence(office, firm)
    known = {"filing_number": "X1", "filed_on": TODAY, "by": actor(firm), "now": NOON}
    with pytest.raises(Invalid) as refusal:
        services.file_licence(licence_id=row.pk, **(known | changes))
    assert field in refusal.value.fields
    row.refresh_from_db()
    assert row.status == "effective"


def test_a_stranger_cannot_file(office, firm):
    row = lic.licence(office, firm)
    with pytest.raises(Missing):
        services.file_licence(
            licence_id=row.pk, filing_number="X1", filed_on=TODAY, by=actor(make.enterprise()),
            now=NOON,
        )  # fmt: skip


def alarms(row):
    return sorted(set(Notice.objects.filter(kind="licence.deadline").values_list("key", flat=True)))


def test_filing_alarms_ring_once_each(office, firm):
    row = lic.licence(office, firm)
    for days in (59, 60, 61, 80, 81, 93, 94):
        services.remind_of_filing(now=NOON + timedelta(days=days))
    assert alarms(row) == [f"licence-filing:{row.pk}:{a}" for a in ("60", "80", "late")]
    assert Notice.objects.filter(kind="licence.deadline").count() == 6


def test_a_filed_licence_is_left_alone(office, firm):
    row = lic.licence(office, firm)
    services.file_licence(
        licence_id=row.pk, filing_number="X1", filed_on=TODAY, by=actor(firm), now=NOON
    )
    services.remind_of_filing(now=NOON + timedelta(days=90))
    assert alarms(row) == []


def test_licences_end_with_their_term(office, firm):
    row = lic.licence(office, firm)
    last_day = datetime(2029, 11, 19, 23, tzinfo=NOON.tzinfo)
    assert services.end_expired_licences(now=last_day) == 0
    assert services.end_expired_licences(now=last_day + timedelta(hours=2)) == 1
    assert services.end_expired_licences(now=last_day + timedelta(hours=2)) == 0
    row.refresh_from_db()
    assert row.status == "ended"


def test_a_lapsed_patent_marks_licences_and_tells_the_parties(office, firm, drain):
    row = lic.licence(office, firm)
    library.record_legal_event(
        patent_id=row.patent_id, code="CF01", occurred_on=TODAY, by=actor(office), now=NOON
    )
    drain()
    row.refresh_from_db()
    assert (row.status, row.patent_lapsed_on) == ("effective", TODAY)
    assert OpenDeclaration.objects.on_offer().count() == 0
    told = Notice.objects.filter(title__startswith="专利已失效").values_list("user_id", flat=True)
    assert sorted(told) == sorted([office.user_id, firm.user_id])
    with pytest.raises(Conflict):
        services.take_open_licence(
            declaration_id=row.declaration_id, by=actor(make.enterprise()), now=NOON
        )
    library.record_legal_event(
        patent_id=row.patent_id, code="RR01", occurred_on=TODAY, by=actor(office), now=NOON
    )
    drain()
    row.refresh_from_db()
    assert row.patent_lapsed_on is None
    assert OpenDeclaration.objects.on_offer().count() == 1
    for event in ("licensing.patent_lapsed", "licensing.patent_restored"):
        assert AuditEntry.objects.filter(event=event).count() == 2  # the licence and the offer


def test_a_patent_that_lapsed_meanwhile_takes_no_payment(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    library.record_legal_event(
        patent_id=row.patent_id, code="CF01", occurred_on=TODAY, by=actor(office), now=NOON
    )
    with pytest.raises(Conflict) as refusal:
        pay(row, firm)
    assert "lapsed" in codes(refusal)
    assert not Payment.objects.exists()


# --- outcomes --------------------------------------------------------------------------------


def report(patent_id, who, **changes):
    evidence = changes.pop("evidence", None)
    known = {"patent_id": patent_id, "code": "transferred", "happened_on": TODAY,
             "contract_number": "HT-1"}  # fmt: skip
    return services.report_outcome(
        report=OutcomeReport(**(known | changes)), evidence=evidence, by=actor(who), now=NOON
    )


def test_an_effective_open_licence_reports_itself_once(office, firm):
    row = lic.licence(office, firm)
    outcome = Outcome.objects.get()
    assert (outcome.code, outcome.licence_id, outcome.status) == (
        "open_licence", row.pk, "reported",
    )  # fmt: skip
    assert outcome.region == "310115"
    assert len(events("outcome.reported")) == 1


def test_the_bureau_verifies_and_the_listing_stays(office, firm):
    patent_id = lic.listed(office)
    offered = lic.declaration(office, patent_id, mode=FeeMode.FREE)
    services.take_open_licence(declaration_id=offered.pk, by=actor(firm), now=NOON)
    services.verify_outcome(
        outcome_id=Outcome.objects.get().pk, by=actor(make.bureau("3101")), now=NOON
    )
    assert Outcome.objects.get().status == "verified"
    assert listings.card(patent_id, viewer=lic.system()).listing_status == "listed"
    (payload,) = events("outcome.verified")
    assert payload["status"] == "verified"


def test_a_verified_transfer_takes_the_listing_off_the_board(office):
    patent_id = lic.listed(office)
    outcome = report(patent_id, office)
    services.verify_outcome(outcome_id=outcome.pk, by=actor(make.bureau("31")), now=NOON)
    assert [payload["patent_id"] for payload in events("patent.converted")] == [patent_id]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "open_licence"}, "code"),
        ({"code": "nonsense"}, "code"),
        ({"contract_number": ""}, "evidence"),
        ({"happened_on": TODAY + timedelta(days=1)}, "happened_on"),
        ({"amount": Decimal(-1)}, "amount"),
    ],
)
def test_a_report_is_checked(office, changes, field):
    with pytest.raises(Invalid) as refusal:
        report(lic.patent(office), office, **changes)
    assert field in refusal.value.fields
    assert not Outcome.objects.exists()


def test_the_same_contract_is_reported_once(office):
    patent_id = lic.patent(office)
    report(patent_id, office)
    with pytest.raises(Conflict) as refusal:
        report(patent_id, office)
    assert refusal.value.code == "already-reported"
    assert report(patent_id, office, contract_number="HT-2").status == "reported"


def test_a_stranger_cannot_report_or_decide(office):
    patent_id = lic.listed(office)
    with pytest.raises(NotAllowed):
        report(patent_id, make.office())
    outcome = report(patent_id, office, evidence=upload())
    for who, refusal in (
        (office, NotAllowed),
        (make.bureau("32"), Missing),
        (make.bank(), Missing),
    ):
        with pytest.raises(refusal):
            services.verify_outcome(outcome_id=outcome.pk, by=actor(who), now=NOON)
    outcome.refresh_from_db()
    assert outcome.status == "reported"


def test_who_reported_cannot_verify(office):
    outcome = report(lic.patent(office), office)
    both = make.MembershipFactory(
        user=office.user, role="bureau", region="31", organisation=make.bureau().organisation
    )
    with pytest.raises(Conflict) as refusal:
        services.verify_outcome(outcome_id=outcome.pk, by=actor(both), now=NOON)
    assert refusal.value.code == "two-persons"


def test_a_rejected_report_is_mended_and_verified(office):
    outcome = report(lic.patent(office), office)
    bureau = actor(make.bureau("31"))
    with pytest.raises(Invalid):
        services.reject_outcome(outcome_id=outcome.pk, reason="", by=bureau, now=NOON)
    services.reject_outcome(outcome_id=outcome.pk, reason="缺合同页", by=bureau, now=NOON)
    with pytest.raises(Conflict):
        services.verify_outcome(outcome_id=outcome.pk, by=bureau, now=NOON)
    with pytest.raises(Missing):
        services.report_again(outcome_id=outcome.pk, by=actor(make.office()), now=NOON)
    services.report_again(
        outcome_id=outcome.pk, evidence=upload(), by=actor(office), now=NOON + timedelta(hours=1)
    )
    outcome.refresh_from_db()
    assert (outcome.status, outcome.decided_at, outcome.decision_reason) == ("reported", None, "")
    services.verify_outcome(outcome_id=outcome.pk, by=bureau, now=NOON + timedelta(hours=2))


def test_every_command_leaves_an_audit_entry(office, firm):
    row = lic.paid(lic.licence(office, firm, mode=FeeMode.FIXED), firm)
    services.file_licence(
        licence_id=row.pk, filing_number="X1", filed_on=TODAY, by=actor(firm), now=NOON
    )
    done = set(AuditEntry.objects.values_list("event", flat=True))
    assert {
        "open_declaration.drafted", "open_declaration.approved", "open_declaration.filed",
        "open_declaration.announced", "licence.noticed", "licence.paid", "licence.effective",
        "licence.filed", "outcome.reported",
    } <= done  # fmt: skip


def test_the_daily_task_rings_and_ends_and_repeats_nothing(office, firm):
    row = lic.licence(office, firm)
    with time_machine.travel(NOON + timedelta(days=61), tick=False):
        daily()
        daily()
    # The contract's registration, which is due ten days after it was first taken up, rings too.
    rung = [key.partition(":")[0] for key in alarms(row)]
    assert rung == ["licence-filing", "registration"]
    assert f"licence-filing:{row.pk}:60" in alarms(row)
    with time_machine.travel(NOON.replace(year=2030), tick=False):
        daily()
    row.refresh_from_db()
    assert row.status == "ended"
