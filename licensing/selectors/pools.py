"""Questions about patent pools: what they hold, what waits, who gets what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Prefetch, Q, QuerySet, Sum

from core.errors import Missing
from core.people.types import Actor, Role
from licensing.models import (
    Pool,
    PoolEntry,
    PoolIncome,
    PoolLicence,
    PoolLicencePatent,
    PoolShare,
    PoolTerms,
)
from licensing.rules import pools as rules
from licensing.selectors.pool_royalties import ACCOUNT

ADMITTED = Q(entries__status=rules.EntryStatus.ADMITTED)
NOT_FOUND = "没有找到这条记录，或您无权查看。"


def pools(*, word: str = "") -> QuerySet[Pool]:
    """All pools, open ones first: they are public."""
    rows = Pool.objects.select_related("administrator").annotate(
        patents=Count("entries", filter=ADMITTED, distinct=True),
        holders=Count("entries__holder", filter=ADMITTED, distinct=True),
    )
    for part in word.split()[:8]:
        rows = rows.filter(Q(name__icontains=part) | Q(field__icontains=part))
    return rows.order_by("-status", "-pk")


def pool(pool_id: int) -> Pool:
    """One pool; Missing when there is none."""
    found = pools().filter(pk=pool_id).first()
    if found is None:
        raise Missing("没有找到这个专利池。")
    return found


def pools_run_by(viewer: Actor) -> QuerySet[Pool]:
    """The pools that the viewer administers."""
    return pools().filter(administrator_id__in=viewer.acts_for)


def current_terms(row: Pool) -> PoolTerms | None:
    """The standard terms that hold for licences taken now."""
    found = row.terms.select_related("plan").prefetch_related("plan__parts")
    return found.order_by("-version").first()


def terms_history(row: Pool) -> QuerySet[PoolTerms]:
    """Every version, newest first."""
    return row.terms.select_related("plan").prefetch_related("plan__parts").order_by("-version")


def entries(*, viewer: Actor) -> QuerySet[PoolEntry]:
    """The entries the viewer may see, newest first."""
    rows = PoolEntry.objects.visible_to(viewer).select_related("holder", "pool")
    return rows.order_by("-pk")


def entry(entry_id: int, *, viewer: Actor) -> PoolEntry:
    """One entry; Missing when the viewer may not see it."""
    found = entries(viewer=viewer).filter(pk=entry_id).first()
    if found is None:
        raise Missing(NOT_FOUND)
    return found


def standing(row: Pool) -> list[PoolEntry]:
    """The patents that stand in the pool now."""
    found = row.entries.filter(status=rules.EntryStatus.ADMITTED).select_related("holder")
    return list(found.order_by("pk"))


def standing_anywhere(patent_ids: Iterable[int]) -> set[int]:
    """Those of these patents that stand in some pool now."""
    rows = PoolEntry.objects.filter(
        patent_id__in=set(patent_ids), status=rules.EntryStatus.ADMITTED
    )
    return set(rows.values_list("patent_id", flat=True))


def applications_waiting(*, viewer: Actor) -> tuple[int, datetime | None, int | None]:
    """How many applications the viewer has to decide, since when, and in which pool the oldest."""
    rows = PoolEntry.objects.filter(
        status=rules.EntryStatus.APPLIED, pool__administrator_id__in=viewer.acts_for
    )
    first = rows.order_by("applied_at").values_list("applied_at", "pool_id").first()
    return (rows.count(), *first) if first else (0, None, None)


def own_entries(*, viewer: Actor, pool_id: int | None = None) -> QuerySet[PoolEntry]:
    """The viewer's own patents in pools, with what became of each application."""
    rows = PoolEntry.objects.filter(holder_id__in=viewer.acts_for).select_related("pool")
    return (rows if pool_id is None else rows.filter(pool_id=pool_id)).order_by("-pk")


def licences(*, viewer: Actor) -> QuerySet[PoolLicence]:
    """The pool licences the viewer may see, newest first."""
    rows = PoolLicence.objects.visible_to(viewer).select_related(
        "pool__administrator", "licensee", "terms"
    )
    return rows.annotate(received=Sum("income__amount")).order_by("-pk")


def licence(licence_id: int, *, viewer: Actor) -> PoolLicence:
    """One pool licence with its patents; Missing when the viewer may not see it."""
    patents = PoolLicencePatent.objects.select_related("entry__holder").order_by("entry_id")
    rows = licences(viewer=viewer).prefetch_related(
        Prefetch("patents", queryset=patents), "terms__plan__parts", *ACCOUNT
    )
    found = rows.filter(pk=licence_id).first()
    if found is None:
        raise Missing(NOT_FOUND)
    return found


def income(row: PoolLicence, *, viewer: Actor) -> list[PoolIncome]:
    """What came in, with the shares that the viewer may see."""
    shown = visible_shares(viewer=viewer).select_related("holder").order_by("holder_id")
    return list(row.income.prefetch_related(Prefetch("shares", queryset=shown)))


def visible_shares(*, viewer: Actor) -> QuerySet[PoolShare]:
    """A holder sees its own; the administrator, the region's bureau and auditors see all."""
    rows = PoolShare.objects.all()
    if sees_all_shares(viewer):
        return rows
    own = Q(holder_id__in=viewer.acts_for)
    own |= Q(income__licence__pool__administrator_id__in=viewer.acts_for)
    if viewer.has(Role.BUREAU):
        own |= Q(income__licence__pool__region__startswith=viewer.region)
    return rows.filter(own)


def sees_all_shares(viewer: Actor) -> bool:
    """The platform and auditors."""
    return viewer.is_system or viewer.has(Role.AUDITOR)


@dataclass(frozen=True, slots=True)
class PoolTotal:
    """What one pool has brought a holder."""

    name: str
    amount: Decimal


def statement(*, viewer: Actor) -> QuerySet[PoolShare]:
    """A holder's shares of everything received, newest first."""
    rows = PoolShare.objects.filter(holder_id__in=viewer.acts_for)
    return rows.select_related("income__licence__pool", "income__licence__licensee").order_by(
        "-income__received_on", "-pk"
    )


def totals(*, viewer: Actor) -> Sequence[PoolTotal]:
    """The sum of the same rows, by pool."""
    rows = PoolShare.objects.filter(holder_id__in=viewer.acts_for).order_by()
    pool_of = "income__licence__pool"  # by its id: two administrators may use one name
    found = rows.values_list(pool_of, f"{pool_of}__name").annotate(total=Sum("amount"))
    return [PoolTotal(name, total) for _pk, name, total in found.order_by("-total", pool_of)]
