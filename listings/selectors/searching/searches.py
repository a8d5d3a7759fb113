"""Saved searches as their owners see them, and which of them a patent answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.expressions import RawSQL

from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from listings.models import Encumbrance, Listing
from listings.models.patents import LISTED
from listings.models.searches import SavedSearch, SavedSearchQuerySet, SearchHit
from listings.rules import alerts, numbers, vectors
from listings.selectors.cards import cards
from listings.selectors.searching.search import STAFF, BoardQuery, on_board
from listings.types import EncumbranceKind, PatentCard

A_STATEMENT: Final = 50
"""How many questions one statement asks of a patent."""
OVERLAP: Final = timedelta(hours=1)
"""A check looks back this much further, for what was committed late."""
FOR_STAFF: Final = "layer"


def own(*, viewer: Actor) -> SavedSearchQuerySet:
    """The viewer's searches, the newest first, each with how many new patents still on offer."""
    on_offer = Exists(Listing.objects.filter(patent=OuterRef("hits__patent"), status=LISTED))
    unseen = Count("hits", filter=Q(hits__seen_at__isnull=True) & Q(on_offer))
    rows: SavedSearchQuerySet = (
        SavedSearch.objects.visible_to(viewer)
        .defer("known")
        .annotate(unseen=unseen)
        .order_by("-created_at", "-pk")
    )
    return rows


def one(search_id: int, *, viewer: Actor) -> SavedSearch:
    """One of the viewer's searches, or Missing."""
    row = own(viewer=viewer).filter(pk=search_id).first()
    if row is None:
        raise Missing("没有找到这个保存的检索，可能已被删除。")
    return row


def none() -> SavedSearchQuerySet:
    """An empty set, for descriptions of the API."""
    return SavedSearch.objects.none()


def names(*, viewer: Actor) -> list[tuple[int, str]]:
    """The viewer's searches by name."""
    rows = SavedSearch.objects.visible_to(viewer).order_by("name")
    return list(rows.values_list("pk", "name"))


def query_of(row: SavedSearch) -> BoardQuery:
    """The question as the board takes it."""
    chosen = {name: tuple(values) for name, values in row.chosen.items()}
    return BoardQuery(text=row.text, chosen=chosen, sort=row.sort)


def hits_of(searches: QuerySet[SavedSearch] | Sequence[SavedSearch]) -> QuerySet[SearchHit]:
    """What answered and is still on the board, the newest first."""
    on_offer = Listing.objects.filter(patent=OuterRef("patent"), status=LISTED)
    return SearchHit.objects.filter(Exists(on_offer), search__in=searches).order_by("-pk")


def hits(row: SavedSearch) -> QuerySet[SearchHit]:
    """What has come to answer this search."""
    return hits_of([row])


def hit_cards(rows: Iterable[SearchHit], *, viewer: Actor) -> list[PatentCard]:
    """A page of them as cards, in three queries."""
    order = [row.patent_id for row in rows]
    found = cards(order, viewer=viewer)
    return [found[pk] for pk in order if pk in found]


# What answers


def viewers(rows: Iterable[SavedSearch]) -> dict[int, Actor]:
    """As whom each search looks. Only the filter for staff depends on it: roles held today."""
    staffed = [row for row in rows if row.chosen.get(FOR_STAFF)]
    roles = people.roles_of({row.user_id for row in staffed}) if staffed else {}
    found = {row.pk: Actor.anonymous() for row in rows}
    for row in staffed:
        held = roles.get((row.user_id, row.organisation_id or 0), frozenset())
        found[row.pk] = Actor(user_id=row.user_id, roles=held)
    return found


def words_of(query: BoardQuery) -> str | None:
    """The words a patent must hold to answer, as a tsquery; None where it may answer without.

    A change of the tokeniser wants these written anew: until then set them to None.
    """
    if not query.text or numbers.fold(query.text)[:-1].isdigit() or not query.tokens:
        return None
    return vectors.query(query.tokens) or None


def at_once(patent_id: int, *, after: int, most: int) -> list[SavedSearch]:
    """The next searches told at once that the patent may have come to answer: it holds their
    words, as far as they have any, and is not among their hits."""
    holds = RawSQL(
        "(SELECT p.search FROM listings_patent p WHERE p.id = %s)"
        " @@ listings_savedsearch.words::tsquery",
        [patent_id],
        output_field=BooleanField(),
    )
    rows = (
        SavedSearch.objects.filter(frequency=alerts.Frequency.AT_ONCE.value, pk__gt=after)
        .annotate(holds=holds)
        .filter(Q(words__isnull=True) | Q(holds=True))
        .exclude(hits__patent_id=patent_id)
        .defer("known", "words")
    )
    return list(rows.order_by("pk")[:most])


def answered_by(patent_id: int, rows: Sequence[SavedSearch]) -> set[int]:
    """Which of these searches the patent answers now: the board's own filters, for this patent
    alone. What several people ask alike is asked once, fifty questions to a statement."""
    seen_as = viewers(rows)
    alike: dict[tuple[str, bool], list[SavedSearch]] = {}
    for row in rows:
        staff = bool(row.chosen.get(FOR_STAFF)) and seen_as[row.pk].has(*STAFF)
        alike.setdefault((row.fingerprint, staff), []).append(row)
    groups = list(alike.values())
    found: set[int] = set()
    for start in range(0, len(groups), A_STATEMENT):
        asked = [
            on_board(query_of(group[0]), viewer=seen_as[group[0].pk])
            .order_by()
            .filter(patent_id=patent_id)
            .annotate(place=Value(place, output_field=IntegerField()))
            .values_list("place", flat=True)
            for place, group in enumerate(groups[start : start + A_STATEMENT], start=start)
        ]
        for place in asked[0].union(*asked[1:], all=True):
            found.update(row.pk for row in groups[place])
    return found


def answering(row: SavedSearch, *, viewer: Actor, limit: int) -> list[int]:
    """Patents that answer the search now, at most so many."""
    rows = on_board(query_of(row), viewer=viewer).order_by()
    return list(rows.values_list("patent_id", flat=True)[:limit])


def answering_since(
    row: SavedSearch, *, viewer: Actor, since: datetime
) -> list[tuple[int, datetime]]:
    """Patents that answer and were put on the board, changed or opened since, with the moment
    they went on the board."""
    start = since - OVERLAP
    opened = Encumbrance.objects.filter(
        patent=OuterRef("patent"), kind=EncumbranceKind.OPEN_DECLARATION, created_at__gte=start
    )
    moved = Q(published_at__gte=start) | Q(changed_at__gte=start)
    moved |= Q(patent__changed_at__gte=start) | Q(Exists(opened))
    rows = on_board(query_of(row), viewer=viewer).order_by().filter(moved)
    return [
        (patent_id, published)
        for patent_id, published in rows.values_list("patent_id", "published_at")
        if published is not None  # what is on the board was published
    ]


def published_at(patent_id: int) -> datetime | None:
    """When the patent went on the board; None when it is not on it."""
    return (
        Listing.objects.on_board()
        .filter(patent_id=patent_id)
        .values_list("published_at", flat=True)
        .first()
    )
