"""What the database refuses of pledges."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from listings import services as library
from listings.types import EncumbranceKind
from pledges.models import Pledge, PledgeeConsent
from tests.factories import core as make
from tests.factories import licensing as patents
from tests.factories import pledges as pled
from tests.factories.licensing import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def row():
    return pled.pledge(make.office(), make.bank())


def refuses(name, run):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        run()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"principal": 0}, "pledge_principal_positive"),
        ({"ends_on": date(2026, 10, 31)}, "pledge_term_forward"),
        ({"register_number": ""}, "pledge_has_number"),
        ({"released_at": NOON}, "pledge_released_pair"),
        ({"ending": "paid"}, "pledge_released_whole"),
        (
            {"status": "released", "released_at": NOON, "released_by": "x", "ending": "paid"},
            "pledge_released_whole",
        ),
        (
            {
                "status": "released", "released_at": NOON, "released_by": "x", "ending": "paid",
                "released_on": date(2026, 11, 10) - timedelta(days=1),
            },
            "pledge_released_after_registration",
        ),
    ],
)  # fmt: skip
def test_no_pledge_looks_like_this(row, changes, name):
    refuses(name, lambda: Pledge.objects.filter(pk=row.pk).update(**changes))


def test_pledgor_and_pledgee_are_two(row):
    refuses(
        "pledge_two_parties",
        lambda: Pledge.objects.filter(pk=row.pk).update(pledgee_id=row.pledgor_id),
    )


def test_a_register_number_stands_once(row):
    other = pled.pledge(make.office(), make.bank())
    refuses(
        "pledge_number_once",
        lambda: Pledge.objects.filter(pk=other.pk).update(
            register_number=row.register_number.lower()
        ),
    )


def test_status_moves_only_as_the_table_says(row):
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        Pledge.objects.filter(pk=row.pk).update(status="nonsense")
    Pledge.objects.filter(pk=row.pk).update(
        status="released", released_at=NOON, released_by="x", released_on=NOON.date(), ending="paid"
    )
    with pytest.raises(DatabaseError), transaction.atomic():
        Pledge.objects.filter(pk=row.pk).update(
            status="registered", released_at=None, released_by=None, released_on=None, ending=""
        )


def consent(row, **changes):
    known = {
        "item": row.items.get(), "action": "transfer", "reference": "同意书1", "given_at": NOON,
        "given_by": "x",
    }  # fmt: skip
    return PledgeeConsent.objects.create(**(known | changes))


def test_consents_are_known_referenced_and_single(row):
    refuses("pledgee_consent_action_known", lambda: consent(row, action="pledge"))
    refuses("pledgee_consent_referenced", lambda: consent(row, reference=""))
    consent(row)
    refuses("pledgee_consent_once", lambda: consent(row))


def test_consents_are_never_changed(row):
    given = consent(row)
    for run in (
        lambda: PledgeeConsent.objects.filter(pk=given.pk).update(reference="x"),
        lambda: PledgeeConsent.objects.filter(pk=given.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            run()


def test_a_patent_stands_once_in_a_pledge(row):
    item = row.items.get()
    item.pk = None
    item.encumbrance_id = library.encumber(
        patent_id=item.patent_id,
        kind=EncumbranceKind.PRESERVATION,
        starts_on=NOON.date(),
        ends_on=None,
        source="court",
        reference="保1",
        by=patents.system(),
        now=NOON,
    )
    refuses("pledge_item_once", lambda: item.save(force_insert=True))
