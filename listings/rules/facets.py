"""What the filters of the board mean, and their counts, over columns of small numbers.

A column holds one number for each entry of the board; a result is the places of its entries. A
facet over half a million entries is then one `bincount` of a millisecond, exact, where a GROUP BY
of the same rows takes a second (docs/search.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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

YEAR_NOUGHT: Final = 1980
# Columns counted together: their names, and one more than the largest number in each.
PACKS: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "offer": (("holder", 16), ("kind", 4), ("status", 8), ("price", 8), ("layer", 4)),
    "age": (("trl", 10), ("year", 150)),
}

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
        return _any_of(columns[name], _numbers(values))
    return _any_of(columns[name], _coded(name, holders, values))


def _any_of(column: Column, codes: Sequence[int]) -> NDArray[np.bool_]:
    """Some comparisons: ten times as fast as isin."""
    fits = np.zeros(len(column), dtype=bool)
    for code in codes:
        fits |= column == code
    return fits


def packed(values: Mapping[str, Column]) -> dict[str, Column]:
    """Several small columns as the digits of one number, so that one pass counts them all."""
    packs = {}
    for pack, digits in PACKS.items():
        number = np.zeros(len(values["kind"]), dtype=np.int16)
        for name, base in digits:
            number = number * np.int16(base) + _digit(name, values[name], base)
        packs[pack] = number
    return packs


def _digit(name: str, column: Column, base: int) -> Column:
    if name == "year":
        column = np.where(column > 0, column - YEAR_NOUGHT, 0)
    return np.clip(column, 0, base - 1).astype(np.int16)


def count(
    names: Sequence[str],
    places: Places,
    columns: Mapping[str, Column],
    holders: Sequence[str],
) -> dict[str, Counts]:
    """For each of the facets how many of the places have each value, in the page's order."""
    found: dict[str, Counts] = {}
    asked = set(names)
    for pack, digits in PACKS.items():
        if asked & {name for name, _ in digits}:
            for name, sums in _unpacked(columns[pack][places], digits):
                found[name] = _worded(name, sums, holders)
    if asked & {"section", "ipc"}:
        column = columns["ipc"][places]
        classes = np.bincount(column[column >= 0] // LETTERS)
        sections = _sums(classes, CLASSES)
        found["section"] = _listed(sections, lambda code: chr(65 + code), by_value=True)
        found["ipc"] = _listed(classes, _class)
    if "region" in asked:
        provinces = np.bincount(columns["region"][places] // 10_000)
        provinces[:1] = 0
        found["region"] = _listed(provinces, lambda code: f"{code:02d}")
    if "mode" in asked:
        found["mode"] = _count_modes(columns["modes"][places])
    return {name: found[name] for name in names}


def _unpacked(
    column: Column, digits: Sequence[tuple[str, int]]
) -> Iterator[tuple[str, NDArray[np.intp]]]:
    bases = tuple(base for _, base in digits)
    cube = np.bincount(column, minlength=math.prod(bases)).reshape(bases)
    for axis, (name, _) in enumerate(digits):
        sums = cube.sum(axis=tuple(n for n in range(len(bases)) if n != axis))
        sums[0] = 0
        yield name, sums


def _worded(name: str, sums: NDArray[np.intp], holders: Sequence[str]) -> Counts:
    if name == "trl":
        return _falling(sums, 0)
    if name == "year":
        return _falling(sums, YEAR_NOUGHT)
    known = tuple(holders) if name == "holder" else WORDS[name]
    if name == "price":
        return [(known[code - 1], int(n)) for code, n in enumerate(sums) if n]
    return _listed(sums, lambda code: known[code - 1], by_value=name == "layer")


def _class(code: int) -> str:
    return f"{chr(65 + code // CLASSES)}{code % CLASSES:02d}"


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


def _falling(found: NDArray[np.intp], nought: int) -> Counts:
    return [(str(code + nought), int(found[code])) for code in np.flatnonzero(found)[::-1]]


def _count_modes(column: Column) -> Counts:
    """Routes are several per listing, so their counts may add up to more than the total."""
    sets = np.bincount(column)
    used = np.flatnonzero(sets)
    pairs = [
        (mode, int(sets[used[(used >> bit) & 1 == 1]].sum())) for bit, mode in enumerate(MODES)
    ]
    return sorted((pair for pair in pairs if pair[1]), key=lambda pair: (-pair[1], pair[0]))
