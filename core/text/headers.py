"""Which column of an uploaded table holds what, whatever its title looks like. Plain Python."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence


def folded(title: str) -> str:
    """A column's title as it is recognised: width, spaces, stars and case do not matter."""
    plain = unicodedata.normalize("NFKC", title).lower()
    return re.sub(r"[\s*:：]", "", plain)


def columns_by_title(names: Mapping[str, Iterable[str]], header: Sequence[str]) -> dict[str, int]:
    """Which column holds which field, by the titles each may have; the first that fits wins."""
    known = {folded(name): key for key, titles in names.items() for name in titles}
    found: dict[str, int] = {}
    for index, title in enumerate(header):
        key = known.get(folded(title))
        if key is not None:
            found.setdefault(key, index)
    return found
