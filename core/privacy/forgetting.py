"""Takes a forgotten person out of the rows of one room: each room says which of its texts.

What stays, and by which law, is written in docs/security/personal.toml; a test compares both with
the tables, so that a new table with texts is decided upon before it exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pgtrigger
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from core.people.models import Membership
from core.people.types import Role
from core.privacy import rules
from core.privacy.inventory import by_key

A_PORTION = 500


@dataclass(frozen=True, slots=True)
class Texts:
    """Columns of one table in which people may stand."""

    model: type[Model]
    columns: tuple[str, ...]
    how: rules.Cleaner = rules.prose
    organisation: str = ""  # a lookup: rows of the organisations where the person was
    authors: tuple[str, ...] = ()  # actor keys: rows that the person wrote
    people: str = ""  # a lookup: rows of colleagues of theirs, or of administrators
    theirs: bool = False  # what they wrote here is about themselves: emptied unread
    trigger: str = ""  # that keeps the text from others, and gives way to the law (PIPL art. 47)

    @property
    def label(self) -> str:
        return str(self.model._meta.verbose_name)

    def mine(self, known: rules.Known) -> Q:
        """Rows that the person wrote."""
        found = Q(pk__in=())
        for field in self.authors:
            found |= by_key(field, known.user_id)
        return found

    def rows(self, known: rules.Known) -> QuerySet[Any]:
        """Rows that may name the person."""
        scope = self.mine(known)
        if self.organisation:
            scope |= Q(**{f"{self.organisation}__in": known.organisations})
        if self.people:
            scope |= Q(**{f"{self.people}__in": colleagues(known)})
        texts = {f"_{c}": Cast(c, TextField()) for c in self.columns}
        named = Q(pk__in=())
        for column in texts:
            named |= Q(**{f"{column}__iregex": known.anything})
        if self.theirs:
            named |= self.mine(known) & ~Q(**dict.fromkeys(self.columns, ""))
        found: QuerySet[Any] = self.model._default_manager.annotate(**texts)
        return found.filter(scope & named)


def colleagues(known: rules.Known) -> QuerySet[Any]:
    """Those who may have been told something about the person by name."""
    rows = Membership.objects.filter(
        Q(organisation_id__in=known.organisations) | Q(role=Role.SYSADMIN)
    )
    return rows.values("user_id")


@dataclass(frozen=True, slots=True)
class Change:
    """A row from which the person was taken."""

    place: Texts
    row: Model

    @property
    def silent(self) -> bool:
        """Whether it now names nobody to turn to."""
        return self.place.how is rules.line


def clear(places: Iterable[Texts], known: rules.Known) -> list[Change]:
    """Take the person out of these texts. Again, it finds nothing to do."""
    changes = []
    for place in places:
        with ExitStack() as stack:
            if place.trigger:
                stack.enter_context(pgtrigger.ignore(f"{place.model._meta.label}:{place.trigger}"))
            for row, values in list(_cleaned(place, known)):
                place.model._default_manager.filter(pk=row.pk).update(**values)
                changes.append(Change(place, row))
    return changes


def _cleaned(place: Texts, known: rules.Known) -> Iterator[tuple[Model, dict[str, Any]]]:
    """Rows that change, each with its new values."""
    wrote = set(place.rows(known).filter(place.mine(known)).values_list("pk", flat=True))
    for row in place.rows(known).order_by("pk").iterator(A_PORTION):
        values = {}
        for column in place.columns:
            before = getattr(row, column)
            emptied = place.theirs and row.pk in wrote
            after = "" if emptied else rules.inside(before, known, place.how)
            if after != before:
                values[column] = after
        if values:
            yield row, values
