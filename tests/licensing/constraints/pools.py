"""Broken rows of patent pools."""

from datetime import date, timedelta
from typing import Any

from tests.licensing.constraints import licences
from tests.licensing.constraints.bare import NOON, TODAY

ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "pool_fee_percent": ({"fee_percent": 5}, {"fee_percent": -1}, {"fee_percent": 100}),
    "pool_closed_with_reason": (
        {"status": "closed", "closed_at": NOON, "closed_reason": "到期"},
        {"closed_at": None},
        {"closed_reason": ""},
        {"status": "open"},
    ),
    "pool_terms_months": ({"months": 240}, {"months": 0}, {"months": 241}),
    "pool_entry_weight": ({"weight": 1}, {"weight": 0}, {"weight": 2}),
    "pool_entry_covenant": ({"covenant": "在先许可不受影响"}, {"covenant": ""}),
    "pool_entry_decided": ({"status": "admitted", "decided_at": NOON}, {"decided_at": None}),
    "pool_entry_refused_with_reason": (
        {"status": "refused", "reason": "与领域无关"},
        {"reason": ""},
    ),
    "pool_entry_left_with_reason": (
        {"status": "left", "left_at": NOON, "left_reason": "另有安排"},
        {"left_at": None},
        {"left_reason": ""},
        {"status": "admitted"},
    ),
    "pool_licence_term_forward": (
        {"starts_on": TODAY, "ends_on": TODAY},
        {"ends_on": date(2026, 11, 19)},
    ),
    "pool_licence_ended_dated": (
        {"status": "ended", "ended_at": NOON},
        {"ended_at": None},
        {"status": "running"},
    ),
    "pool_licence_patent_weight": ({"weight": 1}, {"weight": 0}, {"weight": 2}),
    "pool_income_positive": ({"amount": 1}, {"amount": 0}),
    "pool_income_fee_within": ({"amount": 1, "fee": 1}, {"fee": -1}, {"fee": 2}),
    "pool_income_proved": ({"reference": "回单1"}, {"reference": ""}),
    "pool_share_not_negative": ({"amount": 0}, {"amount": -1}),
}
# Uniqueness with a condition: values inside it, and a change that leads out of it.
WHERE: dict[str, Any] = {
    "pool_name_once_per_administrator": ({"status": "open"}, {"status": "closed"}),
    "one_pool_per_patent": ({"status": "admitted"}, {"status": "left"}),
    "one_live_entry_per_patent": ({"status": "applied"}, {"status": "refused"}),
    "one_running_pool_licence": ({"status": "running"}, {"status": "ended"}),
}
ROWS |= {
    "pool_licence_filed_whole": (
        {"filed_at": NOON, "filed_on": TODAY, "starts_on": TODAY, "filing_number": "B1"},
        {"filing_number": ""},
        {"filed_on": TODAY - timedelta(days=1)},
        {"filed_at": None},
    ),
}
LESS = {"amount": -1}
ROWS |= {
    "pool_due_less_by_correction": ({"amount": 1, "report": None}, {"amount": 0}, LESS),
    "pool_due_of_one_thing": (
        {"kind": "interest", "late_due": 1},
        {"late_due": None},
        {"report": 1},
        {"kind": "settlement"},
        {"kind": "lump"},
    ),
    "pool_release_positive": ({"amount": 1}, {"amount": 0}),
}
# Reports of pool licences are kept as those of licences are.
REPORTS = ("period_forward", "rate_positive", "accepted_reckoned", "question_said")
ROWS |= {f"pool_royalty_{name}": licences.ROWS[f"royalty_report_{name}"] for name in REPORTS}
WHERE |= {
    f"one_{state}_pool_royalty": licences.WHERE[f"one_{state}_royalty_report"]
    for state in ("pending", "accepted")
}
