"""The rules of needs, lists, pushes, taste and of how a score is shown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import rules
from matching.types import (
    NeedInput,
    NeedStatus,
    Ranked,
    Rating,
    SubscriptionInput,
    SubscriptionStatus,
)

S, N = SubscriptionStatus, NeedStatus
LEGAL_NEED = {
    (N.DRAFT, "refine"): N.REFINED,
    (N.REFINED, "unrefine"): N.DRAFT,
    (N.REFINED, "open"): N.OPEN,
    (N.OPEN, "match"): N.MATCHED,
    (N.OPEN, "solve"): N.SOLVED,
    (N.MATCHED, "solve"): N.SOLVED,
    (N.DRAFT, "close"): N.CLOSED,
    (N.REFINED, "close"): N.CLOSED,
    (N.OPEN, "close"): N.CLOSED,
    (N.MATCHED, "close"): N.CLOSED,
    (N.MATCHED, "reopen"): N.OPEN,
    (N.CLOSED, "reopen"): N.OPEN,
}
LEGAL_SUBSCRIPTION = {(S.ACTIVE, "pause"): S.PAUSED, (S.PAUSED, "resume"): S.ACTIVE}


@pytest.mark.parametrize("status", N)
@pytest.mark.parametrize("move", rules.NEED_MOVES)
def test_need_moves_full_product(status: NeedStatus, move: str) -> None:
    if (status, move) in LEGAL_NEED:
        assert rules.after(rules.NEED_MOVES, status, move) is LEGAL_NEED[status, move]
    else:
        with pytest.raises(rules.IllegalMove):
            rules.after(rules.NEED_MOVES, status, move)


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("move", rules.SUBSCRIPTION_MOVES)
def test_subscription_moves_full_product(status: SubscriptionStatus, move: str) -> None:
    if (status, move) in LEGAL_SUBSCRIPTION:
        assert (
            rules.after(rules.SUBSCRIPTION_MOVES, status, move)
            is (LEGAL_SUBSCRIPTION[status, move])
        )
    else:
        with pytest.raises(rules.IllegalMove):
            rules.after(rules.SUBSCRIPTION_MOVES, status, move)


def test_trigger_pairs_are_those_of_the_table() -> None:
    steps = {(source.value, target.value) for (source, _), target in LEGAL_NEED.items()}
    assert set(rules.pairs(rules.NEED_MOVES)) == steps


def test_lacking_names_every_gap_at_once() -> None:
    assert set(rules.lacking(NeedInput(title="短"))) == {"title", "problem", "industry_codes"}
    full = NeedInput(
        title="储能柜冬天充不进电", problem="加热膜升温太慢，等不起。", industry_codes=("38",)
    )
    assert rules.lacking(full) == {}


def test_subscription_must_ask_for_something() -> None:
    assert "text" in rules.wrong_with_subscription(SubscriptionInput(name="空"))
    assert rules.wrong_with_subscription(SubscriptionInput(name="有", ipc=("H01M",))) == {}
    bad = SubscriptionInput(name=" ", text="x", min_score=101, price_cap=Decimal(-1))
    assert set(rules.wrong_with_subscription(bad)) == {"name", "min_score", "price_cap"}


# --- lists -----------------------------------------------------------------------------------

scores = st.integers(min_value=0, max_value=30)


@given(
    world=st.dictionaries(st.integers(1, 40), scores, max_size=40),
    changed=st.dictionaries(st.integers(1, 40), st.none() | scores, max_size=8),
    keep=st.integers(1, 6),
)
def test_merged_list_is_what_ranking_everything_gives(
    world: dict[int, int], changed: dict[int, int | None], keep: int
) -> None:
    """Whatever changes, the merged list is the true one, or says that it cannot know."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "KEEP", keep)

        def top(of: dict[int, int]) -> list[Ranked]:
            return sorted((Ranked(k, v) for k, v in of.items()), key=lambda r: r.place)[:keep]

        fresh = {k: v for k, v in changed.items() if v is not None}
        after = {k: v for k, v in world.items() if k not in changed} | fresh
        merged = rules.merged(
            top(world), [Ranked(k, v) for k, v in fresh.items()], frozenset(changed)
        )
        if merged is not None:
            assert merged == top(after)
        elif changed:
            assert len(world) >= keep  # only a full list may have to be ranked whole
        else:
            pytest.fail("nothing changed, nothing to rank")


# --- pushes ----------------------------------------------------------------------------------


def test_push_needs_the_floor_and_the_receivers_own() -> None:
    floor = int(rules.PUSH_FLOOR * 10_000)
    assert rules.worth_pushing(floor, min_score=0)
    assert not rules.worth_pushing(floor - 1, min_score=0)
    assert not rules.worth_pushing(floor, min_score=int(rules.PUSH_FLOOR) + 1)


def test_day_has_a_share() -> None:
    assert rules.left_today(0) == rules.PUSHES_A_DAY
    assert rules.left_today(rules.PUSHES_A_DAY + 3) == 0


def test_material_follows_price_mode_and_title_only() -> None:
    base = {"title": "甲", "asking_price": Decimal("1"), "licence_mode": "ordinary"}
    first = rules.material(**base)
    assert first == rules.material(**base | {"asking_price": Decimal("1.00")})
    assert len({
        first,
        rules.material(**base | {"asking_price": None}),
        rules.material(**base | {"asking_price": Decimal("2")}),
        rules.material(**base | {"licence_mode": "open_licence"}),
        rules.material(**base | {"title": "乙"}),
    }) == 5  # fmt: skip


@pytest.mark.parametrize(
    ("price", "region", "cap", "regions", "fits"),
    [
        (None, "310115", Decimal(10), ["31"], True),
        (Decimal(11), "310115", Decimal(10), [], False),
        (Decimal(10), "310115", Decimal(10), ["310000"], True),
        (None, "320500", None, ["31", "33"], False),
        (None, "", None, ["31"], True),
    ],
)
def test_limits_of_a_subscriber(
    price: Decimal | None, region: str, cap: Decimal | None, regions: list[str], fits: bool
) -> None:
    found = rules.within_limits(price=price, region=region, price_cap=cap, regions=regions)
    assert found is fits


# --- taste -----------------------------------------------------------------------------------


@given(st.integers(1, 5), st.booleans())
def test_liking_stays_in_bounds_and_follows_both_answers(prospect: int, interested: bool) -> None:
    value = rules.liking(prospect, interested)
    assert -1 <= value <= 1
    assert rules.liking(prospect, True) > rules.liking(prospect, False)


def test_taste_draws_towards_indifference() -> None:
    one = [Rating(1, 5, True, ("H01M",), ("甲大学",))]
    patents, fields, holders = rules.taste(one)
    assert patents == {1: 1.0}
    assert fields == {"H01M": 0.5}
    assert holders == {"甲大学": 0.5}
    many = [Rating(i, 5, True, ("H01M",), ()) for i in range(9)]
    assert rules.taste(many)[1]["H01M"] == 0.9


# --- showing a score -------------------------------------------------------------------------


@given(st.lists(st.integers(-200_000, 600_000), min_size=1, max_size=4))
def test_whole_points_add_up_to_the_whole_score(parts: list[int]) -> None:
    points = rules.whole_points(parts)
    assert sum(points) == rules.whole_score(sum(parts))
    assert all(abs(p - part / 10_000) < 1 for p, part in zip(points, parts, strict=True))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["lexical", "semantic", "topic", "taxonomy", "structure", "behaviour", "new"]
            ),
            st.integers(-50_000, 300_000),
        ),
        max_size=12,
    )
)
def test_bars_hold_every_reason_once(reasons: list[tuple[str, int]]) -> None:
    rows = [
        {"signal": signal, "code": "x", "weight": 5.0, "ticks": ticks, "evidence": []}
        for signal, ticks in reasons
    ]
    bars = rules.bars(rows)
    assert len(bars) <= 4
    assert sum(bar.ticks for bar in bars) == sum(t for _, t in reasons)
    assert sum(len(bar.notes) for bar in bars) == len(reasons)


@pytest.mark.parametrize(
    ("code", "value", "evidence", "said"),
    [
        ("shared-words", 0.4, ["轴承"], "shared-words"),
        ("shared-words", 0.4, [], "shared-characters"),
        ("close-meaning", 0.5, [], "close-meaning"),
        ("close-meaning", 0.49, [], "near-meaning"),
        ("same-topic", 0.5, [], "same-topic"),
        ("same-topic", 0.49, [], "near-topic"),
        ("fresh", 0.1, ["2026-11-20"], "fresh"),
    ],
)
def test_no_reason_says_more_than_it_knows(
    code: str, value: float, evidence: list[str], said: str
) -> None:
    row = {"signal": "lexical", "code": code, "value": value, "weight": 1.0, "ticks": 1,
           "evidence": evidence}  # fmt: skip
    assert rules.noted(row) == said
    assert [note for bar in rules.bars([row]) for note, _ in bar.notes] == [said]


def test_statistics_are_outgrown_when_the_stock_has_doubled() -> None:
    assert not rules.corpus_outgrown(0, 0)
    assert rules.corpus_outgrown(0, 1)
    assert not rules.corpus_outgrown(1, 1)
    assert not rules.corpus_outgrown(100, 199)
    assert rules.corpus_outgrown(100, 200)
