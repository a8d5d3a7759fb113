"""The page of one patent reads its rows once, and says what the separate questions say."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Missing
from core.people.types import Actor
from listings import selectors, services
from listings.selectors import office
from listings.selectors.face import face
from listings.selectors.offering import sheets
from listings.types import EncumbranceKind
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db


def test_it_says_what_the_separate_questions_say_to_each_viewer() -> None:
    keeper, licensee = core.office(), core.enterprise()
    row = make.listed_patent(keeper)
    make.bound(row, EncumbranceKind.ORDINARY, party_id=licensee.organisation_id)
    make.bound(row, EncumbranceKind.PLEDGE)
    services.record_legal_event(
        patent_id=row.pk, code="TR01", occurred_on=date(2022, 5, 5),
        detail={"from": ["甲"], "to": ["乙"]}, by=Actor.system(), now=NOON,
    )  # fmt: skip
    people = (keeper, licensee, core.bureau("31"), core.auditor())
    for viewer in (Actor.anonymous(), *(core.actor(member) for member in people)):
        known = face(row.pk, viewer=viewer, at=NOON)
        assert known.card == selectors.card(row.pk, viewer=viewer)
        assert known.abilities == office.abilities(row.pk, at=NOON)
        assert known.holders == selectors.holders(row.pk, viewer=viewer)
        assert known.encumbrances == selectors.encumbrances(row.pk, at=NOON)
        assert known.history == selectors.timeline(row.pk, viewer=viewer)
        assert known.files == sheets.public_files(row.pk, viewer=viewer)
    assert len(known.encumbrances) == 2


def test_it_takes_six_queries_for_a_visitor() -> None:
    row = make.listed_patent()
    with CaptureQueriesContext(connection) as queries:
        face(row.pk, viewer=Actor.anonymous(), at=NOON)
    assert len(queries) == 6


def test_what_is_not_seen_is_missing() -> None:
    row = make.patent()
    with pytest.raises(Missing):
        face(row.pk, viewer=Actor.anonymous(), at=NOON)
