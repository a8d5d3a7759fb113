"""Keeping patents alive: payments, reductions, decisions not to pay, reminders, feeds."""

from listings.services.upkeep.decisions import drop, keep
from listings.services.upkeep.feeds import note_reading, open_feed, revoke_feed
from listings.services.upkeep.payments import (
    Recorded,
    correct_payment,
    record_payment,
    record_payments,
)
from listings.services.upkeep.reductions import end_reduction, state_reduction
from listings.services.upkeep.reminding import remind

__all__ = [
    "Recorded",
    "correct_payment",
    "drop",
    "end_reduction",
    "keep",
    "note_reading",
    "open_feed",
    "record_payment",
    "record_payments",
    "remind",
    "revoke_feed",
    "state_reduction",
]
