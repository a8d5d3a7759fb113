"""Historical models that grow in place are those that Django renders anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

import pytest
from django.core.management import CommandError
from django.core.management.commands import migrate as django_migrate
from django.db import OperationalError, connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations import operations as do
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from pgtrigger.compiler import Trigger, UpsertTriggerSql
from pgtrigger.migrations import AddTrigger, RemoveTrigger
from psycopg.errors import LockNotAvailable

from patentops import migrating
from patentops.management.commands import migrate
from patentops.migrating import GrowingExecutor, GrowingState


def kept(table: str) -> Trigger:
    sql = UpsertTriggerSql(
        pgid=f"kept_{table}", table=table, func="RETURN NULL;", when="BEFORE", operation="DELETE"
    )
    return Trigger(name="kept", sql=sql)


KEY = models.BigAutoField(auto_created=True, primary_key=True, serialize=False)
STEPS = (
    do.CreateModel("Shelf", [("id", KEY)]),
    do.CreateModel(
        "Book",
        [
            ("id", KEY),
            ("title", models.CharField(max_length=9)),
            ("shelf", models.ForeignKey("home.Shelf", models.CASCADE, related_name="books")),
        ],
        options={"constraints": [models.UniqueConstraint(fields=["title"], name="one_title")]},
    ),
    do.AddField("Shelf", "best", models.ForeignKey("home.Book", models.SET_NULL, null=True)),
    do.AddField("Book", "pages", models.IntegerField(default=7), preserve_default=False),
    do.AddField("Book", "also", models.ManyToManyField("home.Shelf", related_name="also")),
    do.AddConstraint(
        "Book", models.CheckConstraint(condition=models.Q(pages__gt=0), name="has_pages")
    ),
    do.AddIndex("Book", models.Index(fields=["pages"], name="by_pages")),
    do.AlterField("Book", "title", models.CharField(max_length=99)),
    do.RemoveConstraint("Book", "one_title"),
    do.AddField("Shelf", "room", models.CharField(max_length=3, default="")),
    AddTrigger("book", kept("home_book")),
    AddTrigger("shelf", kept("home_shelf")),
    do.RemoveIndex("Book", "by_pages"),
    do.AlterField("Book", "pages", models.BigIntegerField(default=7)),
    do.AlterModelOptions("Book", {"verbose_name": "书", "ordering": ["title"]}),
    RemoveTrigger("book", "kept"),
    do.AlterModelManagers("Shelf", [("shelves", models.Manager())]),
    do.RenameField("Book", "pages", "leaves"),
    do.RemoveField("Book", "also"),
    do.RemoveConstraint("Book", "has_pages"),
)


def built(state: ProjectState, steps: Iterable[Operation]) -> ProjectState:
    assert state.apps  # rendered, as the executor does
    for step in steps:
        step.state_forwards("home", state)
    return state


def described(state: ProjectState) -> dict[str, object]:
    return {
        model._meta.label: (
            sorted((f.name, f.deconstruct()[1:]) for f in model._meta.get_fields() if f.concrete),
            sorted(f.name for f in model._meta.get_fields() if not f.concrete),
            sorted(f.related_model._meta.label for f in model._meta.get_fields() if f.is_relation),
            [c.deconstruct() for c in model._meta.constraints],
            [i.deconstruct() for i in model._meta.indexes],
            [t.name for t in getattr(model._meta, "triggers", [])],
            (str(model._meta.verbose_name), list(model._meta.ordering)),
            [manager.name for manager in model._meta.managers],
        )
        for model in state.apps.get_models(include_auto_created=True)
    }


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_models_grow_as_django_renders_them(count: int) -> None:
    grown, djangos = (built(kind(), STEPS[:count]) for kind in (GrowingState, ProjectState))
    assert grown.models == djangos.models
    assert described(grown) == described(djangos)


def test_a_data_migration_gets_models_rendered_anew() -> None:
    state = built(GrowingState(), STEPS).clone()
    grown = state.apps
    state.clear_delayed_apps_cache()
    assert state.apps is not grown


def test_lists_change_without_a_new_class() -> None:
    """What a constraint, an index or a trigger costs: nothing but its statement."""
    state = built(GrowingState(), STEPS[:11])
    before = state.apps.get_model("home", "Book")
    for step in STEPS[11:13]:
        step.state_forwards("home", state)
    assert state.apps.get_model("home", "Book") is before
    STEPS[13].state_forwards("home", state)
    assert state.apps.get_model("home", "Book") is not before


@pytest.fixture
def reader() -> Iterator[BaseDatabaseWrapper]:
    """Somebody who has looked at notices and has not ended that transaction."""
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_notice")
    yield other
    other.close()


class AddsNothing(Migration):
    """A migration that wants a table for itself."""

    operations: ClassVar = [do.RunSQL("LOCK TABLE core_notice IN ACCESS EXCLUSIVE MODE")]


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_finds_its_table_taken_gives_up_and_comes_again(
    reader: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reliability A20: whoever comes after it must not wait behind it."""
    monkeypatch.setattr(migrating, "LOCK_PATIENCE", "50ms")
    executor, step = GrowingExecutor(connection), AddsNothing("waits", "core")
    with pytest.raises(OperationalError) as refused:
        executor.apply_migration(ProjectState(), step)
    assert isinstance(refused.value.__cause__, LockNotAvailable)
    reader.rollback()
    executor.apply_migration(ProjectState(), step)
    done = MigrationRecorder(connection).applied_migrations()
    assert ("core", "waits") in done
    MigrationRecorder(connection).record_unapplied("core", "waits")


def _taken(*_: object, **__: object) -> None:
    raise OperationalError from LockNotAvailable()


def test_the_command_tries_again_and_then_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setattr(django_migrate.Command, "handle", _taken)
    with pytest.raises(CommandError, match="一直被占用"):
        migrate.Command().handle()
    assert waited == list(migrate.PAUSES)
    assert capsys.readouterr().err.count("页面不受影响") == len(migrate.PAUSES)


def test_the_command_goes_on_where_the_table_is_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([_taken, lambda *_, **__: None])
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(django_migrate.Command, "handle", lambda *_, **__: next(answers)())
    migrate.Command().handle()
    assert next(answers, None) is None


def test_another_fault_is_not_taken_for_a_busy_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(django_migrate.Command, "handle", broken)
    with pytest.raises(OperationalError, match="closed"):
        migrate.Command().handle()
