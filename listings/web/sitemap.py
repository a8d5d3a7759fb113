"""Listed patents for search engines."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from core.people.types import Actor
from core.web.sitemap import MOST, Address, Source, contribute
from listings.selectors import addresses
from listings.selectors import collections as shelves


def listed(part: int) -> Iterator[Address]:
    """The pages of one part."""
    for patent_id, changed_at in addresses.listed_in(part):
        yield Address(reverse("listings:patent", kwargs={"pk": patent_id}), changed_at)


def collections(part: int) -> Iterator[Address]:
    """The pages of published collections; there are never more of them than one part holds."""
    shown = shelves.collections(viewer=Actor.anonymous())
    for slug, published_at in shown.values_list("slug", "published_at")[:MOST]:
        yield Address(reverse("listings:collection", kwargs={"slug": slug}), published_at)


contribute("collections", Source(lambda: {0: None}, collections))
contribute("patents", Source(lambda: dict(addresses.listed_parts()), listed))
