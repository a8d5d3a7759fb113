"""What may be asked about collections 专题库."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q

from core.errors import Missing
from core.people.types import Actor
from listings.models import Collection, CollectionItem, Listing
from listings.models.shelves import CollectionKind, CollectionQuerySet, CollectionStatus
from listings.selectors.cards import cards
from listings.selectors.shelves.lineup import as_lines
from listings.types import ListingStatus, PatentCard

NOT_FOUND = "没有找到这个专题库，可能还没有发布，或者地址有误。"
KINDS = [(k.value, str(k.label)) for k in CollectionKind]


def _on_board() -> Exists:
    return Exists(Listing.objects.filter(patent=OuterRef("patent"), status=ListingStatus.LISTED))


def collections(*, viewer: Actor) -> CollectionQuerySet:
    """Published ones, newest first, with how many patents were picked."""
    rows = Collection.objects.visible_to(viewer).filter(status=CollectionStatus.PUBLISHED)
    listed = Q(items__patent__listings__status=ListingStatus.LISTED)
    return (
        rows.select_related("organisation")
        .annotate(picked=Count("items", filter=listed, distinct=True))
        .order_by("-published_at", "pk")
    )


def curated_by(*, viewer: Actor) -> CollectionQuerySet:
    """All of one's own organisation, drafts too."""
    rows = Collection.objects.filter(organisation_id__in=viewer.acts_for)
    return rows.select_related("organisation").annotate(picked=Count("items")).order_by("-pk")


def collection(slug: str, *, viewer: Actor) -> Collection:
    """One collection as this viewer may see it, or Missing."""
    rows = Collection.objects.visible_to(viewer).select_related("organisation")
    row = rows.filter(slug=slug).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def collection_by_id(collection_id: int, *, viewer: Actor) -> Collection:
    """The same by its key."""
    rows = Collection.objects.visible_to(viewer).select_related("organisation")
    row = rows.filter(pk=collection_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def picked(row: Collection, *, viewer: Actor) -> list[tuple[PatentCard, str]]:
    """The patents of a curated collection that are on the board, in order, with their notes."""
    items = list(
        CollectionItem.objects.filter(_on_board(), collection=row)
        .order_by("position", "pk")
        .values_list("patent_id", "note")
    )
    found = cards([pk for pk, _ in items], viewer=viewer)
    return [(found[pk], note) for pk, note in items if pk in found]


def off_board(row: Collection) -> int:
    """How many of its patents wait, unseen, for being on the board."""
    return CollectionItem.objects.filter(~_on_board(), collection=row).count()


def written(row: Collection) -> str:
    """Its items as lines, to be edited."""
    items = row.items.select_related("patent").order_by("position", "pk")
    return as_lines((item.patent, item.note) for item in items)


def public_paths() -> Iterator[tuple[str, datetime]]:
    """The address of every published collection, with when it last changed: for the sitemap."""
    rows = Collection.objects.filter(status=CollectionStatus.PUBLISHED).order_by("pk")
    for slug, changed_at in rows.values_list("slug", "changed_at"):
        yield f"/collections/{slug}/", changed_at
