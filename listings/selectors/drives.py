"""Drives as organisers and invited institutions see them: counts out of the stock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Max, Q, QuerySet

from core.errors import Missing
from core.people import selectors as people
from core.people.selectors import OrganisationCard
from core.people.types import Actor, Role
from core.permissions import Permission, allowed
from listings.models import Patent
from listings.models.drives import Drive, DriveQuerySet, DriveTask, TaskState
from listings.rules import drives as rules
from listings.rules.drives import Stock
from listings.types import InventoryStatus, PatentStatus

DECIDED: Final = (InventoryStatus.ADMITTED.value, InventoryStatus.ARCHIVED.value)
INVITABLE: Final = ("university", "institute", "hospital", "state_firm", "enterprise", "other")
STATES: Final = [(state.value, str(state.label)) for state in TaskState]
NOT_FOUND: Final = "没有找到这次盘点动员，可能已被移除，或您无权查看。"


@dataclass(frozen=True, slots=True)
class Line:
    """One institution of a drive."""

    task_id: int
    organisation_id: int
    name: str
    kind: str
    state: str
    state_label: str
    declared: int | None
    stock: Stock
    coverage: Decimal | None
    left: int
    note: str
    has_account: bool
    done_at: datetime | None
    reminded_at: datetime | None

    @property
    def outstanding(self) -> bool:
        return self.state in rules.OUTSTANDING


def stock_of(organisation_ids: Iterable[int]) -> dict[int, Stock]:
    """What of each institution lies in the library, in one query."""
    granted = Q(status=PatentStatus.GRANTED)
    rows = (
        Patent.objects.kept()
        .filter(organisation_id__in=set(organisation_ids))
        .order_by()
        .values("organisation_id")
        .annotate(
            valid=Count("pk", filter=granted),
            decided=Count("pk", filter=granted & Q(inventory__status__in=DECIDED)),
            unverified=Count("pk", filter=Q(status=PatentStatus.UNVERIFIED)),
        )
    )
    return {
        row["organisation_id"]: Stock(row["valid"], row["decided"], row["unverified"])
        for row in rows
    }


def run_by(*, viewer: Actor) -> DriveQuerySet:
    """The drives that the viewer runs or oversees, the newest first, with how many are where."""
    rows: DriveQuerySet = (
        Drive.objects.run_by(viewer)
        .select_related("organiser")
        .annotate(
            n_all=Count("tasks"),
            n_done=Count("tasks", filter=Q(tasks__state=TaskState.DONE)),
            n_excused=Count("tasks", filter=Q(tasks__state=TaskState.EXCUSED)),
        )
        .order_by("-state", "-ends_on", "-pk")
    )
    return rows


def drive(drive_id: int, *, viewer: Actor) -> Drive:
    """One drive for those who run or oversee it, or Missing."""
    row = Drive.objects.run_by(viewer).select_related("organiser").filter(pk=drive_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def may_run(row: Drive, *, by: Actor) -> bool:
    """Whether the actor may change it."""
    return row.state == "open" and allowed(by, Permission.RUN_DRIVE, on=row)


def tasks(*, viewer: Actor) -> QuerySet[DriveTask]:
    """What the viewer's institutions were asked to do, what is open first."""
    return (
        DriveTask.objects.invited(viewer)
        .select_related("drive", "drive__organiser", "organisation")
        .order_by("-drive__state", "-drive__ends_on", "-pk")
    )


def task(task_id: int, *, viewer: Actor) -> DriveTask:
    """One of them, or Missing."""
    row = tasks(viewer=viewer).filter(pk=task_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def either(task_id: int, *, viewer: Actor) -> DriveTask:
    """One task, for the institution or for those who run or oversee its drive; or Missing."""
    mine = Q(organisation_id__in=viewer.acts_for) | Q(drive__in=Drive.objects.run_by(viewer))
    rows = DriveTask.objects.select_related("drive", "organisation")
    row = rows.filter(mine, pk=task_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def open_tasks(*, viewer: Actor) -> list[tuple[DriveTask, Stock]]:
    """What of it is still to be done, each with the stock as it is, in two queries."""
    rows = list(
        tasks(viewer=viewer).filter(
            drive__state="open", state__in=[s.value for s in rules.OUTSTANDING]
        )
    )
    stocks = stock_of({row.organisation_id for row in rows}) if rows else {}
    return [(row, stocks.get(row.organisation_id, Stock())) for row in rows]


def unfinished(*, viewer: Actor) -> list[tuple[Drive, int]]:
    """Open drives of the viewer, each with how many institutions have yet to finish."""
    waiting = Count("tasks", filter=Q(tasks__state__in=[s.value for s in rules.OUTSTANDING]))
    mine = Drive.objects.run_by(viewer).filter(state="open").annotate(n_waiting=waiting)
    return [(row, row.n_waiting) for row in mine.order_by("ends_on")[:20]]  # type: ignore[attr-defined]


def lines(row: Drive) -> list[Line]:
    """Every institution of a drive, those with most left first, in four queries. A closed drive
    shows what it came to when it was closed."""
    found = list(
        row.tasks.select_related("organisation").annotate(reminded=Max("reminders__reminded_at"))
    )
    ids = [task.organisation_id for task in found]
    stocks = stock_of(ids)
    accounts = people.members_of(ids, Role.OFFICE)
    kept = {int(line["organisation_id"]): line for line in (row.snapshot or {}).get("lines", [])}
    made = [
        _line(task, stocks.get(task.organisation_id, Stock()), accounts, kept) for task in found
    ]
    return sorted(made, key=lambda line: (not line.outstanding, -line.left, line.name))


def _line(
    task: DriveTask,
    stock: Stock,
    accounts: dict[int, list[int]],
    kept: dict[int, dict[str, Any]],
) -> Line:
    if task.organisation_id in kept:
        then = kept[task.organisation_id]
        stock = Stock(then["valid"], then["decided"], then["unverified"])
    return Line(
        task_id=task.pk,
        organisation_id=task.organisation_id,
        name=task.organisation.name,
        kind=task.organisation.get_kind_display(),
        state=task.state,
        state_label=task.get_state_display(),
        declared=task.declared,
        stock=stock,
        coverage=rules.coverage(stock, task.declared),
        left=rules.left(stock, task.declared) if task.state in rules.OUTSTANDING else 0,
        note=task.excuse or task.shortfall,
        has_account=bool(accounts.get(task.organisation_id)),
        done_at=task.done_at,
        reminded_at=task.reminded,  # type: ignore[attr-defined]
    )


def totals(found: Sequence[Line]) -> dict[str, Any]:
    """The sums of a drive, and its coverage."""
    sums = rules.overall((line.stock, line.declared, line.state) for line in found)
    share = rules.coverage(Stock(sums["declared"], sums["counted"]), sums["declared"] or None)
    return {**sums, "all": len(found), "coverage": share}


def candidates(*, by: Actor, within: str = "", kinds: Iterable[str] = ()) -> list[OrganisationCard]:
    """Whom the actor may invite: a bureau, institutions of its region; an agency, those who
    empowered it."""
    wanted = [kind for kind in kinds if kind in INVITABLE] or list(INVITABLE)
    if by.has(Role.BUREAU):
        prefix = within if within.startswith(by.region) else by.region
        return people.organisations_in(prefix, wanted, limit=rules.MOST_INVITED + 1)
    cards = people.organisations(by.mandates).values()
    return sorted((c for c in cards if c.kind in wanted), key=lambda card: card.name)


def none() -> DriveQuerySet:
    """An empty set, for descriptions of the API."""
    return Drive.objects.none()


def no_tasks() -> QuerySet[DriveTask]:
    """An empty set, for descriptions of the API."""
    return DriveTask.objects.none()
