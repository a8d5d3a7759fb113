"""Telling organisations, once at each mark, of annuities that fall due or are late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q

from core import money
from core.days import add_months, legal_day
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import KEEPERS
from listings.models import AnnuityReminder, Holder, Patent
from listings.models.patents import PatentQuerySet
from listings.rules import annuities
from listings.selectors.upkeep.annuities import Due, dues
from listings.types import PatentStatus

SETTING = "annuity.reminder_days"
FARTHEST = 366
NAMED = 3
URL = "/library/annuities/"


@dataclass(frozen=True, slots=True)
class _Told:
    """One reminder on its way: the row that keeps it from being sent again, and its facts."""

    row: AnnuityReminder
    due: Due
    is_shared: bool


def remind(*, now: datetime) -> int:
    """Send every reminder that is called for today and was not sent; how many."""
    on = legal_day(now)
    near = _near(on, FARTHEST)
    keepers = near.exclude(organisation=None).values_list("organisation_id", flat=True)
    sharers = Holder.objects.filter(patent__in=near, organisation__isnull=False).values_list(
        "organisation_id", flat=True
    )
    ids = sorted(set(keepers.order_by().distinct()) | set(sharers.order_by().distinct()))
    cards = people.organisations(ids)
    sent = 0
    for organisation_id in ids:
        days = people.region_setting(
            SETTING, cards[organisation_id].region, default=list(annuities.BEFORE_DUE)
        )
        try:
            with transaction.atomic():
                sent += _remind_one(organisation_id, before=days, on=on, now=now)
        except IntegrityError:
            continue  # another worker is telling this organisation right now
    return sent


def _near(on: date, days: int) -> PatentQuerySet:
    """Patents in force whose paid time ends around that day."""
    earliest = add_months(on, -annuities.GRACE_MONTHS) - timedelta(days=annuities.AFTER_LAPSE + 1)
    return Patent.objects.kept().filter(
        status=PatentStatus.GRANTED,
        annuity_paid_to__gte=earliest,
        annuity_paid_to__lte=on + timedelta(days=days),
    )


def _remind_one(organisation_id: int, *, before: Sequence[int], on: date, now: datetime) -> int:
    fresh = _fresh(organisation_id, before=before, on=on, now=now)
    if not fresh:
        return 0
    AnnuityReminder.objects.bulk_create([told.row for told in fresh])
    keepers = people.members(organisation_id, *KEEPERS)
    titles = dict(
        Patent.objects.filter(pk__in=[told.row.patent_id for told in fresh]).values_list(
            "pk", "title"
        )
    )
    together: dict[str, list[_Told]] = defaultdict(list)
    for told in fresh:
        if told.is_shared:
            _tell(people.members(organisation_id), [told], titles, on=on, now=now)
        else:
            together[told.row.mark].append(told)
    for batch in together.values():
        _tell(keepers, batch, titles, on=on, now=now)
    return len(fresh)


def _fresh(organisation_id: int, *, before: Sequence[int], on: date, now: datetime) -> list[_Told]:
    """What this organisation has not been told: its own patents and those it shares."""
    near = _near(on, max(before))
    mine = Q(organisation_id=organisation_id)
    shared = Q(holders__organisation_id=organisation_id) & ~mine
    sent = set(
        AnnuityReminder.objects.filter(
            organisation_id=organisation_id, due_on__gte=add_months(on, -12)
        ).values_list("patent_id", "due_on", "mark")
    )
    found = []
    for rows, is_shared in ((near.filter(mine), False), (near.filter(shared).distinct(), True)):
        for due in dues(rows, on=on, until=on + timedelta(days=max(before))):
            if due.due_on is None or due.is_dropped or due.follows:
                continue
            mark = annuities.mark(due.due_on, on=on, before=before)
            if not mark or (due.patent_id, due.due_on, mark) in sent:
                continue
            row = AnnuityReminder(
                patent_id=due.patent_id,
                organisation_id=organisation_id,
                due_on=due.due_on,
                mark=mark,
                sent_at=now,
            )
            found.append(_Told(row, due, is_shared))
    return found


def _tell(
    users: list[int], batch: list[_Told], titles: dict[int, str], *, on: date, now: datetime
) -> None:
    first = min(batch, key=lambda told: (told.due.due_on or date.max, told.row.patent_id))
    names = "、".join(titles[told.row.patent_id] for told in batch[:NAMED])
    more = f"等 {len(batch)} 件" if len(batch) > NAMED else ""
    sums = sum((told.due.total for told in batch), Decimal(0))
    notices.notify(
        users=users,
        kind="annuity.due",
        key=f"annuity:{first.row.mark}:{first.row.pk}",
        title=_title(first, len(batch), sums, on=on),
        body=f"{names}{more}",
        url=_url(first, len(batch)),
        now=now,
    )


def _title(first: _Told, count: int, sums: Decimal, *, on: date) -> str:
    due, mark = first.due, first.row.mark
    assert due.due_on is not None
    assert due.grace_until is not None
    what = "共有专利" if first.is_shared else ("1 件专利" if count == 1 else f"{count} 件专利")
    cost = f"，共 {money.yuan(sums)}" if sums else ""
    if mark == "over":
        return f"{what}滞纳期已过，专利权可能已终止，请核对登记簿"
    if mark.startswith("last-"):
        return f"{what}的滞纳期只剩 {(due.grace_until - on).days} 天{cost}，逾期专利权终止"
    if mark.startswith("late-"):
        return f"{what}年费已过期，处于滞纳期第 {mark[5:]} 个月{cost}"
    days = (due.due_on - on).days
    when = "今天到期" if days == 0 else f"{days} 天后到期"
    return f"{what}年费{when}{cost}" if count == 1 else f"{what}年费将到期，最早 {when}{cost}"


def _url(first: _Told, count: int) -> str:
    if first.is_shared:
        return f"/patents/{first.row.patent_id}/"
    if count == 1:
        return f"{URL}patents/{first.row.patent_id}/"
    state = {"due": "", "over": "overdue"}.get(first.row.mark.split("-")[0], "late")
    return f"{URL}?state={state}" if state else URL
