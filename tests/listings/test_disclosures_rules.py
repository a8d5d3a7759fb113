"""Disclosures without a database: steps, what is missing, what is still new, the verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.rules import disclosures as rules
from listings.rules import verdicts
from listings.rules.disclosures import (
    Contributor,
    Decision,
    DisclosureInput,
    DisclosureStatus,
    Publication,
    PublicationKind,
)
from listings.rules.verdicts import Mode, Rule, Scores

TODAY = date(2026, 11, 20)
WHOLE = DisclosureInput(
    title="低温下快速加热电池的办法",
    novelty="不用加热膜，让两半电池互相充放电，自己发热，升温快三倍。",
    problem="冬天电池充不进电、跑不远，加热膜要二十多分钟还会局部过热。",
    how="把电池组分成两半，经双向变换器互相充放电，频率取阻抗最大处。",
    contributors=(Contributor("甲", Decimal("60")), Contributor("乙", Decimal("40"))),
)
GOOD = Scores(trl=6, novelty=4, market=4, enforceability=4, cost=3, team=4)


def test_a_whole_disclosure_may_be_handed_in() -> None:
    assert rules.unfinished(WHOLE) == {}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"title": " "}, "title"),
        ({"title": "电"}, "title"),
        ({"novelty": "新"}, "novelty"),
        ({"problem": ""}, "problem"),
        ({"how": "短"}, "how"),
        ({"contributors": ()}, "contributors"),
        ({"contributors": (Contributor("甲", Decimal("99.99")),)}, "contributors"),
        ({"contributors": (Contributor("", Decimal(100)),)}, "contributors"),
        ({"contributors": (Contributor("甲", Decimal(50)),) * 2}, "contributors"),
        ({"contributors": (Contributor("甲", Decimal(0)),)}, "contributors"),
        ({"how": "长" * 20_001}, "how"),
    ],
)
def test_what_is_missing_is_named(fields: dict[str, Any], name: str) -> None:
    assert list(rules.unfinished(replace(WHOLE, **fields))) == [name]


LEGAL = {
    ("submit", "draft", "submitted"), ("withdraw", "draft", "withdrawn"),
    ("withdraw", "submitted", "withdrawn"), ("take", "submitted", "evaluating"),
    ("send_back", "submitted", "draft"), ("send_back", "evaluating", "draft"),
    ("decide", "evaluating", "decided"), ("apply", "decided", "filed"),
}  # fmt: skip


@pytest.mark.parametrize(("move", "status"), list(product(rules.MOVES, DisclosureStatus)))
def test_the_steps_of_a_disclosure(move: str, status: DisclosureStatus) -> None:
    sources, target = rules.MOVES[move]
    assert (status in sources) == ((move, status.value, target.value) in LEGAL)


@pytest.mark.parametrize(
    ("kind", "days_ago", "lost", "file_by"),
    [
        (PublicationKind.PAPER, 1, True, None),
        (PublicationKind.DEFENCE, 400, True, None),
        (PublicationKind.CONFERENCE, 30, False, date(2027, 4, 21)),
        (PublicationKind.EXHIBITION, 184, False, date(2026, 11, 20)),
        (PublicationKind.EXHIBITION, 185, True, None),
        (PublicationKind.PAPER, -10, False, date(2026, 11, 30)),
        (PublicationKind.LEAK, 0, False, date(2027, 5, 20)),
    ],
)
def test_what_a_publication_does_to_novelty(
    kind: PublicationKind, days_ago: int, lost: bool, file_by: date | None
) -> None:
    published = Publication(kind, TODAY - timedelta(days=days_ago))
    (note,) = rules.novelty_notes((published,), today=TODAY)
    assert (note.lost, note.file_by) == (lost, file_by)


@given(st.sampled_from(PublicationKind), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_only_the_four_cases_of_article_24_are_ever_excused(
    kind: PublicationKind, on: date
) -> None:
    (note,) = rules.novelty_notes((Publication(kind, on),), today=TODAY)
    if on <= TODAY and kind not in rules.IN_GRACE:
        assert note.lost
    if not note.lost:
        assert note.file_by is not None
        assert note.file_by >= TODAY


def test_the_earliest_deadline_counts() -> None:
    notes = rules.novelty_notes(
        (
            Publication(PublicationKind.LEAK, TODAY),
            Publication(PublicationKind.SALE, TODAY + timedelta(days=9)),
        ),
        today=TODAY,
    )
    assert rules.file_by(notes) == TODAY + timedelta(days=9)
    assert rules.file_by([]) is None


scores = st.builds(
    Scores,
    trl=st.integers(1, 9),
    **{name: st.integers(1, 5) for name in ("novelty", "market", "enforceability", "cost", "team")},
    **{name: st.booleans() for name in verdicts.FLAGS},
)


@given(scores, st.booleans())
def test_every_verdict_adds_up_and_is_explained(found: Scores, lost: bool) -> None:
    verdict = verdicts.verdict(found, novelty_lost=lost)
    assert verdict.points == sum(part.points for part in verdict.parts)
    assert 0 <= verdict.points <= 100
    assert verdict.reasons
    assert all(verdict.reasons)
    filed = verdict.route is Decision.FILE
    assert bool(verdict.role) == bool(verdict.mode) == filed
    assert len(verdict.reasons) == (3 if filed else 1)
    if lost:
        assert verdict.route is Decision.DECLINE


@given(scores, st.sampled_from(["trl", "novelty", "market", "enforceability", "cost", "team"]))
def test_a_better_score_never_costs_points(found: Scores, name: str) -> None:
    most = 9 if name == "trl" else 5
    better = replace(found, **{name: min(most, getattr(found, name) + 1)})
    assert (
        verdicts.verdict(better, novelty_lost=False).points
        >= verdicts.verdict(found, novelty_lost=False).points
    )


def test_the_best_and_the_worst() -> None:
    best = verdicts.verdict(Scores(9, 5, 5, 5, 5, 5), novelty_lost=False)
    worst = verdicts.verdict(Scores(1, 1, 1, 1, 1, 1), novelty_lost=False)
    assert (best.points, best.grade, best.role) == (Decimal("100.0"), "A", "core")
    assert (worst.points, worst.grade, worst.route) == (0, "D", Decision.DECLINE)


@pytest.mark.parametrize(
    ("changes", "route"),
    [
        ({}, Decision.FILE),
        ({"novelty": 1}, Decision.DECLINE),
        ({"can_be_kept": True, "enforceability": 2}, Decision.SECRET),
        ({"can_be_kept": True, "enforceability": 3}, Decision.FILE),
        ({"can_be_kept": True, "enforceability": 1, "market": 2}, Decision.FILE),
        ({"trl": 1, "market": 1, "novelty": 3, "enforceability": 1, "cost": 1, "team": 1},
         Decision.PUBLISH),
        ({"trl": 1, "market": 1, "novelty": 2, "enforceability": 1, "cost": 1, "team": 1},
         Decision.DECLINE),
    ],
)  # fmt: skip
def test_the_route(changes: dict[str, Any], route: Decision) -> None:
    assert verdicts.verdict(replace(GOOD, **changes), novelty_lost=False).route is route


@pytest.mark.parametrize(
    ("changes", "mode", "role"),
    [
        ({}, Mode.ORDINARY, "core"),
        ({"centre_field": True}, Mode.FAST, "core"),
        ({"centre_field": True, "market": 3}, Mode.ORDINARY, "peripheral"),
        ({"ready": True}, Mode.PRIORITY, "core"),
        ({"in_batch": True, "novelty": 3}, Mode.BATCH, "peripheral"),
        ({"novelty": 3, "core_product": True}, Mode.ORDINARY, "core"),
        ({"trl": 3}, Mode.DELAYED, "core"),
        ({"trl": 3, "ready": True}, Mode.PRIORITY, "core"),
    ],
)
def test_the_examination_and_the_role(changes: dict[str, Any], mode: Mode, role: str) -> None:
    found = verdicts.verdict(replace(GOOD, **changes), novelty_lost=False)
    assert (found.mode, found.role) == (mode.value, role)


def test_a_regions_rule_takes_the_place_of_the_default_only_when_it_is_whole() -> None:
    own = {
        "weights": {
            "novelty": 40, "market": 20, "trl": 10, "enforceability": 10, "cost": 10, "team": 10,
        },
        "grades": [80, 70, 50],
        "version": "沪 2026",
    }  # fmt: skip
    rule = verdicts.rule_from(own)
    assert (rule.weights["novelty"], rule.grades, rule.version) == (40, (80, 70, 50), "沪 2026")
    wrong: list[Any] = [
        None,
        3,
        {"weights": {"novelty": 100}},
        {"grades": [1, 2, 3]},
        {"grades": 5},
    ]
    assert [verdicts.rule_from(value) for value in wrong] == [Rule()] * len(wrong)
    assert sum(Rule().weights.values()) == 100


@pytest.mark.parametrize(
    ("likeness", "score"), [(None, 5), (0.1, 5), (0.4, 4), (0.6, 3), (0.7, 2), (0.9, 1)]
)
def test_near_neighbours_leave_little_novelty(likeness: float | None, score: int) -> None:
    assert verdicts.suggested_novelty(likeness) == score


@pytest.mark.parametrize(("field", "value"), [("trl", 10), ("trl", 0), ("market", 6)])
def test_a_score_off_the_scale_is_named(field: str, value: int) -> None:
    assert list(verdicts.problems(replace(GOOD, **{field: value}))) == [field]
    assert verdicts.problems(GOOD) == {}
