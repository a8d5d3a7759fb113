"""Every constraint of licensing's tables meets a broken row, and lets the sound one beside it pass.

Pairs and lists of known values are read off the constraint itself; all others have their rows in
`constraints/<topic>.py`. A constraint without one fails here, unless a test of the room names it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import CheckConstraint, Q, UniqueConstraint

from tests.licensing import constraints
from tests.licensing.constraints.bare import NOON, bare, only

pytestmark = pytest.mark.django_db

TOPICS = [
    importlib.import_module(f"{constraints.__name__}.{found.name}")
    for found in pkgutil.iter_modules(constraints.__path__)
    if found.name != "bare"
]
ROWS: dict[str, Any] = {name: rows for topic in TOPICS for name, rows in topic.ROWS.items()}
WHERE: dict[str, Any] = {name: rows for topic in TOPICS for name, rows in topic.WHERE.items()}
MODELS = [m for m in apps.get_app_config("licensing").get_models() if m._meta.constraints]


def refuses(model: type[models.Model], name: str, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        bare(model, **values)
    assert refused.value.__cause__.diag.constraint_name == name  # type: ignore[union-attr]


def pair(constraint: CheckConstraint) -> list[str]:
    """The two columns of a `both_or_neither`."""
    first = constraint.condition.children[0]
    assert isinstance(first, Q), constraint.name
    return [str(lookup).removesuffix("__isnull") for lookup, _empty in first.children]


def filled(model: type[models.Model], name: str) -> Any:
    return NOON if isinstance(model._meta.get_field(name), models.DateTimeField) else "x"


def meet_pair(model: type[models.Model], constraint: CheckConstraint) -> None:
    one, two = pair(constraint)
    both = {name: filled(model, name) for name in (one, two)}
    bare(model, **both)
    bare(model, **{one: None, two: None})
    refuses(model, constraint.name, both | {one: None})
    refuses(model, constraint.name, both | {two: None})


def meet_known(model: type[models.Model], constraint: CheckConstraint) -> None:
    lookup, values = constraint.condition.children[0]
    field = lookup.removesuffix("__in")
    for value in values:
        bare(model, **{field: value})
    refuses(model, constraint.name, {field: "?"})


def meet_unique(model: type[models.Model], constraint: UniqueConstraint) -> None:
    inside, outside = WHERE[constraint.name] if constraint.condition else ({}, None)
    row = bare(model, **inside)
    twin = inside | {f: getattr(row, model._meta.get_field(f).attname) for f in constraint.fields}
    if outside is not None:
        bare(model, **(twin | outside))
    refuses(model, constraint.name, twin)


def meet(model: type[models.Model], constraint: Any) -> None:
    if isinstance(constraint, UniqueConstraint):
        meet_unique(model, constraint)
    elif constraint.name in ROWS:
        sound, *broken = ROWS[constraint.name]
        bare(model, **sound)
        for change in broken:
            refuses(model, constraint.name, sound | change)
    elif constraint.name.endswith("_pair"):
        meet_pair(model, constraint)
    elif constraint.name.endswith("_known"):
        meet_known(model, constraint)
    else:
        raise KeyError(constraint.name)


def named_elsewhere() -> str:
    """All that other tests of the room say: a topic may keep its broken rows in its own file."""
    here = Path(__file__)
    files = [f for f in here.parent.glob("test_*.py") if f != here]
    return "\n".join(f.read_text(encoding="utf-8") for f in files)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_constraint_refuses_its_broken_row(model):
    missing = []
    for constraint in model._meta.constraints:
        with only(model, constraint.name):
            try:
                meet(model, constraint)
            except KeyError:
                missing.append(constraint.name)
    said = named_elsewhere() if missing else ""
    assert [name for name in missing if not re.search(rf"\b{name}\b", said)] == []


def test_the_tables_of_broken_rows_name_no_constraint_that_is_gone():
    known = {c.name for model in MODELS for c in model._meta.constraints}
    assert set(ROWS) | set(WHERE) <= known
