"""News of saved searches: found once, told once, in few words.

"At once" hears each event of a patent; the daily and weekly ones are asked by the clock about
what moved since. Either way a hit is one row per search and patent, so nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Count, Max
from django.urls import reverse

from core.notices import services as notices
from listings.models import SavedSearch, SearchHit
from listings.rules import alerts
from listings.rules.alerts import Frequency
from listings.selectors.searching import searches
from listings.services.searching.index import index_patents

PORTION: Final = 1_000
PEOPLE_A_ROUND: Final = 100


def answer_searches(*, patent_id: int, now: datetime) -> int:
    """A patent went on the board or changed: note whose question it has come to answer, and tell
    those who want to hear at once. How many searches found it new."""
    index_patents(patent_ids=[patent_id], now=now)
    published = searches.published_at(patent_id)
    if published is None:
        return 0
    last, fresh = 0, 0
    while True:
        rows = searches.at_once(patent_id, after=last, most=PORTION)
        if not rows:
            return fresh
        last = rows[-1].pk
        found = searches.answered_by(patent_id, rows)
        fresh += _note(patent_id, found, published=published, now=now)


@transaction.atomic
def _note(patent_id: int, ids: Iterable[int], *, published: datetime, now: datetime) -> int:
    """Rows for those to whom it is news; and their notices, at once or with what follows."""
    rows = list(SavedSearch.objects.filter(pk__in=ids).order_by("pk").select_for_update())
    news = [
        row
        for row in rows
        if alerts.is_news(
            published_at=published,
            saved_at=row.saved_at,
            known=patent_id in row.known,
            known_all=row.known_all,
        )
    ]
    SearchHit.objects.bulk_create(
        [SearchHit(search=row, patent_id=patent_id, found_at=now) for row in news],
        ignore_conflicts=True,
    )
    later = [row for row in news if alerts.tell_at(row.told_at, now) > now]
    for row in later:
        if row.due_at is None:
            row.due_at = alerts.tell_at(row.told_at, now)
    SavedSearch.objects.bulk_update(later, ["due_at"])
    at_once = [row for row in news if alerts.tell_at(row.told_at, now) <= now]
    for user_id in sorted({row.user_id for row in at_once}):
        _tell([row for row in at_once if row.user_id == user_id], now=now)
    return len(news)


def tell_due(*, now: datetime) -> int:
    """The clock: check and tell what is due, person by person; how many searches were done.
    A search told at once is due when its news was held back to be told together."""
    due = SavedSearch.objects.filter(due_at__lte=now).order_by("user_id")
    people = list(due.values_list("user_id", flat=True).distinct()[:PEOPLE_A_ROUND])
    return sum(_look_after(user_id, now=now) for user_id in people)


@transaction.atomic
def _look_after(user_id: int, *, now: datetime) -> int:
    rows = list(
        SavedSearch.objects.filter(user_id=user_id, due_at__lte=now)
        .order_by("pk")
        .select_for_update(skip_locked=True)
    )
    for row in rows:
        if row.frequency != Frequency.AT_ONCE:
            catch_up(row, now=now)
    _tell([row for row in rows if row.frequency != Frequency.OFF], now=now)
    for row in rows:
        row.due_at = alerts.next_check(Frequency(row.frequency), now)
    SavedSearch.objects.bulk_update(rows, ["due_at", "checked_at"])
    return len(rows)


def catch_up(row: SavedSearch, *, now: datetime) -> None:
    """Note what has come to answer a search since it was last looked after."""
    viewer = searches.viewers([row])[row.pk]
    known = set(row.known)
    SearchHit.objects.bulk_create(
        [
            SearchHit(search=row, patent_id=patent_id, found_at=now)
            for patent_id, published in searches.answering_since(
                row, viewer=viewer, since=row.checked_at
            )
            if alerts.is_news(
                published_at=published,
                saved_at=row.saved_at,
                known=patent_id in known,
                known_all=row.known_all,
            )
        ],
        ignore_conflicts=True,
    )
    row.checked_at = now


def _tell(rows: Sequence[SavedSearch], *, now: datetime) -> None:
    """One notice about all that is untold of these searches of one person."""
    untold = searches.hits_of(rows).filter(told_at__isnull=True).order_by()
    counts = {
        row["search"]: (row["n"], row["last"])
        for row in untold.values("search").annotate(n=Count("pk"), last=Max("pk"))
    }
    SearchHit.objects.filter(search__in=rows, told_at__isnull=True).update(told_at=now)
    told = [row for row in rows if row.pk in counts]
    if not told:
        return
    title, body = alerts.headline({row.name: counts[row.pk][0] for row in told})
    one = reverse("listings:search", kwargs={"pk": told[0].pk})
    notices.notify(
        users=[told[0].user_id],
        kind="search.found",
        key=f"search-hit:{max(last for _, last in counts.values())}",
        title=title,
        body=body,
        url=one if len(told) == 1 else reverse("listings:searches"),
        now=now,
    )
    for row in told:
        row.told_at = now
    SavedSearch.objects.bulk_update(told, ["told_at"])
