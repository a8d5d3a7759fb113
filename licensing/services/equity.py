"""The yearly sheet of equity: written, submitted, assessed as a whole by another person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import EquitySheet, EquityStake
from licensing.rules import equity as rules
from licensing.rules.equity import Line, SheetStatus
from licensing.services.ground import locked, moved

TABLE, LABELS = rules.SHEET_MOVES, rules.SHEET_LABELS
MOST = 200


@dataclass(frozen=True, slots=True)
class StakeInput:
    """One stake as entered."""

    company: str
    patents: str
    acquired_on: date
    percent: Decimal
    opening: Decimal
    increase: Decimal
    decrease: Decimal
    received: Decimal
    reason: str = ""


@transaction.atomic
def write_sheet(
    *, year: int, stakes: Sequence[StakeInput], by: Actor, now: datetime, note: str = ""
) -> EquitySheet:
    """The institution's sheet of a year, written anew as often as needed until it is submitted."""
    require(by, Permission.ASSESS_EQUITY)
    if by.organisation_id is None:
        raise Invalid(fields={"year": [_("请先切换到本单位身份。")]})
    _refuse_wrong(year, stakes, today=legal_day(now))
    row, _created = EquitySheet.objects.get_or_create(
        organisation_id=by.organisation_id,
        year=year,
        defaults={
            "region": people.organisation(by.organisation_id).region,
            "drafted_at": now,
            "drafted_by": by.key,
        },
    )
    row = locked(EquitySheet.objects.all(), row.pk)
    if row.status != SheetStatus.DRAFT:
        raise Conflict(_("这一年度的考核表已经提交，不能修改；要改请先退回。"), code="illegal-move")
    row.note, row.drafted_at, row.drafted_by = note.strip(), now, by.key
    row.save()
    row.stakes.all().delete()
    EquityStake.objects.bulk_create(
        EquityStake(
            sheet=row,
            position=place,
            company=stake.company.strip(),
            patents=stake.patents.strip(),
            acquired_on=stake.acquired_on,
            percent=stake.percent,
            opening=stake.opening,
            increase=stake.increase,
            decrease=stake.decrease,
            received=stake.received,
            reason=stake.reason.strip(),
        )
        for place, stake in enumerate(stakes, start=1)
    )
    audit.record("equity_sheet.drafted", subject=row, by=by, at=now)
    return row


def _refuse_wrong(year: int, stakes: Sequence[StakeInput], *, today: date) -> None:
    errors: dict[str, list[str]] = {}
    if not 1985 <= year <= today.year:
        errors["year"] = [_("请填写今年或以前的年度。")]
    wrong = [] if 0 < len(stakes) <= MOST else [_("请填写全部股权，1 到 200 项。")]
    names = [stake.company.strip() for stake in stakes]
    if len(set(names)) < len(names):
        wrong.append(_("同一企业只填一行。"))
    for place, stake in enumerate(stakes, start=1):
        line = Line(stake.opening, stake.increase, stake.decrease, stake.received)
        found = rules.line_problems(line)
        if not stake.company.strip() or not stake.patents.strip():
            found.append(_("请填写企业和出资专利。"))
        if not 0 < stake.percent <= 100:
            found.append(_("持股比例应大于 0、不超过 100。"))
        if stake.acquired_on > today or stake.acquired_on.year > year:
            found.append(_("取得日期不能晚于考核年度。"))
        if (stake.increase or stake.decrease) and not stake.reason.strip():
            found.append(_("有增减的请写明原因。"))
        wrong += [_("第 %(n)d 行：%(why)s") % {"n": place, "why": why} for why in found]
    if wrong:
        errors["stakes"] = wrong
    if errors:
        raise Invalid(fields=errors)


@transaction.atomic
def submit_sheet(*, sheet_id: int, by: Actor, now: datetime) -> EquitySheet:
    """Hand it in to be assessed."""
    row = _own(sheet_id, by=by)
    moved(TABLE, LABELS, row, "submit")
    row.submitted_at, row.submitted_by = now, by.key
    row.save()
    audit.record("equity_sheet.submitted", subject=row, by=by, at=now)
    return row


@transaction.atomic
def send_back_sheet(*, sheet_id: int, by: Actor, now: datetime) -> EquitySheet:
    """Let it be written anew."""
    row = _own(sheet_id, by=by)
    moved(TABLE, LABELS, row, "send_back")
    row.submitted_at = row.submitted_by = None
    row.save()
    audit.record("equity_sheet.sent_back", subject=row, by=by, at=now)
    return row


@transaction.atomic
def decide_sheet(
    *, sheet_id: int, verdict: str, reasons: str, decided_by_whom: str, by: Actor, now: datetime
) -> EquitySheet:
    """Another person notes how the whole was assessed; single losses do not decide it."""
    row = _own(sheet_id, by=by)
    errors: dict[str, list[str]] = {}
    result = rules.whole(stake.line for stake in row.stakes.all())
    if problem := rules.verdict_problem(verdict, result):
        errors["verdict"] = [problem]
    if not reasons.strip():
        errors["reasons"] = [_("请写明考核的理由。")]
    if not decided_by_whom.strip():
        errors["decided_by_whom"] = [_("请写明由哪次会议或哪位负责人作出结论。")]
    if errors:
        raise Invalid(fields=errors)
    if people.users_of([row.submitted_by]) & {by.user_id}:
        raise Conflict(_("提交人不能登记考核结论，请由另一位工作人员办理。"), code="two-persons")
    moved(TABLE, LABELS, row, "decide")
    row.verdict, row.reasons = verdict, reasons.strip()
    row.decided_by_whom = decided_by_whom.strip()[:200]
    row.decided_at, row.decided_by = now, by.key
    row.save()
    audit.record("equity_sheet.decided", subject=row, by=by, at=now)
    return row


def _own(sheet_id: int, *, by: Actor) -> EquitySheet:
    row = locked(EquitySheet.objects.visible_to(by), sheet_id)
    require(by, Permission.ASSESS_EQUITY, on=row)
    return row
