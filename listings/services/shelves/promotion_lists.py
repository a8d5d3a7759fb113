"""Promotion lists 推广清单: made for an occasion, shared by a link that expires, looks counted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import PromotionItem, PromotionList
from listings.rules import records
from listings.services.shelves import lineup

NOT_FOUND = "没有找到这份推广清单，可能链接已过期，请联系发给您的单位。"
LONGEST_LIFE = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A list as its office writes it."""

    title: str
    patents: str
    expires_on: date
    audience: str = ""
    intro: str = ""


def lock(list_id: int, *, by: Actor) -> PromotionList:
    """The list's row, locked; Missing unless it is the actor's own."""
    row = (
        PromotionList.objects.select_for_update(no_key=True)
        .filter(pk=list_id, organisation_id__in=by.acts_for)
        .first()
    )
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def _checked(draft: Draft, *, now: datetime) -> dict[str, object]:
    problems: dict[str, list[str]] = {}
    title, today = records.tidy(draft.title)[:120], legal_day(now)
    if not title:
        problems["title"] = ["请填写清单的标题。"]
    if not today <= draft.expires_on <= today + LONGEST_LIFE:
        problems["expires_on"] = ["链接有效期应在今天至一年以内，请重新选择。"]
    if problems:
        raise Invalid(fields=problems)
    return {
        "title": title,
        "audience": records.tidy(draft.audience)[:200],
        "intro": records.prose(draft.intro)[:2_000],
        "expires_on": draft.expires_on,
    }


@transaction.atomic
def make_list(*, draft: Draft, by: Actor, now: datetime) -> int:
    """A list of the actor's organisation, with a link of its own. Its id."""
    require(by, Permission.PUBLISH_LISTING)
    if by.organisation_id is None:
        raise Invalid(fields={"title": ["清单属于单位，请先切换到您任职的单位。"]})
    row = PromotionList.objects.create(
        organisation_id=by.organisation_id,
        token=secrets.token_urlsafe(24),
        created_at=now,
        created_by=by.key,
        changed_at=now,
        **_checked(draft, now=now),
    )
    _fill(row, draft, by=by)
    audit.record("promotion.made", subject=row, by=by, at=now)
    return row.pk


@transaction.atomic
def edit_list(*, list_id: int, draft: Draft, version: int | None, by: Actor, now: datetime) -> None:
    """Replace what it says and holds; whoever has the link sees it at once."""
    row = lock(list_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=row)
    if version is not None and version != row.version:
        raise Conflict(
            "这份清单刚被其他人修改过，您的修改没有保存。请刷新页面查看后再提交。",
            code="edited-meanwhile",
        )
    for name, value in _checked(draft, now=now).items():
        setattr(row, name, value)
    row.version, row.changed_at = row.version + 1, now
    row.save()
    _fill(row, draft, by=by)
    audit.record("promotion.edited", subject=row, by=by, at=now)


def _fill(row: PromotionList, draft: Draft, *, by: Actor) -> None:
    wanted = lineup.read(draft.patents, by=by)
    if not wanted:
        raise Invalid(fields={"patents": ["清单里还没有专利，请至少填写一行。"]})
    row.items.all().delete()
    PromotionItem.objects.bulk_create(
        PromotionItem(promotion=row, patent_id=pk, position=place, note=note)
        for place, (pk, note) in enumerate(wanted)
    )


@transaction.atomic
def renew_link(*, list_id: int, by: Actor, now: datetime) -> None:
    """A new link; the old one opens nothing any more."""
    row = lock(list_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=row)
    row.token, row.changed_at = secrets.token_urlsafe(24), now
    row.save(update_fields=["token", "changed_at"])
    audit.record("promotion.secret_rotated", subject=row, by=by, at=now)


@transaction.atomic
def remove_list(*, list_id: int, by: Actor, now: datetime) -> None:
    """Throw it away; its link opens nothing any more."""
    row = lock(list_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=row)
    audit.record("promotion.removed", subject=row, by=by, at=now, changes={"title": row.title})
    row.delete()


def count_view(*, list_id: int, now: datetime) -> None:
    """Somebody has opened the link."""
    PromotionList.objects.filter(pk=list_id).update(views=F("views") + 1, last_viewed_at=now)
