"""Facets over columns: the same as counting one by one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.people.models import OrganisationKind
from listings.rules import facets, vectors

HOLDERS = tuple(OrganisationKind.values)
ROW = st.fixed_dictionaries(
    {
        "ipc": st.sampled_from(["", "A01B", "A01", "H01M", "G06F", "H04L", "B65G"]),
        "region": st.sampled_from([0, 310115, 310000, 110108, 650102]),
        "holder": st.integers(0, len(HOLDERS)),
        "kind": st.integers(0, 3),
        "status": st.integers(0, 7),
        "layer": st.integers(0, 3),
        "year": st.sampled_from([0, 1985, 2012, 2026]),
        "trl": st.integers(0, 9),
        "price": st.integers(1, len(facets.PRICES)),
        "modes": st.integers(0, (1 << len(facets.MODES)) - 1),
    }
)


def columns(rows: list[dict[str, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    made = {name: np.array([row[name] for row in rows], dtype=np.int32) for name in rows[0]
            if name != "ipc"}  # fmt: skip
    codes = [(facets.ipc_range(row["ipc"]) or (-1, 0))[0] for row in rows]
    return {**made, **facets.packed(made), "ipc": np.array(codes, dtype=np.int16)}


def values(row: dict[str, Any], name: str) -> list[str]:
    if name == "mode":
        return [mode for bit, mode in enumerate(facets.MODES) if row["modes"] >> bit & 1]
    if name in {"section", "ipc"}:
        return [row["ipc"][: 1 if name == "section" else 3]] if row["ipc"] else []
    if name == "region":
        return [f"{row['region']:06d}"[:2]] if row["region"] else []
    if not row[name]:
        return []
    if name in {"trl", "year"}:
        return [str(row[name])]
    return [(HOLDERS if name == "holder" else facets.WORDS[name])[row[name] - 1]]


NAMES = facets.ORDER


@given(rows=st.lists(ROW, min_size=1, max_size=40), name=st.sampled_from(NAMES))
def test_counts_are_what_one_counts_by_hand(rows: list[dict[str, Any]], name: str) -> None:
    made = columns(rows)
    everyone = np.arange(len(rows), dtype=np.int32)
    truth = Counter(value for row in rows for value in values(row, name))
    counted = facets.count([name], everyone, made, HOLDERS)[name]
    assert dict(counted) == dict(truth)
    for value, n in counted:
        assert facets.chosen(name, (value,), made, HOLDERS).sum() == n


@pytest.mark.parametrize(
    ("value", "inside", "outside"),
    [
        ("H", "H04L", "G06F"),
        ("H01", "H01M", "H02J"),
        ("H01M", "H01M", "H01L"),
        ("A", "A01", "B01"),
    ],
)
def test_a_symbol_covers_what_begins_with_it(value: str, inside: str, outside: str) -> None:
    low, high = facets.ipc_range(value) or (0, 0)
    first = [(facets.ipc_range(symbol) or (0, 0))[0] for symbol in (inside, outside)]
    assert low <= first[0] < high
    assert not low <= first[1] < high


def test_groups_are_asked_of_the_database() -> None:
    assert facets.ipc_range("H01M 10") is None
    assert facets.symbol_start("h01m10/05") == "H01M 10/05"
    assert facets.symbol_start("H01") == "H01"


def test_likeness_counts_repeats() -> None:
    assert vectors.shared(["a", "a", "b"], ["a", "b", "c"]) == (2 / 3, 2 / 3)
    assert vectors.shared([], []) == (0.0, 0.0)


def test_the_packs_have_room_for_every_word() -> None:
    sizes = {name: len(words) for name, words in facets.WORDS.items()} | {"holder": len(HOLDERS)}
    for digits in facets.PACKS.values():
        assert np.prod([base for _, base in digits]) <= 1 << 15
        assert all(sizes.get(name, 0) < base for name, base in digits)
