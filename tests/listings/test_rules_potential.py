"""The potential of a patent: parts that sum, what is not known, and the layer that follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.rules import potential
from listings.rules.annuities import AnnuityState
from listings.rules.layers import Voice
from listings.rules.potential import Demand, Facts, Rule, Screening, assess
from listings.types import EncumbranceKind, Layer, PatentStatus

TODAY = date(2026, 11, 20)
SHEET = tuple(potential.SHEET_FIELDS)
GOOD = Facts(
    on=TODAY,
    status=PatentStatus.GRANTED,
    annuity=AnnuityState.PAID,
    expires_on=date(2039, 3, 1),
    sheet=SHEET,
)


def layer(*voices: Voice, **given: Any) -> Layer:
    return assess(replace(GOOD, voices=voices, **given), Rule()).layer


def part(code: str, **given: Any) -> potential.Part:
    found = assess(replace(GOOD, **given), Rule())
    return next(part for part in found.parts if part.code == code)


voice = st.builds(Voice, st.integers(1, 5), st.booleans())
mark = st.integers(1, 5)
anything = st.builds(
    Facts,
    on=st.just(TODAY),
    status=st.sampled_from(PatentStatus),
    voices=st.lists(voice, max_size=5).map(tuple),
    demand=st.none()
    | st.builds(Demand, st.integers(0, 500), st.integers(0, 500), st.integers(0, 100)),
    annuity=st.sampled_from(AnnuityState),
    bonds=st.frozensets(st.sampled_from(EncumbranceKind)),
    silent_owners=st.integers(0, 3),
    is_examined=st.booleans(),
    evaluation_verdict=st.sampled_from(["", "supports", "against"]),
    expires_on=st.none() | st.dates(date(2020, 1, 1), date(2050, 1, 1)),
    trl=st.none() | st.integers(1, 9),
    family_size=st.none() | st.integers(1, 60),
    cited_by=st.none() | st.integers(0, 900),
    sheet=st.lists(st.sampled_from(SHEET), unique=True).map(tuple),
    screening=st.none() | st.builds(Screening, mark, mark, mark, mark),
)


@given(anything)
def test_the_parts_sum_exactly_and_none_exceeds_its_most(facts: Facts) -> None:
    found = assess(facts, Rule())
    assert sum(p.points for p in found.parts) == found.score
    assert all(0 <= p.points <= p.max for p in found.parts)
    assert sum(p.max for p in found.parts) == 100
    assert all(p.words for p in found.parts)
    assert found.evidence == sum(p.max for p in found.parts if p.known)
    assert found.reasons


@given(anything)
def test_what_is_not_known_counts_its_neutral_share_and_says_so(facts: Facts) -> None:
    for one in assess(facts, Rule()).parts:
        if not one.known:
            assert one.points == (Decimal(one.max) * 40 / 100).quantize(Decimal("0.1"))
            assert "按中间值计" in one.words


@given(anything, st.integers(0, 4))
def test_a_better_word_never_lowers(facts: Facts, at: int) -> None:
    if not facts.voices:
        return
    at %= len(facts.voices)
    better = (*facts.voices[:at], Voice(5, interested=True), *facts.voices[at + 1 :])
    raised = assess(replace(facts, voices=better), Rule())
    assert raised.score >= assess(facts, Rule()).score
    assert raised.layer.value <= assess(facts, Rule()).layer.value  # "A" < "B" < "C"


def test_before_anybody_has_spoken() -> None:
    assert layer() is Layer.B
    assert layer(sheet=()) is Layer.C
    assert layer(sheet=(), trl=7) is Layer.B
    assert layer(sheet=(), trl=2) is Layer.C


def test_one_good_word_raises_and_one_bad_word_lowers() -> None:
    assert layer(Voice(5, interested=True)) is Layer.A
    assert layer(Voice(3, interested=False)) is Layer.B
    assert layer(Voice(1, interested=False)) is Layer.C


@pytest.mark.parametrize("status", [s for s in PatentStatus if s is not PatentStatus.GRANTED])
def test_no_praise_lifts_a_dead_patent(status: PatentStatus) -> None:
    assert layer(Voice(5, interested=True), status=status, trl=9) is Layer.C


def test_an_office_that_praises_itself_does_not_reach_the_first_layer() -> None:
    alone = replace(GOOD, screening=Screening(5, 5, 5, 5))
    found = assess(alone, Rule())
    assert (found.score >= 65, found.layer) == (True, Layer.B)
    assert "44%" in found.reasons[-1]
    assert assess(replace(alone, trl=6), Rule()).layer is Layer.A


def test_a_right_about_to_end_is_not_pushed() -> None:
    ends = TODAY + timedelta(days=300)
    praised = replace(GOOD, voices=(Voice(5, True),) * 3, trl=9, expires_on=ends)
    assert assess(praised, Rule()).layer is Layer.B


def test_more_demand_counts_more() -> None:
    none = part("demand", demand=Demand(0, 0, 0)).points
    one = part("demand", demand=Demand(1, 0, 60)).points
    many = part("demand", demand=Demand(6, 2, 60)).points
    assert 0 < none < one < many
    assert not part("demand").known


@pytest.mark.parametrize(
    ("given", "points"),
    [
        ({}, "10.0"),
        ({"bonds": frozenset({EncumbranceKind.PLEDGE})}, "7.0"),
        ({"bonds": frozenset({EncumbranceKind.OPEN_DECLARATION})}, "10.0"),
        ({"annuity": AnnuityState.GRACE}, "8.0"),
        ({"annuity": AnnuityState.OVERDUE, "silent_owners": 1}, "3.0"),
        ({"is_examined": False}, "9.0"),
        ({"is_examined": False, "evaluation_verdict": "against"}, "5.0"),
        ({"is_examined": False, "evaluation_verdict": "supports"}, "10.0"),
        ({"status": PatentStatus.PENDING}, "4.0"),
        ({"status": PatentStatus.LAPSED}, "0.0"),
    ],
)
def test_legal_health(given: dict[str, Any], points: str) -> None:
    assert part("legal", **given).points == Decimal(points)


def test_family_and_citations_count_where_known() -> None:
    assert part("reach", family_size=5).points == 4
    assert part("reach", family_size=1, cited_by=10).points == 2
    assert not part("reach").known


def test_weights_and_thresholds_are_the_regions() -> None:
    only_life = dict.fromkeys(potential.WEIGHTS, 0) | {"life": 100}
    found = assess(GOOD, Rule(version="t", weights=only_life, a_from=90, b_from=20, evidence=0))
    assert (found.score, found.layer, found.rule_version) == (Decimal(100), Layer.A, "t")


def test_a_rule_that_does_not_add_up_is_named_by_field() -> None:
    fine = {"a_from": 65, "b_from": 50, "neutral": 40, "evidence": 50}
    assert potential.problems(potential.WEIGHTS, **fine) == {}
    assert set(potential.problems(potential.WEIGHTS | {"life": 9}, **fine)) == {"weights"}
    assert set(potential.problems(potential.WEIGHTS | {"life": 101}, **fine)) == {"life"}
    assert set(potential.problems(potential.WEIGHTS, **fine | {"b_from": 65})) == {"a_from"}


def test_what_lifts_names_the_unknown_first() -> None:
    names = [one.code for one in potential.what_lifts(assess(GOOD, Rule()).parts)]
    assert names[:2] == ["market", "screening"]
    assert "sheet" not in names
