"""Broken rows of conduct notes."""

from datetime import timedelta
from typing import Any

from tests.licensing.constraints.bare import NOON, TODAY

ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "conduct_of_one": ({"deal": 1, "licence": None}, {"licence": 1}, {"deal": None}),
    "conduct_of_a_party": (
        {"organisation": 1, "holder": 1, "taker": 2},
        {"organisation": 3},
    ),
    "conduct_sourced": ({"fact": "x", "source": "x"}, {"fact": ""}, {"source": ""}),
    "conduct_from_records": (
        {"stated_by": "system", "kind": "late", "due": 1},
        {"due": None},
    ),
    "conduct_counts_from_a_day": (
        {"status": "in_force", "effective_on": TODAY},
        {"effective_on": None},
    ),
    "conduct_told_before_it_counts": (
        {"answer_by": TODAY, "effective_on": TODAY + timedelta(days=1)},
        {"effective_on": TODAY},
    ),
    "conduct_appealed_with_words": (
        {"status": "appealed", "appealed_at": NOON, "appeal": "x"},
        {"appealed_at": None},
        {"appeal": ""},
    ),
    "conduct_struck_with_reason": (
        {"status": "struck", "decided_at": NOON, "decision": "x"},
        {"decided_at": None},
        {"decision": ""},
    ),
    "conduct_effective_pair": (
        {"effective_on": TODAY, "expires_on": TODAY},
        {"effective_on": None},
        {"expires_on": None},
    ),
    "conduct_revision_reasoned": ({"reason": "x"}, {"reason": ""}),
}
WHERE: dict[str, Any] = {
    "one_conduct_note_a_due": ({"status": "told", "due": 1, "kind": "late"}, {"status": "struck"}),
    "one_conduct_note_an_ending": ({"status": "told", "termination": 1}, {"status": "struck"}),
    "one_conduct_note_a_licence": ({"kind": "performed", "licence": 1}, {"kind": "late"}),
}
