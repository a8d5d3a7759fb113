"""Rivals for what only one may have, a few of them; the benchmark has as many as wished."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from benchmarks import deal_rivals as races
from core.db import lost_to_a_rival
from core.errors import Conflict
from licensing.models import Deal, Licence
from licensing.services import rivals
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.licensing import NOON


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", races.RACES)
def test_a_few_rivals(name):
    tally, at = races.Tally(), given.table()
    for _ in range(2):
        races.RACES[name](tally, at, 4)
    assert (tally.violations, races.overlaps(), tally.ends["deadlock"]) == (0, 0, 0), tally.ends


@pytest.mark.django_db(transaction=True)
def test_rivals_of_several_kinds_leave_one_licence():
    at = given.table()
    patent_id = lic.listed(at.office)
    kinds = ("exclusive", "sole", "exclusive", "transfer")
    tables = [given.Table(at.office, at.second, make.enterprise()) for _ in kinds]
    ids = [
        given.uploaded(one, patent_id, kind=kind).pk
        for one, kind in zip(tables, kinds, strict=True)
    ]
    ends = [end for end, _took in races.together([races.seal(pk, at.second) for pk in ids])]
    signed = Deal.objects.filter(status="signed")
    assert Licence.objects.count() <= 1
    assert signed.count() == ends.count("done") >= 1
    assert races.overlaps() == 0


@pytest.mark.django_db
def test_who_comes_late_is_told_in_few_queries(django_assert_max_num_queries):
    at, late = given.table(), None
    patent_id = lic.listed(at.office)
    late = given.uploaded(given.Table(at.office, at.second, make.enterprise()), patent_id)
    terms = late.agreed_terms.as_rule()
    given.signed(at, patent_id)
    with django_assert_max_num_queries(2), pytest.raises(Conflict) as refused:
        rivals.hold_or_refuse(late, terms, now=NOON)
    assert refused.value.code == "taken"
    assert refused.value.blockers[0].article == "法释〔2020〕19号第二十五条"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mine", "scope", "taken"),
    [
        ("exclusive", {"territory": "31"}, True),
        ("exclusive", {"territory": "32"}, False),
        ("sole", {"territory": "31", "modes": ("sell",)}, False),
        ("ordinary", {"territory": "31"}, True),
    ],
)
def test_only_the_same_scope_is_taken(mine, scope, taken):
    at, other = given.table(), make.enterprise()
    patent_id = lic.listed(at.office)
    late = given.talking(given.Table(at.office, at.second, other), patent_id, kind=mine)
    given.signed(at, patent_id, territory="31", modes=("make", "use"))
    terms = given.terms(patent_id, kind=mine, **scope)
    assert (rivals._lost(late, terms, now=NOON) is not None) is taken


def test_a_wait_for_a_lock_that_is_given_up_ends_in_words():
    gave_up = OperationalError("canceling statement due to lock timeout")
    gave_up.__cause__ = LockNotAvailable()
    assert lost_to_a_rival(gave_up)
    assert not lost_to_a_rival(OperationalError("gone"))
