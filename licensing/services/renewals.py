"""Renewals 续展: asked by the licensee, answered by the licensor, or lapsed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Deal, DealItem, Licence, Renewal
from licensing.rules import fees, royalties
from licensing.rules import renewals as rules
from licensing.rules.claims import Side
from licensing.rules.moves import IN_FORCE
from licensing.rules.royalties import Line
from licensing.selectors.endings import last_day_for, renewal_facts, renewal_window
from licensing.services.earnings import stored
from licensing.services.ending import lapse_renewal, party, ring, said
from licensing.services.ground import bind, locked, moved, seen
from licensing.services.royalties import add_due
from listings.types import MODES, EncumbranceKind

FARTHEST = 366  # days: no region asks for longer


@transaction.atomic
def ask_renewal(
    *,
    licence_id: int,
    months: int,
    by: Actor,
    now: datetime,
    fee: Decimal | None = None,
    note: str = "",
) -> Renewal:
    """The licensee asks for a further term; an open licence is renewed on its announced terms."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    if party(licence, by=by) is not Side.LICENSEE:
        raise NotAllowed("续展由被许可人提出，许可人答复。", code="licensee-only")
    today = legal_day(now)
    _refuse(licence, today=today, asking=True)
    assert licence.ends_on is not None  # what is in force has a last day
    is_open = licence.declaration_id is not None
    errors: dict[str, list[str]] = {}
    if not 1 <= months <= rules.LONGEST:
        errors["months"] = [f"请填写 1 至 {rules.LONGEST} 个月。"]
    if not is_open and (fee is None or not 0 <= fee <= fees.LARGEST or fee != fees.yuan(fee)):
        errors["fee"] = ["请填写续展期的费用，不小于 0、最多两位小数；没有另外费用的填 0。"]
    if errors:
        raise Invalid(fields=errors)
    until = last_day_for(licence, months)
    days = people.region_setting("licence.answer_days", licence.region, default=rules.ANSWER_DAYS)
    row = Renewal.objects.create(
        licence=licence,
        months=months,
        fee=None if is_open else fee,
        former_ends_on=licence.ends_on,
        ends_on=until,
        explanation=rules.why(licence.ends_on, months, until=until),
        note=note.strip()[:2000],
        answer_by=rules.answer_by(today, days, ends_on=licence.ends_on),
        asked_at=now,
        asked_by=by.key,
    )
    said("licence.renewal_asked", licence, row, by=by, now=now)
    body = f"{row.explanation}请在 {row.answer_by:%Y-%m-%d} 前答复。"
    ring(licence, Side.LICENSOR, key=f"renewal-asked:{row.pk}",
         title="请答复续展", body=body, now=now)  # fmt: skip
    return row


def _refuse(licence: Licence, *, today: date, asking: bool) -> None:
    days = renewal_window(licence.region)
    why = rules.against(renewal_facts(licence), today=today, window_days=days, asking=asking)
    if why:
        raise Conflict(why, code="not-renewable")


def _moved(renewal_id: int, move: str, *, by: Actor, side: Side) -> Renewal:
    """The renewal, locked after its licence and moved by the party whose turn it is."""
    known = seen(Renewal.objects.visible_to(by), renewal_id)
    locked(Licence.objects.visible_to(by), known.licence_id)  # the licence first, as always
    row = locked(Renewal.objects.visible_to(by), renewal_id)
    if party(row.licence, by=by) is not side:
        words = "续展由许可人答复。" if side is Side.LICENSOR else "续展由提出的一方撤回。"
        raise NotAllowed(words, code="other-side")
    moved(rules.RENEWAL_MOVES, rules.RENEWAL_LABELS, row, move)
    return row


def _close(row: Renewal, answer: str, *, by: Actor, now: datetime) -> None:
    row.answered_at, row.answered_by, row.answer = now, by.key, answer.strip()[:2000]
    row.save()


@transaction.atomic
def accept_renewal(*, renewal_id: int, by: Actor, now: datetime, answer: str = "") -> Renewal:
    """The licence goes on: its patent is bound for the further term and its sums fall due."""
    row = _moved(renewal_id, "accept", by=by, side=Side.LICENSOR)
    licence = row.licence
    _refuse(licence, today=legal_day(now), asking=False)
    row.ends_on = last_day_for(licence, row.months)
    row.explanation = rules.why(row.former_ends_on, row.months, until=row.ends_on)
    if licence.under_id is None:
        row.encumbrance_id = bind(
            patent_id=licence.patent_id,
            kind=EncumbranceKind(licence.kind),
            starts_on=row.former_ends_on + timedelta(days=1),
            ends_on=row.ends_on,
            reference=f"licence:{licence.pk}",
            party_id=licence.licensee_id,
            territory=licence.territory,
            modes=_modes(licence),
            by=by,
            now=now,
        )
    _close(row, answer, by=by, now=now)
    licence.ends_on = row.ends_on
    licence.save(update_fields=["ends_on"])
    Deal.objects.filter(items__licence=licence, ends_on__lt=row.ends_on).update(ends_on=row.ends_on)
    _charge(licence, row, by=by, now=now)
    said("licence.prolonged", licence, row, by=by, now=now)
    ring(licence, key=f"renewal-accepted:{row.pk}", title="许可已续展",
         body=f"{row.explanation}已备案的，请办理备案变更。", now=now)  # fmt: skip
    return row


def _modes(licence: Licence) -> tuple[str, ...]:
    item = DealItem.objects.select_related("deal__agreed_terms").filter(licence=licence).first()
    version = item.deal.agreed_terms if item else None
    return tuple(version.modes) if version else MODES


def _charge(licence: Licence, row: Renewal, *, by: Actor, now: datetime) -> None:
    """What the further term costs: as announced, or the agreed sum. Royalties run on by reports."""
    begins = row.former_ends_on + timedelta(days=1)
    if row.fee is None:
        dues = fees.schedule(licence.plan.terms(), served_on=begins)
        source = "按声明公布的付费方案"
    elif row.fee > 0:
        pay_by = begins + timedelta(days=royalties.PAY_DAYS)
        dues = (fees.Due(fees.PartKind.LUMP, row.fee, pay_by, at_conclusion=False),)
        source = "双方约定的续展费用"
    else:
        return
    for due in dues:
        text = fees.exact_text(due.amount, licence.plan.currency)
        line = Line("续展期费用", f"{source}：{text}", due.amount, row.explanation)
        add_due(licence, kind=due.kind, amount=due.amount, due_on=due.due_on,
                lines=[stored(line)], renewal=row, by=by, now=now)  # fmt: skip


@transaction.atomic
def refuse_renewal(*, renewal_id: int, reason: str, by: Actor, now: datetime) -> Renewal:
    """The licensor does not agree, and says why."""
    row = _moved(renewal_id, "refuse", by=by, side=Side.LICENSOR)
    if not reason.strip():
        raise Invalid(fields={"reason": ["请写明不同意的理由，被许可人会看到。"]})
    _close(row, reason, by=by, now=now)
    said("licence.renewal_refused", row.licence, row, by=by, now=now)
    ring(row.licence, Side.LICENSEE, key=f"renewal-refused:{row.pk}", title="续展未获同意",
         body=f"{row.answer}许可用到 {row.former_ends_on:%Y-%m-%d}。", now=now)  # fmt: skip
    return row


@transaction.atomic
def withdraw_renewal(*, renewal_id: int, by: Actor, now: datetime) -> Renewal:
    """The licensee takes it back before it is answered."""
    row = _moved(renewal_id, "withdraw", by=by, side=Side.LICENSEE)
    _close(row, "", by=by, now=now)
    said("licence.renewal_withdrawn", row.licence, row, by=by, now=now)
    ring(row.licence, Side.LICENSOR, key=f"renewal-withdrawn:{row.pk}", title="续展申请已撤回",
         body=f"许可用到 {row.former_ends_on:%Y-%m-%d}。", now=now)  # fmt: skip
    return row


def follow_renewals(*, now: datetime) -> int:
    """Let lapse what nobody answered in time; how many."""
    today = legal_day(now)
    late = Renewal.objects.filter(status=rules.RenewalStatus.ASKED, answer_by__lt=today)
    count = 0
    for pk, licence_id in late.order_by("pk").values_list("pk", "licence_id"):
        with transaction.atomic():
            locked(Licence.objects.all(), licence_id)
            row = late.select_for_update(of=("self",)).filter(pk=pk).first()
            if row is None:
                continue
            lapse_renewal(row, "逾期未答复", now=now)
            words = f"许可用到 {row.former_ends_on:%Y-%m-%d}；期满前可以再次提出。"
            key = f"renewal-lapsed:{row.pk}"
            ring(row.licence, key=key, title="续展逾期未答复", body=words, now=now)
            count += 1
    return count


def remind_of_terms(*, now: datetime) -> int:
    """Tell licensees that a term ends: when renewal opens, a month and a week before."""
    today, windows, rung = legal_day(now), dict[str, int](), 0
    rows = Licence.objects.filter(
        status__in=sorted(s.value for s in IN_FORCE),
        ends_on__range=(today, today + timedelta(days=FARTHEST)),
    )
    for row in rows.order_by("pk").iterator():
        if row.region not in windows:
            windows[row.region] = renewal_window(row.region)
        assert row.ends_on is not None  # asked above
        left = (row.ends_on - today).days
        reached = [days for days in (7, 30, windows[row.region]) if left <= days]
        if reached:
            rung += 1
            key = f"licence-term:{row.pk}:{row.ends_on}:{min(reached)}"
            body = f"许可到 {row.ends_on:%Y-%m-%d} 期满；需要继续使用的，请提出续展。"
            ring(row, Side.LICENSEE, key=key, title="许可即将期满", body=body, now=now)
    return rung
