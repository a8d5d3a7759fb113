"""Conduct notes 信用记录: stated, told, answered, appealed, decided, corrected; and who looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.models import Organisation
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import ConductNote, ConductRevision, Deal, Licence
from licensing.rules import conduct as rules
from licensing.rules import deals
from licensing.rules.conduct import ConductKind, ConductStatus
from licensing.selectors import conduct as questions
from licensing.services.deal_ground import need
from licensing.services.ground import locked, moved, tell
from licensing.services.registrations import deal_record, licence_record
from licensing.types import Side

TABLE, LABELS = rules.CONDUCT_MOVES, rules.CONDUCT_LABELS


@dataclass(frozen=True, slots=True)
class Fact:
    """What is noted: what sort of fact, of which day, in which words, on which ground."""

    kind: ConductKind
    happened_on: date
    fact: str
    source: str


def write_note(
    contract: dict[str, Any], organisation_id: int, fact: Fact, *, by: Actor, now: datetime,
    **line: Any,
) -> ConductNote:  # fmt: skip
    """A note that does not count yet: the party is told, and has its days to answer."""
    region = str(contract["region"])
    setting = people.region_setting("conduct.terms", region, default={})
    today = legal_day(now)
    row = ConductNote.objects.create(
        **contract,
        **line,
        organisation_id=organisation_id,
        kind=fact.kind.value,
        happened_on=fact.happened_on,
        fact=fact.fact[:2000],
        source=fact.source[:200],
        stated_at=now,
        stated_by=by.key,
        answer_by=date.fromordinal(today.toordinal() + rules.answer_days(setting)),
    )
    _say("conduct_note.stated", row, by=by, now=now)
    body = f"{row.fact}\n{row.answer_by:%Y-%m-%d} 以后生效；在这以前请核对，有误的请答复或申诉。"
    _ring(row, "told", f"信用记录待核对：{row.get_kind_display()}", body, now=now)
    return row


@transaction.atomic
def state_conduct(
    *, organisation_id: int, kind: str, happened_on: date, fact: str, source: str,
    deal_id: int | None = None, licence_id: int | None = None, by: Actor, now: datetime,
) -> ConductNote:  # fmt: skip
    """The bureau of the region notes a breach or a false report, with its grounds."""
    contract: Any = (
        locked(Deal.objects.visible_to(by), deal_id)
        if deal_id is not None
        else locked(Licence.objects.visible_to(by), licence_id or 0)
    )
    require(by, Permission.STATE_CONDUCT, on=Side(None, contract.region))
    if isinstance(contract, Deal):
        ready = contract.status in deals.CONTRACTS and contract.effective_on is not None
        known = deal_record(contract) if ready else {}
    else:
        known = licence_record(contract) if contract.in_force_ever else {}
    if not known:
        raise Conflict("合同还没有生效，没有履行情况可以记录。", code="no-contract")
    parties = {known["holder_id"], known["taker_id"]}
    if by.acts_for & parties:
        raise NotAllowed("本单位是合同当事人，请由上级部门记录。", code="party")
    wrong: dict[str, list[str]] = {}
    if organisation_id not in parties:
        wrong["organisation_id"] = ["请选择合同的一方。"]
    if kind not in {k.value for k in rules.STATED}:
        wrong["kind"] = ["主管部门只记录违反约定和申报不实；按约履行和逾期付款由平台按记录写入。"]
    if happened_on > legal_day(now):
        wrong["happened_on"] = ["发生日不能晚于今天。"]
    if not fact.strip():
        wrong["fact"] = ["请写明事实，当事人会看到。"]
    if not source.strip():
        wrong["source"] = ["请写明依据，例如核查笔录、处理决定的文号。"]
    if wrong:
        raise Invalid(fields=wrong)
    said = Fact(ConductKind(kind), happened_on, fact.strip(), source.strip())
    return write_note(known, organisation_id, said, by=by, now=now)


@transaction.atomic
def answer_conduct(*, note_id: int, answer: str, by: Actor, now: datetime) -> ConductNote:
    """The party's own words beside the note, for whoever reads it."""
    row = _own(note_id, by=by)
    if row.status not in rules.LIVE:
        raise Conflict("这条记录已经不再生效，不需要答复。", code="conduct-over")
    row.answer = need(answer, "answer", "请写明您的说明，查看记录的对方会看到。")
    row.answered_at, row.answered_by = now, by.key
    row.save()
    _say("conduct_note.answered", row, by=by, now=now)
    return row


@transaction.atomic
def appeal_conduct(*, note_id: int, appeal: str, by: Actor, now: datetime) -> ConductNote:
    """The party asks the bureau to strike it; one decision per note."""
    row = _own(note_id, by=by)
    if row.appealed_at is not None:
        raise Conflict("这条记录已经申诉过；有新证据的，请联系主管部门更正。", code="appealed")
    moved(TABLE, LABELS, row, "appeal")
    row.appeal = need(appeal, "appeal", "请写明申诉的理由和证据，例如付款凭证号。")
    row.appealed_at, row.appealed_by = now, by.key
    row.save()
    _say("conduct_note.appealed", row, by=by, now=now)
    notices.notify(
        users=people.bureau_members_for(row.region), kind="conduct.progress",
        key=f"conduct:{row.pk}:appealed", title=f"信用记录申诉待处理：{row.patent_title[:60]}",
        body=row.appeal[:400], url=conduct_url(row), now=now,
    )  # fmt: skip
    return row


@transaction.atomic
def decide_appeal(
    *, note_id: int, uphold: bool, decision: str, by: Actor, now: datetime
) -> ConductNote:
    """The bureau strikes it, or lets it stand: then it counts from today where it did not yet."""
    row = _overseen(note_id, by=by)
    if row.status != ConductStatus.APPEALED:
        raise Conflict("这条记录没有待处理的申诉，请刷新页面。", code="no-appeal")
    row.decision = need(decision, "decision", "请写明处理意见，当事人会看到。")
    row.decided_at, row.decided_by = now, by.key
    moved(TABLE, LABELS, row, "strike" if uphold else "dismiss")
    if not uphold and row.effective_on is None:
        _count_from(row, legal_day(now))
    row.save()
    _say("conduct_note.appeal_decided", row, by=by, now=now)
    told = "申诉成立，记录已撤销" if uphold else "申诉不成立，记录有效"
    _ring(row, "decided", told, row.decision, now=now)
    return row


@transaction.atomic
def correct_conduct(
    *, note_id: int, happened_on: date, fact: str, reason: str, by: Actor, now: datetime
) -> ConductNote:
    """The bureau puts it right; what it said before is kept, and the party is told anew."""
    row = _overseen(note_id, by=by)
    words = need(fact, "fact", "请写明更正后的事实。")
    why = need(reason, "reason", "请写明更正的理由。")
    if happened_on > legal_day(now):
        raise Invalid(fields={"happened_on": ["发生日不能晚于今天。"]})
    if row.appeal:  # of what is said now the party may appeal anew
        why += f"（更正前的申诉：{row.appeal}）"
        row.appeal, row.appealed_at, row.appealed_by = "", None, None
    moved(TABLE, LABELS, row, "correct")
    ConductRevision.objects.create(
        note=row, kind=row.kind, happened_on=row.happened_on, fact=row.fact, reason=why[:4000],
        revised_at=now, revised_by=by.key,
    )  # fmt: skip
    setting = people.region_setting("conduct.terms", row.region, default={})
    row.happened_on, row.fact = happened_on, words
    row.effective_on = row.expires_on = None
    row.answer_by = date.fromordinal(legal_day(now).toordinal() + rules.answer_days(setting))
    row.save()
    _say("conduct_note.corrected", row, by=by, now=now)
    _ring(row, f"corrected:{now:%Y%m%d%H%M%S}", "信用记录已更正，请核对", row.fact, now=now)
    return row


@transaction.atomic
def strike_conduct(*, note_id: int, reason: str, by: Actor, now: datetime) -> ConductNote:
    """The bureau takes it out; it stays readable to the party as struck."""
    row = _overseen(note_id, by=by)
    strike(row, need(reason, "reason", "请写明撤销的理由。"), by=by, now=now)
    return row


def strike(row: ConductNote, reason: str, *, by: Actor, now: datetime) -> None:
    """Take it out, with the reason."""
    moved(TABLE, LABELS, row, "strike")
    row.decision, row.decided_at, row.decided_by = reason, now, by.key
    row.save()
    _say("conduct_note.struck", row, by=by, now=now)
    _ring(row, "struck", "信用记录已撤销", reason, now=now)


@transaction.atomic
def look_up(
    *, deal_id: int | None = None, licence_id: int | None = None, by: Actor, now: datetime
) -> tuple[questions.OtherSide, Sequence[ConductNote]]:
    """The other side's record, for the party of a live contract; that it looked is kept."""
    side = questions.other_side(viewer=by, deal_id=deal_id, licence_id=licence_id)
    require(by, Permission.ANSWER_CONDUCT)
    audit.record(
        questions.LOOKED,
        subject=Organisation(pk=side.organisation_id),
        by=by,
        at=now,
        changes={"contract": side.contract},
    )
    return side, list(questions.shown_of(side.organisation_id))


def follow_conduct(*, now: datetime) -> int:
    """Notes whose days to answer are over count; those that ran out count no more."""
    today, done = legal_day(now), 0
    ripe = ConductNote.objects.filter(status=ConductStatus.TOLD, answer_by__lt=today)
    for pk in list(ripe.order_by("pk").values_list("pk", flat=True)):
        done += _turn(pk, "take_effect", now=now)
    over = ConductNote.objects.filter(status=ConductStatus.IN_FORCE, expires_on__lt=today)
    for pk in list(over.order_by("pk").values_list("pk", flat=True)):
        done += _turn(pk, "expire", now=now)
    return done


@transaction.atomic
def _turn(pk: int, move: str, *, now: datetime) -> int:
    row = locked(ConductNote.objects.all(), pk)
    if row.status not in TABLE[move][0]:
        return 0
    moved(TABLE, LABELS, row, move)
    if move == "take_effect":
        _count_from(row, legal_day(now))
        body = f"有效期至 {row.expires_on:%Y-%m-%d}。有异议的，可以向主管部门申诉。"
        _ring(row, f"counts:{row.effective_on}", "信用记录已生效", body, now=now)
    row.save()
    _say(f"conduct_note.{row.status}", row, by=Actor.system(), now=now)
    return 1


def _count_from(row: ConductNote, day: date) -> None:
    setting = people.region_setting("conduct.terms", row.region, default={})
    row.effective_on = day
    row.expires_on = rules.expires_on(setting, row.kind, row.happened_on)
    row.expires_on = max(row.expires_on, day)


def conduct_url(row: ConductNote) -> str:
    """Where the party finds it."""
    return f"/conduct/{row.pk}/"


def _own(note_id: int, *, by: Actor) -> ConductNote:
    row = locked(ConductNote.objects.visible_to(by), note_id)
    require(by, Permission.ANSWER_CONDUCT, on=Side(row.organisation_id))
    return row


def _overseen(note_id: int, *, by: Actor) -> ConductNote:
    row = locked(ConductNote.objects.visible_to(by), note_id)
    require(by, Permission.STATE_CONDUCT, on=Side(None, row.region))
    if by.acts_for & {row.holder_id, row.taker_id}:
        raise NotAllowed("本单位是合同当事人，请由上级部门办理。", code="party")
    return row


def _say(name: str, row: ConductNote, *, by: Actor, now: datetime) -> None:
    audit.record(name, subject=row, by=by, at=now, changes={"status": row.status})
    payload = {
        "note_id": row.pk,
        "organisation_id": row.organisation_id,
        "deal_id": row.deal_id,
        "licence_id": row.licence_id,
        "region": row.region,
        "kind": row.kind,
        "status": row.status,
    }
    outbox.emit("conduct.changed", subject=row, by=by, at=now, payload=payload)


def _ring(row: ConductNote, key: str, title: str, body: str, *, now: datetime) -> None:
    tell(
        [row.organisation_id],
        kind="conduct.progress",
        key=f"conduct:{row.pk}:{key}",
        title=title,
        body=body[:400],
        url=conduct_url(row),
        now=now,
    )
