"""The end of a contract that grants no licence: proposed and agreed, or noticed on a ground."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Deal, DealEnding
from licensing.rules import deal_endings as rules
from licensing.rules import deals, terminations
from licensing.rules.deal_endings import DealGround
from licensing.rules.deals import Party
from licensing.rules.terminations import TerminationStatus
from licensing.selectors import deal_endings as questions
from licensing.services import registrations
from licensing.services.deal_ground import advance, facts, locked_deal, move, party_of
from licensing.services.ending_course import be_ones_turn, finish, note_answer
from licensing.services.ground import locked, patent, seen, tell
from listings.types import PatentStatus

GONE = frozenset(
    {PatentStatus.LAPSED, PatentStatus.EXPIRED, PatentStatus.INVALID, PatentStatus.ABANDONED}
)
SYSTEM = Actor.system()
File = UploadedFile[bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a party asks: why, from when, and what becomes of money and results."""

    ground: DealGround
    reason: str
    wished_on: date | None = None
    handling: str = ""


@transaction.atomic
def open_deal_ending(
    *, deal_id: int, wanted: Wanted, by: Actor, now: datetime, evidence: File | None = None
) -> DealEnding:
    """Propose to end the contract, or give notice on a ground; the day is reckoned, explained."""
    deal = locked_deal(deal_id, by=by)
    side = party_of(deal, by=by)
    _refuse(deal, wanted, proved=evidence is not None, today=legal_day(now))
    row = _drawn_up(deal, wanted, side, by=by, now=now)
    if evidence is not None:
        row.evidence = attachments.store(
            evidence, purpose="termination", by=by, now=now, field="evidence"
        )
    row.save()
    _said("deal.ending_opened", row, by=by, now=now)
    if row.status == TerminationStatus.NOTICED and row.effective_on <= row.served_on:
        _take_effect(row, by=by, now=now)
    else:
        asked = wanted.ground is DealGround.AGREEMENT
        title = "请答复终止合同的提议" if asked else "收到终止合同的通知"
        body = f"{row.get_ground_display()}：{row.reason}\n{row.explanation}"
        _ring(row, deals.other(side), key="opened", title=title, body=body, now=now)
    return row


def _refuse(deal: Deal, wanted: Wanted, *, proved: bool, today: date) -> None:
    """Conflict or Invalid with whatever stands against it."""
    if barred := rules.why_not(deal.effect, deal.status):
        raise Conflict(barred[1], code=barred[0])
    if questions.open_ending(deal) is not None:
        raise Conflict("这份合同已有一项终止正在办理。", code="ending-already")
    if wanted.ground not in rules.grounds_for(deal.effect, deal.status):
        raise Invalid(fields={"ground": ["这份合同不适用这项理由，请另选。"]})
    wrong = rules.errors(
        wanted.ground,
        reason=wanted.reason,
        handling=wanted.handling,
        wished=wanted.wished_on,
        proved=proved,
        today=today,
    )
    if wrong:
        raise Invalid(fields=wrong)
    if wanted.ground is DealGround.PATENT and not _gone(deal):
        raise Conflict("登记簿上专利权仍然有效，不能以此终止。", code="patent-in-force")


def _gone(deal: Deal) -> bool:
    """Whether every patent of it is gone: what is left of a set can still be transferred."""
    return all(patent(item.patent_id).status in GONE for item in deal.items.all())


def _drawn_up(deal: Deal, wanted: Wanted, side: Party, *, by: Actor, now: datetime) -> DealEnding:
    """The ending with its day, not yet saved."""
    today, ground = legal_day(now), wanted.ground
    grace = people.region_setting(
        "licence.termination_days", deal.region, default=terminations.GRACE_DAYS
    )
    days = people.region_setting(
        "licence.answer_days", deal.region, default=terminations.ANSWER_DAYS
    )
    on = rules.effective_on(ground, today=today, wished=wanted.wished_on, grace_days=grace)
    return DealEnding(
        deal=deal,
        side=side.value,
        ground=ground.value,
        status=rules.first_status(ground).value,
        reason=wanted.reason.strip()[:2000],
        handling=wanted.handling.strip()[:2000],
        served_on=today,
        effective_on=on,
        explanation=rules.why(ground, served_on=today, on=on),
        effects=rules.effects(deal.effect, deal.status),
        answer_by=today + timedelta(days=days)
        if ground is DealGround.AGREEMENT
        else terminations.answer_by(today, days, on=on),
        opened_at=now,
        opened_by=by.key,
    )


@transaction.atomic
def answer_deal_ending(
    *, ending_id: int, verdict: str, by: Actor, now: datetime, reason: str = ""
) -> DealEnding:
    """The other side agrees or refuses a proposal, objects to a notice, or drops the objection."""
    row, side = _locked(ending_id, by=by)
    be_ones_turn(row, side, own=False)
    note_answer(row, verdict, reason, by=by, now=now)
    _not_before(row, verdict, today=legal_day(now))
    finish(row, terminations.VERDICTS[verdict], by=by, now=now)
    _said("deal.ending_answered", row, by=by, now=now)
    words = row.answer or row.explanation
    _ring(row, Party(row.side), key=f"{verdict}:{now:%Y%m%d%H%M%S}",
          title=f"终止合同：{row.get_status_display()}", body=words, now=now)  # fmt: skip
    if row.status == TerminationStatus.AGREED and row.effective_on <= legal_day(now):
        _take_effect(row, by=by, now=now)
    return row


def _not_before(row: DealEnding, verdict: str, *, today: date) -> None:
    """Nothing ends before the answer that lets it end."""
    if verdict in ("agree", "drop") and row.effective_on < today:
        row.effective_on = today
        row.explanation += f"答复晚于该日，改自 {today:%Y-%m-%d} 起终止。"


@transaction.atomic
def withdraw_deal_ending(
    *, ending_id: int, by: Actor, now: datetime, mended: bool = False
) -> DealEnding:
    """Whoever proposed or noticed takes it back, or notes that the breach was mended."""
    row, side = _locked(ending_id, by=by)
    be_ones_turn(row, side, own=True)
    _stop(row, "mend" if mended else "withdraw", by=by, now=now)
    return row


def _locked(pk: int, *, by: Actor) -> tuple[DealEnding, Party]:
    known = seen(DealEnding.objects.visible_to(by), pk)
    locked_deal(known.deal_id, by=by)  # the deal first, as always
    row = locked(DealEnding.objects.visible_to(by), pk)
    return row, party_of(row.deal, by=by)


def _stop(row: DealEnding, name: str, *, by: Actor, now: datetime) -> None:
    """It ends nothing: the contract goes on as it was, and both are told."""
    finish(row, name, by=by, now=now)
    _said("deal.ending_stopped", row, by=by, now=now)
    _ring(row, *Party, key="stopped", title=f"终止合同{row.get_status_display()}",
          body="合同照常履行。", now=now)  # fmt: skip


def _take_effect(row: DealEnding, *, by: Actor, now: datetime) -> None:
    """The contract ends: its patents are free again where no register has the transfer."""
    deal = row.deal
    row.effects = rules.effects(deal.effect, deal.status)
    finish(row, "take_effect", by=by, now=now)
    move(deal, "end")
    deal.items.update(holds_transfer=False)
    deal.closed_at, deal.closed_by = now, by.key
    deal.closed_reason = f"{row.get_ground_display()}，自 {row.effective_on:%Y-%m-%d} 起终止"
    assert deal.effective_on is not None  # a signed deal has it
    deal.ends_on = max(row.effective_on - timedelta(days=1), deal.effective_on)
    advance(deal, now=now, fields=("closed_at", "closed_by", "closed_reason", "ends_on"))
    registrations.follow_end(deal, reason=f"合同{deal.closed_reason}", now=now)
    _said("deal.ended", row, by=by, now=now)
    _ring(row, *Party, key="ended", title="合同已终止",
          body=f"{row.explanation}{row.effects}", now=now)  # fmt: skip


def resume_endings(deal: Deal, *, now: datetime) -> None:
    """The dispute that stopped the clock is over: what was due works from today at the earliest."""
    today = legal_day(now)
    timed = sorted(s.value for s in terminations.TIMED)
    for row in deal.endings.filter(status__in=timed, effective_on__lt=today):
        if not questions.is_held(row):
            row.effective_on = today
            row.explanation += f"纠纷处理期间停止计算，改自 {today:%Y-%m-%d} 起终止。"
            row.save(update_fields=["effective_on", "explanation"])


def follow_deal_endings(*, now: datetime) -> int:
    """What was not answered ends nothing; what is due takes effect. How many changed."""
    pairs = list(
        DealEnding.objects.filter(status__in=questions.OPEN)
        .order_by("pk")
        .values_list("pk", "deal_id")
    )
    return sum(_follow(pk, deal_id, now=now) for pk, deal_id in pairs)


@transaction.atomic
def _follow(pk: int, deal_id: int, *, now: datetime) -> int:
    deal = locked_deal(deal_id, by=SYSTEM)
    row = locked(DealEnding.objects.select_related("deal"), pk)
    today = legal_day(now)
    if row.status not in terminations.OPEN:
        return 0
    late = row.status == TerminationStatus.PROPOSED and today > row.answer_by
    if deal.status not in rules.ENDABLE or late:
        _stop(row, "lapse", by=SYSTEM, now=now)
    elif row.status not in terminations.TIMED or questions.is_held(row):
        return 0
    elif today >= row.effective_on:
        _take_effect(row, by=SYSTEM, now=now)
    else:
        return _remind(row, (row.effective_on - today).days, now=now)
    return 1


def _remind(row: DealEnding, left: int, *, now: datetime) -> int:
    """A week before it works both sides hear of it once more."""
    if left <= 7:
        _ring(row, *Party, key="soon", title=f"合同将在 {left} 天后终止",
              body=f"{row.explanation}{row.effects}", now=now)  # fmt: skip
    return 0


def _said(name: str, row: DealEnding, *, by: Actor, now: datetime) -> None:
    audit.record(name, subject=row.deal, by=by, at=now, changes={"status": row.status})
    known = {"ending_id": row.pk, "ending_status": row.status}
    outbox.emit(name, subject=row.deal, by=by, at=now, payload=facts(row.deal) | known)


def _ring(row: DealEnding, *sides: Party, key: str, title: str, body: str, now: datetime) -> None:
    deal = row.deal
    tell(
        [deal.holder_id if side is Party.HOLDER else deal.taker_id for side in sides],
        kind="deal.progress",
        key=f"deal-ending:{row.pk}:{key}",
        title=f"{title}：{deal.patent_title[:60]}",
        body=body[:400],
        url=f"/deals/{deal.pk}/endings/",
        now=now,
    )
