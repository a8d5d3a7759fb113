"""What the fold says of very many patents, written in a few statements through COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from listings.rules import binding
from listings.rules.folding import Folded
from listings.selectors.register.folding import GAZETTE
from listings.selectors.register.refolding import Stored
from listings.services.register.writing import TERM_OVER
from listings.types import MODES, WHOLE_COUNTRY

STATUS = """
    UPDATE listings_patent p
    SET status = t.status, granted_on = t.granted_on, expires_on = t.expires_on, changed_at = %s
    FROM refolded t
    WHERE p.id = t.id
"""
# As services.register.columns_of, for all rows of a range at once.
BONDS = """
    INSERT INTO listings_encumbrance
        (patent_id, kind, territory, modes, cells, slots, term, source, reference,
         register_number, exception, consents, consent_reference, confirmed_by_event_id, active,
         created_at, created_by, released_at, released_by, released_because)
    SELECT e.patent_id, t.kind, %(territory)s, %(modes)s, %(cells)s, int4range(t.seat, t.past),
           daterange(t.starts_on, t.until), %(source)s, e.reference, e.reference, '', '{}', '',
           e.id, t.until IS NULL OR t.until > %(on)s,
           e.recorded_at, e.recorded_by,
           CASE WHEN c.id IS NOT NULL THEN c.recorded_at
                WHEN t.until <= %(on)s THEN t.until::timestamp AT TIME ZONE 'Asia/Shanghai' END,
           CASE WHEN c.id IS NOT NULL THEN c.recorded_by
                WHEN t.until <= %(on)s THEN 'system' END,
           CASE WHEN c.id IS NOT NULL THEN '公告 ' || c.code
                WHEN t.until <= %(on)s THEN %(over)s ELSE '' END
    FROM refolded_bonds t
    JOIN listings_legalevent e ON e.id = t.event_id
    LEFT JOIN listings_legalevent c ON c.id = t.ended_id
"""


def write(found: Sequence[Stored], *, on: date, now: datetime) -> None:
    """Status, term, the register's bonds and the contradictions of patents that had none yet."""
    pairs = [(each.row.id, each.folded) for each in found]
    _copy(
        "refolded",
        "id bigint, status text, granted_on date, expires_on date",
        ((pk, str(f.standing.status), f.granted_on, f.expires_on) for pk, f in pairs),
    )
    with connection.cursor() as cursor:
        cursor.execute(STATUS, [now])
    if any(folded.bonds for _, folded in pairs):
        _write_bonds([folded for _, folded in pairs], on=on)
    if any(folded.contradictions for _, folded in pairs):
        _write_contradictions(pairs, now=now)


def _write_bonds(folded: Iterable[Folded], *, on: date) -> None:
    _copy(
        "refolded_bonds",
        "event_id bigint, ended_id bigint, kind text, starts_on date, until date,"
        " seat int, past int",
        (
            (
                bond.event.id,
                bond.ended_by.id if bond.ended_by else None,
                str(bond.kind),
                bond.starts_on,
                bond.until,
                *binding.register_seats(bond.kind, bond.event.id),
            )
            for each in folded
            for bond in each.bonds
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            BONDS,
            {
                "territory": WHOLE_COUNTRY,
                "modes": list(MODES),
                "cells": sorted(binding.ALL_CELLS),
                "source": GAZETTE,
                "on": on,
                "over": TERM_OVER,
            },
        )


def _write_contradictions(pairs: Iterable[tuple[int, Folded]], *, now: datetime) -> None:
    columns = "patent_id, event_id, code, message, mend, rival_id, found_at, reason"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY listings_contradiction ({columns}) FROM STDIN") as copy,
    ):
        for pk, folded in pairs:
            for said in folded.contradictions:
                copy.write_row(
                    (
                        pk,
                        said.event,
                        said.code,
                        said.message[:400],
                        said.mend[:300],
                        said.rival,
                        now,
                        "",
                    )
                )


def _copy(table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} ({columns}) ON COMMIT DROP")
        cursor.execute(f"TRUNCATE {table}")
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"ANALYZE {table}")
