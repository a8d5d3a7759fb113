"""What licensing does: the room's door for commands."""

from licensing.services.clocks import (
    end_by_register,
    end_expired_licences,
    follow_register,
    remind_of_filing,
)
from licensing.services.contests import contest_licence, drop_contest, resolve_contest
from licensing.services.declarations import (
    announce_declaration,
    approve_declaration,
    declare,
    discard_declaration,
    draft_declaration,
    file_declaration,
    revise_declaration,
    send_back_declaration,
    withdraw_declaration,
)
from licensing.services.dues import charge_interest, remind_of_dues, remind_of_reports
from licensing.services.fee_plans import write_plan
from licensing.services.outcomes import (
    reject_outcome,
    report_again,
    report_outcome,
    verify_outcome,
)
from licensing.services.royalties import accept_royalty, question_royalty, report_royalty
from licensing.services.taking import (
    cancel_notice,
    file_licence,
    record_payment,
    take_open_licence,
)

__all__ = [
    "accept_royalty",
    "announce_declaration",
    "approve_declaration",
    "cancel_notice",
    "charge_interest",
    "contest_licence",
    "declare",
    "discard_declaration",
    "draft_declaration",
    "drop_contest",
    "end_by_register",
    "end_expired_licences",
    "file_declaration",
    "file_licence",
    "follow_register",
    "question_royalty",
    "record_payment",
    "reject_outcome",
    "remind_of_dues",
    "remind_of_filing",
    "remind_of_reports",
    "report_again",
    "report_outcome",
    "report_royalty",
    "resolve_contest",
    "revise_declaration",
    "send_back_declaration",
    "take_open_licence",
    "verify_outcome",
    "withdraw_declaration",
    "write_plan",
]
