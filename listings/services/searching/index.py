"""What search and matching read of a patent: its search document and its vector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import connection, transaction

from core import text as language
from core.text.sentences import is_foreign, sentence
from core.text.sentences import rows as sentence_rows
from listings.models import ForeignTitle, Listing, Patent
from listings.rules import moves, vectors

CHUNK = 200


def index_patents(*, patent_ids: Iterable[int], now: datetime) -> int:
    """Bring the index of those that changed since up to date; how many were written."""
    stale = sorted(set(patent_ids))
    return sum(
        _index(stale[start : start + CHUNK], now=now) for start in range(0, len(stale), CHUNK)
    )


def index_stale(*, now: datetime, limit: int = 2_000) -> int:
    """The sweep: whatever lost its nudge."""
    ids = list(
        Patent.objects.kept()
        .filter(indexed_at__isnull=True)
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
    return index_patents(patent_ids=ids, now=now)


@transaction.atomic
def _index(ids: Sequence[int], *, now: datetime) -> int:
    """One chunk. The rows are locked, so no change can slip between reading and writing."""
    rows = list(
        Patent.objects.kept()
        .select_for_update(no_key=True)
        .filter(pk__in=ids, indexed_at__isnull=True)
        .defer("embedding", "search")
        .prefetch_related("holders")
        .order_by("pk")
    )
    if not rows:
        return 0
    offers = {
        listing.patent_id: listing
        for listing in Listing.objects.filter(
            patent_id__in=[row.pk for row in rows], status__in=moves.LIVE_LISTING
        )
    }
    embedded = language.encode([_meaning(row, offers.get(row.pk)) for row in rows])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE listings_patent AS p
            SET search = v.search::tsvector, embedding = v.embedding::vector, indexed_at = %s
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS v(id, search, embedding)
            WHERE p.id = v.id
            """,
            [
                now,
                [row.pk for row in rows],
                [vectors.document(_document(row, offers.get(row.pk))) for row in rows],
                ["[" + ",".join(f"{x:.6g}" for x in vector) + "]" for vector in embedded],
            ],
        )
    _keep_foreign(rows)
    return len(rows)


def _keep_foreign(patents: Sequence[Patent]) -> None:
    """What foreign titles say, for questions in Chinese; a title that has become Chinese goes."""
    ForeignTitle.objects.filter(
        pk__in=[row.pk for row in patents if not is_foreign(row.title)]
    ).delete()
    foreign = [row for row in patents if is_foreign(row.title)]
    said = sentence_rows([sentence(row.title, row.abstract) for row in foreign])
    ForeignTitle.objects.bulk_create(
        [
            ForeignTitle(pk=row.pk, sentence=numbers.tolist())
            for row, numbers in zip(foreign, said, strict=True)
        ],
        update_conflicts=True,
        unique_fields=["patent"],
        update_fields=["sentence"],
    )


def _meaning(patent: Patent, offer: Listing | None) -> str:
    """The text whose meaning the vector holds: title, plain words, abstract."""
    parts = [patent.title]
    if offer is not None:
        parts += [offer.summary, offer.problem, offer.how, offer.benefit, "；".join(offer.scenes)]
    return "\n".join(part for part in (*parts, patent.abstract) if part)


def _document(patent: Patent, offer: Listing | None) -> Iterator[tuple[str, list[str]]]:
    """The words it is found by, the weightiest first."""
    yield "A", language.tokens(patent.title)
    yield "A", [patent.number.lower()] if patent.number else []
    yield "A", [number.lower() for number in patent.publication_numbers]
    for holder in patent.holders.all():
        yield "B", language.tokens(holder.name)
    if offer is not None:
        for text in (
            offer.summary,
            offer.problem,
            offer.how,
            offer.benefit,
            offer.maturity,
            *offer.scenes,
        ):
            yield "B", language.tokens(text)
    yield "C", language.tokens(patent.abstract)
    yield "C", [symbol.lower().replace(" ", "") for symbol in (*patent.ipc, *patent.locarno)]
