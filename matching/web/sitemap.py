"""Public needs for search engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import F, IntegerField, Max, QuerySet
from django.db.models.functions import Cast
from django.urls import reverse

from core.people.types import Actor
from core.web.sitemap import MOST, Address, Source, contribute
from matching import selectors
from matching.selectors.needs import NeedQuery


def _open() -> QuerySet[Any]:
    """What its owner shows to everybody, confidential needs left out."""
    rows = selectors.board(viewer=Actor.anonymous(), query=NeedQuery())
    return rows.filter(is_confidential=False)


def parts() -> dict[int, datetime | None]:
    """The parts that hold needs open to everybody, by key."""
    rows = _open().order_by()
    part = Cast(F("pk") / MOST, IntegerField())
    found = rows.values(part=part).annotate(changed=Max("changed_at"))
    return dict(found.values_list("part", "changed"))


def open_needs(part: int) -> Iterator[Address]:
    """The pages of one part."""
    rows = _open().filter(pk__gte=part * MOST, pk__lt=(part + 1) * MOST).order_by("pk")
    for pk, changed_at in rows.values_list("pk", "changed_at"):
        yield Address(reverse("matching:need", kwargs={"pk": pk}), changed_at)


contribute("needs", Source(parts, open_needs))
