"""Broken rows of registrations, certificates and reports of exchanges."""

from typing import Any

from tests.licensing.constraints.bare import NOON, TODAY

OF_ONE = ({"deal": 1, "licence": None}, {"licence": 1}, {"deal": None})
ISSUED = {
    "status": "issued", "number": "JZ1", "certified_on": TODAY, "decided_at": NOON,
    "document": 1, "statement": "相符",
}  # fmt: skip
ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "registration_of_one": OF_ONE,
    "registration_sums": (
        {"amount": 2, "technical": 1},
        {"technical": 3},
        {"technical": -1},
        {"amount": None},
        {"technical": None},
    ),
    "registration_applied_whole": (
        {"status": "applied", "applied_at": NOON, "amount": 1},
        {"applied_at": None},
        {"amount": None},
    ),
    "registration_registered_whole": (
        {"status": "registered", "decided_at": NOON, "registered_on": TODAY, "number": "沪1"},
        {"decided_at": None},
        {"registered_on": None},
        {"number": ""},
    ),
    "registration_has_reason": ({"status": "waived", "reason": "自用"}, {"reason": ""}),
    "certificate_of_one": OF_ONE,
    "certificate_by_another": (
        {"exchange": 3, "holder": 1, "taker": 2},
        {"exchange": 1},
        {"exchange": 2},
    ),
    "certificate_issued_whole": (
        ISSUED,
        *({name: None} for name in ("number", "certified_on", "decided_at", "document")),
        {"statement": ""},
    ),
    "certificate_has_reason": ({"status": "declined", "reason": "不全"}, {"reason": ""}),
    "exchange_report_of_one": OF_ONE,
    "exchange_report_state": (
        {"sort": "settlement", "state": "held", "amount": 1},
        {"state": ""},
        {"amount": 0},
        {"amount": None},
        {"sort": "registration"},
    ),
    "exchange_report_numbered": ({"number": "1"}, {"number": ""}),
}
WHERE: dict[str, Any] = {
    "one_live_certificate_a_deal": ({"status": "requested", "deal": 1}, {"status": "declined"}),
    "one_live_certificate_a_licence": ({"status": "issued", "licence": 1}, {"status": "revoked"}),
    "exchange_report_once": ({"sort": "registration"}, {"sort": "settlement"}),
    "exchange_settlement_once": ({"sort": "settlement", "state": "held"}, {"sort": "registration"}),
}
