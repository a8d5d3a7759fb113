"""Historical models that grow in place are those that Django renders anew."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from django.db import models
from django.db.migrations import operations as do
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger.compiler import Trigger, UpsertTriggerSql
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from patentops.migrating import GrowingState


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
