"""Posting an agreed price (TL18): drafted, posted, completed when its days have passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings import types
from listings.models import Posting
from listings.models.auctions import ObjectionStatus
from listings.models.postings import PostingStatus, Scope
from listings.rules import moves, records
from listings.rules import postings as rules
from listings.rules.moves import IllegalMove
from listings.rules.postings import Agreed
from listings.selectors.register import legal
from listings.selectors.trading import price_postings as selectors
from listings.services.locks import lock_patent
from listings.types import Action, Blocker, Route

ACTIONS: dict[Route, Action] = {
    Route.TRANSFER: Action.TRANSFER,
    Route.EQUITY: Action.TRANSFER,
    Route.EXCLUSIVE: Action.LICENSE_EXCLUSIVE,
    Route.SOLE: Action.LICENSE_SOLE,
    Route.ORDINARY: Action.LICENSE_ORDINARY,
}
MOVE_NAMES = {"post": "公示", "complete": "办结", "withdraw": "撤回"}


def lock_posting(posting_id: int, *, by: Actor) -> Posting:
    """The posting's row, locked; Missing if the actor may not see it."""
    if not Posting.objects.visible_to(by).filter(pk=posting_id).exists():
        raise Missing(selectors.NOT_FOUND)
    return (
        Posting.objects.select_for_update(of=("self",), no_key=True)
        .select_related("patent", "organisation")
        .get(pk=posting_id)
    )


def _move(row: Posting, name: str, *, fields: Sequence[str]) -> None:
    try:
        row.status = moves.after(rules.POSTING_MOVES, row.status, name)
    except IllegalMove as illegal:
        raise Conflict(
            f"这项公示现在是“{PostingStatus(illegal.status).label}”，不能{MOVE_NAMES[name]}。"
            "请刷新后查看。",
            code="illegal-move",
        ) from illegal
    row.save(update_fields=["status", *fields])


@transaction.atomic
def draft_posting(*, patent_id: int, agreed: Agreed, by: Actor, now: datetime) -> int:
    """Write down what was agreed. Its id."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.POST_PRICE, on=patent)
    if patent.organisation_id is None:
        raise Missing("这件专利没有管理单位，不能公示。")
    least = selectors.posting_days(patent.region)
    if found := rules.problems(agreed, least_days=least):
        raise Invalid(fields=found)
    row = Posting.objects.create(
        patent=patent,
        organisation_id=patent.organisation_id,
        region=patent.region,
        route=agreed.route.value,
        counterparty=records.tidy(agreed.counterparty)[:200],
        price=agreed.price,
        price_note=records.tidy(agreed.price_note)[:300],
        summary=records.prose(agreed.summary)[:3_000],
        scope=agreed.scope.value,
        days=agreed.days,
        created_at=now,
        created_by=by.key,
    )
    audit.record("posting.drafted", subject=row, by=by, at=now)
    return row.pk


@transaction.atomic
def post_agreed(
    *,
    patent_id: int,
    route: Route,
    counterparty: str,
    price: Decimal,
    price_note: str,
    summary: str,
    days: int,
    by: Actor,
    now: datetime,
) -> int:
    """Draft and post at once what two parties have agreed on. The posting's id."""
    agreed = Agreed(
        route=route,
        counterparty=counterparty,
        price=price,
        price_note=price_note,
        summary=summary,
        days=days,
    )
    posting_id = draft_posting(patent_id=patent_id, agreed=agreed, by=by, now=now)
    post(posting_id=posting_id, by=by, now=now)
    return posting_id


def blockers(row: Posting, *, at: datetime) -> list[Blocker]:
    """Every reason why the patent cannot be disposed of as agreed."""
    return legal.can(row.patent_id, ACTIONS[Route(row.route)], at=at)


@transaction.atomic
def post(*, posting_id: int, by: Actor, now: datetime) -> None:
    """Make it known; from here on it stands as written."""
    row = lock_posting(posting_id, by=by)
    require(by, Permission.POST_PRICE, on=row)
    found = blockers(row, at=now)
    if refusing := types.hard(found):
        raise Conflict(
            "现在还不能公示：" + "".join(blocker.message for blocker in refusing),
            code="blocked",
            blockers=found,
        )
    row.posted_at, row.posted_by, row.starts_on = now, by.key, legal_day(now)
    row.ends_on = rules.last_day(row.starts_on, row.days)
    try:
        with transaction.atomic():
            _move(row, "post", fields=("posted_at", "posted_by", "starts_on", "ends_on"))
    except IntegrityError as clash:
        raise Conflict(
            "这件专利已有一项正在进行的公示，期满或撤回后才能再次公示。", code="already-posted"
        ) from clash
    audit.record("posting.published", subject=row, by=by, at=now)
    _tell("posting.posted", row, by=by, now=now)
    if row.scope == Scope.MEMBERS:
        _notify(row, "posted", "本单位成果转化公示", now=now, everyone=True)


@transaction.atomic
def withdraw_posting(*, posting_id: int, reason: str, by: Actor, now: datetime) -> None:
    """Take it back, with a reason that stays readable."""
    row = lock_posting(posting_id, by=by)
    require(by, Permission.POST_PRICE, on=row)
    reason = records.tidy(reason)[:500]
    if not reason:
        raise Invalid(fields={"reason": ["请写明撤回的原因，公示页上会保留。"]})
    take_back(row, reason=reason, by=by, now=now)


def take_back(row: Posting, *, reason: str, by: Actor, now: datetime) -> None:
    """Withdraw a locked posting."""
    was_posted = row.posted_at is not None
    row.because, row.ended_at, row.ended_by = reason[:500], now, by.key
    _move(row, "withdraw", fields=("because", "ended_at", "ended_by"))
    audit.record("posting.withdrawn", subject=row, by=by, at=now, changes={"reason": reason})
    if was_posted:
        _tell("posting.withdrawn", row, by=by, now=now)


def complete_due(*, now: datetime) -> int:
    """The sweep: postings whose last day has passed; how many were completed."""
    return sum(complete(posting_id=pk, now=now) for pk in selectors.due_ids(now=now))


@transaction.atomic
def complete(*, posting_id: int, now: datetime) -> bool:
    """Certify it once its days have passed and every objection is answered."""
    by = Actor.system()
    row = lock_posting(posting_id, by=by)
    is_due = row.ends_on is not None and row.ends_on < legal_day(now)
    if row.status != PostingStatus.POSTED or not is_due:
        return False
    if row.objections.filter(status=ObjectionStatus.PENDING).exists():
        return False
    row.ended_at, row.ended_by = now, by.key
    row.digest = rules.digest(selectors.said(row))
    _move(row, "complete", fields=("ended_at", "ended_by", "digest"))
    audit.record("posting.completed", subject=row, by=by, at=now)
    _tell("posting.completed", row, by=by, now=now)
    _notify(row, "completed", "公示期满，可以签约", now=now)
    return True


def _tell(name: str, row: Posting, *, by: Actor, now: datetime) -> None:
    payload: dict[str, Any] = {
        "posting_id": row.pk,
        "patent_id": row.patent_id,
        "organisation_id": row.organisation_id,
        "region": row.region,
        "route": row.route,
        "price": str(row.price),
        "counterparty": row.counterparty,
    }
    outbox.emit(name, subject=row, by=by, at=now, payload=payload)


def page_of(row: Posting) -> str:
    return f"/auctions/postings/{row.pk}/"


def _notify(row: Posting, what: str, title: str, *, now: datetime, everyone: bool = False) -> None:
    users = people.members(row.organisation_id, *(() if everyone else (Role.OFFICE,)))
    notices.notify(
        users=users,
        kind="auction.progress",
        key=f"posting:{row.pk}:{what}",
        title=f"{title}：{row.patent.title[:60]}",
        body=f"公示期 {row.starts_on} 至 {row.ends_on}。",
        url=page_of(row),
        now=now,
    )
