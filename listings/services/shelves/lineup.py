"""Reading a list of patents for a command: a line that cannot be used refuses it."""

from __future__ import annotations

from core.errors import Invalid
from core.people.types import Actor
from listings.selectors.shelves import lineup


def read(text: str, *, by: Actor, field: str = "patents") -> list[tuple[int, str]]:
    """Patent ids with their notes, in order; Invalid names every line that cannot be used."""
    found = lineup.read(text, viewer=by)
    if found.problems:
        raise Invalid(fields={field: found.problems})
    return list(found.patents.items())
