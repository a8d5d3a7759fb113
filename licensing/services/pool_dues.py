"""What a pool licence owes: the dated sums of its plan, booked once, and called for on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, Q

from core.audit import services as audit
from core.days import legal_day
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Dispute, PoolDue, PoolLicence, PoolRelease, PoolRoyaltyReport
from licensing.rules import fees
from licensing.selectors.disputed import concerns
from licensing.selectors.pool_royalties import ACCOUNT, called_for, open_sums
from licensing.services.ground import locked, tell
from licensing.services.letters import FARTHEST, Owed, call_for, issue_invoice, step_reached

SYSTEM = Actor.system()
# What the plan dates; a settlement may be reached before a licence older than its sums has them.
PLANNED = Q(report__isnull=True, late_due__isnull=True, dispute__isnull=True)


def book_plan(licence: PoolLicence, *, by: Actor, now: datetime) -> None:
    """The dated sums of the plan, unless they are there. The licence is locked."""
    if licence.dues.filter(PLANNED).exists():
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
    late_due: PoolDue | None = None,
    dispute: Dispute | None = None,
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
        late_due=late_due,
        dispute=dispute,
        explanation=list(lines),
        booked_at=now,
        booked_by=by.key,
    )
    if amount > 0:
        issue_invoice(owed_of(due), by=by, now=now)
    return due


def release(licence: PoolLicence, dispute: Dispute, *, by: Actor, now: datetime) -> Decimal:
    """Take off its disputed sums what is open of them; how much. The licence is locked.

    The holders share what comes in, so each hears what will not.
    """
    known = {"due_id": dispute.pool_due_id, "report_id": dispute.pool_report_id}
    left = [(due, missing) for due, missing in open_sums(licence) if concerns(due, **known)]
    PoolRelease.objects.bulk_create(
        PoolRelease(due=due, dispute=dispute, amount=missing, released_at=now, released_by=by.key)
        for due, missing in left
    )
    total = sum((missing for _due, missing in left), Decimal(0))
    if total:
        changes = {"sum": str(total)}
        audit.record("pool_licence.sum_released", subject=licence, by=by, at=now, changes=changes)
        tell(
            set(licence.patents.values_list("entry__holder_id", flat=True)),
            kind="pool.progress",
            key=f"pool-licence:{licence.pk}:released:{dispute.pk}",
            title=f"池许可费减少 {fees.money_text(total)}：{licence.pool.name[:60]}",
            body=f"{licence.number} 的管理人与被许可人就争议款项达成协议，这一部分不再收取。",
            url=f"/pool-licences/{licence.pk}/",
            now=now,
        )
    return total


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
    found = rows.prefetch_related("terms__plan__parts", *ACCOUNT)
    return sum(_call(licence, today=today, now=now) for licence in found.iterator(chunk_size=200))


def _call(licence: PoolLicence, *, today: date, now: datetime) -> int:
    if not licence.dues.all():
        _book_later(licence.pk, now=now)
        licence = PoolLicence.objects.get(pk=licence.pk)
    asked = called_for(licence, today=today)
    near = [(d, left) for d, left in asked if (today - d.due_on).days <= FARTHEST]
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
