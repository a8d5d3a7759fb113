"""Who has lost a right to a rival is told so from what stands, before any guard is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Conflict
from licensing.models import Deal
from licensing.services import rivals
from listings.models import Patent
from listings.types import EncumbranceKind
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories import listings as stock
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db


def lost(row: Deal, **changes: object) -> str:
    """Why the deal's terms have come too late; "" when they have not."""
    found = rivals._lost(row, given.terms(row.patent_id, **changes), now=NOON)
    return found.code if found else ""


@pytest.fixture
def sold():
    """A transfer is signed and waits for its entry; somebody else talks about the same patent."""
    at = given.table()
    patent_id = lic.listed(at.office)
    late = given.talking(given.Table(at.office, at.second, make.enterprise()), patent_id)
    return given.signed(at, patent_id, kind="transfer"), late


@pytest.mark.parametrize("kind", ["transfer", "exclusive", "sole", "ordinary"])
def test_a_patent_on_its_way_to_another_is_no_longer_there(sold, kind):
    _first, late = sold
    assert lost(late, kind=kind) == "transfer-in-progress"


def test_the_transfer_itself_has_lost_nothing(sold):
    first, _late = sold
    assert lost(first, kind="transfer") == ""


@pytest.mark.parametrize("kind", ["tech_dev", "tech_service"])
def test_work_for_somebody_needs_no_right_in_the_patent(sold, kind):
    _first, late = sold
    assert lost(late, kind=kind) == ""


def test_a_sub_licence_lives_on_the_right_it_is_under(sold):
    _first, late = sold
    late.under_id = 7
    assert lost(late, kind="ordinary") == ""


def test_what_is_given_in_return_may_be_lost_too(sold):
    first, _late = sold
    other = given.talking(given.table())
    assert lost(other, counter=()) == ""
    assert lost(other, counter=(first.patent_id,)) == "transfer-in-progress"


@pytest.mark.parametrize(("months", "gone"), [(6, ""), (18, "taken"), (None, "taken")])
def test_a_right_that_begins_later_excludes_only_what_reaches_into_it(months, gone):
    late = given.talking(given.table())
    patent = Patent.objects.get(pk=late.patent_id)
    stock.bound(patent, EncumbranceKind.EXCLUSIVE, starts_on=TODAY + timedelta(days=365))
    assert lost(late, months=months) == gone


def test_the_patents_are_held_and_looked_at_again(sold, monkeypatch):
    """What the winner committed while one waited for the lock is seen behind it."""
    _first, late = sold
    answers, held = iter([None, rivals.SOLD]), []
    monkeypatch.setattr(rivals, "_lost", lambda *_, **__: next(answers))
    monkeypatch.setattr(rivals.library, "hold_patents", held.append)
    with pytest.raises(Conflict, match="另一份转让合同"):
        rivals.hold_or_refuse(late, given.terms(late.patent_id, counter=(9,)), now=NOON)
    assert held == [(late.patent_id, 9)]
