"""Broken rows of declarations, licences, what is owed and paid, objections, papers and outcomes."""

from datetime import timedelta

from tests.licensing.constraints.bare import NOON, TODAY

YESTERDAY = TODAY - timedelta(days=1)
ANNOUNCED = {
    "status": "announced",
    "announced_at": NOON,
    "announced_on": TODAY,
    "filed_on": TODAY,
    "number": "K1",
    "encumbrance": 1,
}
EFFECTIVE = {
    "status": "effective",
    "effective_at": NOON,
    "starts_on": TODAY,
    "ends_on": TODAY,
    "encumbrance": 1,
}
FILED = {"status": "filed", "filed_at": NOON, "filed_on": TODAY, "filing_number": "B1"}
HASH = "0" * 64

ROWS = {
    "fee_plan_late_rate_percent": ({"late_rate": 100}, {"late_rate": 101}, {"late_rate": -1}),
    "fee_part_sum_positive": ({"kind": "lump", "amount": 1}, {"amount": None}, {"amount": 0}),
    "fee_part_royalty_whole": (
        {"kind": "running", "base": "profit", "rate": 100},
        {"rate": 101},
        {"rate": None},
        {"base": "x"},
    ),
    "fee_part_cap_above_floor": ({"cap": 2, "floor": 2}, {"cap": 1}),
    "fee_part_deferred_later": ({"kind": "deferred", "due_days": 1}, {"due_days": 0}),
    "fee_part_period_known": ({"period_months": 12}, {"period_months": 2}),
    "fee_part_total_cap_positive": ({"total_cap": 1}, {"total_cap": 0}),
    "declaration_announced_whole": (
        ANNOUNCED,
        *({name: None} for name in ANNOUNCED if name != "status"),
    ),
    "declaration_announced_after_filing": (
        {"filed_on": TODAY, "announced_on": TODAY},
        {"announced_on": YESTERDAY},
    ),
    "declaration_withdrawn_with_reason": (
        {"status": "withdrawn", "closed_at": NOON, "closed_reason": "停"},
        {"closed_at": None},
        {"closed_reason": ""},
    ),
    "declaration_term_positive": ({"months": 1}, {"months": 0}),
    "licence_open_is_ordinary": ({"declaration": 1, "kind": "ordinary"}, {"kind": "exclusive"}),
    "licence_under_is_ordinary": (
        {"under": 1, "kind": "ordinary", "encumbrance": None},
        {"kind": "sole"},
        {"encumbrance": 1},
    ),
    "licence_two_parties": ({"licensor": 1, "licensee": 2}, {"licensee": 1}),
    "licence_effective_whole": (
        EFFECTIVE,
        *({name: None} for name in EFFECTIVE if name != "status"),
    ),
    "licence_noticed_not_effective": ({"status": "noticed"}, {"effective_at": NOON}),
    "licence_effective_after_service": (
        {"served_at": NOON, "effective_at": NOON},
        {"effective_at": NOON - timedelta(seconds=1)},
    ),
    "licence_term_forward": ({"starts_on": TODAY, "ends_on": TODAY}, {"ends_on": YESTERDAY}),
    "licence_filed_whole": (FILED, {"filed_at": None}, {"filed_on": None}, {"filing_number": ""}),
    "licence_void_with_reason": (
        {"status": "void", "closed_at": NOON, "closed_reason": "异议成立"},
        {"closed_at": None},
        {"closed_reason": ""},
    ),
    "payment_due_positive": ({"amount": 1}, {"amount": 0}),
    "payment_positive": ({"amount": 1}, {"amount": 0}),
    "payment_proved": ({"reference": "", "proof": 1}, {"proof": None}),
    "payment_not_in_future": (
        {"paid_at": NOON, "recorded_at": NOON},
        {"paid_at": NOON + timedelta(seconds=1)},
    ),
    "contest_has_reason": ({"reason": "未付款"}, {"reason": ""}),
    "contest_resolved_or_raised": (
        {"status": "upheld", "resolved_at": NOON},
        {"resolved_at": None},
        {"status": "raised"},
    ),
    "document_of_one_thing": (
        {"kind": "contract", "licence": 1},
        {"licence": None},
        {"kind": "declaration"},
        {"due": 1},
        {"pool_due": 1},
        {"agreed_sum": 1},
    ),
    "document_hash_shape": ({"content_hash": HASH}, {"content_hash": "xyz"}),
    "outcome_has_code": ({"code": "ordinary"}, {"code": ""}),
    "outcome_proved": ({"contract_number": "H1"}, {"contract_number": ""}),
    "outcome_open_licence_linked": ({"code": "open_licence", "licence": 1}, {"licence": None}),
    "outcome_decided_whole": (
        {"status": "verified", "decided_at": NOON},
        {"decided_at": None},
    ),
    "outcome_rejected_with_reason": (
        {"status": "rejected", "decision_reason": "无凭证"},
        {"decision_reason": ""},
    ),
    "outcome_two_persons": (
        {"reported_user_id": 1, "decided_user_id": 2},
        {"decided_user_id": 1},
    ),
    "outcome_amount_positive": ({"amount": 0}, {"amount": -1}),
    "royalty_report_period_forward": (
        {"starts_on": TODAY, "ends_on": TODAY},
        {"ends_on": YESTERDAY},
    ),
    "royalty_report_rate_positive": ({"exchange_rate": 1}, {"exchange_rate": 0}),
    "royalty_report_accepted_reckoned": (
        {"status": "accepted", "decided_at": NOON, "owed": 0},
        {"owed": None},
        {"decided_at": None},
    ),
    "royalty_report_question_said": (
        {"status": "questioned", "question": "依据？"},
        {"question": ""},
    ),
    "due_reason_of_one_thing": (
        {"report": 1},
        {"report": None},
        {"late_due": 1},
        {"renewal": 1},
    ),
}
WHERE = {
    "one_open_declaration_per_patent": ({"status": "draft"}, {"status": "withdrawn"}),
    "one_live_licence_per_taker": ({"status": "noticed", "declaration": 1}, {"status": "void"}),
    "payment_reference_once": ({"reference": "回单1"}, {"reference": ""}),
    "one_raised_contest": ({"status": "raised"}, {"status": "dropped"}),
    "outcome_once_per_licence": ({"licence": 1}, {"licence": None}),
    "outcome_once_per_contract": ({"contract_number": "H1"}, {"contract_number": ""}),
    "one_pending_royalty_report": ({"status": "reported"}, {"status": "replaced"}),
    "one_accepted_royalty_report": ({"status": "accepted"}, {"status": "replaced"}),
}
