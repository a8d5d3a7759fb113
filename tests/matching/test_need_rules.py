"""What a need should say, what others may read of it, how long it stands. No database."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.days import add_months
from matching.rules import needs as rules
from matching.types import Ending, ListType, Metric, NeedInput, Visibility
from tests.factories.matching import COLD

FULL = NeedInput(
    title="储能柜冬天充不进电，求快速升温办法",
    problem="加热膜只热表面，中间电芯要半小时。" * 4,
    situation="内蒙古的工商业储能柜，零下二十五度。",
    tried="加厚加热膜，耗电翻倍，放弃了。",
    limits="柜体尺寸不能变",
    metrics=(Metric("升温时间", "≤10", "30", "分钟"),),
    budget=COLD.budget,
    deadline=date(2027, 1, 1),
    industry_codes=("3841",),
    trl=6,
    licence_modes=("transfer",),
)


def test_completeness_sums_to_a_hundred_and_says_what_would_help() -> None:
    assert sum(part.points for part in rules.completeness(NeedInput(title=""))) == 100
    assert rules.points(rules.completeness(FULL)) == 100
    assert rules.points(rules.completeness(NeedInput(title=""))) == 0
    assert all(part.help.endswith("。") for part in rules.completeness(FULL))


@given(st.sets(st.sampled_from(rules.FIELDS)))
def test_what_is_not_released_is_withheld_and_nothing_else(released: set[str]) -> None:
    hidden = rules.withheld(is_confidential=True, released=released)
    assert hidden & set(rules.FIELDS) == set(rules.FIELDS) - released
    assert ("metrics" in hidden) == ("targets" not in released)
    assert rules.withheld(is_confidential=False, released=()) == frozenset()


@given(st.sets(st.sampled_from(rules.FIELDS)), st.sampled_from(Visibility), st.booleans())
def test_released_keeps_reading_order_and_industry_with_its_readers(
    chosen: set[str], visibility: Visibility, secret: bool
) -> None:
    data = NeedInput(
        title="x", released=tuple(chosen), visibility=visibility, is_confidential=secret
    )
    found = rules.released_of(data)
    expected = chosen | ({"industry_codes"} if visibility is Visibility.INDUSTRY else set())
    assert found == ([name for name in rules.FIELDS if name in expected] if secret else [])


@pytest.mark.parametrize(
    ("metric", "wrong"),
    [
        (Metric("升温时间", "≤10", "30", "分钟"), False),
        (Metric("", "10"), True),
        (Metric("升温时间", "更快"), True),
        (Metric("升" * 41, "10"), True),
    ],
)
def test_a_target_needs_a_name_and_a_number(metric: Metric, wrong: bool) -> None:
    found = rules.wrong_with_details(NeedInput(title="x", metrics=(metric,)))
    assert ("metrics" in found) is wrong


def test_unknown_releases_and_too_many_targets_are_refused() -> None:
    many = NeedInput(title="x", metrics=(Metric("a", "1"),) * 9, released=("salary",))
    assert set(rules.wrong_with_details(many)) == {"metrics", "released"}


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.none() | st.dates(date(2020, 1, 1)))
def test_a_need_stands_to_its_deadline_but_never_longer_than_its_term(
    today: date, deadline: date | None
) -> None:
    found = rules.expiry(today=today, deadline=deadline, months=12)
    assert today <= found <= add_months(today, 12)
    if deadline is not None and today <= deadline < add_months(today, 12):
        assert found == deadline


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("move", ["solve", "close"])
@pytest.mark.parametrize("patent_id", [None, 7])
def test_only_what_fits_ends_a_need(ending: Ending, move: str, patent_id: int | None) -> None:
    legal = rules.move_of(ending) == move and (ending is Ending.PLATFORM) == (patent_id is not None)
    assert (not rules.wrong_with_ending(ending, move=move, patent_id=patent_id)) is legal


def test_shared_lists_are_those_of_a_body() -> None:
    assert {ListType.INDUSTRY, ListType.SCENARIO} == rules.SHARED_LISTS
