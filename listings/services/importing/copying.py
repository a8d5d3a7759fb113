"""Many rows at once, by COPY: some ten times cheaper than INSERT with a parameter for each cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.expressions import DatabaseDefault

_Row = models.Model
PLAIN: Final = frozenset({str, int, float, bool, date, datetime, Decimal, list, type(None)})


def insert(model: type[_Row], rows: Iterable[_Row]) -> None:
    """Store new rows and give them their ids. Defaults of the database fill what is not set."""
    new = list(rows)
    if not new:
        return
    for row, pk in zip(new, _ids(model, len(new)), strict=True):
        row.pk = pk
        row._state.adding = False
    fields = [
        field
        for field in model._meta.concrete_fields
        if not isinstance(getattr(new[0], field.attname), DatabaseDefault)
    ]
    _copy(model._meta.db_table, fields, new)


def update(rows: Iterable[_Row], names: Sequence[str]) -> None:
    """Write these fields of stored rows, through a table that lives as long as the transaction."""
    changed = list(rows)
    if not changed:
        return
    model = type(changed[0])
    fields: list[Any] = [model._meta.pk, *(model._meta.get_field(name) for name in names)]
    quote = connection.ops.quote_name
    table, fresh = model._meta.db_table, f"fresh_{model._meta.model_name}"
    columns = [quote(str(field.column)) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE {fresh} ON COMMIT DROP AS"
            f" SELECT {', '.join(columns)} FROM {quote(table)} WITH NO DATA"
        )
        _copy(fresh, fields, changed)
        cursor.execute(
            f"UPDATE {quote(table)} AS old SET "
            + ", ".join(f"{column} = {fresh}.{column}" for column in columns[1:])
            + f" FROM {fresh} WHERE old.{columns[0]} = {fresh}.{columns[0]}"
        )
        cursor.execute(f"DROP TABLE {fresh}")


def _ids(model: type[_Row], count: int) -> list[int]:
    key: Any = model._meta.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [f'"{model._meta.db_table}"', key.column, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _copy(table: str, fields: Sequence[Any], rows: Sequence[_Row]) -> None:
    database = connections[DEFAULT_DB_ALIAS]
    columns = ", ".join(database.ops.quote_name(field.column) for field in fields)
    statement = f"COPY {database.ops.quote_name(table)} ({columns}) FROM STDIN"
    prepare = [(field.attname, _writer(field, database)) for field in fields]
    with database.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            values = row.__dict__
            copy.write_row([write(values[name]) for name, write in prepare])


def _writer(field: Any, database: Any) -> Callable[[Any], Any]:
    """A value as the driver takes it: most as they are, since asking Django costs the most."""
    prepared = field.get_db_prep_save
    as_they_are = frozenset() if isinstance(field, models.JSONField) else PLAIN
    return lambda value: value if type(value) in as_they_are else prepared(value, database)
