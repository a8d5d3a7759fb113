"""Helping patents on, each as its layer asks: push A, ask services for B, let C rest and review."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.urls import reverse

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models import InventoryItem, Listing, Patent, ServiceRequest
from listings.rules import moves, promotion, records
from listings.rules.moves import IllegalMove
from listings.rules.promotion import ServiceKind
from listings.services import news
from listings.services.layers import library
from listings.services.layers.layering import NOTICE
from listings.services.locks import lock_patent
from listings.types import InventoryStatus, Layer, ListingStatus

SHORTEST_WISH = 4
NO_REQUEST = "没有找到这项服务请求，可能不对您当前的身份开放。"


@transaction.atomic
def push_again(*, patent_id: int, by: Actor, now: datetime) -> None:
    """Have a listed patent of the first layer matched anew and put before firms new to it."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    today = legal_day(now)
    if patent.layer != Layer.A:
        raise Conflict("只有 A 层的专利可以主动推送；B、C 层请先补充依据。", code="not-first-layer")
    if not Listing.objects.filter(patent=patent, status=ListingStatus.LISTED).exists():
        raise Conflict("这件专利没有在架，请先挂牌，挂牌时会自动匹配推送。", code="not-listed")
    item = InventoryItem.objects.select_for_update(no_key=True).get(patent=patent)
    if not promotion.may_push_again(item.promoted_on, on=today):
        raise Conflict("一周内已经推送过，请过几天再推。", code="pushed-lately")
    item.promoted_on = today
    item.save(update_fields=["promoted_on"])
    audit.record("patent.promoted", subject=patent, by=by, at=now)
    news.tell("patent.changed", patent, by=by, now=now)


@transaction.atomic
def archive_stock(
    *, patent_ids: Iterable[int], reason: str, review_on: date | None, by: Actor, now: datetime
) -> int:
    """Put these patents aside until a day on which they are looked at again; how many."""
    require(by, Permission.ADMIT_INVENTORY)
    problems: dict[str, list[str]] = {}
    reason = records.tidy(reason)[:200]
    if not reason:
        problems["reason"] = ["请写明归档原因。"]
    if wrong := promotion.review_day_error(review_on, on=legal_day(now)):
        problems["review_on"] = [wrong]
    wanted = sorted(set(patent_ids))
    if not wanted:
        problems["patents"] = ["请先勾选要归档的专利。"]
    if problems:
        raise Invalid(fields=problems)
    ready = InventoryItem.objects.exclude(status=InventoryStatus.ARCHIVED).filter(
        patent__in=Patent.objects.managed_by(by).filter(pk__in=wanted)
    )
    ids = sorted(ready.values_list("patent_id", flat=True))
    for pk in ids:
        library.archive(patent_id=pk, reason=reason, by=by, now=now)
    InventoryItem.objects.filter(patent_id__in=ids).update(review_on=review_on)
    return len(ids)


@transaction.atomic
def put_off_review(*, patent_id: int, review_on: date | None, by: Actor, now: datetime) -> None:
    """Reviewed: the patent stays archived until another day."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.ADMIT_INVENTORY, on=patent)
    if wrong := promotion.review_day_error(review_on, on=legal_day(now)):
        raise Invalid(fields={"review_on": [wrong]})
    item = InventoryItem.objects.select_for_update().get(patent=patent)
    if item.status != InventoryStatus.ARCHIVED:
        raise Conflict("这件专利没有归档，不需要复核日。", code="not-archived")
    before, item.review_on = item.review_on, review_on
    item.save(update_fields=["review_on"])
    changes = {"review_on": [str(before or ""), str(review_on)]}
    audit.record("inventory.reviewed", subject=patent, by=by, at=now, changes=changes)


def remind_of_reviews(*, now: datetime) -> int:
    """The clock's: offices hear of archived patents whose review day has come; how many patents.

    One notice an office a day, however many patents; said once, since notices know their key.
    """
    today, told = legal_day(now), 0
    rows = InventoryItem.objects.filter(review_on=today, patent__removed_at__isnull=True)
    due: dict[int, list[str]] = {}
    for office_id, title in rows.order_by("pk").values_list(
        "patent__organisation_id", "patent__title"
    ):
        if office_id is not None:
            due.setdefault(office_id, []).append(title)
    for office_id, titles in due.items():
        body = "、".join(titles[:3]) + (f"等 {len(titles)} 件" if len(titles) > 3 else "")
        told += len(titles)
        notices.notify(
            users=people.members(office_id, Role.OFFICE),
            kind=NOTICE,
            key=f"review:{office_id}:{today}",
            title=f"{len(titles)} 件归档专利今天到复核日",
            body=f"{body}。请决定重新入库还是继续归档。",
            url=reverse("listings:promotion") + "?layer=C&state=due",
            now=now,
        )
    return told


@transaction.atomic
def request_service(
    *, patent_id: int, kind: str, provider_id: int | None, wish: str, by: Actor, now: datetime
) -> int:
    """Ask a provider for a service on a patent; the request's id. The provider's people hear."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.REQUEST_SERVICE, on=patent)
    wish, problems = records.tidy(wish)[:500], {}
    card = people.organisations([provider_id]).get(provider_id) if provider_id else None
    if kind not in promotion.KIND_WORDS:
        problems["kind"] = ["请选择服务种类。"]
    elif card is None or card.kind not in promotion.PROVIDERS[ServiceKind(kind)]:
        problems["provider"] = ["请选择提供这种服务的机构。"]
    if len(wish) < SHORTEST_WISH:
        problems["wish"] = ["请写明希望得到什么，例如“用于质押的评估报告”。"]
    if problems or card is None:
        raise Invalid(fields=problems)
    live = patent.service_requests.exclude(state=promotion.ServiceState.CLOSED)
    if live.filter(kind=kind).exists():
        raise Conflict("这件专利已有一项同类请求还没有结束，请先办结那一项。", code="asked-already")
    row = ServiceRequest.objects.create(
        patent=patent, kind=kind, provider_id=card.id, wish=wish, asked_at=now, asked_by=by.key
    )
    changes = {"kind": kind, "provider": card.id, "wish": wish}
    audit.record("service.requested", subject=row, by=by, at=now, changes=changes)
    what = promotion.KIND_WORDS[ServiceKind(kind)]
    _tell(
        row, people.members(card.id), f"新的{what}请求：{patent.title}", wish, step="asked", now=now
    )
    return row.pk


def _lock_request(request_id: int, *, by: Actor) -> ServiceRequest:
    row = (
        ServiceRequest.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("patent")
        .filter(pk=request_id)
        .first()
    )
    if row is None:
        raise Missing(NO_REQUEST)
    return row


def _step(row: ServiceRequest, move: str) -> None:
    try:
        row.state = moves.after(promotion.SERVICE_MOVES, row.state, move)
    except IllegalMove as illegal:
        raise Conflict("这项请求已经处理过了，请刷新页面查看。", code="illegal-move") from illegal


@transaction.atomic
def answer_service(*, request_id: int, answer: str, by: Actor, now: datetime) -> None:
    """The provider says what it can do; the office hears."""
    row = _lock_request(request_id, by=by)
    require(by, Permission.ANSWER_SERVICE, on=row)
    answer = records.tidy(answer)[:1000]
    if len(answer) < SHORTEST_WISH:
        raise Invalid(fields={"answer": ["请写明能提供什么、费用和时间。"]})
    _step(row, "answer")
    row.answer, row.answered_at, row.answered_by = answer, now, by.key
    row.save(update_fields=["state", "answer", "answered_at", "answered_by"])
    audit.record("service.replied", subject=row, by=by, at=now, changes={"answer": answer})
    users = people.members(row.patent.organisation_id or 0, Role.OFFICE)
    _tell(row, users, f"服务请求有答复：{row.patent.title}", answer, step="answered", now=now)


@transaction.atomic
def close_service(*, request_id: int, outcome: str, by: Actor, now: datetime) -> None:
    """The office ends its request and says what came of it; the provider hears."""
    row = _lock_request(request_id, by=by)
    require(by, Permission.REQUEST_SERVICE, on=row.patent)
    outcome = records.tidy(outcome)[:500]
    if not outcome:
        raise Invalid(fields={"outcome": ["请写明结果，例如“已取得评估报告”或“不再需要”。"]})
    _step(row, "close")
    row.outcome, row.closed_at, row.closed_by = outcome, now, by.key
    row.save(update_fields=["state", "outcome", "closed_at", "closed_by"])
    audit.record("service.closed", subject=row, by=by, at=now, changes={"outcome": outcome})
    users = people.members(row.provider_id)
    _tell(row, users, f"服务请求已办结：{row.patent.title}", outcome, step="closed", now=now)


def _tell(
    row: ServiceRequest, users: list[int], title: str, body: str, *, step: str, now: datetime
) -> None:
    notices.notify(
        users=users,
        kind=NOTICE,
        key=f"service:{row.pk}:{step}",
        title=title[:200],
        body=body[:300],
        url=reverse("listings:service-request", args=[row.pk]),
        now=now,
    )
