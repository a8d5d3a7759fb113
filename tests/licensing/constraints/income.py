"""Broken rows of income distribution, case files and the history of outcomes."""

from typing import Any

from tests.licensing.constraints.bare import NOON

ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "income_rule_share": ({"percent": 60}, {"percent": 0}, {"percent": 101}),
    "income_rule_named": ({"title": "办法"}, {"title": ""}),
    "distribution_approved_whole": (
        {"status": "approved", "approved_at": NOON, "approved_by": "x"},
        {"approved_at": None},
    ),
    "distribution_objection_said": ({"reason": "份额"}, {"reason": ""}),
    "distribution_objection_answered": (
        {"status": "upheld", "answered_at": NOON, "answer": "改"},
        {"answered_at": None},
        {"answer": ""},
    ),
    "distribution_objection_two_persons": (
        {"raised_by": "a", "answered_by": "b", "answered_at": NOON},
        {"answered_by": "a"},
    ),
    "outcome_revision_has_reason": ({"reason": "写错"}, {"reason": ""}),
    "case_file_hash_shape": ({"entries_hash": "0" * 64}, {"entries_hash": "x"}),
}
WHERE: dict[str, Any] = {}
