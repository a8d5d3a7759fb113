"""Broken rows of settlement sums and their payments."""

from typing import Any

from tests.licensing.constraints.bare import NOON

ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "settlement_sum_positive": ({"amount": 1}, {"amount": 0}),
    "settlement_payment_positive": ({"amount": 1}, {"amount": 0}),
    "settlement_payment_proved": (
        {"reference": "回单", "proof": None},
        {"reference": ""},
    ),
}
ROWS |= {
    "settlement_offset_positive": ({"amount": 1}, {"amount": 0}),
    "settlement_offset_answered": (
        {"status": "refused", "answered_at": NOON},
        {"answered_at": None},
        {"status": "proposed"},
    ),
    "settlement_offset_accepted_whole": (
        {"status": "accepted", "payment": 1, "settlement_payment": 1},
        {"payment": None},
        {"settlement_payment": None},
        {"status": "refused"},
    ),
    "settlement_offset_refused_with_reason": (
        {"status": "refused", "reason": "x"},
        {"reason": ""},
    ),
}
WHERE: dict[str, Any] = {
    "one_waiting_settlement_offset": ({"status": "proposed"}, {"status": "refused"}),
    "settlement_payment_once": ({"reference": "回单"}, {"reference": "", "proof": 1}),
    "one_conduct_note_a_settlement": ({"status": "told", "settlement": 1}, {"status": "struck"}),
    "one_conduct_note_a_deal_ending": ({"status": "told", "ending": 1}, {"status": "struck"}),
    "one_conduct_note_a_deal": ({"kind": "performed", "deal": 1}, {"kind": "late"}),
}
