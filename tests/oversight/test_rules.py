"""What is counted, and that nothing is counted twice or lost on the way up."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from oversight import rules

CODES = st.from_regex(r"(31|32|33)(01|02)[0-9]{2}", fullmatch=True) | st.just("")


@given(st.dictionaries(CODES, st.integers(0, 1_000)))
def test_sums_and_remainder_add_up_to_the_whole(counts: dict[str, int]) -> None:
    sums, rest = rules.roll_up(counts, ["31", "3201", "3202"])
    assert sum(sums.values()) + rest == sum(counts.values())
    assert sums["31"] == sum(n for code, n in counts.items() if code.startswith("31"))


def test_filings_are_not_a_metric() -> None:
    assert not any("申请" in metric.label for metric in rules.METRICS)


def test_every_metric_says_what_it_counts() -> None:
    assert len({metric.code for metric in rules.METRICS}) == len(rules.METRICS) == 5
    assert all(len(metric.definition) > 10 for metric in rules.METRICS)


def test_an_overseer_sees_its_own_and_what_lies_below() -> None:
    assert rules.within("310115", "31")
    assert rules.within("32", "")
    assert not rules.within("3", "31")
    assert not rules.within("32", "31")


def test_the_year_so_far_begins_at_new_year() -> None:
    assert rules.Period.year_to(date(2026, 11, 20)).since == date(2026, 1, 1)
