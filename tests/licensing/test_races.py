"""Rivals: what happens when two want what only one may have, at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from core.errors import DomainError
from licensing import services
from licensing.models import Licence, OpenDeclaration, Payment
from licensing.rules.fees import FeeMode
from listings import selectors as listings
from listings import services as library
from listings.types import EncumbranceKind
from pledges import services as pledge_services
from pledges.models import Pledge
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories import pledges as pled
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db(transaction=True)


def together(*commands: Callable[[], object]) -> list[str]:
    """Run all at once on connections of their own; "done" or the refusal's code, in order."""
    start = Barrier(len(commands))

    def run(command: Callable[[], object]) -> str:
        try:
            start.wait(10)
            command()
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(run, commands))


def test_eight_firms_take_one_open_licence_and_each_gets_its_own():
    row = lic.declaration(make.office(), mode=FeeMode.FREE)
    firms = [actor(make.enterprise()) for _ in range(8)]
    answers = together(
        *[
            lambda by=by: services.take_open_licence(declaration_id=row.pk, by=by, now=NOON)
            for by in firms
        ]
    )
    assert answers == ["done"] * 8
    taken = Licence.objects.all()
    assert {licence.licensee_id for licence in taken} == {by.organisation_id for by in firms}
    assert {licence.status for licence in taken} == {"effective"}
    bonds = listings.encumbrances(row.patent_id, at=NOON)
    assert sum(bond.kind is EncumbranceKind.ORDINARY for bond in bonds) == 8


def test_one_firm_taking_four_times_gets_one():
    row = lic.declaration(make.office(), mode=FeeMode.FREE)
    by = actor(make.enterprise())
    answers = together(
        *[lambda: services.take_open_licence(declaration_id=row.pk, by=by, now=NOON)] * 4
    )
    assert sorted(answers) == ["already-taken"] * 3 + ["done"]
    assert Licence.objects.count() == 1


def test_the_same_sum_paid_four_times_is_paid_once():
    firm = make.enterprise()
    row = lic.licence(make.office(), firm, mode=FeeMode.FIXED)
    due = row.dues.get()
    by = actor(firm)
    answers = together(
        *[
            lambda n=n: services.record_payment(
                licence_id=row.pk, due_id=due.pk, amount=due.amount, paid_at=NOON,
                reference=f"回单{n}", by=by, now=NOON,
            )
            for n in range(4)
        ]
    )  # fmt: skip
    assert sorted(answers) == ["already-paid"] * 3 + ["done"]
    assert Payment.objects.count() == 1


def test_two_declarations_of_one_patent_leave_one():
    office = make.office()
    patent_id = lic.patent(office)
    by = actor(office)
    answers = together(
        *[
            lambda: services.draft_declaration(
                patent_id=patent_id, terms=lic.terms(), by=by, now=NOON
            )
        ]
        * 4
    )
    assert sorted(answers) == ["already-declared"] * 3 + ["done"]
    assert OpenDeclaration.objects.count() == 1


def test_an_exclusive_right_and_a_declaration_exclude_each_other():
    for _ in range(5):
        office = make.office()
        row = lic.draft(office)
        by = actor(office)
        answers = together(
            lambda row=row, by=by: services.declare(
                declaration_id=row.pk, filed_on=TODAY, announced_on=TODAY, revision=None,
                by=by, now=NOON,
            ),
            lambda row=row, by=by: library.encumber(
                patent_id=row.patent_id, kind=EncumbranceKind.EXCLUSIVE, starts_on=TODAY,
                ends_on=None, source="gazette", reference="EE1", by=by, now=NOON,
            ),
        )  # fmt: skip
        assert sorted(answers) in (["blocked", "done"], ["done", "overlap"])
        assert len(listings.encumbrances(row.patent_id, at=NOON)) == 1


def test_a_withdrawal_and_a_taker_come_in_one_order_or_the_other():
    for _ in range(5):
        office = make.office()
        row = lic.declaration(office, mode=FeeMode.FREE)
        firm, by = actor(make.enterprise()), actor(office)
        answers = together(
            lambda row=row, firm=firm: services.take_open_licence(
                declaration_id=row.pk, by=firm, now=NOON
            ),
            lambda row=row, by=by: services.withdraw_declaration(
                declaration_id=row.pk, reason="停止", by=by, now=NOON
            ),
        )
        assert answers in (["done", "done"], ["not-on-offer", "done"])
        taken = Licence.objects.filter(declaration=row).count()
        assert taken == (1 if answers[0] == "done" else 0)


def test_a_pledge_and_a_taker_never_both_slip_through():
    """Whichever commits second sees the first: no licence without consent after the pledge."""
    for _ in range(6):
        office, bank = make.office(), actor(make.bank())
        row = lic.declaration(office, mode=FeeMode.FREE)
        firm = actor(make.enterprise())
        terms = pled.terms(row.patent_id)
        answers = together(
            lambda row=row, firm=firm: services.take_open_licence(
                declaration_id=row.pk, by=firm, now=NOON
            ),
            lambda terms=terms, bank=bank: pledge_services.record_pledge(
                data=terms, by=bank, now=NOON
            ),
        )
        assert answers in (["done", "done"], ["blocked", "done"])
        bonds = {b.kind: b.id for b in listings.encumbrances(row.patent_id, at=NOON)}
        if EncumbranceKind.ORDINARY in bonds:
            assert bonds[EncumbranceKind.ORDINARY] < bonds[EncumbranceKind.PLEDGE]


def test_two_banks_pledging_the_same_patents_crosswise_leave_one_pledge():
    office = make.office()
    one, two = lic.patent(office), lic.patent(office)
    first, second = pled.terms(one, two), pled.terms(two, one)
    banks = [actor(make.bank()), actor(make.bank())]
    answers = together(
        lambda: pledge_services.record_pledge(data=first, by=banks[0], now=NOON),
        lambda: pledge_services.record_pledge(data=second, by=banks[1], now=NOON),
    )
    assert sorted(answers) in (["blocked", "done"], ["done", "overlap"])
    assert Pledge.objects.count() == 1


def test_a_release_and_a_licence_come_in_one_order_or_the_other():
    office, bank = make.office(), make.bank()
    row = lic.declaration(office, mode=FeeMode.FREE)
    pledge = pled.pledge(office, bank, row.patent_id)
    firm, banker = actor(make.enterprise()), actor(bank)
    answers = together(
        lambda: services.take_open_licence(declaration_id=row.pk, by=firm, now=NOON),
        lambda: pledge_services.release_pledge(
            pledge_id=pledge.pk, ending="paid", released_on=TODAY, by=banker, now=NOON
        ),
    )
    assert answers in (["done", "done"], ["blocked", "done"])
