"""What needs, subscriptions and foreign patents say in any language, read once and kept.

A row that is missing or was read from another text is read anew and kept. Scores never depend on
what is kept: the engine reads what nobody gives it, only more slowly.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection, transaction

from core.text.sentences import has_han, mark, sentence
from matching.models import Meaning
from matching.types import Demand, DemandKind

Texts = Mapping[int, tuple[str, str]]
LOCK = 0x3A7C7
MOST_MISSING = 0.1  # of the demands, with which the arrays of all of them are still read


def are_needed() -> bool:
    """Whether any foreign patent has ever been on the board."""
    return Meaning.objects.filter(patent__isnull=False).exists()


def are_kept(demands: int) -> bool:
    """Whether nearly all of so many demands have been read, so that the rest costs little.

    The first foreign patents of a large stock reach the lists with the night's full run, whose
    shards read the demands; until then a single listing must not wait for an hour's reading.
    """
    if not are_needed():
        return False
    return Meaning.objects.filter(patent__isnull=True).count() >= (1 - MOST_MISSING) * demands


def of_patents(texts: Texts) -> dict[int, bytes]:
    """The rows of these patents by id."""
    return _kept("patent_id", texts)


def of_demands(texts: Mapping[str, tuple[str, str]]) -> dict[str, bytes]:
    """The rows of these demands by key; those without a Chinese character have none."""
    found: dict[str, bytes] = {}
    for kind in DemandKind:
        mine = {
            Demand.of_key(key).id: both
            for key, both in texts.items()
            if Demand.of_key(key).kind is kind and any(map(has_han, both))
        }
        rows = _kept(f"{kind.value}_id", mine) if mine else {}
        found |= {Demand(kind, pk).key: row for pk, row in rows.items()}
    return found


def _kept(column: str, texts: Texts) -> dict[int, bytes]:
    marks = {pk: mark(*both) for pk, both in texts.items()}
    rows = Meaning.objects.filter(**{f"{column}__in": sorted(texts)})
    found = {
        pk: bytes(row)
        for pk, known, row in rows.values_list(column, "mark", "sentence")
        if bytes(known) == marks[pk]
    }
    missing = sorted(texts.keys() - found.keys())
    found |= {pk: sentence(*texts[pk]) for pk in missing}
    if missing:
        _keep(column, {pk: (marks[pk], found[pk]) for pk in missing})
    return found


def _keep(column: str, rows: dict[int, tuple[bytes, bytes]]) -> None:
    """Written by whoever comes first; nobody waits for another's long transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        free = cursor.fetchone()
        if free and free[0]:
            Meaning.objects.bulk_create(
                [
                    Meaning(**{column: pk, "mark": known, "sentence": row})
                    for pk, (known, row) in rows.items()
                ],
                batch_size=1_000,
                update_conflicts=True,
                unique_fields=[column],
                update_fields=["mark", "sentence"],
            )
