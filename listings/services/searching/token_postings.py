"""Keep the board true and fast: postings of common tokens, and all of it anew from the facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from listings.models import BoardBuild, BoardEntry, BoardPosting, BoardText
from listings.rules import vectors

SMALLEST: Final = 50_000  # entries; a smaller board answers from its index alone
COMMON: Final = 0.005  # of the entries say it: reading them one by one would cost 10 ms
FOLD_AT: Final = 200  # changed texts that every question has to look at besides
_SAMPLE: Final = 20_000
_STEP: Final = 5_000
_LOCK: Final = 680_000
_KEPT_BUILDS: Final = 3  # a process may be answering with the one before


def keep_postings(*, now: datetime) -> str:
    """Build them where they are missing or outgrown, else fold in what changed. What was done."""
    with transaction.atomic():
        if not _alone():
            return "busy"
        size = BoardText.objects.count()
        last = BoardBuild.objects.order_by("-pk").first()
        wanted = int(size * COMMON)
        if size < SMALLEST:
            return "small"
        if last is None or last.least * 2 < wanted:
            build_postings(now=now)
            return "built"
        return "folded" if _fold(last, now=now) else "fresh"


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _one(sql: str, values: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]


@transaction.atomic
def build_postings(*, now: datetime, say: Callable[[str], object] = str) -> int:
    """A posting for every token of very many entries; how many there are.

    The snapshot is taken first: texts that change while we read are read from the table.
    """
    snapshot = _one("SELECT pg_current_snapshot()::text")
    size = BoardText.objects.count()
    least, room = max(1, int(size * COMMON)), (_one("SELECT max(id) FROM listings_boardentry") or 0)
    made = []
    # The index alone says who has a token; a scan of the table would unpack every text.
    _one("SELECT set_config('enable_seqscan', 'off', true)")
    for token in _common_tokens(size, least):
        places = _places("words @@ %s::tsquery", [vectors.lexeme(token)])
        made.append(BoardPosting(token=token, count=len(places), bits=_bits(places, room)))
        if len(made) % 100 == 0:
            say(f"{len(made)} common tokens")
    BoardPosting.objects.all().delete()
    BoardPosting.objects.bulk_create(made, batch_size=50)
    _built(snapshot, least, now)
    return len(made)


def _common_tokens(size: int, least: int) -> list[str]:
    percent = min(100.0, 100 * _SAMPLE / max(1, size))
    seen = _one(
        f"SELECT count(*) FROM listings_boardtext TABLESAMPLE SYSTEM ({percent:.4f}) REPEATABLE (1)"
    )
    enough = least * seen / max(1, size)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM ts_stat($$SELECT words FROM listings_boardtext"
            f" TABLESAMPLE SYSTEM ({percent:.4f}) REPEATABLE (1)$$)"
            " WHERE ndoc >= %s AND length(word) <= 64 ORDER BY ndoc DESC, word",
            [max(1, enough)],
        )
        return [word for (word,) in cursor.fetchall()]


def _places(where: str, values: list[Any]) -> NDArray[np.int32]:
    packed = _one(
        "SELECT string_agg(int4send(entry_id::int4), ''::bytea) FROM listings_boardtext"
        f" WHERE {where}",
        values,
    )
    return np.frombuffer(packed or b"", dtype=">i4").astype(np.int32)


def _bits(places: NDArray[np.int32], room: int) -> bytes:
    flags = np.zeros((room // 8 + 1) * 8, dtype=bool)
    flags[places] = True
    return np.packbits(flags, bitorder="little").tobytes()


def _built(snapshot: str, least: int, now: datetime) -> None:
    row = BoardBuild.objects.create(built_at=now, snapshot=snapshot, least=least)
    BoardBuild.objects.filter(pk__lte=row.pk - _KEPT_BUILDS).delete()


_CHANGED = (
    "changed >= pg_snapshot_xmin('{0}'::pg_snapshot)"
    " AND NOT pg_visible_in_snapshot(changed, '{0}'::pg_snapshot)"
)


def _fold(last: BoardBuild, *, now: datetime) -> bool:
    """Bring the postings up to the texts that changed since, when these are many."""
    snapshot = _one("SELECT pg_current_snapshot()::text")
    since = _CHANGED.format(last.snapshot)
    changed = _places(since, [])
    if len(changed) < FOLD_AT:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT token, string_agg(int4send(entry_id::int4), ''::bytea)"
            " FROM listings_boardtext, unnest(tsvector_to_array(words)) AS token"
            f" WHERE {since} AND token IN (SELECT token FROM listings_boardposting) GROUP BY token"
        )
        saying = {
            token: np.frombuffer(packed, dtype=">i4").astype(np.int32)
            for token, packed in cursor.fetchall()
        }
    room = max(int(changed.max()), _one("SELECT max(id) FROM listings_boardentry"))
    nobody = np.zeros(0, dtype=np.int32)
    for row in BoardPosting.objects.iterator(chunk_size=50):
        old = np.unpackbits(np.frombuffer(bytes(row.bits), np.uint8), bitorder="little")
        flags = np.zeros(max(len(old), (room // 8 + 1) * 8), dtype=bool)
        flags[: len(old)] = old == 1
        flags[changed] = False
        flags[saying.get(row.token, nobody)] = True
        row.count = int(flags.sum())
        row.bits = np.packbits(flags, bitorder="little").tobytes()
        row.save(update_fields=["count", "bits"])
    _built(snapshot, last.least, now)
    return True


def rebuild_board(*, now: datetime, say: Callable[[str], object] = str) -> int:
    """Every entry and text again from the facts, then the postings; how many entries were wrong."""
    before = _one("SELECT pg_current_snapshot()::text")
    last = _one("SELECT max(id) FROM listings_patent") or 0
    for start in range(0, last + 1, _STEP):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM (SELECT listings_keep_entry(p.id), listings_keep_text(p.id)"
                " FROM listings_patent p WHERE p.id >= %s AND p.id < %s AND ("
                " EXISTS (SELECT 1 FROM listings_boardentry b WHERE b.patent_id = p.id) OR EXISTS ("
                " SELECT 1 FROM listings_listing l WHERE l.patent_id = p.id"
                " AND l.status = 'listed'))) kept",
                [start, start + _STEP],
            )
        if start % (_STEP * 20) == 0:
            say(f"{start:,} / {last:,}")
    wrong: int = BoardEntry.objects.extra(where=[_CHANGED.format(before)]).count()
    if BoardText.objects.count() >= SMALLEST:
        build_postings(now=now, say=say)
    return wrong
