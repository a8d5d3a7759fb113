"""The licences that a signed deal grants, each binding its patent."""

from __future__ import annotations

from datetime import date, datetime

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict
from core.outbox import services as outbox
from core.people.types import Actor
from licensing.models import Deal, DealItem, FeePlan, Licence, TermsVersion
from licensing.rules import deals as rules
from licensing.rules import effect, fees, moves
from licensing.rules.deals import DealKind, Party
from licensing.rules.numbers import licence_number
from licensing.services.fee_plans import write_plan
from licensing.services.ground import bind, licence_facts, licence_url, moved, patent, tell
from licensing.services.taking import write_schedule


def license_patents(row: Deal, version: TermsVersion, *, by: Actor, now: datetime) -> None:
    """A licence for each patent; the first carries the fees, the others name it.

    In a cross-licence each side licenses its own: all of them arise in one transaction or none.
    """
    first: Licence | None = None
    ends = []
    for item in row.items.order_by("position"):
        plan = version.plan
        if first is not None:
            free = fees.FeePart(fees.PartKind.FREE_UNTIL)
            plan = write_plan((free,), by=by, now=now)
        licence = _grant(row, item, version, plan, first, by=by, now=now)
        item.licence, item.encumbrance_id = licence, licence.encumbrance_id
        item.save(update_fields=["licence", "encumbrance"])
        ends.append(licence.ends_on)
        first = first or licence
    row.ends_on = max((day for day in ends if day), default=None)


def _grant(
    row: Deal,
    item: DealItem,
    version: TermsVersion,
    plan: FeePlan,
    first: Licence | None,
    *,
    by: Actor,
    now: datetime,
) -> Licence:
    """The licence of one patent, binding it within the agreed scope and term."""
    starts_on = legal_day(now)
    licence = _written(row, item, version, plan, by=by, now=now)
    licence.number = licence_number(licence.pk, starts_on)
    licence.ends_on = _last_day(row, item, version, starts_on)
    if row.under is None:
        licence.encumbrance_id = _bond(licence, version, starts_on, by=by, now=now)
    moved(moves.LICENCE_MOVES, moves.LICENCE_LABELS, licence, "take_effect")
    licence.effective_at, licence.starts_on = now, starts_on
    licence.explanation = _why(row, first, now)
    licence.save()
    write_schedule(licence)
    _announce(licence, by=by, now=now)
    return licence


def _written(
    row: Deal, item: DealItem, version: TermsVersion, plan: FeePlan, *, by: Actor, now: datetime
) -> Licence:
    """The licence as agreed, before anything binds; each side licenses its own."""
    giver, taker = row.holder_id, row.taker_id
    if item.side == Party.TAKER:
        giver, taker = taker, giver
    return Licence.objects.create(
        patent_id=item.patent_id,
        licensor_id=giver,
        licensee_id=taker,
        under=row.under,
        region=row.region,
        kind=rules.KINDS[DealKind(version.kind)].right,
        plan=plan,
        patent_number=item.patent_number,
        patent_title=item.patent_title,
        months=version.months,
        territory=version.territory,
        noticed_at=now,
        noticed_by=by.key,
        served_at=now,
    )


def _bond(
    licence: Licence, version: TermsVersion, starts_on: date, *, by: Actor, now: datetime
) -> int:
    """What it binds of the patent; its id."""
    return bind(
        patent_id=licence.patent_id,
        kind=rules.BONDS[DealKind(version.kind)],
        starts_on=starts_on,
        ends_on=licence.ends_on,
        reference=f"licence:{licence.pk}",
        party_id=licence.licensee_id,
        territory=version.territory,
        modes=tuple(version.modes),
        by=by,
        now=now,
    )


def _announce(licence: Licence, *, by: Actor, now: datetime) -> None:
    """It is in effect: into the trail, and out to whoever listens."""
    audit.record("licence.effective", subject=licence, by=by, at=now)
    known = {"effective_at": now.isoformat(), "fee": fees.price_text(licence.plan.terms())}
    payload = licence_facts(licence) | known
    outbox.emit("licence.effective", subject=licence, by=by, at=now, payload=payload)


def _last_day(row: Deal, item: DealItem, version: TermsVersion, starts_on: date) -> date:
    """As agreed; without months with the patent, a sub-licence with the licence above it."""
    expires_on = patent(item.patent_id).expires_on
    if expires_on is None or expires_on <= starts_on:
        raise Conflict("专利权期限已届满或未登记，不能签约。", code="expired")
    head = row.under
    if head is not None and head.ends_on is not None and version.months is None:
        return head.ends_on
    return rules.last_day(starts_on, version.months, expires_on=expires_on)


def _why(row: Deal, first: Licence | None, now: datetime) -> str:
    with_fees = f"费用合并在 {first.number} 中支付。" if first else ""
    under = f"随上游许可 {row.under.number} 终止（民法典第八百六十七条）。" if row.under else ""
    return (
        f"双方签订的合同（洽谈 {row.number}）于 {effect.minute_text(now)} 经核对印章，"
        "许可即时生效。"
        f"{with_fees}{under}依据：民法典第五百零二条、第八百六十二条。"
    )


def end_sublicences(head: Licence, *, now: datetime) -> None:
    """What was granted under a licence ends with it, and both parties are told."""
    live = sorted(s.value for s in moves.IN_FORCE)
    rows = Licence.objects.select_for_update(of=("self",)).filter(under=head, status__in=live)
    for row in rows.order_by("pk"):
        moved(moves.LICENCE_MOVES, moves.LICENCE_LABELS, row, "end")
        row.closed_at, row.closed_by = now, Actor.system().key
        row.closed_reason = f"上游许可 {head.number} 已终止，分许可随之终止（民法典第八百六十七条）"
        row.save(update_fields=["status", "closed_at", "closed_by", "closed_reason"])
        audit.record("licence.ended", subject=row, by=Actor.system(), at=now)
        tell(
            [row.licensor_id, row.licensee_id],
            kind="licence.progress",
            key=f"sublicence-ended:{row.pk}",
            title=f"分许可已随上游许可终止：{row.patent_title[:60]}",
            body=row.closed_reason,
            url=licence_url(row),
            now=now,
        )
