"""What a test says of a change that the database or a command does not take."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.errors import Conflict, Invalid


def refuses(name: str, change: Callable[[], object]) -> None:
    """The change meets this constraint."""
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        change()


def trigger_refuses(change: Callable[[], object]) -> None:
    """The change meets a trigger."""
    with pytest.raises(DatabaseError), transaction.atomic():
        change()


def says(code: str, ask: Callable[[], object]) -> None:
    """The command meets this conflict."""
    with pytest.raises(Conflict) as told:
        ask()
    assert told.value.code == code


def names(*fields: str, ask: Callable[[], object]) -> None:
    """The command names these fields, and no others, as wrong."""
    with pytest.raises(Invalid) as told:
        ask()
    assert set(told.value.fields) == set(fields)
