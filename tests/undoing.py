"""Taking back what a request wrote, at the price of those requests only that wrote something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

# What Django's ORM asks, and the savepoints around it; a function may do anything.
HARMLESS = re.compile(r'SELECT (?:DISTINCT )?(?:["(]|COUNT\(|1 AS)|SAVEPOINT |RELEASE SAVEPOINT ')


class _Watch:
    """Counts statements, and notes whether any may have changed something, or failed."""

    def __init__(self) -> None:
        self.touched = False
        self.asked = 0

    def __call__(self, execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
        self.asked += 1
        if not HARMLESS.match(str(sql)):
            self.touched = True
        try:
            return execute(sql, *rest)
        except BaseException:
            self.touched = True
            raise


class Undo:
    """One savepoint for many requests: `with undo(): client.post(…)` leaves no trace."""

    def __init__(self) -> None:
        self._savepoint = transaction.savepoint()

    @contextmanager
    def __call__(self) -> Iterator[_Watch]:
        watch = _Watch()
        with connection.execute_wrapper(watch):
            yield watch
        if watch.touched or connection.needs_rollback:
            connection.needs_rollback = False
            transaction.savepoint_rollback(self._savepoint)
