"""The annuities of an organisation's patents: what falls due when, what it costs, what was paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q

from core.days import MONTHS_IN_YEAR, add_months
from core.people.types import Actor
from listings.models import Encumbrance, FeeReduction, MaintenanceDecision, Patent
from listings.models.patents import PatentQuerySet
from listings.rules import annuities
from listings.rules.annuities import Annuity, AnnuityState, Quote, Reduction
from listings.selectors.office import saying
from listings.types import EncumbranceKind, PatentKind, PatentStatus

RELIEF_ARTICLE = "专利收费减缴办法"
ROW = ("pk", "kind", "filed_on", "annuity_paid_to", "expires_on", "granted_on")
SOON = 30  # days


@dataclass(frozen=True, slots=True)
class Due:
    """One annuity that is or will be due; without a filing day or a record there is no sum."""

    patent_id: int
    state: AnnuityState
    due_on: date | None = None
    grace_until: date | None = None
    quote: Quote | None = None
    is_dropped: bool = False
    follows: bool = False  # due only after another one, which is late, has been paid

    @property
    def total(self) -> Decimal:
        return self.quote.total if self.quote else Decimal(0)

    @property
    def counts(self) -> bool:
        """Whether it belongs in the budget: not what is given up, nor what is lost already."""
        return not self.is_dropped and self.state in (AnnuityState.PAID, AnnuityState.GRACE)

    @property
    def group(self) -> str:
        """Where the calendar keeps it."""
        if self.is_dropped:
            return "dropped"
        return {
            AnnuityState.GRACE: "late",
            AnnuityState.OVERDUE: "overdue",
            AnnuityState.UNKNOWN: "unknown",
        }.get(self.state, "coming")


@dataclass(frozen=True, slots=True)
class Month:
    """What falls due in one month."""

    first: date
    count: int
    total: Decimal

    @property
    def code(self) -> str:
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the calendar is wanted."""

    text: str = ""
    state: str = ""
    month: str = ""
    kind: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Twelve months of annuities: the months, the groups, and the rows that were asked for."""

    months: tuple[Month, ...]
    groups: Mapping[str, int]
    late: Decimal
    coming: Decimal
    rows: tuple[Due, ...]

    @property
    def asked_total(self) -> Decimal:
        return sum((row.total for row in self.rows if row.counts), Decimal(0))

    @property
    def uncounted(self) -> int:
        """How many of the rows with a sum are no part of the total: given up, or lost already."""
        return sum(1 for row in self.rows if row.quote is not None and not row.counts)


def horizon(on: date) -> date:
    """The last day of the calendar: twelve months, this one included."""
    return add_months(on.replace(day=1), MONTHS_IN_YEAR) - timedelta(days=1)


def calendar(*, viewer: Actor, on: date, asked: Asked | None = None) -> Calendar:
    """The viewer's annuities for twelve months; sums are over all, rows are narrowed."""
    asked = asked or Asked()
    mine = Patent.objects.managed_by(viewer)
    every = dues(mine, on=on, until=horizon(on))
    chosen: set[int] | None = None
    if asked.text or asked.kind:
        chosen = set(_narrowed(mine, asked).values_list("pk", flat=True))
    rows = [row for row in every if _fits(row, asked, chosen, on=on)]
    groups: dict[str, int] = defaultdict(int)
    for row in every:
        groups[row.group] += 1
    counted = [row for row in every if row.counts]
    return Calendar(
        months=_months([row for row in counted if row.group == "coming"], on=on),
        groups=dict(groups),
        late=sum((row.total for row in counted if row.group == "late"), Decimal(0)),
        coming=sum((row.total for row in counted if row.group == "coming"), Decimal(0)),
        rows=tuple(sorted(rows, key=_order(asked.sort))),
    )


def _narrowed(mine: PatentQuerySet, asked: Asked) -> PatentQuerySet:
    rows = mine.filter(saying(asked.text)) if asked.text else mine
    return rows.filter(kind=asked.kind) if asked.kind else rows


def _fits(row: Due, asked: Asked, chosen: set[int] | None, *, on: date) -> bool:
    if chosen is not None and row.patent_id not in chosen:
        return False
    if asked.month and (row.due_on is None or f"{row.due_on:%Y-%m}" != asked.month):
        return False
    if asked.month and row.group != "coming":
        return False
    if asked.state == "soon":
        soon = on + timedelta(days=SOON)
        return row.group == "coming" and row.due_on is not None and row.due_on <= soon
    return not asked.state or row.group == asked.state


def _order(sort: str) -> Callable[[Due], tuple[Decimal, date, int]]:
    """By day, or the dearest first."""

    def key(row: Due) -> tuple[Decimal, date, int]:
        first = -row.total if sort == "amount" else Decimal(0)
        return first, row.due_on or date.max, row.patent_id

    return key


def _months(rows: list[Due], *, on: date) -> tuple[Month, ...]:
    found: dict[date, list[Decimal]] = defaultdict(list)
    for row in rows:
        assert row.due_on is not None
        found[row.due_on.replace(day=1)].append(row.total)
    firsts = [add_months(on.replace(day=1), n) for n in range(MONTHS_IN_YEAR)]
    return tuple(Month(first, len(found[first]), sum(found[first], Decimal(0))) for first in firsts)


def dues(rows: PatentQuerySet, *, on: date, until: date) -> list[Due]:
    """What is late, unknown or falls due by then among these patents: four queries for any number.

    Only patents in force have annuities; one that is late is followed by its next year's.
    """
    wanted = rows.filter(status=PatentStatus.GRANTED).filter(
        Q(annuity_paid_to__isnull=True) | Q(annuity_paid_to__lte=until)
    )
    facts = list(wanted.values_list(*ROW))
    ids = [row[0] for row in facts]
    cuts, given_up = reductions_of(ids), dropped(ids)
    found: list[Due] = []
    for pk, kind, filed_on, paid_to, expires_on, granted_on in facts:
        first = next_due(
            patent_id=pk,
            kind=PatentKind(kind),
            filed_on=filed_on,
            paid_to=paid_to,
            expires_on=expires_on,
            granted_on=granted_on,
            on=on,
            cuts=cuts.get(pk, ()),
        )
        if first is None or (first.due_on is not None and first.due_on > until):
            continue
        first = replace(first, is_dropped=pk in given_up)
        found.append(first)
        if later := _after(first, PatentKind(kind), filed_on, expires_on, cuts.get(pk, ()), until):
            found.append(later)
    return found


def next_due(
    *,
    patent_id: int,
    kind: PatentKind,
    filed_on: date | None,
    paid_to: date | None,
    expires_on: date | None,
    granted_on: date | None,
    on: date,
    cuts: Iterable[Reduction] = (),
    today: bool = False,
) -> Due | None:
    """The next annuity of one patent with what it costs: on its due day, or today if it is late
    or `today` is asked for.

    None when every year to the end of the term is paid.
    """
    found = annuities.annuity(
        kind=kind,
        filed_on=filed_on,
        paid_to=paid_to,
        on=on,
        expires_on=expires_on,
        granted_on=granted_on,
    )
    if found.state is AnnuityState.UNKNOWN:
        return Due(patent_id, found.state)
    if found.due_on is None:
        return None
    return Due(
        patent_id,
        found.state,
        found.due_on,
        found.grace_until,
        _quoted(found, kind, on, cuts, today),
    )


def _quoted(
    found: Annuity, kind: PatentKind, on: date, cuts: Iterable[Reduction], today: bool
) -> Quote | None:
    if found.year is None or found.due_on is None:
        return None
    pay_on = on if today else max(on, found.due_on)
    return annuities.quote(
        kind=kind, year=found.year, due_on=found.due_on, pay_on=pay_on, reductions=cuts
    )


def _after(
    first: Due,
    kind: PatentKind,
    filed_on: date | None,
    expires_on: date | None,
    cuts: Iterable[Reduction],
    until: date,
) -> Due | None:
    """The annuity after a late one, if it falls due in time to be planned for."""
    if first.state is not AnnuityState.GRACE or first.quote is None or filed_on is None:
        return None
    year = first.quote.year + 1
    due_on = annuities.due_day(filed_on, year)
    if due_on > until or (expires_on is not None and due_on >= expires_on):
        return None
    quote = annuities.quote(kind=kind, year=year, due_on=due_on, pay_on=due_on, reductions=cuts)
    return Due(
        first.patent_id,
        AnnuityState.PAID,
        due_on,
        quote.grace_until,
        quote,
        is_dropped=first.is_dropped,
        follows=True,
    )


def reductions_of(ids: Iterable[int]) -> dict[int, list[Reduction]]:
    """What lowers the fees of these patents: stated reductions, open declarations in force."""
    wanted = set(ids)
    found: dict[int, list[Reduction]] = defaultdict(list)
    stated = FeeReduction.objects.filter(patent_id__in=wanted, ended_at__isnull=True)
    for row in stated:
        label = f"费用减缴（{row.reference}）" if row.reference else "费用减缴"
        found[row.patent_id].append(
            Reduction(label, Decimal(row.percent) / 100, RELIEF_ARTICLE, row.starts_on, row.ends_on)
        )
    declared = Encumbrance.objects.filter(
        patent_id__in=wanted, kind=EncumbranceKind.OPEN_DECLARATION, active=True
    ).values_list("patent_id", "term")
    for patent_id, term in declared:
        last = term.upper - timedelta(days=1) if term.upper else None
        found[patent_id].append(annuities.open_licence(term.lower or date.min, last))
    return dict(found)


def dropped(ids: Iterable[int]) -> set[int]:
    """Those of these patents that their keepers no longer maintain."""
    rows = MaintenanceDecision.objects.filter(patent_id__in=set(ids), revoked_at__isnull=True)
    return set(rows.values_list("patent_id", flat=True))


def in_window(*, viewer: Actor, until: date) -> PatentQuerySet:
    """The viewer's patents in force whose next annuity is late or due by then, soonest first."""
    return Patent.objects.managed_by(viewer).filter(
        status=PatentStatus.GRANTED, annuity_paid_to__isnull=False, annuity_paid_to__lte=until
    )


def dues_by_patent(ids: Iterable[int], *, viewer: Actor, on: date, until: date) -> dict[int, Due]:
    """The next annuity of each of these patents of the viewer's."""
    rows = Patent.objects.managed_by(viewer).filter(pk__in=set(ids))
    return {due.patent_id: due for due in dues(rows, on=on, until=until) if not due.follows}


def waiting(*, viewer: Actor, on: date) -> tuple[int, int]:
    """How many of the viewer's annuities are in grace, and fall due within thirty days."""
    live = MaintenanceDecision.objects.filter(patent=OuterRef("pk"), revoked_at__isnull=True)
    counted = (
        Patent.objects.managed_by(viewer)
        .filter(status=PatentStatus.GRANTED)
        .exclude(Exists(live))
        .aggregate(
            late=Count(
                "pk",
                filter=Q(
                    annuity_paid_to__lt=on,
                    annuity_paid_to__gte=add_months(on, -annuities.GRACE_MONTHS),
                ),
            ),
            soon=Count(
                "pk",
                filter=Q(annuity_paid_to__gte=on, annuity_paid_to__lte=on + timedelta(days=SOON))
                & (Q(expires_on__isnull=True) | Q(expires_on__gt=F("annuity_paid_to"))),
            ),
        )
    )
    return counted["late"], counted["soon"]
