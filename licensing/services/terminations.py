"""Terminations 终止: proposed and agreed, or noticed on a ground and effective after its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import services as attachments
from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Licence, Termination
from licensing.rules import terminations as rules
from licensing.rules.claims import Side
from licensing.rules.terminations import Ground, TerminationStatus
from licensing.selectors import pending_contest
from licensing.selectors.disputed import ending_is_held
from licensing.selectors.endings import late_sums, open_termination
from licensing.services.ending import SYSTEM, end_early, party, ring, said
from licensing.services.ending_course import be_ones_turn, finish, note_answer
from licensing.services.ground import locked, patent, seen
from listings.types import PatentStatus

File = UploadedFile[bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a party asks: why, from when where both agree, and what becomes of later sums."""

    ground: Ground
    reason: str
    wished_on: date | None = None
    releases: bool = True


@transaction.atomic
def open_one(
    *, licence_id: int, wanted: Wanted, by: Actor, now: datetime, evidence: File | None = None
) -> Termination:
    """Propose to end the licence, or give notice on a ground; the day is reckoned and explained."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    side = party(licence, by=by)
    _refuse(licence)
    _check(licence, wanted, side, bool(evidence), today=legal_day(now))
    row = _drawn_up(licence, wanted, side, by=by, now=now)
    if evidence is not None:
        row.evidence = attachments.store(
            evidence, purpose="termination", by=by, now=now, field="evidence"
        )
    row.save()
    said("licence.ending_opened", licence, row, by=by, now=now)
    if wanted.ground is Ground.PATENT:
        finish(row, "take_effect", by=by, now=now)
        end_early(licence, row, by=by, now=now)
    else:
        _tell_opened(row, now=now)
    return row


def _refuse(licence: Licence) -> None:
    """Conflict where nothing can be ended now."""
    if not licence.in_force or licence.ends_on is None:
        raise Conflict(
            "只有生效中的许可可以终止；还没有生效的，撤回通知即可。", code="not-in-force"
        )
    if pending_contest(licence):
        raise Conflict("这项许可有待处理的异议，处理完毕后再办理终止。", code="contested")
    if open_termination(licence):
        raise Conflict("这项许可已有一项终止正在办理。", code="ending-already")


def _drawn_up(
    licence: Licence, wanted: Wanted, side: Side, *, by: Actor, now: datetime
) -> Termination:
    """The termination with its day and what becomes of the sums, not yet saved."""
    today, ground = legal_day(now), wanted.ground
    on = _day(licence, wanted, today=today)
    days = people.region_setting("licence.answer_days", licence.region, default=rules.ANSWER_DAYS)
    releases = wanted.releases if ground is Ground.AGREEMENT else True
    invalid = patent(licence.patent_id).status == PatentStatus.INVALID
    assert licence.ends_on is not None  # what is in force has a last day
    return Termination(
        licence=licence,
        side=side.value,
        ground=ground.value,
        status=rules.first_status(ground).value,
        reason=wanted.reason.strip()[:2000],
        served_on=today,
        effective_on=on,
        former_ends_on=licence.ends_on,
        releases=releases,
        explanation=rules.why(ground, served_on=today, on=on),
        money=rules.money_words(ground, invalid=invalid, releases=releases),
        answer_by=rules.answer_by(today, days, on=on),
        opened_at=now,
        opened_by=by.key,
    )


def _day(licence: Licence, wanted: Wanted, *, today: date) -> date:
    """The first day without the licence; Conflict when its term is over before."""
    grace = people.region_setting(
        "licence.termination_days", licence.region, default=rules.GRACE_DAYS
    )
    on = rules.effective_on(wanted.ground, today=today, wished=wanted.wished_on, grace_days=grace)
    if licence.ends_on is not None and on > licence.ends_on:
        raise Conflict(
            f"许可到 {licence.ends_on:%Y-%m-%d} 就要期满，早于终止通知的补救期，期满自然终止。",
            code="ends-sooner",
        )
    return on


def _tell_opened(row: Termination, *, now: datetime) -> None:
    """The other side is asked to answer, or learns of the notice."""
    asked = row.ground == Ground.AGREEMENT
    title = "请答复终止提议" if asked else "收到终止通知"
    body = f"{row.get_ground_display()}：{row.reason}\n{row.explanation}"
    key = f"ending-opened:{row.pk}"
    ring(row.licence, row.other_side, key=key, title=title, body=body, now=now)


def _check(licence: Licence, wanted: Wanted, side: Side, proved: bool, *, today: date) -> None:
    errors: dict[str, list[str]] = {}
    if not wanted.reason.strip():
        errors["reason"] = ["请写明终止的事实和理由，对方会看到。"]
    assert licence.ends_on is not None  # what is in force has a last day
    if wanted.ground is Ground.AGREEMENT and (
        wrong := rules.wish_errors(wanted.wished_on, today=today, ends_on=licence.ends_on)
    ):
        errors["wished_on"] = wrong
    if wanted.ground is Ground.BREACH and not proved:
        errors["evidence"] = ["请上传违约的证明材料，例如审计结果、往来函件。"]
    if errors:
        raise Invalid(fields=errors)
    if wanted.ground is Ground.PATENT and licence.patent_lapsed_on is None:
        raise Conflict("登记簿上专利权仍然有效，不能以此终止。", code="patent-in-force")
    if wanted.ground is Ground.NON_PAYMENT:
        if side is not Side.LICENSOR:
            raise NotAllowed("以不付款为由终止的，由许可人通知。", code="licensor-only")
        if not late_sums(licence, today=today, dunned=True):
            raise Conflict(
                "没有经过催告仍未支付、且没有争议的逾期款项；款项逾期后平台发出催款函，之后才能以此终止。",
                code="not-dunned",
            )


def _locked(pk: int, *, by: Actor) -> tuple[Termination, Side]:
    known = seen(Termination.objects.visible_to(by), pk)
    locked(Licence.objects.visible_to(by), known.licence_id)  # the licence first, as always
    row = locked(Termination.objects.visible_to(by), pk)
    return row, party(row.licence, by=by)


@transaction.atomic
def answer_termination(
    *, termination_id: int, verdict: str, by: Actor, now: datetime, reason: str = ""
) -> Termination:
    """The other side agrees or refuses a proposal, objects to a notice, or drops the objection."""
    row, side = _locked(termination_id, by=by)
    be_ones_turn(row, side, own=False)
    note_answer(row, verdict, reason, by=by, now=now)
    today = legal_day(now)
    if verdict in ("agree", "drop") and row.effective_on < today:
        row.effective_on = min(today, row.former_ends_on)
        row.explanation += f"答复晚于该日，改自 {row.effective_on:%Y-%m-%d} 起终止。"
    finish(row, rules.VERDICTS[verdict], by=by, now=now)
    said("licence.ending_answered", row.licence, row, by=by, now=now)
    words = row.answer or row.explanation
    ring(row.licence, row.side, key=f"ending-{verdict}:{row.pk}:{now:%Y%m%d%H%M%S}",
         title=f"终止：{row.get_status_display()}", body=words, now=now)  # fmt: skip
    if row.status == TerminationStatus.AGREED and row.effective_on <= today:
        finish(row, "take_effect", by=by, now=now)
        end_early(row.licence, row, by=by, now=now)
    return row


@transaction.atomic
def withdraw_termination(
    *, termination_id: int, by: Actor, now: datetime, mended: bool = False
) -> Termination:
    """Whoever proposed or noticed takes it back, or notes that the breach was mended."""
    row, side = _locked(termination_id, by=by)
    be_ones_turn(row, side, own=True)
    _stop(row, "mend" if mended else "withdraw", by=by, now=now)
    return row


def _stop(row: Termination, move: str, *, by: Actor, now: datetime) -> None:
    """It ends nothing: the licence goes on as it was, and both are told."""
    finish(row, move, by=by, now=now)
    said("licence.ending_stopped", row.licence, row, by=by, now=now)
    ring(row.licence, key=f"ending-stopped:{row.pk}", title=f"终止{row.get_status_display()}",
         body="许可照常有效。" if row.licence.in_force else "许可已经结束。", now=now)  # fmt: skip


def follow_terminations(*, now: datetime) -> int:
    """What was mended or not answered ends nothing; what is due takes effect. How many changed."""
    open_rows = Termination.objects.filter(status__in=sorted(s.value for s in rules.OPEN))
    pairs = list(open_rows.order_by("pk").values_list("pk", "licence_id"))
    return sum(_follow(pk, licence_id, now=now) for pk, licence_id in pairs)


@transaction.atomic
def _follow(pk: int, licence_id: int, *, now: datetime) -> int:
    licence = locked(Licence.objects.all(), licence_id)
    row: Any = Termination.objects.select_for_update(of=("self",)).get(pk=pk)
    today = legal_day(now)
    if row.status not in rules.OPEN:
        return 0
    if not licence.in_force or (row.status == TerminationStatus.PROPOSED and today > row.answer_by):
        _stop(row, "lapse", by=SYSTEM, now=now)
    elif row.ground == Ground.NON_PAYMENT and not late_sums(licence, today=row.served_on):
        _stop(row, "mend", by=SYSTEM, now=now)
    elif row.status in rules.TIMED and ending_is_held(row):
        return 0  # a dispute stops the clock
    elif row.status in rules.TIMED and today >= row.effective_on:
        finish(row, "take_effect", by=SYSTEM, now=now)
        end_early(licence, row, by=SYSTEM, now=now)
    else:
        return _remind(row, (row.effective_on - today).days, now=now)
    return 1


def _remind(row: Termination, left: int, *, now: datetime) -> int:
    """A week before it works both sides hear of it once more."""
    if row.status in rules.TIMED and left <= 7:
        ring(row.licence, key=f"ending-soon:{row.pk}", title=f"许可将在 {left} 天后终止",
             body=f"{row.explanation}{row.money}", now=now)  # fmt: skip
    return 0
