"""Plans, payments and papers are written once and never changed. Constraints: test_constraints."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from licensing.models import Document, Outcome, Payment
from licensing.rules.fees import FeeMode
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.licensing import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def licence(office):
    return lic.licence(office, make.enterprise())


def update(row, **changes):
    return lambda: type(row).objects.filter(pk=row.pk).update(**changes)


def trigger_refuses(run):
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        run()


def test_a_plan_is_never_edited(office):
    plan = lic.draft(office).plan
    trigger_refuses(update(plan, mode="free"))
    trigger_refuses(update(plan.parts.get(), amount=1))


def test_payments_are_never_changed(office):
    row = lic.licence(office, make.enterprise(), mode=FeeMode.FIXED)
    paid = Payment.objects.create(
        licence=row, due=row.dues.get(), amount=Decimal(1), paid_at=NOON, reference="a",
        recorded_at=NOON, recorded_by="x",
    )  # fmt: skip
    trigger_refuses(update(paid, amount=2))
    trigger_refuses(lambda: Payment.objects.filter(pk=paid.pk).delete())


def test_a_withdrawn_outcome_cannot_come_back(licence):
    row = Outcome.objects.get()
    update(row, status="withdrawn")()
    trigger_refuses(update(row, status="reported"))


def test_papers_are_never_changed(licence):
    paper = Document.objects.get(licence=licence)
    trigger_refuses(update(paper, content={}))
    trigger_refuses(lambda: Document.objects.filter(pk=paper.pk).delete())
