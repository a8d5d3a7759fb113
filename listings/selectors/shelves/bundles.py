"""What may be asked about bundles 专利组合."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Prefetch

from core.errors import Missing
from core.people.types import Actor
from listings.models import Bundle, BundleMember
from listings.models.shelves import BundleQuerySet, BundleStatus
from listings.selectors.shelves.lineup import as_lines

NOT_FOUND = "没有找到这个专利组合，可能已暂停或撤回，或您无权查看。"


def with_parts(rows: BundleQuerySet) -> BundleQuerySet:
    members = BundleMember.objects.select_related("patent__organisation").defer(
        "patent__embedding", "patent__search"
    )
    return (
        rows.select_related("organisation")
        .prefetch_related(Prefetch("members", queryset=members))
        .annotate(size=Count("members"))
    )


def bundles(*, viewer: Actor) -> BundleQuerySet:
    """Those on offer, newest first."""
    rows = Bundle.objects.visible_to(viewer).filter(status=BundleStatus.LISTED)
    return with_parts(rows).order_by("-listed_at", "pk")


def bundles_of_office(*, viewer: Actor) -> BundleQuerySet:
    """One's own, and those that ask for one's consent."""
    rows = Bundle.objects.filter(pk__in=_concerned(viewer))
    return with_parts(rows).order_by("-pk")


def _concerned(viewer: Actor) -> set[int]:
    own = Bundle.objects.filter(organisation_id__in=viewer.acts_for).values_list("pk", flat=True)
    asked = BundleMember.objects.filter(patent__organisation_id__in=viewer.acts_for).values_list(
        "bundle_id", flat=True
    )
    return {*own, *asked}


def bundle(bundle_id: int, *, viewer: Actor) -> Bundle:
    """One bundle as this viewer may see it, or Missing."""
    row = with_parts(Bundle.objects.visible_to(viewer)).filter(pk=bundle_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def listed_bundles_of(patent_id: int) -> list[Bundle]:
    """The bundles on offer that a patent is part of."""
    rows = Bundle.objects.filter(members__patent_id=patent_id, status=BundleStatus.LISTED)
    return list(rows.order_by("pk"))


def written(row: Bundle) -> str:
    """Its members as lines, to be edited."""
    return as_lines((member.patent, member.note) for member in row.members.all())


def public_paths() -> Iterator[tuple[str, datetime]]:
    """The address of every bundle on offer, with when it last changed: for the sitemap."""
    rows = Bundle.objects.filter(status=BundleStatus.LISTED).order_by("pk")
    for pk, changed_at in rows.values_list("pk", "changed_at"):
        yield f"/bundles/{pk}/", changed_at


def member_ids(bundle_id: int) -> list[int]:
    """The patents of a bundle in their order, whoever asks."""
    rows = BundleMember.objects.filter(bundle_id=bundle_id)
    return list(rows.order_by("position", "pk").values_list("patent_id", flat=True))
