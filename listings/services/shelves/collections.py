"""Collections 专题库: written, filled by hand or by a saved query, published, taken down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Collection, CollectionItem
from listings.models.shelves import CollectionKind, CollectionStatus
from listings.rules import moves, records
from listings.rules import shelves as rules
from listings.rules.moves import IllegalMove
from listings.selectors.shelves import lineup as asked
from listings.services.shelves import lineup

NOT_FOUND = "没有找到这个专题库，可能还没有发布，或者地址有误。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A collection as its curator writes it."""

    title: str
    slug: str
    kind: str
    intro: str = ""
    query: str = ""
    patents: str = ""


def lock(collection_id: int, *, by: Actor) -> Collection:
    """The collection's row, locked; Missing if the actor may not see it."""
    if not Collection.objects.visible_to(by).filter(pk=collection_id).exists():
        raise Missing(NOT_FOUND)
    return Collection.objects.select_for_update(no_key=True).get(pk=collection_id)


def _checked(draft: Draft, *, by: Actor) -> dict[str, str]:
    problems: dict[str, list[str]] = {}
    title, intro = records.tidy(draft.title)[:120], records.prose(draft.intro)
    if not title:
        problems["title"] = ["请填写专题库的标题。"]
    if len(intro) > 3_000:
        problems["intro"] = [f"导语有 {len(intro)} 字，最多 3000 字，请精简。"]
    if (problem := rules.slug_problem(draft.slug)) is not None:
        problems["slug"] = [problem]
    if draft.kind not in CollectionKind.values:
        problems["kind"] = ["请选择人工编选或自动更新。"]
    live = draft.kind == CollectionKind.LIVE
    if (problem := rules.query_problem(draft.kind, draft.query)) is not None:
        problems["query"] = [problem]
    if not live and (bad := asked.read(draft.patents, viewer=by).problems):
        problems["patents"] = bad
    if problems:
        raise Invalid(fields=problems)
    return {
        "title": title,
        "intro": intro,
        "slug": draft.slug,
        "kind": draft.kind,
        "query": draft.query if live else "",
    }


@transaction.atomic
def make_collection(*, draft: Draft, by: Actor, now: datetime, is_sample: bool = False) -> int:
    """A draft of the actor's organisation. Its id."""
    require(by, Permission.CURATE)
    if by.organisation_id is None:
        raise Invalid(fields={"title": ["专题库属于单位，请先切换到您任职的单位。"]})
    columns = _checked(draft, by=by)
    region = people.organisation(by.organisation_id).region
    try:
        with transaction.atomic():
            row = Collection.objects.create(
                organisation_id=by.organisation_id,
                region=region,
                is_sample=is_sample,
                created_at=now,
                created_by=by.key,
                changed_at=now,
                **columns,
            )
    except IntegrityError as clash:
        raise _taken(draft.slug) from clash
    _fill(row, draft, by=by)
    audit.record("collection.drafted", subject=row, by=by, at=now)
    return row.pk


def _taken(slug: str) -> Invalid:
    return Invalid(fields={"slug": [f"短地址“{slug}”已经有别的专题库在用，请换一个。"]})


@transaction.atomic
def edit_collection(
    *, collection_id: int, draft: Draft, version: int | None, by: Actor, now: datetime
) -> None:
    """Replace what it says and holds; a published one changes at once."""
    row = lock(collection_id, by=by)
    require(by, Permission.CURATE, on=row)
    if version is not None and version != row.version:
        raise Conflict(
            "这个专题库刚被其他人修改过，您的修改没有保存。请刷新页面查看后再提交。",
            code="edited-meanwhile",
        )
    for name, value in _checked(draft, by=by).items():
        setattr(row, name, value)
    row.version, row.changed_at = row.version + 1, now
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as clash:
        raise _taken(draft.slug) from clash
    _fill(row, draft, by=by)
    audit.record("collection.edited", subject=row, by=by, at=now)


def _fill(row: Collection, draft: Draft, *, by: Actor) -> None:
    """Replace the items by the lines given."""
    row.items.all().delete()
    if row.kind != CollectionKind.CURATED:
        return
    CollectionItem.objects.bulk_create(
        CollectionItem(collection=row, patent_id=pk, position=place, note=note)
        for place, (pk, note) in enumerate(lineup.read(draft.patents, by=by))
    )


def _move(row: Collection, name: str) -> None:
    try:
        row.status = moves.after(rules.COLLECTION_MOVES, row.status, name)
    except IllegalMove as illegal:
        said = CollectionStatus(illegal.status).label
        raise Conflict(
            f"这个专题库现在是“{said}”，请刷新后查看。", code="illegal-move"
        ) from illegal


@transaction.atomic
def publish_collection(*, collection_id: int, by: Actor, now: datetime) -> None:
    """Open it to everybody; an empty one is not worth the visit."""
    row = lock(collection_id, by=by)
    require(by, Permission.CURATE, on=row)
    if row.kind == CollectionKind.CURATED and not row.items.exists():
        raise Conflict("专题库里还没有专利，请先加入再发布。", code="empty")
    _move(row, "publish")
    row.published_at, row.published_by, row.changed_at = now, by.key, now
    row.save(update_fields=["status", "published_at", "published_by", "changed_at"])
    audit.record("collection.published", subject=row, by=by, at=now)


@transaction.atomic
def take_down_collection(*, collection_id: int, by: Actor, now: datetime) -> None:
    """Close it again."""
    row = lock(collection_id, by=by)
    require(by, Permission.CURATE, on=row)
    _move(row, "take-down")
    row.changed_at = now
    row.save(update_fields=["status", "changed_at"])
    audit.record("collection.taken_down", subject=row, by=by, at=now)
