"""Listed patents for search engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice

from django.urls import reverse

from core.web.sitemap import MOST, Address, Source, contribute
from listings.selectors import addresses
from listings.selectors.shelves import bundles, collections


def listed(part: int) -> Iterator[Address]:
    """The pages of one part."""
    for patent_id, changed_at in addresses.listed_in(part):
        yield Address(reverse("listings:patent", kwargs={"pk": patent_id}), changed_at)


def shelf(paths: Callable[[], Iterable[tuple[str, datetime]]]) -> Source:
    """Pages that will never be more than one part holds."""
    return Source(lambda: {0: None}, lambda part: [Address(*row) for row in islice(paths(), MOST)])


contribute("bundles", shelf(bundles.public_paths))
contribute("collections", shelf(collections.public_paths))
contribute("patents", Source(lambda: dict(addresses.listed_parts()), listed))
