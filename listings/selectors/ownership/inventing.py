"""Who invented patents, as far as they let themselves be shown."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from core.people import selectors as people
from core.people.types import Actor, Role
from listings.models import InventorSilence, PatentInventors


def inventors_of(patent_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The inventors who may be shown, by patent: those who asked not to be are left out."""
    rows = PatentInventors.objects.filter(patent_id__in=set(patent_ids)).values_list(
        "patent_id", "patent__organisation_id", "names"
    )
    found = list(rows)
    silent = set(
        InventorSilence.objects.filter(
            organisation_id__in={house for _pk, house, _names in found}, lifted_at__isnull=True
        ).values_list("organisation_id", "name")
    )
    return {
        pk: tuple(name for name in names if (house, name) not in silent)
        for pk, house, names in found
    }


def names_on(patent_id: int) -> tuple[str, ...]:
    """All the names on one patent, for its own office."""
    row = PatentInventors.objects.filter(patent_id=patent_id).first()
    return tuple(row.names) if row else ()


def silences(*, viewer: Actor) -> QuerySet[InventorSilence]:
    """Who of the viewer's house asked not to be shown: its office reads all, others themselves."""
    rows = InventorSilence.objects.filter(
        organisation_id=viewer.organisation_id or 0, lifted_at__isnull=True
    )
    if not viewer.has(Role.OFFICE):
        rows = rows.filter(name=own_name(viewer=viewer))
    return rows.order_by("name")


def own_name(*, viewer: Actor) -> str:
    """What the person acting is called."""
    return people.names_of([viewer.key]).get(viewer.key or "", "")
