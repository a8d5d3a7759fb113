"""What may be asked of licensing: the room's door for questions."""

from licensing.selectors.declarations import (
    Check,
    declaration,
    declaration_card,
    declaration_for,
    declarations_of,
    guards_for,
    guards_of,
    mode_counts,
    open_declaration_for,
    shelf,
    terms_of,
)
from licensing.selectors.licences import (
    contest_deadline,
    document,
    licence,
    licences,
    licences_of,
    pending_contest,
    schedule_of,
)
from licensing.selectors.outcomes import outcome, outcomes
from licensing.selectors.overseen import (
    effective_licences,
    licence_regions,
    outcome_regions,
    verified_outcomes,
)
from licensing.selectors.waiting import Waiting, waiting_for

__all__ = [
    "Check",
    "Waiting",
    "contest_deadline",
    "declaration",
    "declaration_card",
    "declaration_for",
    "declarations_of",
    "document",
    "effective_licences",
    "guards_for",
    "guards_of",
    "licence",
    "licence_regions",
    "licences",
    "licences_of",
    "mode_counts",
    "open_declaration_for",
    "outcome",
    "outcome_regions",
    "outcomes",
    "pending_contest",
    "schedule_of",
    "shelf",
    "terms_of",
    "verified_outcomes",
    "waiting_for",
]
