"""What can never be stored: every constraint meets a broken row, every trigger a wrong step."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange, NumericRange

from core.people.types import Actor
from listings.models import (
    Encumbrance,
    Favourite,
    Holder,
    ImportBatch,
    ImportRow,
    InventoryItem,
    LegalEvent,
    Listing,
    MarketSignal,
    Patent,
)
from listings.rules import binding, moves
from listings.types import MODES, EncumbranceKind, InventoryStatus, ListingStatus
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db


def refuses(constraint: str, act: Any) -> None:
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        act()


@pytest.fixture
def patent() -> Patent:
    return make.patent()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"number": "201710601862"}, "patent_number_canonical"),
        ({"number": "ZL2017106018623"}, "patent_number_canonical"),
        ({"number": "89100001"}, "patent_number_canonical"),
        ({"number": None}, "patent_without_number_is_unverified"),
        ({"title": ""}, "patent_has_title"),
        ({"kind": "plant"}, "patent_kind_known"),
        ({"status": "fine"}, "patent_status_known"),
        ({"layer": "D"}, "patent_layer_known"),
        ({"trl": 0}, "patent_trl_1_to_9"),
        ({"trl": 10}, "patent_trl_1_to_9"),
        ({"region": "31"}, "patent_region_shape"),
        ({"granted_on": date(2018, 1, 1)}, "patent_granted_after_filed"),
        ({"expires_on": date(2019, 3, 1)}, "patent_expires_after_filed"),
        ({"evaluation_verdict": "supports"}, "patent_evaluation_pair"),
        ({"evaluation_on": date(2020, 1, 1)}, "patent_evaluation_pair"),
        ({"evaluation_verdict": "x", "evaluation_on": date(2020, 1, 1)}, "patent_evaluation_pair"),
        ({"removed_at": NOON}, "patent_removed_pair"),
        ({"removed_by": "system"}, "patent_removed_pair"),
    ],
)
def test_a_broken_patent(patent: Patent, fields: dict[str, Any], constraint: str) -> None:
    refuses(constraint, lambda: Patent.objects.filter(pk=patent.pk).update(**fields))


def test_a_number_is_held_once_unless_the_other_was_removed(patent: Patent) -> None:
    other = make.patent()
    rows = Patent.objects.filter(pk=other.pk)
    refuses("patent_number_once", lambda: rows.update(number=patent.number))
    Patent.objects.filter(pk=patent.pk).update(removed_at=NOON, removed_by="system")
    rows.update(number=patent.number)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"name": ""}, "holder_has_name"),
        ({"kind": "robot"}, "holder_kind_known"),
        ({"consent": "some"}, "holder_consent_known"),
        ({"share": Decimal("0")}, "holder_share_0_to_100"),
        ({"share": Decimal("100.01")}, "holder_share_0_to_100"),
    ],
)
def test_a_broken_holder(patent: Patent, fields: dict[str, Any], constraint: str) -> None:
    refuses(constraint, lambda: patent.holders.update(**fields))


def test_a_holder_stands_once_on_a_patent(patent: Patent) -> None:
    name = patent.holders.get().name
    again = Holder(patent=patent, name=name, kind="organisation")
    refuses("holder_once_per_patent", again.save)


def event(patent: Patent, **fields: Any) -> LegalEvent:
    given: dict[str, Any] = {
        "code": "TR01",
        "occurred_on": date(2022, 1, 1),
        "recorded_at": NOON,
        "recorded_by": "system",
    } | fields
    return LegalEvent(patent=patent, **given)


def test_legal_events_are_added_once_and_never_changed(patent: Patent) -> None:
    row = event(patent)
    row.save()
    refuses("legal_event_once", event(patent).save)
    refuses("legal_event_code_shape", event(patent, code="X1").save)
    refuses("Cannot update or delete", row.delete)
    refuses("Cannot update or delete", lambda: LegalEvent.objects.update(code="CF01"))
    refuses("Cannot update or delete", lambda: LegalEvent.objects.all().delete())
    with connection.cursor() as cursor:
        refuses(
            "Cannot update or delete",
            lambda: cursor.execute("UPDATE listings_legalevent SET code = 'CF01'"),
        )


def encumbrance(patent: Patent, kind: EncumbranceKind, **fields: Any) -> Encumbrance:
    first, past = binding.seats(kind)
    given: dict[str, Any] = {
        "kind": kind,
        "modes": list(MODES),
        "cells": sorted(binding.ALL_CELLS),
        "slots": NumericRange(first, past),
        "term": DateRange(date(2026, 1, 1), date(2027, 1, 1)),
        "source": "test",
        "created_at": NOON,
        "created_by": "system",
    } | fields
    return Encumbrance(patent=patent, **given)


K = EncumbranceKind
PAIRS = list(itertools.combinations_with_replacement(K, 2))


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_exclude_constraint_is_the_rule(patent: Patent, one: K, other: K) -> None:
    """Raw rows, no service: the database alone refuses what the rule refuses."""
    first = encumbrance(patent, one)
    first.save()
    seats = binding.seats(other, taken=[first.slots.lower])
    second = encumbrance(patent, other, slots=NumericRange(*seats))
    if binding.exclude_each_other(one, other):
        refuses("encumbrance_no_overlap", second.save)
    else:
        second.save()


def test_si27_is_the_one_seat_beside_a_sole_licence(patent: Patent) -> None:
    encumbrance(patent, K.SOLE).save()
    seat = NumericRange(*binding.seats(K.ORDINARY, exception=binding.SI27))
    encumbrance(patent, K.ORDINARY, slots=seat, exception=binding.SI27).save()
    again = encumbrance(patent, K.ORDINARY, slots=seat, exception=binding.SI27)
    refuses("encumbrance_no_overlap", again.save)


@pytest.mark.parametrize(
    "fields",
    [
        {"term": DateRange(date(2027, 1, 1), None)},
        {"cells": binding.cells("32", MODES)},
        {"cells": binding.cells("31", ["sell"])},
        {"active": False, "released_at": NOON, "released_by": "system"},
    ],
)
def test_exclusive_licences_apart_in_time_place_or_mode_stand_together(
    patent: Patent, fields: dict[str, Any]
) -> None:
    encumbrance(patent, K.EXCLUSIVE, cells=binding.cells("31", ["make"])).save()
    encumbrance(patent, K.EXCLUSIVE, **({"cells": binding.cells("31", ["make"])} | fields)).save()
    assert patent.encumbrances.count() == 2


def test_exclusive_licences_of_two_patents_stand_together(patent: Patent) -> None:
    encumbrance(patent, K.EXCLUSIVE).save()
    encumbrance(make.patent(), K.EXCLUSIVE).save()
    assert Encumbrance.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"kind": "rent"}, "encumbrance_kind_known"),
        ({"cells": []}, "encumbrance_covers_something"),
        ({"modes": []}, "encumbrance_covers_something"),
        ({"slots": NumericRange(empty=True)}, "encumbrance_takes_a_seat"),
        ({"term": DateRange(empty=True)}, "encumbrance_active_runs"),
        ({"active": False}, "encumbrance_inactive_is_released"),
        ({"released_at": NOON}, "encumbrance_released_pair"),
    ],
)
def test_a_broken_encumbrance(patent: Patent, fields: dict[str, Any], constraint: str) -> None:
    kind = fields.get("kind", K.ORDINARY)
    rest = {name: value for name, value in fields.items() if name != "kind"}
    refuses(constraint, encumbrance(patent, kind, **rest).save)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"published_at": NOON}, "listing_published_pair"),
        ({"published_by": "system"}, "listing_published_pair"),
        ({"status": "listed"}, "listing_listed_was_published"),
        ({"asking_price": Decimal("-1")}, "listing_price_not_negative"),
        ({"routes": ["barter"]}, "listing_routes_known"),
    ],
)
def test_a_broken_listing(patent: Patent, fields: dict[str, Any], constraint: str) -> None:
    row = make.draft(patent)
    refuses(constraint, lambda: Listing.objects.filter(pk=row.pk).update(**fields))


def test_an_unknown_status_of_a_listing(patent: Patent) -> None:
    row = Listing(patent=patent, status="x", created_at=NOON, created_by="s", changed_at=NOON)
    refuses("listing_status_known", row.save)


@pytest.mark.parametrize("status", sorted(moves.LIVE_LISTING))
def test_a_patent_has_one_live_listing(patent: Patent, status: str) -> None:
    make.draft(patent)
    second = Listing(
        patent=patent,
        status=status,
        created_at=NOON,
        created_by="system",
        changed_at=NOON,
        published_at=NOON,
        published_by="system",
    )
    refuses("one_live_listing", second.save)


STEPS = list(itertools.permutations(ListingStatus, 2))


@pytest.mark.parametrize(("source", "target"), STEPS)
def test_the_database_allows_exactly_the_moves_of_the_table(
    patent: Patent, source: ListingStatus, target: ListingStatus
) -> None:
    """In bulk SQL, past every service."""
    Listing.objects.bulk_create(
        [
            Listing(
                patent=patent,
                status=source,
                created_at=NOON,
                created_by="system",
                changed_at=NOON,
                published_at=NOON,
                published_by="system",
            )
        ]
    )

    def step() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE listings_listing SET status = %s", [target.value])

    if (source.value, target.value) in moves.pairs(moves.LISTING_MOVES):
        step()
    else:
        refuses("Invalid transition", step)


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(InventoryStatus, 2)))
def test_the_inventory_too_moves_by_its_table(
    patent: Patent, source: InventoryStatus, target: InventoryStatus
) -> None:
    InventoryItem.objects.all().delete()
    InventoryItem.objects.bulk_create(
        [
            InventoryItem(
                patent=patent,
                status=source,
                rule_version="t",
                layered_at=NOON,
                admitted_at=NOON,
                admitted_by="system",
            )
        ]
    )
    if (source.value, target.value) in moves.pairs(moves.INVENTORY_MOVES):
        InventoryItem.objects.update(status=target)
    else:
        refuses("Invalid transition", lambda: InventoryItem.objects.update(status=target))


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"admitted_at": NOON}, "inventory_admitted_pair"),
        ({"status": "admitted"}, "inventory_admitted_by_someone"),
    ],
)
def test_a_broken_inventory_item(patent: Patent, fields: dict[str, Any], constraint: str) -> None:
    rows = InventoryItem.objects.filter(patent=patent)
    refuses(constraint, lambda: rows.update(**fields))


def test_an_unknown_status_of_an_item(patent: Patent) -> None:
    InventoryItem.objects.all().delete()
    row = InventoryItem(patent=patent, status="x", rule_version="t", layered_at=NOON)
    refuses("inventory_status_known", row.save)


def test_a_rater_has_one_voice_between_1_and_5(patent: Patent) -> None:
    firm = core.OrganisationFactory()

    def voice(prospect: int) -> MarketSignal:
        return MarketSignal(
            patent=patent, organisation=firm, prospect=prospect, interested=True, rated_at=NOON
        )

    refuses("signal_prospect_1_to_5", voice(6).save)
    refuses("signal_prospect_1_to_5", voice(0).save)
    voice(5).save()
    refuses("signal_once_per_rater", voice(4).save)


def test_a_favourite_is_kept_once(patent: Patent) -> None:
    user = core.UserFactory()
    Favourite.objects.create(user=user, patent=patent, created_at=NOON)
    again = Favourite(user=user, patent=patent, created_at=NOON)
    refuses("favourite_once", again.save)


def batch(**fields: Any) -> ImportBatch:
    given: dict[str, Any] = {
        "organisation": core.OrganisationFactory(),
        "filename": "库存.xlsx",
        "sha256": "0" * 64,
        "created_at": NOON,
        "created_by": Actor.system().key,
    } | fields
    return ImportBatch(**given)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"undone_at": NOON}, "import_undone_pair"),
        ({"state": "lost"}, "import_state_known"),
        ({"sha256": "xyz"}, "import_sha256_shape"),
    ],
)
def test_a_broken_batch(fields: dict[str, Any], constraint: str) -> None:
    refuses(constraint, batch(**fields).save)


def test_a_row_of_a_batch_is_judged_once() -> None:
    whole = batch()
    whole.save()
    ImportRow.objects.create(batch=whole, number=2, verdict="created")
    again = ImportRow(batch=whole, number=2, verdict="created")
    refuses("import_row_once", again.save)
    other = ImportRow(batch=whole, number=3, verdict="lost")
    refuses("import_row_verdict_known", other.save)
