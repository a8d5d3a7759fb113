"""Broken rows of settlement sums and their payments."""

from typing import Any

ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "settlement_sum_positive": ({"amount": 1}, {"amount": 0}),
    "settlement_payment_positive": ({"amount": 1}, {"amount": 0}),
    "settlement_payment_proved": (
        {"reference": "回单", "proof": None},
        {"reference": ""},
    ),
}
WHERE: dict[str, Any] = {
    "settlement_payment_once": ({"reference": "回单"}, {"reference": "", "proof": 1}),
    "one_conduct_note_a_settlement": ({"status": "told", "settlement": 1}, {"status": "struck"}),
    "one_conduct_note_a_deal_ending": ({"status": "told", "ending": 1}, {"status": "struck"}),
    "one_conduct_note_a_deal": ({"kind": "performed", "deal": 1}, {"kind": "late"}),
}
