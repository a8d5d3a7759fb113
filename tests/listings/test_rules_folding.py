"""What a patent's events come to: bonds, holders, term, and where they contradict the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.rules import claims, folding, standing
from listings.rules.claims import Fact, Own
from listings.rules.folding import Declared, Folded, Known
from listings.types import EncumbranceKind, PatentKind, PatentStatus

K = EncumbranceKind
ON = date(2026, 11, 20)
KNOWN = Known(True, PatentKind.INVENTION, date(2013, 1, 1), date(2015, 1, 1), date(2033, 1, 1))
_ids = count(1)


def fact(code: str, year: int, reference: str = "", **detail: Any) -> Fact:
    return Fact(next(_ids), date(year, 1, 1), code, reference, detail)


def fold(*facts: Fact, known: Known = KNOWN, **given: Any) -> Folded:
    return folding.fold(known, facts, on=ON, **given)


def terms(found: Folded) -> list[tuple[str, int, int | None]]:
    return [
        (b.kind.value, b.starts_on.year, b.until.year if b.until else None) for b in found.bonds
    ]


def own(kind: K, start: int, until: int | None = None, **given: Any) -> Own:
    return Own(7, kind, date(start, 1, 1), date(until, 1, 1) if until else None, **given)


# --- bonds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "bonds"),
    [
        ([("PE01", 2018, "Y1")], [("pledge", 2018, None)]),
        ([("PE01", 2018, "Y1"), ("PC01", 2020, "Y1")], [("pledge", 2018, 2020)]),
        ([("PE01", 2018, "Y1"), ("PC01", 2018, "Y1")], []),
        ([("PE01", 2018, "Y1"), ("PE01", 2019, "Y1")], [("pledge", 2018, None)]),
        ([("PC01", 2017, "Y1"), ("PE01", 2018, "Y1")], [("pledge", 2018, None)]),
        ([("PE01", 2018, "Y1"), ("PC01", 2020, "")], [("pledge", 2018, 2020)]),
        ([("EE01", 2018, "X1"), ("EE01", 2019, "X2")],
         [("ordinary", 2018, None), ("ordinary", 2019, None)]),
        ([("PP01", 2018, "B1"), ("PP01", 2019, "B2"), ("PD01", 2020, "B1")],
         [("preservation", 2018, 2020), ("preservation", 2019, None)]),
        # The second pledge was registered before the first one's end: it binds from then on.
        ([("PE01", 2018, "Y1"), ("PE01", 2019, "Y2"), ("PC01", 2020, "Y1")],
         [("pledge", 2018, 2020), ("pledge", 2020, None)]),
        ([("OL01", 2018, ""), ("OL02", 2019, ""), ("OL01", 2020, "")],
         [("open_declaration", 2018, 2019), ("open_declaration", 2020, None)]),
    ],
)  # fmt: skip
def test_bonds_follow_from_the_events(facts: list[Any], bonds: list[Any]) -> None:
    assert terms(fold(*(fact(*given) for given in facts))) == bonds
    assert terms(fold(*(fact(*given) for given in reversed(facts)))) == bonds


def test_a_change_of_the_registered_term_counts() -> None:
    found = fold(
        fact("EE01", 2018, "X1", kind="exclusive", ends_on="2019-12-31"),
        fact("EM01", 2019, "X1", ends_on="2027-12-31"),
    )
    assert terms(found) == [("exclusive", 2018, 2028)]


def test_a_claim_confirms_what_the_platform_wrote_and_its_end_ends_it() -> None:
    opened, closed = fact("PE01", 2018, "Y1"), fact("PC01", 2020, "Y1")
    found = fold(opened, own=[own(K.PLEDGE, 2018)])
    assert found.bonds == ()
    assert found.effects == {7: claims.Effect(opened.id)}
    found = fold(opened, closed, own=[own(K.PLEDGE, 2018)])
    assert found.effects == {7: claims.Effect(opened.id, closed, date(2020, 1, 1))}


def test_the_register_number_decides_which_bond_is_meant() -> None:
    closed = fact("PC01", 2020, "Y1")
    assert fold(closed, own=[own(K.PLEDGE, 2018, register_number="Y1")]).effects == {
        7: claims.Effect(None, closed, date(2020, 1, 1))
    }
    assert fold(closed, own=[own(K.PLEDGE, 2018, register_number="Y2")]).effects == {}
    assert fold(closed, own=[own(K.PLEDGE, 2018)]).effects == {}, "another pledge may be meant"
    nameless = fact("PC01", 2020)
    assert 7 in fold(nameless, own=[own(K.PLEDGE, 2018)]).effects


def test_what_the_platform_released_itself_stays_as_it_is() -> None:
    opened, closed = fact("PE01", 2018, "Y1"), fact("PC01", 2022, "Y1")
    released = own(K.PLEDGE, 2018, 2020, is_released=True)
    assert fold(opened, closed, own=[released]).effects == {7: claims.Effect(opened.id)}


@pytest.mark.parametrize(
    ("facts", "bonds", "codes"),
    [
        ([("EE01", 2018, "X1", "exclusive")], [K.ORDINARY], ["overlap"]),
        ([("EE01", 2018, "X1", "ordinary")], [K.EXCLUSIVE], ["overlap"]),
        ([("OL01", 2018, "", "")], [K.SOLE], ["overlap"]),
        ([("EE01", 2018, "X1", "")], [K.EXCLUSIVE], []),
        ([("EE01", 2018, "X1", "ordinary")], [K.PLEDGE], []),
        ([("PP01", 2018, "B1", "")], [K.EXCLUSIVE], []),
        ([("PE01", 2018, "Y1", ""), ("PE01", 2019, "Y2", "")], [], ["overlap"]),
    ],
)
def test_what_cannot_stand_side_by_side_is_for_somebody_to_look_at(
    facts: list[Any], bonds: list[K], codes: list[str]
) -> None:
    given = [fact(code, year, ref, **({"kind": k} if k else {})) for code, year, ref, k in facts]
    found = fold(*given, own=[own(kind, 2017) for kind in bonds])
    assert [c.code for c in found.contradictions] == codes
    for said in found.contradictions:
        assert said.message.endswith("。")
        assert said.mend.startswith("请")


def test_a_right_registered_on_a_dead_patent_is_doubtful_until_its_restoration_comes() -> None:
    history = [fact("CF01", 2018), fact("PE01", 2020, "Y1")]
    assert [c.code for c in fold(*history).contradictions] == ["right-had-ended"]
    assert fold(*history, fact("RR01", 2019)).contradictions == ()


# --- term ------------------------------------------------------------------------------------


def test_compensation_lengthens_the_term_and_is_never_lost() -> None:
    longer = date(2033, 1, 1) + timedelta(days=210)
    one, two = fact("TC01", 2016, days=200), fact("TC01", 2017, days=10)
    assert fold(one, two).expires_on == longer
    assert fold(two, one, known=replace(KNOWN, expires_on=longer)).expires_on == longer
    assert fold(one, known=replace(KNOWN, expires_on=date(2037, 1, 1))).expires_on == date(
        2037, 1, 1
    ), "what is stored is never shortened"


@pytest.mark.parametrize(
    ("known", "detail"),
    [
        (KNOWN, {}),
        (KNOWN, {"days": "many"}),
        (KNOWN, {"days": -3}),
        (replace(KNOWN, filed_on=None), {"days": 5}),
        (replace(KNOWN, kind=PatentKind.DESIGN), {"days": 5}),
    ],
)
def test_a_compensation_that_cannot_be_moves_nothing(known: Known, detail: Any) -> None:
    found = fold(fact("TC01", 2016, **detail), known=known)
    assert found.expires_on == known.expires_on
    assert [c.code for c in found.contradictions] == ["compensation"]


def test_the_grant_is_the_gazettes_first_that_can_be() -> None:
    applied = replace(KNOWN, granted_on=None)
    found = fold(fact("GR01", 2017), fact("GR01", 2016), fact("GR01", 2012), known=applied)
    assert found.granted_on == date(2016, 1, 1)
    assert [c.code for c in found.contradictions] == ["grant-before-filing"]
    assert found.standing.status is PatentStatus.GRANTED


# --- holders ---------------------------------------------------------------------------------


def moved(code: str, year: int, old: list[str], new: list[str]) -> Fact:
    return fact(code, year, **{"from": old, "to": new})


def names(found: Folded) -> list[str]:
    return [holder.name for holder in found.holders or ()]


@pytest.mark.parametrize(
    ("start", "facts", "end"),
    [
        (["甲"], [("TR01", 2018, ["甲"], ["乙"])], ["乙"]),
        (["甲"], [("TR01", 2019, ["乙"], ["丙"]), ("TR01", 2018, ["甲"], ["乙"])], ["丙"]),
        (["甲", "丁"], [("TR01", 2018, ["甲"], ["乙", "丙"])], ["乙", "丙", "丁"]),
        (["甲"], [("TR01", 2018, ["甲"], ["甲", "乙"])], ["甲", "乙"]),
        (["乙"], [("TR01", 2018, ["甲"], ["乙"])], ["乙"]),
        (["甲"], [("CP01", 2018, ["甲"], ["甲二"]), ("TR01", 2019, ["甲二"], ["乙"])], ["乙"]),
        (["甲"], [("CP03", 2018, ["甲"], ["甲二"])], ["甲二"]),
        (["甲"], [("CP02", 2018, [], [])], ["甲"]),
    ],
)
def test_transfers_and_names_move_the_list_of_patentees(
    start: list[str], facts: list[Any], end: list[str]
) -> None:
    found = fold(*(moved(*given) for given in facts), declared=Declared(tuple(start), 0))
    assert names(found) == end
    assert found.contradictions == ()


@pytest.mark.parametrize(
    "given",
    [("TR01", 2018, ["戊"], ["己"]), ("TR01", 2018, [], []), ("CP01", 2018, ["戊"], ["己"])],
)
def test_parties_that_do_not_fit_change_nothing(given: Any) -> None:
    found = fold(moved(*given), declared=Declared(("甲",), 0))
    assert names(found) == ["甲"]
    assert [c.code for c in found.contradictions] == ["holders"]


def test_a_list_declared_later_stands_for_itself() -> None:
    transfer = moved("TR01", 2018, ["甲"], ["乙"])
    assert names(fold(transfer, declared=Declared(("甲",), transfer.id))) == ["甲"]
    assert fold(transfer).holders is None


# --- the order of arrival --------------------------------------------------------------------

any_fact = st.builds(
    lambda code, day, reference, detail: (code, day, reference, detail),
    st.sampled_from(sorted(standing.EVENTS)),
    st.integers(0, 40),
    st.sampled_from(["", "R1", "R2"]),
    st.sampled_from(
        [{}, {"kind": "exclusive"}, {"ends_on": "2016-02-01"}, {"days": 30}]
        + [{"from": [a], "to": [b]} for a in "甲乙丙" for b in "甲乙丙" if a != b]
    ),
)
any_own = st.builds(
    lambda kind, start, length: Own(
        1, kind, date(2016, 1, 1) + timedelta(start),
        None if length is None else date(2016, 1, 1) + timedelta(start + length),
    ),
    st.sampled_from(sorted(K)),
    st.integers(0, 30),
    st.one_of(st.none(), st.integers(1, 30)),
)  # fmt: skip


@given(
    st.lists(any_fact, max_size=10, unique_by=lambda f: f[:3]),
    st.lists(any_own, max_size=1),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_is_irrelevant(given: Any, bonds: Any, random: Any) -> None:
    facts = [
        Fact(i, date(2016, 1, 1) + timedelta(day), code, reference, detail)
        for i, (code, day, reference, detail) in enumerate(given, start=1)
    ]
    shuffled = list(facts)
    random.shuffle(shuffled)
    start = Declared(("甲",), 0)
    one = folding.fold(KNOWN, facts, own=bonds, declared=start, on=ON)
    other = folding.fold(KNOWN, shuffled, own=bonds, declared=start, on=ON)
    assert one == other
    again = replace(KNOWN, granted_on=one.granted_on, expires_on=one.expires_on)
    assert folding.fold(again, facts, own=bonds, declared=start, on=ON) == one
    for a in one.bonds:
        for b in (b for b in one.bonds if b is not a):
            met = claims._meet(a.starts_on, a.until, b.starts_on, b.until)
            assert not (met and claims.binding.exclude_each_other(a.kind, b.kind))
