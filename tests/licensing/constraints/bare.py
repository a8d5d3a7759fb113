"""Rows without a story: every column filled with the plainest value its type allows.

Only inside `only`, which takes a table's other constraints away until the savepoint is undone: what
the database then refuses, it refuses for the one constraint that is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
TODAY = date(2026, 11, 20)
PLAIN: list[tuple[type[models.Field[Any, Any]], Any]] = [
    (models.DateTimeField, NOON),
    (models.DateField, TODAY),
    (models.DecimalField, Decimal(1)),
    (models.IntegerField, 1),
    (models.BooleanField, False),
    (models.JSONField, {}),
    (ArrayField, []),
    (models.CharField, "x"),
    (models.TextField, "x"),
]
_numbers = count(1)


class Undone(Exception):
    """Ends a savepoint whose rows are to vanish."""


def bare(model: type[models.Model], **values: Any) -> models.Model:
    """Insert one; a foreign key named by a number points at nobody."""
    known: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.name in values:
            known[field.attname] = values[field.name]
        elif not (field.primary_key or field.has_default() or field.null):
            known[field.attname] = _plain(field)
    return model._base_manager.create(**known)


def _plain(field: models.Field[Any, Any]) -> Any:
    if isinstance(field, models.ForeignKey):
        return next(_numbers)
    return next(value for kind, value in PLAIN if isinstance(field, kind))


@contextmanager
def only(model: type[models.Model], *kept: str) -> Iterator[None]:
    """The model's table with none but these constraints, for the length of the block."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass"
            " AND contype IN ('c', 'u', 'f', 'x')",
            [table],
        )
        drop = [name for (name,) in cursor.fetchall() if name not in kept]
    try:
        with transaction.atomic():
            if drop:
                clauses = ", ".join(f'DROP CONSTRAINT "{name}"' for name in drop)
                with connection.cursor() as cursor:
                    cursor.execute(f'ALTER TABLE "{table}" {clauses}')
            yield
            raise Undone
    except Undone:
        pass
