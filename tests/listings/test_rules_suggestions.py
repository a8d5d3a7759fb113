"""What might be done with a patent: each rule fires for its reason and for no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.rules.suggestions import Act, Holding, suggestions

TODAY = date(2026, 11, 20)
QUIET = Holding(
    on=TODAY,
    score=Decimal("58.0"),
    layer="B",
    years_left=Decimal("8.0"),
    granted_on=date(2025, 1, 1),
    subclass="H01M",
    kin=1,
    is_listed=True,
    is_suspended=False,
    is_declared=False,
    is_licensed=False,
    is_tied=False,
    is_examined=True,
    is_dropped=False,
    needs=0,
    voices=0,
    interested=0,
)
OLD = date(2023, 11, 20)


def acts(**given: Any) -> set[str]:
    return {idea.act.value for idea in suggestions(replace(QUIET, **given))}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, set()),
        ({"is_listed": False}, {"list"}),
        ({"is_listed": False, "is_suspended": True}, set()),
        ({"is_listed": False, "is_tied": True}, set()),
        ({"granted_on": OLD}, {"open"}),
        ({"granted_on": date(2023, 11, 21)}, set()),
        ({"granted_on": OLD, "is_declared": True}, set()),
        ({"granted_on": OLD, "is_licensed": True}, set()),
        ({"granted_on": OLD, "is_examined": False}, set()),
        ({"kin": 3}, {"pool"}),
        ({"kin": 3, "layer": "A"}, set()),
        ({"granted_on": OLD, "interested": 1, "voices": 1}, {"open", "transfer"}),
        ({"granted_on": OLD, "interested": 1, "years_left": Decimal(2)}, {"open"}),
        ({"layer": "C", "score": Decimal(40), "granted_on": OLD, "is_listed": False}, {"lapse"}),
        ({"layer": "C", "score": Decimal(40), "granted_on": OLD}, set()),
        ({"layer": "C", "score": Decimal(40), "granted_on": OLD, "is_listed": False, "needs": 1},
         {"open"}),
        ({"is_listed": False, "granted_on": OLD, "is_dropped": True}, set()),
    ],
)  # fmt: skip
def test_what_is_suggested(fields: dict[str, Any], expected: set[str]) -> None:
    assert acts(**fields) == expected


holding = st.builds(
    replace,
    st.just(QUIET),
    score=st.none() | st.decimals(0, 100, places=1),
    layer=st.sampled_from("ABC"),
    years_left=st.none() | st.decimals(0, 20, places=1),
    granted_on=st.none() | st.dates(date(2005, 1, 1), TODAY),
    kin=st.integers(1, 9),
    is_listed=st.booleans(),
    is_declared=st.booleans(),
    is_licensed=st.booleans(),
    is_tied=st.booleans(),
    needs=st.integers(0, 5),
    voices=st.integers(0, 5),
    interested=st.integers(0, 5),
)


@given(holding)
def test_nobody_is_told_to_let_go_of_what_others_rely_on(held: Holding) -> None:
    found = {idea.act for idea in suggestions(held)}
    if held.is_tied or held.is_licensed or held.is_declared or held.needs:
        assert Act.LAPSE not in found
    assert not {Act.LAPSE, Act.LIST} <= found
    if held.is_tied:
        assert not found
    assert all(idea.why.endswith("。") for idea in suggestions(held))
