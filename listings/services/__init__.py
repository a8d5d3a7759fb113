"""What may be done to patents, what binds them and their offers: the door for commands."""

from listings.services.disclosures import (
    add_disclosure_file,
    decide_disclosure,
    draft_disclosure,
    edit_disclosure,
    evaluate_disclosure,
    link_disclosures,
    record_application,
    remove_disclosure_file,
    send_back_disclosure,
    submit_disclosure,
    take_disclosure,
    withdraw_disclosure,
)
from listings.services.layers.library import admit, archive, move_layer, take_rating
from listings.services.offering.batches import Published, consent_for_stock, publish_stock
from listings.services.offering.board import (
    draft_listing,
    edit_listing,
    favourite,
    mark_converted,
    publish_listing,
    resume_listing,
    return_listing,
    submit_listing,
    suspend_listing,
    unfavourite,
    withdraw_listing,
)
from listings.services.offering.reviews import (
    add_sheet_file,
    approve_sheet,
    remove_sheet_file,
    restore_sheet,
    send_back_sheet,
    set_sheet_policy,
    submit_sheet,
)
from listings.services.patents.claims import argue, open_claim, settle_claim
from listings.services.patents.corrections import (
    correct_patent,
    set_consent,
    set_holders,
)
from listings.services.patents.keeping import hold_patents, register_transfer
from listings.services.patents.registering import register_patent
from listings.services.register.binding import (
    consent_as_pledgee,
    encumber,
    number_in_register,
    release,
)
from listings.services.register.contradictions import settle_contradiction
from listings.services.register.standing import record_legal_event, refresh_standing
from listings.services.searching.index import index_patents, index_stale

__all__ = [
    "Published",
    "add_disclosure_file",
    "add_sheet_file",
    "admit",
    "approve_sheet",
    "archive",
    "argue",
    "consent_as_pledgee",
    "consent_for_stock",
    "correct_patent",
    "decide_disclosure",
    "draft_disclosure",
    "draft_listing",
    "edit_disclosure",
    "edit_listing",
    "encumber",
    "evaluate_disclosure",
    "favourite",
    "hold_patents",
    "index_patents",
    "index_stale",
    "link_disclosures",
    "mark_converted",
    "move_layer",
    "number_in_register",
    "open_claim",
    "publish_listing",
    "publish_stock",
    "record_application",
    "record_legal_event",
    "refresh_standing",
    "register_patent",
    "register_transfer",
    "release",
    "remove_disclosure_file",
    "remove_sheet_file",
    "restore_sheet",
    "resume_listing",
    "return_listing",
    "send_back_disclosure",
    "send_back_sheet",
    "set_consent",
    "set_holders",
    "set_sheet_policy",
    "settle_claim",
    "settle_contradiction",
    "submit_disclosure",
    "submit_listing",
    "submit_sheet",
    "suspend_listing",
    "take_disclosure",
    "take_rating",
    "unfavourite",
    "withdraw_disclosure",
    "withdraw_listing",
]
