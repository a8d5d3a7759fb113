"""Broken rows of deals, their terms, approvals and signed copies."""

from datetime import timedelta

from tests.licensing.constraints.bare import NOON, TODAY

SEALED = {"status": "signed", "sealed_at": NOON, "effective_on": TODAY}
REGISTERED = {
    "status": "registered",
    "registered_at": NOON,
    "registered_on": TODAY,
    "register_number": "D1",
}
SETTLED = {"status": "settled", "settled_at": NOON, "settled_on": TODAY, "settled_amount": 0}

ROWS = {
    "deal_two_parties": ({"holder": 1, "taker": 2}, {"taker": 1}),
    "deal_sublicence_under_one": (
        {"kind": "sublicence", "under": 1},
        {"under": None},
        {"kind": "ordinary"},
    ),
    "deal_agreed_pins_terms": (
        {"agreed_at": NOON, "agreed_terms": 1},
        {"agreed_terms": None},
        {"agreed_at": None},
    ),
    "deal_agreed_whole": ({"status": "agreed", "agreed_at": NOON}, {"agreed_at": None}),
    "deal_posted_whole": ({"status": "posted", "posted_on": TODAY}, {"posted_on": None}),
    "deal_signed_after_posting": (
        {"status": "signed", "needs_posting": True, "posted_on": TODAY},
        {"posted_on": None},
    ),
    "deal_signed_whole": (SEALED, {"sealed_at": None}, {"effective_on": None}),
    "deal_seal_two_persons": (
        {"sealed_user_id": 1, "holder_signer_id": 2},
        {"holder_signer_id": 1},
    ),
    "deal_registered_whole": (
        REGISTERED,
        {"registered_at": None},
        {"registered_on": None},
        {"register_number": ""},
    ),
    "deal_settled_whole": (
        SETTLED,
        {"settled_at": None},
        {"settled_on": None},
        {"settled_amount": -1},
    ),
    "deal_closed_with_reason": (
        {"status": "withdrawn", "closed_at": NOON, "closed_reason": "停"},
        {"closed_at": None},
        {"closed_reason": ""},
    ),
    "deal_cleared_of_nothing_told_before": (
        {
            "status": "withdrawn",
            "closed_at": NOON,
            "closed_reason": "停",
            "clearing_told_at": NOON,
            "cleared_at": NOON + timedelta(days=31),
        },
        {"status": "negotiating"},
        {"clearing_told_at": None},
        {"clearing_told_at": NOON + timedelta(days=32)},
    ),
    "deal_term_forward": (
        {"effective_on": TODAY, "ends_on": TODAY},
        {"ends_on": TODAY - timedelta(days=1)},
    ),
    "deal_message_not_empty": ({"text": "", "attachment": 1}, {"attachment": None}),
    "deal_approval_named": ({}, {"authority": ""}, {"number": ""}),
    "terms_answered_whole": ({"status": "refused", "answered_at": NOON}, {"answered_at": None}),
    "terms_refused_with_reason": (
        {"status": "refused", "answer_reason": "价高"},
        {"answer_reason": ""},
    ),
    "signed_copy_rejected_with_reason": (
        {"rejected_at": NOON, "rejected_reason": "章不清"},
        {"rejected_reason": ""},
    ),
}
WHERE = {
    "one_open_deal_per_taker": ({"status": "posted"}, {"status": "signed"}),
    "one_signed_transfer_per_patent": ({"holds_transfer": True}, {"holds_transfer": False}),
    "one_open_proposal": ({"status": "proposed"}, {"status": "refused"}),
    "one_accepted_version": ({"status": "accepted"}, {"status": "replaced"}),
    "one_signed_copy_per_side": ({"rejected_at": None}, {"rejected_at": NOON}),
}
ROWS |= {
    "deal_bundle_named": (
        {"bundle_id": 1, "bundle_title": "低温电池"},
        {"bundle_title": ""},
        {"bundle_id": None},
    ),
    "terms_share_not_negative": ({"share": 0}, {"share": -1}),
    "deal_member_dropped_with_reason": (
        {"dropped_at": NOON, "dropped_reason": "已失效"},
        {"dropped_reason": ""},
    ),
}
WHERE |= {
    "one_open_deal_per_bundle_party": (
        {"status": "posted", "bundle_id": 1},
        {"status": "signed"},
    ),
}
