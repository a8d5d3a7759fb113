"""Listed patents for search engines."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from core.web.sitemap import Address, Source, contribute
from listings.selectors import addresses


def listed(part: int) -> Iterator[Address]:
    """The pages of one part."""
    for patent_id, changed_at in addresses.listed_in(part):
        yield Address(reverse("listings:patent", kwargs={"pk": patent_id}), changed_at)


contribute("patents", Source(lambda: dict(addresses.listed_parts()), listed))
