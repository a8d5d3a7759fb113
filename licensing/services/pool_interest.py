"""Interest on late sums of pool licences: asked for once a sum is covered, or before on demand.

The rule is that of every contract (`rules/late`): the rate, the days, what was asked before. The
administrator acts for all holders, so what a licensee owes them is not left to its asking: as soon
as a sum that was late is covered, its interest falls due.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Missing
from core.people.types import Actor
from licensing.models import PoolDue, PoolLicence
from licensing.rules import fees, late
from licensing.selectors.pool_royalties import INTEREST, Covered, covered, interest_lines
from licensing.selectors.royalties import rate_of
from licensing.services.earnings import stored
from licensing.services.ground import locked, seen, tell
from licensing.services.pool_dues import book
from licensing.services.pools import run_by

AT_MOST = 5  # what is taken back may let money cover another sum earlier, whose interest then falls


@transaction.atomic
def charge_pool_interest(*, pool_licence_id: int, due_id: int, by: Actor, now: datetime) -> PoolDue:
    """The administrator asks for the interest on a late sum up to today, less what was asked."""
    run_by(by, seen(PoolLicence.objects.visible_to(by), pool_licence_id).pool_id)
    licence = locked(PoolLicence.objects.all(), pool_licence_id)
    one = next((x for x in covered(_fresh(licence)) if x.due.pk == due_id), None)
    if one is None:
        raise Missing("没有找到这一笔款项。")
    if one.still.held:
        raise Conflict(
            "这笔款项有争议正在处理，处理完毕以前不计收逾期利息；利息照常计算。", code="disputed"
        )
    made = _ask(licence, one, by=by, now=now, back=False)
    if made is None:
        raise Conflict("这笔款项没有新的逾期利息。", code="no-interest")
    return made


def settle_interest(licence: PoolLicence, *, by: Actor, now: datetime) -> list[PoolDue]:
    """Ask for what every sum that is covered owes by now, or take back what was asked too much.

    Inside the command, whose licence is locked. What a dispute keeps still waits for its end.
    """
    made: list[PoolDue] = []
    for _again in range(AT_MOST):
        rows = [x for x in covered(_fresh(licence)) if x.whole and not x.still.held]
        asked = [row for x in rows if (row := _ask(licence, x, by=by, now=now)) is not None]
        made += asked
        if not asked:
            break
    return made


def _fresh(licence: PoolLicence) -> PoolLicence:
    """The licence without anything that was read before this command changed it."""
    return PoolLicence.objects.select_related("pool", "terms__plan").get(pk=licence.pk)


def _ask(
    licence: PoolLicence, one: Covered, *, by: Actor, now: datetime, back: bool = True
) -> PoolDue | None:
    """Another sum of interest on this one, or what of it is taken back; None for nothing."""
    today = legal_day(now)
    rate = rate_of(licence.terms.plan, licence.pool.region)
    if not one.bears_interest:
        return None
    lines = interest_lines(one, rate=rate, today=today)
    amount, lines = late.still_to_ask(lines, one.asked)
    if not amount or (amount < 0 and not back):
        return None
    row = book(
        licence,
        kind=INTEREST,
        amount=amount,
        due_on=today + timedelta(days=late.PAY_DAYS),
        late_due=one.due,
        lines=[stored(line) for line in lines],
        by=by,
        now=now,
    )
    changes = {"sum": str(amount), "due": one.due.position}
    audit.record("pool_licence.interest", subject=licence, by=by, at=now, changes=changes)
    _tell(licence, row, one, now=now)
    return row


def _tell(licence: PoolLicence, row: PoolDue, one: Covered, *, now: datetime) -> None:
    of = f"{one.due.get_kind_display()}（应付日 {one.due.due_on:%Y-%m-%d}）"
    title = "池许可逾期利息"
    body = f"{of}逾期，请在 {row.due_on:%Y-%m-%d} 前付给管理人，算式见许可页。"
    if row.amount < 0:
        title, body = "池许可逾期利息减少", f"{of}重新计算，多计的冲抵已计的利息。"
    tell(
        [licence.licensee_id, licence.pool.administrator_id],
        kind="licence.progress",
        key=f"pool-interest:{row.pk}",
        title=f"{title} {fees.money_text(abs(row.amount))}：{licence.pool.name[:60]}",
        body=body,
        url=f"/pool-licences/{licence.pk}/",
        now=now,
    )
