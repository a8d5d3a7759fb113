"""What the database refuses of declarations, licences, payments, outcomes and papers."""

from datetime import timedelta
from decimal import Decimal

import pgtrigger
import pytest
from django.db import DatabaseError, IntegrityError, transaction

from licensing.models import (
    Contest,
    Document,
    FeePart,
    FeePlan,
    Licence,
    OpenDeclaration,
    Outcome,
    Payment,
    PaymentDue,
)
from licensing.rules import moves
from licensing.rules.fees import FeeMode
from licensing.services import contest_licence
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make.office()


@pytest.fixture
def licence(office):
    return lic.licence(office, make.enterprise())


def refuses(name, run):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        run()


def update(row, **changes):
    return lambda: type(row).objects.filter(pk=row.pk).update(**changes)


def trigger_refuses(run):
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        run()


# --- plans -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"kind": "nonsense"}, "fee_part_kind_known"),
        ({"kind": "lump", "amount": None}, "fee_part_sum_positive"),
        ({"kind": "entry", "amount": 0}, "fee_part_sum_positive"),
        ({"kind": "running"}, "fee_part_royalty_whole"),
        ({"kind": "running", "base": "profit", "rate": 101}, "fee_part_royalty_whole"),
        ({"kind": "free_until", "cap": 1, "floor": 2}, "fee_part_cap_above_floor"),
        ({"kind": "deferred", "amount": 1, "due_days": 0}, "fee_part_deferred_later"),
        ({"kind": "free_until", "position": 1}, "fee_part_position_once"),
    ],
)
def test_no_part_looks_like_this(office, changes, name):
    plan = lic.draft(office).plan
    refuses(name, lambda: FeePart.objects.create(**({"plan": plan, "position": 9} | changes)))


def test_a_plan_is_never_edited(office):
    plan = lic.draft(office).plan
    trigger_refuses(update(plan, mode="free"))
    trigger_refuses(update(plan.parts.get(), amount=1))
    refuses(
        "fee_plan_mode_known",
        lambda: FeePlan.objects.create(mode="x", created_at=NOON, created_by="x"),
    )


# --- declarations ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"approved_at": None}, "declaration_approved_pair"),
        ({"filed_at": None}, "declaration_filed_pair"),
        ({"announced_at": None}, "declaration_announced_pair|declaration_announced_whole"),
        ({"closed_at": NOON}, "declaration_closed_pair"),
        ({"number": None}, "declaration_announced_whole"),
        ({"encumbrance": None}, "declaration_announced_whole"),
        ({"announced_on": TODAY - timedelta(days=1)}, "declaration_announced_after_filing"),
        ({"status": "withdrawn"}, "declaration_withdrawn_with_reason"),
        ({"months": 0}, "declaration_term_positive"),
    ],
)
def test_no_declaration_looks_like_this(office, changes, name):
    refuses(name, update(lic.declaration(office), **changes))


def test_one_declaration_in_progress_per_patent(office):
    row = lic.declaration(office)
    row.pk = row.number = row.encumbrance_id = None
    row.status = "draft"
    refuses("one_open_declaration_per_patent", lambda: row.save(force_insert=True))


@pytest.mark.parametrize("target", list(moves.DeclarationStatus))
def test_a_declaration_moves_only_as_the_table_says(office, target):
    row = lic.declaration(office)
    legal = {b for a, b in moves.transitions(moves.DECLARATION_MOVES) if a == "announced"}
    change = update(row, status=target, closed_at=NOON, closed_by="x", closed_reason="理由")
    if target in legal or target == "announced":
        assert change() == 1
    else:
        trigger_refuses(change)


# --- licences --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"kind": "cross"}, "licence_kind_known"),
        ({"kind": "exclusive"}, "licence_open_is_ordinary"),
        ({"effective_at": None}, "licence_effective_whole"),
        ({"encumbrance": None}, "licence_effective_whole"),
        ({"effective_at": NOON - timedelta(seconds=1)}, "licence_effective_after_service"),
        ({"ends_on": TODAY - timedelta(days=1)}, "licence_term_forward"),
        ({"filed_at": NOON}, "licence_filed_pair"),
        ({"closed_by": "x"}, "licence_closed_pair"),
        ({"status": "filed"}, "licence_filed_whole"),
        ({"status": "void"}, "licence_void_with_reason"),
    ],
)
def test_no_licence_looks_like_this(licence, changes, name):
    refuses(name, update(licence, **changes))


def test_licensor_and_licensee_are_two(licence):
    refuses("licence_two_parties", update(licence, licensee_id=licence.licensor_id))


def test_a_noticed_licence_has_no_effect_yet(office):
    row = lic.licence(office, make.enterprise(), mode=FeeMode.FIXED)
    refuses("licence_noticed_not_effective", update(row, effective_at=NOON))


def test_one_live_licence_per_taker(licence):
    licence.pk = licence.number = licence.encumbrance_id = licence.effective_at = None
    licence.status = "noticed"
    refuses("one_live_licence_per_taker", lambda: licence.save(force_insert=True))


@pytest.mark.parametrize("target", list(moves.LicenceStatus))
def test_a_licence_moves_only_as_the_table_says(licence, target):
    legal = {b for a, b in moves.transitions(moves.LICENCE_MOVES) if a == "effective"}
    change = update(
        licence, status=target, closed_at=NOON, closed_by="x", closed_reason="理由",
        filed_at=NOON, filed_by="x", filed_on=TODAY, filing_number="X1",
    )  # fmt: skip
    if target in legal or target == "effective":
        assert change() == 1
    else:
        trigger_refuses(change)


# --- money -----------------------------------------------------------------------------------


def payment(row, **changes):
    known = {
        "licence": row, "due": row.dues.get(), "amount": Decimal(1), "paid_at": NOON,
        "reference": "a", "recorded_at": NOON, "recorded_by": "x",
    }  # fmt: skip
    return Payment.objects.create(**(known | changes))


@pytest.fixture
def unpaid(office):
    return lic.licence(office, make.enterprise(), mode=FeeMode.FIXED)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"amount": 0}, "payment_positive"),
        ({"reference": ""}, "payment_proved"),
        ({"paid_at": NOON + timedelta(seconds=1)}, "payment_not_in_future"),
    ],
)
def test_no_payment_looks_like_this(unpaid, changes, name):
    refuses(name, lambda: payment(unpaid, **changes))


def test_payments_are_never_changed(unpaid):
    row = payment(unpaid)
    trigger_refuses(update(row, amount=2))
    trigger_refuses(lambda: Payment.objects.filter(pk=row.pk).delete())
    refuses("payment_reference_once", lambda: payment(unpaid))


def test_sums_due_are_positive_and_in_their_place(unpaid):
    due = {"licence": unpaid, "kind": "lump", "due_on": TODAY, "at_conclusion": True}
    refuses("payment_due_positive", lambda: PaymentDue.objects.create(position=2, amount=0, **due))
    refuses(
        "payment_due_position_once", lambda: PaymentDue.objects.create(position=1, amount=1, **due)
    )


# --- contests, outcomes, papers --------------------------------------------------------------


def test_contests(office, licence):
    row = contest_licence(licence_id=licence.pk, reason="x", by=actor(office), now=NOON)
    twin = {"licence": licence, "raised_at": NOON, "raised_by": "x"}
    refuses("one_raised_contest", lambda: Contest.objects.create(reason="y", **twin))
    refuses("contest_has_reason", update(row, reason=""))
    refuses("contest_resolved_pair|contest_resolved_or_raised", update(row, resolved_at=NOON))
    refuses("contest_resolved_or_raised", update(row, status="upheld"))
    update(row, status="dropped", resolved_at=NOON, resolved_by="x")()
    trigger_refuses(update(row, status="upheld"))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"code": ""}, "outcome_has_code"),
        ({"licence": None, "contract_number": ""}, "outcome_proved|outcome_open_licence_linked"),
        ({"licence": None}, "outcome_open_licence_linked"),
        ({"decided_at": NOON}, "outcome_decided_pair"),
        ({"status": "verified"}, "outcome_decided_whole"),
        (
            {"status": "rejected", "decided_at": NOON, "decided_by": "x"},
            "outcome_rejected_with_reason",
        ),
        ({"reported_user_id": 7, "decided_user_id": 7}, "outcome_two_persons"),
        ({"amount": -1}, "outcome_amount_positive"),
    ],
)
def test_no_outcome_looks_like_this(licence, changes, name):
    refuses(name, update(Outcome.objects.get(), **changes))


def test_an_outcome_is_reported_once(licence):
    row = Outcome.objects.get()
    row.pk = None
    refuses(
        "outcome_once_per_licence|outcome_once_per_contract", lambda: row.save(force_insert=True)
    )
    row.code, row.licence = "ordinary", None
    row.save(force_insert=True)
    row.pk = None
    refuses("outcome_once_per_contract", lambda: row.save(force_insert=True))


def test_a_verified_outcome_cannot_go_back(licence):
    row = Outcome.objects.get()
    update(row, status="verified", decided_at=NOON, decided_by="x")()
    trigger_refuses(update(row, status="reported", decided_at=None, decided_by=None))


def test_papers_are_never_changed(licence):
    paper = Document.objects.get(licence=licence)
    trigger_refuses(update(paper, content={}))
    trigger_refuses(lambda: Document.objects.filter(pk=paper.pk).delete())
    twin = {"kind": "contract", "content": {}, "issued_at": NOON, "issued_by": "x"}
    refuses(
        "document_of_one_thing",
        lambda: Document.objects.create(number="a", content_hash="0" * 64, **twin),
    )
    waiting = lic.licence(make.office(), make.enterprise(), mode=FeeMode.FIXED)
    refuses(
        "document_hash_shape",
        lambda: Document.objects.create(number="b", content_hash="xyz", licence=waiting, **twin),
    )


def test_a_status_from_nowhere_is_refused(licence):
    """Written with the triggers off, so that the constraint itself is met."""
    rows = [
        (OpenDeclaration, licence.declaration, "declaration_status_known"),
        (Licence, licence, "licence_status_known"),
        (Outcome, Outcome.objects.get(), "outcome_status_known"),
    ]
    decided = {Outcome: {"decided_at": NOON, "decided_by": "x"}}
    for model, row, name in rows:
        uris = [f"{model._meta.label}:{trigger.name}" for trigger in model._meta.triggers]
        with pgtrigger.ignore(*uris):
            refuses(name, update(row, status="nowhere", **decided.get(model, {})))
