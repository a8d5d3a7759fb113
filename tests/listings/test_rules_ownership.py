"""Consents, inventors' rights, and the watch over funded patents that nobody works."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from listings.rules import consents, inventors, moves, working
from listings.rules.consents import ConsentStatus
from listings.rules.inventors import InventorRightKind
from listings.rules.working import Watch
from listings.types import Consent

ON = date(2026, 11, 20)
LEGAL = {
    ("asked", "agree"): "agreed",
    ("asked", "refuse"): "refused",
    ("asked", "cancel"): "cancelled",
    ("agreed", "withdraw"): "withdrawn",
}


@pytest.mark.parametrize("status", list(ConsentStatus))
@pytest.mark.parametrize("move", list(consents.CONSENT_MOVES))
def test_moves_of_a_consent(status: str, move: str) -> None:
    if expected := LEGAL.get((status, move)):
        assert moves.after(consents.CONSENT_MOVES, status, move) == expected
    else:
        with pytest.raises(moves.IllegalMove):
            moves.after(consents.CONSENT_MOVES, status, move)


@pytest.mark.parametrize("given", list(Consent))
@pytest.mark.parametrize("asked", list(Consent))
def test_a_wider_consent_covers_a_narrower_one(given: Consent, asked: Consent) -> None:
    order = [Consent.NONE, Consent.OPEN, Consent.ALL]
    assert consents.covers(given, asked) is (order.index(given) >= order.index(asked))


def watch(**given: Any) -> Watch:
    facts: dict[str, Any] = {
        "is_funded": True,
        "is_in_force": True,
        "is_worked": False,
        "granted_on": date(2021, 11, 19),
        "has_reason": False,
        "on": ON,
    } | given
    return working.watch(**facts).state


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({}, Watch.FLAGGED),
        ({"has_reason": True}, Watch.EXPLAINED),
        ({"granted_on": date(2021, 11, 20)}, Watch.COMING),
        ({"granted_on": date(2023, 1, 1), "years": 3}, Watch.FLAGGED),
        ({"is_funded": False}, Watch.NONE),
        ({"is_in_force": False}, Watch.NONE),
        ({"is_worked": True}, Watch.NONE),
        ({"granted_on": None}, Watch.NONE),
    ],
)
def test_more_than_five_years_unworked_is_flagged(given: dict[str, Any], state: Watch) -> None:
    if "years" in given:
        assert watch(**given) is Watch.FLAGGED
    assert watch(**given) is state


def problems(**given: Any) -> set[str]:
    facts: dict[str, Any] = {
        "kind": InventorRightKind.USE,
        "inventors": ["张三"],
        "share": None,
        "starts_on": ON,
        "ends_on": None,
        "taken": Decimal(0),
        "expires_on": date(2039, 3, 1),
    } | given
    return set(inventors.problems(**facts))


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, set()),
        ({"ends_on": date(2036, 11, 20)}, set()),
        ({"ends_on": date(2036, 11, 19)}, {"ends_on"}),
        ({"ends_on": date(2036, 11, 20), "least_years": 12}, {"ends_on"}),
        ({"ends_on": date(2031, 11, 20), "least_years": 5}, {"ends_on"}),
        ({"share": Decimal(5)}, {"share"}),
        ({"inventors": []}, {"inventors"}),
        ({"starts_on": date(2039, 3, 1)}, {"starts_on"}),
        ({"kind": InventorRightKind.OWNERSHIP, "share": Decimal(70)}, set()),
        ({"kind": InventorRightKind.OWNERSHIP}, {"share"}),
        ({"kind": InventorRightKind.OWNERSHIP, "share": Decimal(100)}, {"share"}),
        (
            {"kind": InventorRightKind.OWNERSHIP, "share": Decimal(60), "taken": Decimal(40)},
            {"share"},
        ),
        (
            {
                "kind": InventorRightKind.OWNERSHIP,
                "share": Decimal(6),
                "ends_on": date(2036, 11, 20),
            },
            {"ends_on"},
        ),
    ],
)
def test_what_inventors_may_be_granted(given: dict[str, Any], fields: set[str]) -> None:
    assert problems(**given) == fields
