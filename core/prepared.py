"""Queries of one shape that every request asks: built by the ORM once in a process.

For a row found by its key the ORM takes five times as long to write the statement as PostgreSQL
takes to answer it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import QuerySet

STAND_IN = 7_000_000_000_000_000_000  # a key that no row has, in whose place others are sent


class Prepared:
    """The rows of `build(key)`, a queryset that finds by one integer key, for key after key."""

    def __init__(self, build: Callable[[int], QuerySet[Any, Any]]) -> None:
        self._build = build
        self._statement: tuple[str, tuple[Any, ...], int] | None = None

    def rows(self, key: int) -> list[tuple[Any, ...]]:
        """The rows as PostgreSQL gives them: only columns that need no converting may be asked."""
        if self._statement is None:
            sql, given = self._build(STAND_IN).query.sql_with_params()
            self._statement = sql, given, given.index(STAND_IN)
        sql, given, place = self._statement
        with connection.cursor() as cursor:
            cursor.execute(sql, (*given[:place], key, *given[place + 1 :]))
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
