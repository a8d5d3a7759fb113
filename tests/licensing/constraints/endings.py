"""Broken rows of renewals and terminations."""

from datetime import timedelta
from typing import Any

from tests.licensing.constraints.bare import NOON, TODAY

LATER = TODAY + timedelta(days=1)
ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "renewal_months": ({"months": 12}, {"months": 0}, {"months": 241}),
    "renewal_fee_not_below_zero": ({"fee": 0}, {"fee": -1}),
    "renewal_goes_forward": ({"former_ends_on": TODAY, "ends_on": LATER}, {"ends_on": TODAY}),
    "renewal_answered_within_term": (
        {"answer_by": TODAY, "former_ends_on": TODAY},
        {"answer_by": LATER},
    ),
    "renewal_answered_or_asked": (
        {"status": "accepted", "answered_at": NOON},
        {"answered_at": None},
        {"status": "asked"},
    ),
    "renewal_refused_with_reason": ({"status": "refused", "answer": "自用"}, {"answer": ""}),
    "termination_has_reason": ({"reason": "停产"}, {"reason": ""}),
    "termination_breach_proved": ({"ground": "breach", "evidence": 1}, {"evidence": None}),
    "termination_unpaid_by_licensor": (
        {"ground": "non_payment", "side": "licensor"},
        {"side": "licensee"},
    ),
    "termination_after_service": (
        {"served_on": TODAY, "effective_on": TODAY},
        {"served_on": LATER},
    ),
    "termination_within_term": (
        {"effective_on": TODAY, "former_ends_on": TODAY},
        {"effective_on": LATER},
    ),
    "termination_closed_or_open": (
        {"status": "done", "closed_at": NOON},
        {"closed_at": None},
        {"status": "noticed"},
    ),
    "termination_answered_with_reason": (
        {"status": "objected", "answered_at": NOON, "answer": "已付"},
        {"answer": ""},
        {"answered_at": None},
    ),
}
WHERE: dict[str, Any] = {
    "one_asked_renewal": ({"status": "asked"}, {"status": "lapsed"}),
    "one_open_termination": ({"status": "noticed"}, {"status": "withdrawn"}),
}
