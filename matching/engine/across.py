"""Where languages differ: what a Chinese demand asks beside what a foreign title says.

A patent whose title has no Chinese character shares hardly a term with a Chinese demand, however
well it fits. For such pairs the sentence encoder stands in for the words: it brings, of the same
points, what the words in common have not brought. Chinese patents never ask it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.text.sentences import WIDTH, has_han, is_foreign, rows, sentence
from matching.engine import need
from matching.engine.types import Demand, Supply

Values = NDArray[np.float64]

# A cosine of _NOTHING or less says nothing, one of _ALL as much as words can: docs/matching.md.
_NOTHING, _ALL = 0.3, 0.7
_STEPS = 200  # the strength is told in such parts, so that a last bit does not show


@dataclass(frozen=True, eq=False)
class Foreign:
    """The supplies of a block whose titles are foreign: their places, ascending, and rows."""

    places: NDArray[np.int64]
    sentences: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.places)

    def of(self, columns: NDArray[np.int64]) -> Foreign:
        """Those among these columns of the block, by their new places."""
        if not len(self):
            return self
        found = np.minimum(np.searchsorted(self.places, columns), len(self) - 1)
        known = self.places[found] == columns
        return Foreign(np.flatnonzero(known), self.sentences[found[known]])


def joined(parts: Sequence[Foreign], sizes: Sequence[int]) -> Foreign:
    """The foreign ones of several blocks of these sizes, as if they were one."""
    shifts = np.cumsum([0, *sizes])[: len(sizes)]
    places = [part.places + shift for part, shift in zip(parts, shifts, strict=True)]
    return Foreign(
        np.concatenate([np.zeros(0, np.int64), *places]),
        np.concatenate([rows([]), *(part.sentences for part in parts)]),
    )


def foreign(supplies: Sequence[Supply]) -> Foreign:
    """The foreign ones of these supplies, in this order."""
    places = [place for place, supply in enumerate(supplies) if is_foreign(supply.title)]
    found = [
        supplies[place].sentence or sentence(supplies[place].title, supplies[place].text)
        for place in places
    ]
    return Foreign(np.asarray(places, np.int64), rows(found))


def text_of(demand: Demand) -> tuple[str, str]:
    """What is read of a demand: title and text."""
    return " ".join((demand.title, *demand.keywords)), need.asked(demand.text)


def asked(demands: Sequence[Demand]) -> NDArray[np.int8]:
    """The rows of these demands; zeros for one without a Chinese character."""
    return rows([_row(demand) for demand in demands])


def _row(demand: Demand) -> bytes:
    if demand.sentence:
        return demand.sentence
    title, text = text_of(demand)
    return sentence(title, text) if has_han(title) or has_han(text) else bytes(WIDTH)


def strength(likeness: Values) -> Values:
    """Between 0 and 1 what a cosine says."""
    level = np.clip((likeness - _NOTHING) / (_ALL - _NOTHING), 0.0, 1.0)
    return np.asarray(np.rint(level * _STEPS) / _STEPS, np.float64)


def beyond(said: Values, words: Values) -> Values:
    """What is said beyond the words in common, so that both bring the better of the two."""
    return np.asarray(np.maximum(said - words, 0.0), np.float64)
