"""Every migration runs beside the code of the release before it (reliability A20).

While a new release comes up, the old code still inserts rows that do not name new columns, reads
columns that are to go, and writes values that a narrower column would refuse. So a column comes
nullable or with a default of the database's own, and goes in a later release than its last use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

ROOMS = ("core", "listings", "licensing", "pledges", "matching", "oversight", "interchange")
GONE = (migrations.RemoveField, migrations.RenameField, migrations.DeleteModel)
MOVED = (migrations.RenameModel, migrations.AlterModelTable)


def steps() -> Iterator[tuple[str, migrations.Migration]]:
    """All migrations of ours but the first of each room, in a fixed order."""
    loader = MigrationLoader(None)
    for (room, name), migration in sorted(loader.disk_migrations.items()):
        if room in ROOMS and migration.dependencies and not name.startswith("0001"):
            yield f"{room}.{name}", migration


def fresh(migration: migrations.Migration) -> set[str]:
    """Tables the migration itself makes: no old code knows them."""
    return {
        op.name.lower() for op in migration.operations if isinstance(op, migrations.CreateModel)
    }


def problem(op: Operation, *, new: set[str]) -> str | None:
    """Why code of before fails beside this step; None when it does not."""
    table = str(getattr(op, "model_name", getattr(op, "name", ""))).lower()
    if isinstance(op, migrations.SeparateDatabaseAndState):
        found = (problem(inner, new=new) for inner in op.database_operations)
        return next((why for why in found if why), None)
    if table in new:
        return None
    if isinstance(op, GONE + MOVED):
        return f"{type(op).__name__} {table}: old code still asks for it"
    if isinstance(op, migrations.AddField) and _must_be_named(op.field):
        return f"AddField {table}.{op.name}: old code inserts rows without it"
    return None


def _must_be_named(field: models.Field[Any, Any]) -> bool:
    """Whether an INSERT that does not name the column is refused."""
    if isinstance(field, models.ManyToManyField) or field.null or field.primary_key:
        return False
    return getattr(field, "db_default", NOT_PROVIDED) is NOT_PROVIDED


@pytest.mark.parametrize(("name", "migration"), [pytest.param(n, m, id=n) for n, m in steps()])
def test_old_code_runs_beside_it(name: str, migration: migrations.Migration) -> None:
    new = fresh(migration)
    found = [why for op in migration.operations if (why := problem(op, new=new))]
    assert found == [], name


@pytest.mark.parametrize(
    ("op", "fits"),
    [
        (migrations.AddField("listing", "note", models.TextField(null=True)), True),
        (migrations.AddField("listing", "note", models.TextField(db_default="")), True),
        (migrations.AddField("listing", "note", models.TextField(default="")), False),
        (migrations.RemoveField("listing", "note"), False),
        (migrations.RenameField("listing", "note", "remark"), False),
        (migrations.DeleteModel("listing"), False),
        (migrations.RenameModel("listing", "offer"), False),
        (migrations.AddField("fresh", "note", models.TextField(default="")), True),
    ],
)
def test_what_old_code_would_fail_on_is_seen(op: Operation, fits: bool) -> None:
    assert (problem(op, new={"fresh"}) is None) is fits
    inside = migrations.SeparateDatabaseAndState(database_operations=[op])
    assert (problem(inside, new={"fresh"}) is None) is fits
