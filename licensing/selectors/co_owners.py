"""Announced open licences whose co-owner took its consent back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from core.days import legal_day
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import OpenDeclaration
from licensing.rules import co_owners as rules
from licensing.rules.moves import DeclarationStatus
from listings.selectors.ownership.consents import taken_back
from listings.types import ConsentTakenBack


@dataclass(frozen=True, slots=True)
class Doubted:
    """One co-owner who no longer agrees, and until when the declarant is to decide."""

    declaration_id: int
    name: str
    co_owner_id: int | None
    at: datetime
    reason: str
    decide_by: date


def days_of(region: str) -> int:
    """How many days a declarant of this region has."""
    default = rules.CONSENT_DAYS
    return int(people.region_setting("declaration.consent_days", region, default=default))


def doubted(row: OpenDeclaration) -> list[Doubted]:
    """Who no longer agrees to this declaration; nobody once it is not announced."""
    if row.status != DeclarationStatus.ANNOUNCED:
        return []
    return _with_days([row], taken_back(patent_ids=[row.patent_id]))


def all_doubted() -> list[Doubted]:
    """The same of every declaration that stands."""
    gone = taken_back()
    rows = OpenDeclaration.objects.filter(
        status=DeclarationStatus.ANNOUNCED, patent_id__in={one.patent_id for one in gone}
    )
    return _with_days(rows, gone)


def _with_days(rows: Iterable[OpenDeclaration], gone: Iterable[ConsentTakenBack]) -> list[Doubted]:
    by_patent = {row.patent_id: row for row in rows}
    return [
        Doubted(
            by_patent[one.patent_id].pk,
            one.name,
            one.co_owner_id,
            one.at,
            one.reason,
            rules.decide_by(legal_day(one.at), days_of(by_patent[one.patent_id].region)),
        )
        for one in gone
        if one.patent_id in by_patent
    ]


def doubted_patents(*, viewer: Actor) -> dict[int, datetime]:
    """Patents of the viewer's own with a consent taken back, and since when."""
    found: dict[int, datetime] = {}
    for one in taken_back(keepers=viewer.acts_for) if viewer.acts_for else ():
        found[one.patent_id] = min(one.at, found.get(one.patent_id, one.at))
    return found


def only_doubted(rows: QuerySet[OpenDeclaration], *, viewer: Actor) -> QuerySet[OpenDeclaration]:
    """Those of the viewer's declarations that wait for its decision."""
    return rows.filter(
        status=DeclarationStatus.ANNOUNCED, patent_id__in=doubted_patents(viewer=viewer)
    )


def doubted_waiting(*, viewer: Actor) -> tuple[int, datetime | None]:
    """How many of the viewer's declarations wait for its decision, and since when the oldest."""
    since = doubted_patents(viewer=viewer)
    if not since:
        return 0, None
    rows = OpenDeclaration.objects.filter(
        licensor_id__in=viewer.acts_for, status=DeclarationStatus.ANNOUNCED, patent_id__in=since
    )
    ids = list(rows.values_list("patent_id", flat=True))
    return len(ids), min((since[pk] for pk in ids), default=None)
