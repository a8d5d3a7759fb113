"""SIGKILL in the middle of a command: as near as a test comes to it in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Killed(BaseException):
    """SIGKILL."""


def killer(at: int, seen: list[int]) -> Callable[..., Any]:
    """Counts statements, and kills in place of the one numbered `at` (0: never)."""

    def wrapper(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        seen[0] += 1
        if seen[0] == at:
            raise Killed
        return execute(sql, params, many, context)

    return wrapper
