"""Rivals at the same moment, in threads of their own: one wins, the other is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from django.db import DatabaseError, connection

from core.errors import Conflict, DomainError
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from listings import selectors, services
from listings.models import Encumbrance, LegalEvent, Listing, Patent
from listings.rules import binding
from listings.types import MODES, EncumbranceKind, ListingStatus, PatentStatus
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db(transaction=True)

K = EncumbranceKind
SYSTEM = Actor.system()
RIVALS = 6


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Start all at the same moment; for each "done" or the refusal's name, in order of `acts`."""
    results = [""] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            gate.wait(10)
            act()
            results[place] = "done"
        except (DomainError, DatabaseError) as refusal:
            results[place] = type(refusal).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(results), "every rival came to an end"
    return results


RAW = """
INSERT INTO listings_encumbrance (patent_id, kind, territory, modes, cells, slots, term, source,
    reference, exception, consents, consent_reference, active, created_at, created_by,
    released_because)
VALUES (%s, %s, 'CN', %s, %s, int4range(%s, %s), daterange('2026-11-20', NULL), 'raw', '', '', '{}',
    '', true, now(), 'raw', '')
"""


def raw(row: Patent, kind: K) -> None:
    """Past every service and lock: plain SQL."""
    first, past = binding.seats(kind)
    cells = sorted(binding.ALL_CELLS)
    with connection.cursor() as cursor:
        cursor.execute(RAW, [row.pk, kind.value, list(MODES), cells, first, past])


@pytest.mark.parametrize("kind", [K.EXCLUSIVE, K.SOLE, K.OPEN_DECLARATION, K.PLEDGE])
def test_of_rivals_for_one_right_one_wins(kind: K) -> None:
    row = make.patent()
    found = at_once(*[lambda: make.bound(row, kind) for _ in range(RIVALS)])
    assert Counter(found) == {"done": 1, "Conflict": RIVALS - 1}
    assert Encumbrance.objects.count() == 1


def test_raw_sql_does_not_get_past_the_constraint() -> None:
    row = make.patent()
    found = at_once(*[lambda: raw(row, K.EXCLUSIVE) for _ in range(RIVALS)])
    assert Counter(found) == {"done": 1, "IntegrityError": RIVALS - 1}  # and nobody in a deadlock
    assert Encumbrance.objects.count() == 1


def test_raw_sql_against_the_service() -> None:
    row = make.patent()
    found = at_once(
        *[lambda: raw(row, K.SOLE) for _ in range(3)],
        *[lambda: make.bound(row, K.EXCLUSIVE) for _ in range(3)],
    )
    assert found.count("done") == 1
    assert Encumbrance.objects.count() == 1


def test_an_open_declaration_and_an_exclusive_licence_never_both() -> None:
    row = make.patent()
    found = at_once(
        lambda: make.bound(row, K.OPEN_DECLARATION), lambda: make.bound(row, K.EXCLUSIVE)
    )
    assert sorted(found) == ["Conflict", "done"]


def test_rivals_for_ordinary_licences_all_win() -> None:
    row = make.patent()
    found = at_once(*[lambda: make.bound(row, K.ORDINARY) for _ in range(RIVALS)])
    assert found == ["done"] * RIVALS
    assert len(selectors.encumbrances(row.pk, at=NOON)) == RIVALS


def test_of_two_publishers_one_publishes() -> None:
    listing = make.draft(make.patent())
    found = at_once(
        *[
            lambda: services.publish_listing(listing_id=listing.pk, by=SYSTEM, now=NOON)
            for _ in range(RIVALS)
        ]
    )
    assert Counter(found) == {"done": 1, "Conflict": RIVALS - 1}
    assert OutboxEvent.objects.filter(name="patent.listed").count() == 1


def test_of_two_drafts_one_is_made() -> None:
    row = make.patent()
    found = at_once(*[lambda: make.draft(row) for _ in range(RIVALS)])
    assert Counter(found) == {"done": 1, "Conflict": RIVALS - 1}


@pytest.mark.parametrize("round_", range(3))
def test_a_lapse_against_a_publication_leaves_no_dead_offer(round_: int) -> None:
    """Whichever comes first, a dead patent is not on the board."""
    listing = make.draft(make.patent())
    at_once(
        lambda: services.publish_listing(listing_id=listing.pk, by=SYSTEM, now=NOON),
        lambda: services.record_legal_event(
            patent_id=listing.patent_id,
            code="CF01",
            occurred_on=date(2026, 11, 1),
            by=SYSTEM,
            now=NOON,
        ),
    )
    listing.refresh_from_db()
    assert Patent.objects.get().status == PatentStatus.LAPSED
    assert listing.status in (ListingStatus.DRAFT, ListingStatus.SUSPENDED)
    published = OutboxEvent.objects.filter(name="patent.listed").count()
    suspended = OutboxEvent.objects.filter(name="patent.suspended").count()
    assert published == suspended


def test_the_same_event_from_many_sources_is_recorded_once() -> None:
    row = make.patent()
    found = at_once(
        *[
            lambda: services.record_legal_event(
                patent_id=row.pk,
                code="PE01",
                occurred_on=date(2026, 11, 1),
                reference="Y2026980000001",
                by=SYSTEM,
                now=NOON,
            )
            for _ in range(RIVALS)
        ]
    )
    assert found == ["done"] * RIVALS
    assert (LegalEvent.objects.count(), Encumbrance.objects.count()) == (1, 1)


def test_of_two_editors_at_once_one_saves() -> None:
    keeper = core.office()
    row = make.patent(keeper)
    by = core.actor(keeper)

    def edit(title: str) -> Callable[[], object]:
        return lambda: services.correct_patent(
            patent_id=row.pk, changes={"title": title}, version=1, by=by, now=NOON
        )

    found = at_once(*[edit(f"第{n}位的修改") for n in range(RIVALS)])
    assert Counter(found) == {"done": 1, "Conflict": RIVALS - 1}
    winner = found.index("done")
    assert Patent.objects.get().title == f"第{winner}位的修改"


def test_of_two_offices_registering_one_number_one_does() -> None:
    keepers = [core.office() for _ in range(RIVALS)]
    number = make.fresh_number()

    def register(keeper: object) -> Callable[[], object]:
        return lambda: make.patent(keeper, number=number)  # type: ignore[arg-type]

    found = at_once(*[register(keeper) for keeper in keepers])
    assert Counter(found) == {"done": 1, "Conflict": RIVALS - 1}
    assert Patent.objects.count() == 1


def test_a_sale_against_the_withdrawal_of_the_offer_ends_it_once() -> None:
    row = make.listed_patent()
    listing = Listing.objects.get()
    found = at_once(
        lambda: services.mark_converted(patent_id=row.pk, by=SYSTEM, now=NOON),
        lambda: services.withdraw_listing(listing_id=listing.pk, by=SYSTEM, now=NOON),
    )
    listing.refresh_from_db()
    assert listing.status in (ListingStatus.CONVERTED, ListingStatus.WITHDRAWN)
    told = OutboxEvent.objects.filter(name__in=["patent.converted", "patent.withdrawn"])
    assert told.count() == 1
    assert "done" in found


def test_a_wrong_rival_is_told_what_happened() -> None:
    row = make.patent()
    make.bound(row, K.EXCLUSIVE)
    with pytest.raises(Conflict, match="请刷新后核对"):
        make.bound(row, K.EXCLUSIVE)
