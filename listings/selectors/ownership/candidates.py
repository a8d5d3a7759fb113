"""Granted for years, unworked, free: patents that could be offered under an open licence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, F, OuterRef, Q

from core.days import legal_day
from core.people import selectors as people
from core.people.types import Actor, Role
from listings.models import Encumbrance, Holder, InventorRight, Patent
from listings.models.patents import PatentQuerySet, sees_all
from listings.rules import working
from listings.rules.inventors import InventorRightKind
from listings.rules.terms import add_years, years_between
from listings.selectors.ownership.rights import explained, is_worked, unworked_funded
from listings.selectors.register.legal import can_many
from listings.types import (
    Action,
    Blocker,
    Consent,
    EncumbranceKind,
    PatentKind,
    PatentStatus,
    hard,
)

SETTING = "open_licence.candidate_years"
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """One patent on the list: for how long it has been granted, and what `can` says of it."""

    patent_id: int
    years: int
    against: tuple[Blocker, ...]
    is_flagged: bool
    reason: str

    @property
    def may_declare(self) -> bool:
        return not hard(self.against)


def overseen(viewer: Actor) -> PatentQuerySet:
    """The patents whose candidates the viewer looks through."""
    if sees_all(viewer):
        return Patent.objects.kept()
    mine = Q(organisation_id__in=viewer.acts_for)
    if viewer.has(Role.BUREAU):
        mine |= Q(region__startswith=viewer.region)
    return Patent.objects.kept().filter(mine)


def candidate_years(region: str) -> int:
    """For how long a patent must have been granted there."""
    return int(people.region_setting(SETTING, region, default=working.CANDIDATE_YEARS))


def candidates(*, viewer: Actor, on: date) -> PatentQuerySet:
    """Granted long ago, in force, not worked, and nothing known against an open declaration.

    This says in SQL what `blockers` says of one patent; `of_page` asks the rules themselves.
    """
    latest = add_years(on, -candidate_years(viewer.region))
    rows = overseen(viewer).filter(
        Q(expires_on__isnull=True) | Q(expires_on__gt=on),
        Q(annuity_paid_to__isnull=True) | Q(annuity_paid_to__gte=on),
        Q(kind=PatentKind.INVENTION) | Q(evaluation_verdict="supports"),
        status=PatentStatus.GRANTED,
        granted_on__lte=latest,
    )
    return (
        rows.filter(_owner_is_named())
        .exclude(is_worked())
        .exclude(_bound(on))
        .exclude(_somebody_has_not_agreed(on))
        .order_by("granted_on", "pk")
    )


def _owner_is_named() -> Exists:
    own = Holder.objects.filter(patent=OuterRef("pk"), organisation_id=OuterRef("organisation_id"))
    return Exists(own)


def _bound(on: date) -> Exists:
    """Declared, pledged without a word of the pledgee, or preserved: now or from a later day."""
    rows = Encumbrance.objects.filter(patent=OuterRef("pk"), active=True).filter(
        Q(term__upper_inf=True) | Q(term__endswith__gt=on)
    )
    free = Q(kind=EncumbranceKind.PLEDGE, consents__contains=[Action.DECLARE_OPEN.value])
    kinds = [
        EncumbranceKind.OPEN_DECLARATION,
        EncumbranceKind.PLEDGE,
        EncumbranceKind.PRESERVATION,
    ]
    return Exists(rows.filter(kind__in=kinds).exclude(free))


def _somebody_has_not_agreed(on: date) -> Q:
    """A co-owner on the register, or inventors who own a share."""
    holders = Holder.objects.filter(patent=OuterRef("pk"), consent=Consent.NONE).filter(
        Q(organisation_id__isnull=True) | ~Q(organisation_id=F("patent__organisation_id"))
    )
    inventors = InventorRight.objects.filter(
        Q(ended_on__isnull=True) | Q(ended_on__gt=on),
        patent=OuterRef("pk"),
        kind=InventorRightKind.OWNERSHIP,
        consent=Consent.NONE,
        starts_on__lte=on,
    )
    return Q(Exists(holders)) | Q(Exists(inventors))


def counted(rows: PatentQuerySet) -> int:
    """How many there are, but no more than `MOST`: a nation's list is not counted to its end."""
    return rows.order_by()[:MOST].count()


def unworked(*, viewer: Actor, on: date) -> PatentQuerySet:
    """Funded patents that nobody works for so many years, in the viewer's stock or region."""
    return unworked_funded(overseen(viewer), region=viewer.region, on=on)


def of_page(ids: Iterable[int], *, viewer: Actor, at: datetime) -> dict[int, Standing]:
    """What the rules say of these patents today, in a fixed number of queries."""
    wanted, on = list(ids), legal_day(at)
    against = can_many(wanted, Action.DECLARE_OPEN, at=at)
    rows = Patent.objects.filter(pk__in=wanted).defer("embedding", "search", "abstract")
    flagged = set(
        unworked_funded(
            Patent.objects.filter(pk__in=wanted), region=viewer.region, on=on
        ).values_list("pk", flat=True)
    )
    why = explained(flagged)
    return {
        row.pk: Standing(
            patent_id=row.pk,
            years=years_between(row.granted_on, on) if row.granted_on else 0,
            against=tuple(against.get(row.pk, ())),
            is_flagged=row.pk in flagged,
            reason=why.get(row.pk, ""),
        )
        for row in rows
    }
