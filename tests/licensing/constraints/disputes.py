"""Broken rows of disputes, their sessions and their proposals."""

from typing import Any

from tests.licensing.constraints.bare import NOON, TODAY

OPEN: dict[str, Any] = {"status": "opened", "due_by": TODAY}
ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "dispute_of_one": (
        {"deal": 1, "licence": None},
        {"licence": 1},
        {"pool_licence": 1},
        {"deal": None},
    ),
    "dispute_about_one_line": (
        {"licence": 1, "due": 1},
        {"report": 1},
        {"termination": 1},
        {"pool_due": 1},
        {"licence": None},
    ),
    "dispute_of_a_patent": ({"pool_licence": 1, "patent": None}, {"pool_licence": None}),
    "dispute_says_what": ({"facts": "x", "wish": "x"}, {"facts": ""}, {"wish": ""}),
    "dispute_sum_positive": ({"amount": 1}, {"amount": 0}),
    "dispute_mediator_no_party": (
        {"mediator": 3, "holder": 1, "taker": 2, "mediator_name": "周调"},
        {"mediator": 1},
        {"mediator": 2},
        {"mediator_name": ""},
    ),
    "dispute_mediated_by_consent": (
        {"status": "accepted", "consented_at": NOON, "mediation_side": "taker"},
        {"consented_at": None},
        {"mediation_side": ""},
    ),
    "dispute_mediated_by_somebody": ({"status": "mediating", "mediator": 3}, {"mediator": None}),
    "dispute_open_or_closed": (
        {"status": "failed", "closed_at": NOON, "due_by": None, "closing": "x"},
        {"closed_at": None},
        {"due_by": TODAY},
        {"closing": ""},
        {"status": "opened"},
    ),
    "dispute_settled_on_paper": (
        {"status": "settled", "document": 1},
        {"document": None},
        {"status": "failed"},
    ),
    "dispute_session_somewhere": ({"place": "x"}, {"place": ""}),
    "dispute_session_minutes": (
        {"minutes": "x", "noted_at": NOON},
        {"minutes": ""},
        {"noted_at": None},
    ),
    "dispute_proposal_says_what": ({"text": "x"}, {"text": ""}),
    "dispute_proposal_sum_whole": (
        {"amount": 1, "payer": "taker", "pay_by": TODAY},
        {"amount": 0},
        {"amount": None},
        {"payer": ""},
        {"payer": "x"},
        {"pay_by": None},
    ),
    "dispute_proposal_accepted_by_both": (
        {"status": "accepted", "holder_at": NOON, "taker_at": NOON},
        {"holder_at": None},
        {"taker_at": None},
    ),
    "dispute_proposal_refused_by_one": (
        {"status": "refused", "refused_side": "taker", "reason": "x"},
        {"refused_side": ""},
        {"reason": ""},
        {"status": "proposed"},
    ),
}
WHERE: dict[str, Any] = {
    "one_open_dispute_report": ({**OPEN, "report": 1}, {"status": "failed"}),
    "one_open_dispute_due": ({**OPEN, "due": 1}, {"status": "failed"}),
    "one_open_dispute_termination": ({**OPEN, "termination": 1}, {"status": "failed"}),
    "one_open_dispute_licence": ({**OPEN, "licence": 1}, {"due": 1}),
    "one_open_dispute_pool_report": ({**OPEN, "pool_report": 1}, {"status": "failed"}),
    "one_open_dispute_pool_due": ({**OPEN, "pool_due": 1}, {"status": "failed"}),
    "one_open_dispute_pool": ({**OPEN, "pool_licence": 1}, {"pool_due": 1}),
    "one_open_dispute_deal": ({**OPEN, "deal": 1}, {"status": "withdrawn"}),
    "one_waiting_dispute_proposal": ({"status": "proposed"}, {"status": "refused"}),
}
