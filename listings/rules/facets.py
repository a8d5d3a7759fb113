"""What the filters of the board mean, and their counts, over columns of small numbers.

A column holds one number for each entry of the board; a result is the places of its entries. A
facet over half a million entries is then one `bincount` of a millisecond, exact, where a GROUP BY
of the same rows takes a second (docs/search.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from listings.types import Layer, PatentKind, PatentStatus, Route

OPEN_NOW: Final = "open"
NEGOTIABLE: Final = "negotiable"
PRICE_BANDS: Final[tuple[tuple[str, Decimal, Decimal | None], ...]] = (
    ("free", Decimal(0), Decimal(1)),
    ("to-50k", Decimal(1), Decimal(50_000)),
    ("to-200k", Decimal(50_000), Decimal(200_000)),
    ("to-1m", Decimal(200_000), Decimal(1_000_000)),
    ("above-1m", Decimal(1_000_000), None),
)
PRICES: Final = (NEGOTIABLE, *(name for name, _, _ in PRICE_BANDS))
MODES: Final = (*(route.value for route in Route), OPEN_NOW)
# Words that stand in a column as their place here, counted from one; nought is any other.
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "kind": tuple(kind.value for kind in PatentKind),
    "status": tuple(status.value for status in PatentStatus),
    "layer": tuple(layer.value for layer in Layer),
    "price": PRICES,
}
LETTERS: Final = 27  # of a subclass, none being the first
CLASSES: Final = 100
ORDER: Final = (
    "mode", "section", "ipc", "region", "holder", "kind", "status", "price", "trl", "year", "layer",
)  # fmt: skip

Column = NDArray[Any]
Places = NDArray[np.int32]
Counts = list[tuple[str, int]]
_SUBCLASS = re.compile(r"([A-H])(?:(\d\d)([A-Z])?)?")


def symbol_start(value: str) -> str:
    """The beginning of a symbol as it is stored: H01M10/05 as H01M 10/05."""
    value = value.strip().upper()
    return f"{value[:4]} {value[4:].strip()}" if len(value) > 4 else value


def ipc_range(value: str) -> tuple[int, int] | None:
    """The codes [low, high) of a section, a class or a subclass; None for anything finer."""
    found = _SUBCLASS.fullmatch(value)
    if not found:
        return None
    section, number, letter = found.groups()
    low = (ord(section) - 65) * CLASSES * LETTERS
    if number is None:
        return low, low + CLASSES * LETTERS
    low += int(number) * LETTERS
    if letter is None:
        return low, low + LETTERS
    low += ord(letter) - 64
    return low, low + 1


def mode_bits(values: Sequence[str]) -> int:
    return sum(1 << MODES.index(value) for value in set(values) if value in MODES)


def _coded(name: str, holders: Sequence[str], values: Sequence[str]) -> list[int]:
    known = holders if name == "holder" else WORDS[name]
    return [known.index(value) + 1 for value in values if value in known]


def _numbers(values: Sequence[str]) -> list[int]:
    return [int(value) for value in values if value.isdecimal()]


def chosen(
    name: str, values: Sequence[str], columns: Mapping[str, Column], holders: Sequence[str]
) -> NDArray[np.bool_]:
    """Which entries one of the values of this filter fits. Symbols below a subclass are asked
    of the database beforehand and do not come here."""
    if name == "mode":
        return np.asarray((columns["modes"] & mode_bits(values)) != 0)
    if name in {"section", "ipc"}:
        column = columns["ipc"]
        fits = np.zeros(len(column), dtype=bool)
        for value in values:
            if codes := ipc_range(value):
                fits |= (column >= codes[0]) & (column < codes[1])
        return fits
    if name == "region":
        column = columns["region"]
        fits = np.zeros(len(column), dtype=bool)
        for value in values:
            if value.isdecimal() and len(value) <= 6:
                fits |= column // 10 ** (6 - len(value)) == int(value)
        return fits
    if name in {"trl", "year"}:
        return np.isin(columns[name], _numbers(values))
    return np.isin(columns[name], _coded(name, holders, values))


def count(
    name: str, places: Places, columns: Mapping[str, Column], holders: Sequence[str]
) -> Counts:
    """How many of the places have each value, in the order in which the page shows them."""
    if name == "mode":
        return _count_modes(columns["modes"][places])
    column = columns["ipc" if name == "section" else name][places]
    if name in {"section", "ipc"}:
        found = np.bincount(column[column >= 0].astype(np.intp, copy=False) // LETTERS)
        if name == "section":
            return _listed(_sums(found, CLASSES), lambda code: chr(65 + code), by_value=True)
        return _listed(found, lambda code: f"{chr(65 + code // CLASSES)}{code % CLASSES:02d}")
    if name == "region":
        found = np.bincount(column // 10_000)
        found[:1] = 0
        return _listed(found, lambda code: f"{code:02d}")
    found = np.bincount(column)
    found[:1] = 0
    if name in {"trl", "year"}:
        return _falling(found)
    known = tuple(holders) if name == "holder" else WORDS[name]
    if name == "price":
        return [(known[code - 1], int(n)) for code, n in enumerate(found) if n]
    return _listed(found, lambda code: known[code - 1], by_value=name == "layer")


def _sums(found: NDArray[np.intp], width: int) -> NDArray[np.intp]:
    """Neighbouring counts summed, `width` at a time."""
    padded = np.zeros(-(-len(found) // width) * width, dtype=np.intp)
    padded[: len(found)] = found
    return np.asarray(padded.reshape(-1, width).sum(axis=1))


def _listed(
    found: NDArray[np.intp], word: Callable[[int], str], *, by_value: bool = False
) -> Counts:
    pairs = [(word(int(code)), int(found[code])) for code in np.flatnonzero(found)]
    return sorted(pairs) if by_value else sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _falling(found: NDArray[np.intp]) -> Counts:
    return [(str(code), int(found[code])) for code in np.flatnonzero(found)[::-1]]


def _count_modes(column: Column) -> Counts:
    """Routes are several per listing, so their counts may add up to more than the total."""
    sets = np.bincount(column)
    used = np.flatnonzero(sets)
    pairs = [
        (mode, int(sets[used[(used >> bit) & 1 == 1]].sum())) for bit, mode in enumerate(MODES)
    ]
    return sorted((pair for pair in pairs if pair[1]), key=lambda pair: (-pair[1], pair[0]))
