"""What a test says of a change that the database does not take."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, transaction


def refuses(name: str, change: Callable[[], object]) -> None:
    """The change meets this constraint."""
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        change()


def trigger_refuses(change: Callable[[], object]) -> None:
    """The change meets a trigger."""
    with pytest.raises(DatabaseError), transaction.atomic():
        change()
