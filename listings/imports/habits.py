"""Which column is what, learned from what an office has confirmed before."""

from collections.abc import Mapping, Sequence
from typing import Final

from listings.imports import columns

Confirmed = Sequence[tuple[Sequence[str], Mapping[str, int]]]  # newest first: header, its mapping
REMEMBERED: Final = 30  # batches looked back on


def propose(header: Sequence[str], confirmed: Confirmed) -> tuple[dict[str, int], list[str]]:
    """Field → column for this header, and which fields the office's own habit decided.

    The same header is read as it was read last; else each known header word, also one that the
    office leaves unused; what is left is guessed.
    """
    for known, mapping in confirmed:
        if list(known) == list(header) and not columns.problems(mapping, len(header)):
            return dict(mapping), sorted(mapping)
    words = _words(confirmed)
    found: dict[str, int] = {}
    for index, title in enumerate(header):
        name = words.get(columns.folded(title))
        if name and name not in found:
            found[name] = index
    learned = sorted(found)
    strange = [title if columns.folded(title) not in words else "" for title in header]
    for name, index in columns.guess(strange).items():
        found.setdefault(name, index)
    return found, learned


def _words(confirmed: Confirmed) -> dict[str, str | None]:
    """Header word → the field it was last confirmed for, None where it was left unused."""
    words: dict[str, str | None] = {}
    for header, mapping in confirmed:
        fields = {index: name for name, index in mapping.items()}
        for index, title in enumerate(header):
            word = columns.folded(title)
            if word:
                words.setdefault(word, fields.get(index))
    return words
