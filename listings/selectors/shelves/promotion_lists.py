"""What may be asked about promotion lists 推广清单."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, QuerySet

from core.days import legal_day
from core.errors import Missing
from core.people.types import Actor
from listings.models import PromotionList
from listings.selectors.cards import cards
from listings.selectors.shelves.lineup import as_lines
from listings.types import PatentCard

NOT_FOUND = "没有找到这份推广清单，可能链接已过期，请联系发给您的单位。"


def promotion_lists(*, viewer: Actor) -> QuerySet[PromotionList]:
    """One's own, newest first."""
    rows = PromotionList.objects.filter(organisation_id__in=viewer.acts_for)
    return rows.annotate(size=Count("items")).order_by("-pk")


def none() -> QuerySet[PromotionList]:
    """No rows: what a view without a viewer shows."""
    return PromotionList.objects.none()


def promotion_list(list_id: int, *, viewer: Actor) -> PromotionList:
    """One of one's own, or Missing."""
    row = promotion_lists(viewer=viewer).filter(pk=list_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def shared_list(token: str, *, now: datetime) -> PromotionList:
    """The list behind a link that has not expired, or Missing."""
    row = (
        PromotionList.objects.select_related("organisation")
        .filter(token=token, expires_on__gte=legal_day(now))
        .first()
    )
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def contents(row: PromotionList, *, viewer: Actor) -> list[tuple[PatentCard, str]]:
    """The patents that this viewer may see, in order, with what is said of each."""
    items = list(row.items.order_by("position", "pk").values_list("patent_id", "note"))
    found = cards([pk for pk, _ in items], viewer=viewer)
    return [(found[pk], note) for pk, note in items if pk in found]


def written(row: PromotionList) -> str:
    """Its items as lines, to be edited."""
    items = row.items.select_related("patent").order_by("position", "pk")
    return as_lines((item.patent, item.note) for item in items)
