"""What a pool licence owes: the dated sums of its plan, booked once, and called for on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from core.audit import services as audit
from core.days import legal_day
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import PoolDue, PoolLicence, PoolRoyaltyReport
from licensing.rules import fees
from licensing.selectors.pool_royalties import open_sums
from licensing.services.ground import locked, tell
from licensing.services.letters import FARTHEST, Owed, call_for, issue_invoice, step_reached

SYSTEM = Actor.system()


def book_plan(licence: PoolLicence, *, by: Actor, now: datetime) -> None:
    """The dated sums of the plan, unless they are there. The licence is locked."""
    if licence.dues.filter(report__isnull=True).exists():
        return
    for due in fees.schedule(licence.terms.plan.terms(), served_on=licence.starts_on):
        book(licence, kind=due.kind, amount=due.amount, due_on=due.due_on, by=by, now=now)


def book(
    licence: PoolLicence,
    *,
    kind: str,
    amount: Decimal,
    due_on: date,
    by: Actor,
    now: datetime,
    report: PoolRoyaltyReport | None = None,
    lines: Sequence[dict[str, str]] = (),
) -> PoolDue:
    """Another sum, with how it came about and its payment notice."""
    last = licence.dues.aggregate(n=Max("position"))["n"] or 0
    due = PoolDue.objects.create(
        licence=licence,
        position=last + 1,
        kind=kind,
        amount=amount,
        due_on=due_on,
        report=report,
        explanation=list(lines),
        booked_at=now,
        booked_by=by.key,
    )
    if amount > 0:
        issue_invoice(owed_of(due), by=by, now=now)
    return due


def owed_of(due: PoolDue) -> Owed:
    """The sum as its letters say it."""
    licence = due.licence
    ids = [licence.pool.administrator_id, licence.licensee_id]
    names = people.organisations(ids)
    return Owed(
        number=licence.number or "",
        position=due.position,
        heads={
            "许可编号": licence.number,
            "专利池": f"{licence.pool.name}（{licence.pool.number}）",
            "收款方（管理人）": names[ids[0]].name,
            "付款方（被许可人）": names[ids[1]].name,
        },
        kind=due.get_kind_display(),
        amount=due.amount,
        currency=licence.terms.plan.currency,
        due_on=due.due_on,
        of={"pool_due": due},
        standard=fees.standard_lines(licence.terms.plan.terms()),
        lines=due.explanation,
    )


def call_for_sums(*, now: datetime) -> int:
    """Remind of what falls due, dun what is late, on paper and each step once; how many rang.

    A licence that ran out still owes what it owes.
    """
    today = legal_day(now)
    rows = PoolLicence.objects.select_related("pool", "terms__plan").order_by("pk")
    found = rows.prefetch_related("dues", "income", "terms__plan__parts")
    return sum(_call(licence, today=today, now=now) for licence in found.iterator(chunk_size=200))


def _call(licence: PoolLicence, *, today: date, now: datetime) -> int:
    if not licence.dues.all():
        _book_later(licence.pk, now=now)
        licence = PoolLicence.objects.get(pk=licence.pk)
    near = [(d, left) for d, left in open_sums(licence) if (today - d.due_on).days <= FARTHEST]
    return sum(_remind(licence, due, left, today=today, now=now) for due, left in near)


@transaction.atomic
def _book_later(pk: int, *, now: datetime) -> None:
    """The sums of a licence that is older than their table."""
    licence = locked(PoolLicence.objects.all(), pk)
    book_plan(licence, by=SYSTEM, now=now)


@transaction.atomic
def _remind(
    licence: PoolLicence, due: PoolDue, left: Decimal, *, today: date, now: datetime
) -> int:
    step = step_reached(due.due_on, region=licence.pool.region, today=today)
    if not step:
        return 0
    if call_for(owed_of(due), step, outstanding=left, by=SYSTEM, now=now):
        audit.record("pool_licence.dunned", subject=licence, by=SYSTEM, at=now)
    late = step.startswith("late")
    title = "池许可费已逾期" if late else "池许可费即将到期"
    tell(
        [licence.licensee_id, *([licence.pool.administrator_id] if late else [])],
        kind="licence.deadline",
        key=f"pool-due:{due.pk}:{step}",
        title=f"{title}：{licence.pool.name[:60]}",
        body=f"{fees.money_text(left)} 应在 {due.due_on:%Y-%m-%d} 前付给管理人。",
        url=f"/pool-licences/{licence.pk}/",
        now=now,
    )
    return 1
