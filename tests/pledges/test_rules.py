"""The rules of pledges. No database."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.types import Blocker, PatentKind
from pledges import rules


def terms(**changes):
    known = {
        "principal": Decimal(3_000_000),
        "starts_on": date(2026, 11, 1),
        "ends_on": date(2027, 10, 31),
        "registered_on": date(2026, 11, 10),
        "register_number": "Y2026980001234",
        "today": date(2026, 11, 20),
    }
    return rules.PledgeTerms(**(known | changes))


def right(expires_on=date(2035, 1, 1), organisation_id=1):
    return rules.PledgedRight("ZL 2017 1 0601862.3", expires_on, organisation_id)


def test_every_pair_of_status_and_move_is_decided():
    legal = {("registered", "release"): "released"}
    for status in rules.PledgeStatus:
        for move in rules.MOVES:
            if (status.value, move) in legal:
                assert rules.after(status, move) == legal[status.value, move]
            else:
                with pytest.raises(rules.IllegalMove):
                    rules.after(status, move)
    assert rules.transitions() == [("registered", "released")]


@pytest.mark.parametrize("number", ["Y2022980001234", "X2022980001234", "2022980001234"])
def test_usual_register_numbers_draw_no_warning(number):
    assert rules.number_warning(number) is None


@given(st.text(max_size=20))
def test_any_other_register_number_warns_and_never_fails(number):
    usual = rules.REGISTER_NUMBER.match(number.strip().upper()) is not None
    assert (rules.number_warning(number) is None) == usual


def test_sound_terms_have_no_error():
    assert rules.term_errors(terms()) == {}
    assert rules.contract_blockers(terms(), [right()], pledgor_id=1) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"principal": Decimal(0)}, "principal"),
        ({"principal": Decimal("1e17")}, "principal"),
        ({"ends_on": date(2026, 10, 31)}, "ends_on"),
        ({"registered_on": date(2026, 11, 21)}, "registered_on"),
        ({"register_number": " "}, "register_number"),
        ({"register_number": "Y" * 41}, "register_number"),
    ],
)
def test_each_wrong_figure_is_named(changes, field):
    assert list(rules.term_errors(terms(**changes))) == [field]


def test_a_debt_may_not_outlive_the_patent_nor_the_pledgor_be_a_stranger():
    short = right(expires_on=date(2027, 10, 30))
    foreign = right(organisation_id=2)
    found = rules.contract_blockers(terms(), [short, foreign], pledgor_id=1)
    assert [b.code for b in found] == ["term-beyond-life", "not-the-owner"]
    assert [b.code for b in rules.contract_blockers(terms(), [], pledgor_id=1)] == ["no-patent"]
    day_after, on_the_day = right(date(2027, 11, 1)), right(date(2027, 10, 31))
    assert rules.contract_blockers(terms(), [day_after], pledgor_id=1) == []
    assert rules.contract_blockers(terms(), [on_the_day], pledgor_id=1)


def test_only_a_utility_model_is_asked_about_its_twin():
    assert [b.code for b in rules.conditional_grounds(PatentKind.INVENTION)] == [
        "invalidation-pending"
    ]
    grounds = rules.conditional_grounds(PatentKind.UTILITY_MODEL)
    assert [b.code for b in grounds] == ["invalidation-pending", "same-day-invention"]
    assert not any(b.hard for b in grounds)


def test_conditional_grounds_pass_once_confirmed_hard_ones_never():
    soft = Blocker("same-day", "同日申请", "办法", hard=False)
    hard = Blocker("lapsed", "已失效", "办法")
    assert rules.unconfirmed([soft, hard], []) == [soft, hard]
    assert rules.unconfirmed([soft, hard], ["same-day", "lapsed"]) == [hard]


def test_figures_at_their_limits_are_sound():
    """The smallest and the largest sum, a debt of one day, a registration of today, forty signs."""
    for changes in (
        {"principal": Decimal("0.01")},
        {"principal": rules.LARGEST},
        {"ends_on": terms().starts_on},
        {"registered_on": terms().today},
        {"register_number": f" {'1' * rules.LONGEST_NUMBER} "},
    ):
        assert rules.term_errors(terms(**changes)) == {}, changes
    assert set(rules.term_errors(terms(register_number="1" * 41))) == {"register_number"}
    assert set(rules.term_errors(terms(principal=rules.LARGEST + 1))) == {"principal"}
    assert rules.transitions() == [("registered", "released")]
