"""Funding, working and inventors' rights of one patent; which funded ones are not worked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q

from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from listings.models import (
    Encumbrance,
    FundingDeclaration,
    InventorRight,
    Patent,
    UnworkedReason,
    Working,
)
from listings.models.patents import PatentQuerySet
from listings.rules import binding, working
from listings.rules.terms import add_years
from listings.rules.working import Watched
from listings.selectors.register.legal import NOT_FOUND
from listings.types import PatentStatus

UNWORKED_SETTING = "funding.unworked_years"


@dataclass(frozen=True, slots=True)
class Ownership:
    """What stands beside a patent's register."""

    patent: Patent
    declaration: FundingDeclaration | None
    workings: tuple[Working, ...]
    is_licensed: bool
    reason: UnworkedReason | None
    watched: Watched
    rights: tuple[InventorRight, ...]

    @property
    def is_worked(self) -> bool:
        return self.is_licensed or any(row.withdrawn_at is None for row in self.workings)


def ownership(patent_id: int, *, viewer: Actor, on: date) -> Ownership:
    """All of it for one patent of the viewer's stock."""
    patent = (
        Patent.objects.managed_by(viewer)
        .filter(pk=patent_id)
        .defer("embedding", "search", "abstract")
        .annotate(is_worked=is_worked(), is_licensed=was_licensed())
        .first()
    )
    if patent is None:
        raise Missing(NOT_FOUND)
    worked: bool = patent.is_worked  # type: ignore[attr-defined]
    licensed: bool = patent.is_licensed  # type: ignore[attr-defined]
    declaration = FundingDeclaration.objects.filter(patent=patent, replaced_at=None).first()
    reason = UnworkedReason.objects.filter(patent=patent, replaced_at=None).first()
    funded = declaration.is_funded if declaration else bool(patent.funding_project)
    return Ownership(
        patent=patent,
        declaration=declaration,
        workings=tuple(Working.objects.filter(patent=patent)),
        is_licensed=licensed,
        reason=reason,
        watched=working.watch(
            is_funded=funded,
            is_in_force=patent.status == PatentStatus.GRANTED,
            is_worked=worked,
            granted_on=patent.granted_on,
            has_reason=reason is not None,
            on=on,
            years=unworked_years(patent.region),
        ),
        rights=tuple(InventorRight.objects.filter(patent=patent).select_related("agreement")),
    )


def rights_in_force(patent_id: int, *, on: date) -> list[InventorRight]:
    """What inventors hold of a patent that day."""
    rows = InventorRight.objects.filter(patent_id=patent_id, starts_on__lte=on)
    return list(
        rows.filter(Q(ends_on=None) | Q(ends_on__gte=on), Q(ended_on=None) | Q(ended_on__gt=on))
    )


def unworked_years(region: str) -> int:
    """After how many years a funded patent that is not worked is flagged there."""
    return int(people.region_setting(UNWORKED_SETTING, region, default=working.UNWORKED_YEARS))


def was_licensed() -> Exists:
    """Whether the patent was ever licensed."""
    kinds = [kind.value for kind in binding.LICENCES]
    return Exists(Encumbrance.objects.filter(patent=OuterRef("pk"), kind__in=kinds))


def is_worked() -> Q:
    """Whether somebody works it: by a statement, a verified outcome, or a licence."""
    stated = Working.objects.filter(patent=OuterRef("pk"), withdrawn_at__isnull=True)
    return Q(Exists(stated)) | Q(was_licensed())


def unworked_funded(rows: PatentQuerySet, *, region: str, on: date) -> PatentQuerySet:
    """Of these, the funded ones in force that are not worked for so many years since grant."""
    declared = FundingDeclaration.objects.filter(patent=OuterRef("pk"), replaced_at__isnull=True)
    funded = Q(Exists(declared.filter(is_funded=True))) | (
        ~Q(funding_project="") & ~Q(Exists(declared))
    )
    latest = add_years(on, -unworked_years(region)) - timedelta(days=1)
    return (
        rows.filter(funded, status=PatentStatus.GRANTED, granted_on__lte=latest)
        .exclude(is_worked())
        .order_by("granted_on", "pk")
    )


def explained(ids: Iterable[int]) -> dict[int, str]:
    """Why these patents are not worked, where it was said."""
    rows = UnworkedReason.objects.filter(patent_id__in=set(ids), replaced_at__isnull=True)
    return dict(rows.values_list("patent_id", "reason"))


def right(right_id: int, *, viewer: Actor) -> InventorRight:
    """One right of a patent in the viewer's stock, or Missing."""
    mine = Patent.objects.managed_by(viewer)
    row = (
        InventorRight.objects.filter(pk=right_id, patent__in=mine)
        .select_related("agreement", "patent")
        .first()
    )
    if row is None:
        raise Missing("没有找到这项赋权。")
    return row
