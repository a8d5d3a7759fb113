"""The board's columns: every entry's filters and orders in memory, as true as the database.

Each process holds them (about 45 bytes an entry). Before every answer it asks for the entries
written by transactions that its last snapshot did not see, so an answer is never older than the
question: no clock, no message that may be lost. Arrays are replaced, never written into, once
another thread may read them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from core.people.models import OrganisationKind
from listings.rules import facets

HOLDERS: Final = tuple(OrganisationKind.values)
_FEN: Final = 100
_ROOM: Final = 4_096  # entries to come, so that a new one does not copy every array


def _place(words: tuple[str, ...], column: str) -> str:
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"COALESCE(array_position(ARRAY[{quoted}]::varchar[], {column}), 0)::int2"


def _band() -> str:
    cases = [
        f"WHEN b.price < {int(high * _FEN)} THEN {n}"
        for n, (_, _, high) in enumerate(facets.PRICE_BANDS, start=2)
        if high is not None
    ]
    return f"(CASE WHEN b.price < 0 THEN 1 {' '.join(cases)} ELSE {len(facets.PRICES)} END)::int2"


def _modes() -> str:
    bits = [
        "b.is_open::int" if mode == facets.OPEN_NOW else f"('{mode}' = ANY(b.routes))::int"
        for mode in facets.MODES
    ]
    return f"({' | '.join(f'({bit} << {n})' for n, bit in enumerate(bits))})::int2"


# Name, expression, the type as it comes (all of fixed width and never null), the type as kept.
SPEC: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("id", "b.id::int4", ">i4", "i4"),
    ("patent_id", "b.patent_id", ">i8", "i4"),
    ("listing_id", "b.listing_id", ">i8", "i4"),
    ("listed", "b.listed::int::int2", ">i2", "?"),
    ("published", "COALESCE(b.published_at, '2000-01-01')", ">i8", "i8"),
    ("amount", "b.price", ">i8", "i8"),
    ("ipc", "b.ipc", ">i2", "i2"),
    ("region", "b.region", ">i4", "i4"),
    ("holder", _place(HOLDERS, "b.holder"), ">i2", "i2"),
    ("kind", _place(facets.WORDS["kind"], "b.kind"), ">i2", "i2"),
    ("status", _place(facets.WORDS["status"], "b.status"), ">i2", "i2"),
    ("layer", _place(facets.WORDS["layer"], "b.layer"), ">i2", "i2"),
    ("price", _band(), ">i2", "i2"),
    ("trl", "b.trl", ">i2", "i2"),
    ("year", "b.year", ">i2", "i2"),
    ("modes", _modes(), ">i2", "i2"),
)
_ROWS = f"SELECT {', '.join(expression for _, expression, _, _ in SPEC)} FROM listings_boardentry b"
_SINCE = """
 WHERE b.changed >= pg_snapshot_xmin('{0}'::pg_snapshot)
   AND NOT pg_visible_in_snapshot(b.changed, '{0}'::pg_snapshot)
   AND (b.changed < pg_snapshot_xmax(pg_current_snapshot())
        OR b.changed = pg_current_xact_id_if_assigned())
"""
_STATE = """
SELECT pg_current_snapshot()::text, pg_current_xact_id_if_assigned() IS NOT NULL,
       (SELECT max(id) FROM listings_boardbuild)
"""
# One row of COPY BINARY: a count of fields, then length and value of each.
_WIRE = np.dtype(
    [("fields", ">i2")]
    + [item for name, _, wire, _ in SPEC for item in ((f"{name}_length", ">i4"), (name, wire))]
)
_HEADER, _TRAILER = 19, 2


@dataclass(frozen=True)
class Columns:
    """One array for each column, by the entry's id; what was visible when it was read."""

    arrays: Mapping[str, NDArray[Any]]
    snapshot: str
    build: int | None  # the postings that go with it, if there are any

    @property
    def size(self) -> int:
        return len(self.arrays["listed"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]


_held: Columns | None = None
_lock = threading.Lock()


def current() -> Columns:
    """The columns as this transaction sees the board."""
    global _held
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        snapshot, has_written, build = cursor.fetchone()
    if has_written:  # what a rollback may take back stays with this caller
        return _brought_up(_held, snapshot, build)
    with _lock:
        # Another thread may have read a later snapshot meanwhile: no harm, rows only get newer.
        _held = _brought_up(_held, snapshot, build)
        return _held


def forget() -> None:
    """Read all anew next time: the tables were emptied or restored under us."""
    global _held
    with _lock:
        _held = None


def _brought_up(held: Columns | None, snapshot: str, build: int | None) -> Columns:
    fresh = _read(held.snapshot if held else None)
    if held and not len(fresh):
        return Columns(held.arrays, snapshot, build)
    return Columns(_merged(held.arrays if held else {}, fresh), snapshot, build)


def _read(since: str | None) -> NDArray[Any]:
    """The rows written since the snapshot, or all of them."""
    if since is not None:
        return _copied(_ROWS + _SINCE.format(since))
    if connection.in_atomic_block:
        return _copied(_ROWS)
    with transaction.atomic(), connection.cursor() as cursor:
        # Once in a process's life, and longer than a question may take.
        cursor.execute("SET LOCAL statement_timeout = 0")
        return _copied(_ROWS)


def _copied(rows: str) -> NDArray[Any]:
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)") as copy,
    ):
        body = b"".join(copy)
    return np.frombuffer(body[_HEADER : len(body) - _TRAILER], dtype=_WIRE)


def _merged(held: Mapping[str, NDArray[Any]], fresh: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The arrays with the fresh rows in their places; those that do not change are shared."""
    places = fresh["id"].astype(np.int64)
    before = len(held["listed"]) if held else 0
    least = int(places.max()) + 1 if len(places) else 1
    size = before if least <= before else -(-least // _ROOM) * _ROOM
    merged = {}
    columns = {name: fresh[name].astype(kept) for name, _, _, kept in SPEC[1:]}
    for name, values in (columns | facets.packed(columns)).items():
        old = held.get(name)
        if old is not None and size == before and np.array_equal(old[places], values):
            merged[name] = old
            continue
        array = np.zeros(size, dtype=values.dtype)
        if old is not None:
            array[:before] = old
        array[places] = values
        array.setflags(write=False)
        merged[name] = array
    return merged
