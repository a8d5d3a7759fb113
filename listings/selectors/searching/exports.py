"""Exports as whoever asked sees them, and the rows that go into the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Count, Q

from core.days import CHINA
from core.errors import Missing
from core.people.types import Actor, Role
from core.reference import selectors as reference
from listings.models.choices import PatentKind, PatentStatus, Route
from listings.models.exports import ResultExport, ResultExportQuerySet
from listings.rules.exports import MOST_ROWS, OPEN, ExportState
from listings.selectors.cards import cards
from listings.selectors.searching import search
from listings.selectors.searching.search import BoardQuery, check
from listings.types import PatentCard

PORTION: Final = 500
ORDERS: Final = {
    "relevance": "按相关度",
    "newest": "按上架时间从新到旧",
    "price": "按价格从低到高",
    "price-desc": "按价格从高到低",
}
HEADER: Final = (
    "申请号/专利号", "名称", "类型", "法律状态", "专利权人", "地区", "申请日", "授权公告日",
    "期限届满", "年费缴至", "IPC 分类号", "技术成熟度", "许可方式", "意向价格（元）", "开放许可",
    "解决什么问题", "效果与数据", "摘要", "上架时间", "网页地址",
)  # fmt: skip
_KINDS = {choice.value: str(choice.label) for choice in PatentKind}
_STATUSES = {choice.value: str(choice.label) for choice in PatentStatus}
_ROUTES = {choice.value: str(choice.label) for choice in Route}


def own(*, viewer: Actor) -> ResultExportQuerySet:
    """The viewer's exports, the newest first."""
    return ResultExport.objects.visible_to(viewer).order_by("-asked_at", "-pk")


def one(export_id: int, *, viewer: Actor) -> ResultExport:
    """One of the viewer's exports, or Missing."""
    row = own(viewer=viewer).filter(pk=export_id).first()
    if row is None:
        raise Missing("没有找到这个导出，可能已被清理，或属于别人。")
    return row


def none() -> ResultExportQuerySet:
    """An empty set, for descriptions of the API."""
    return ResultExport.objects.none()


def usage(user_id: int, *, now: datetime) -> tuple[int, int]:
    """How many exports of this person are unfinished, and asked for within a day."""
    counted = ResultExport.objects.filter(user_id=user_id).aggregate(
        unfinished=Count("pk", filter=Q(state__in=[s.value for s in OPEN])),
        recent=Count("pk", filter=Q(asked_at__gt=now - timedelta(days=1))),
    )
    return counted["unfinished"], counted["recent"]


def count(query: BoardQuery, *, viewer: Actor) -> int:
    """How many patents answer."""
    check(query)
    return search.total(query, viewer=viewer)


def query_of(row: ResultExport) -> BoardQuery:
    """The question as the board takes it."""
    chosen = {k: tuple(v) for k, v in row.chosen.items()}
    return BoardQuery(text=row.text, chosen=chosen, sort=row.sort)


def asker(row: ResultExport) -> Actor:
    """Whoever asked, with the roles they held when they did."""
    return Actor(
        user_id=row.user_id,
        organisation_id=row.organisation_id,
        roles=frozenset(Role(role) for role in row.roles),
    )


def answering(row: ResultExport, *, now: datetime) -> tuple[int, list[int]]:
    """How many answer, and the patents that go into the file, in the order of the page."""
    return search.through(viewer=asker(row), query=query_of(row), now=now, most=MOST_ROWS)


def lines(
    ids: Sequence[int], *, viewer: Actor, address: str
) -> Iterator[list[list[str | Decimal | int]]]:
    """The file's rows in their order, a portion at a time; what has left the board is left out."""
    for start in range(0, len(ids), PORTION):
        part = ids[start : start + PORTION]
        found = cards(part, viewer=viewer)
        yield [_line(found[pk], address) for pk in part if pk in found and found[pk].is_public]


def _line(card: PatentCard, address: str) -> list[str | Decimal | int]:
    def day(value: object) -> str:
        return str(value or "")

    return [
        card.printed,
        card.title,
        _KINDS.get(card.kind, ""),
        _STATUSES.get(card.status, ""),
        "；".join(card.holder_names),
        reference.region_name(card.region) if card.region else "",
        day(card.filed_on),
        day(card.granted_on),
        day(card.expires_on),
        day(card.annuity_paid_to),
        "；".join(card.ipc or card.locarno),
        card.trl or "",
        "；".join(_ROUTES.get(route, route) for route in card.routes),
        "" if card.asking_price is None else card.asking_price,
        "是" if card.is_declared else "否",
        card.problem,
        card.benefit,
        card.abstract,
        card.listed_at.astimezone(CHINA).strftime("%Y-%m-%d") if card.listed_at else "",
        f"{address}{card.id}/",
    ]


def waiting(*, now: datetime) -> list[int]:
    """Exports whose nudge was lost or whose worker died."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    rows = ResultExport.objects.filter(free, state__in=[s.value for s in OPEN])
    return list(rows.order_by("asked_at").values_list("pk", flat=True)[:100])


def out_of_date(*, now: datetime) -> list[int]:
    """Files that have been kept long enough."""
    rows = ResultExport.objects.filter(state=ExportState.READY, expires_at__lte=now)
    return list(rows.order_by("expires_at").values_list("pk", flat=True)[:100])
