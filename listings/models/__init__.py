"""What is stored of patents, and what can never be stored."""

from listings.models.absences import Absence
from listings.models.annuities import (
    AnnuityPayment,
    AnnuityReminder,
    CalendarFeed,
    FeeReduction,
    MaintenanceDecision,
)
from listings.models.auctions import Auction, AuctionLot, Bid, Objection
from listings.models.binding import Encumbrance, LegalEvent
from listings.models.board import BoardBuild, BoardEntry, BoardPosting, BoardText
from listings.models.claims import PatentClaim
from listings.models.disclosures import (
    Disclosure,
    DisclosureContributor,
    DisclosureFile,
    DisclosurePublication,
)
from listings.models.drives import Drive, DriveReminder, DriveTask
from listings.models.events import (
    Contradiction,
    DeclaredHolders,
    EventFile,
    EventRow,
    WaitingEvent,
)
from listings.models.exports import ResultExport
from listings.models.foreign_titles import ForeignTitle
from listings.models.imports import ImportBatch, ImportPiece, ImportRow
from listings.models.incomes import PatentIncome
from listings.models.inventing import InventorSilence, PatentInventors
from listings.models.layers import (
    DemandSignal,
    LayerMove,
    LayerOverride,
    LayerRule,
    Screening,
)
from listings.models.library import InventoryItem, MarketSignal
from listings.models.ownership import (
    CoOwnerConsent,
    FundingDeclaration,
    InventorRight,
    UnworkedReason,
    Working,
)
from listings.models.patents import Favourite, Holder, Listing, Patent
from listings.models.postings import Posting
from listings.models.promotion import ServiceRequest
from listings.models.searches import SavedSearch, SearchHit
from listings.models.sheets import (
    SheetDesk,
    SheetFile,
    SheetPolicy,
    SheetReview,
    SheetVersion,
)
from listings.models.shelves import (
    Bundle,
    BundleMember,
    Collection,
    CollectionItem,
    PromotionItem,
    PromotionList,
)

__all__ = [
    "Absence",
    "AnnuityPayment",
    "AnnuityReminder",
    "Auction",
    "AuctionLot",
    "Bid",
    "BoardBuild",
    "BoardEntry",
    "BoardPosting",
    "BoardText",
    "Bundle",
    "BundleMember",
    "CalendarFeed",
    "CoOwnerConsent",
    "Collection",
    "CollectionItem",
    "Contradiction",
    "DeclaredHolders",
    "DemandSignal",
    "Disclosure",
    "DisclosureContributor",
    "DisclosureFile",
    "DisclosurePublication",
    "Drive",
    "DriveReminder",
    "DriveTask",
    "Encumbrance",
    "EventFile",
    "EventRow",
    "Favourite",
    "FeeReduction",
    "ForeignTitle",
    "FundingDeclaration",
    "Holder",
    "ImportBatch",
    "ImportPiece",
    "ImportRow",
    "InventorRight",
    "InventorSilence",
    "InventoryItem",
    "LayerMove",
    "LayerOverride",
    "LayerRule",
    "LegalEvent",
    "Listing",
    "MaintenanceDecision",
    "MarketSignal",
    "Objection",
    "Patent",
    "PatentClaim",
    "PatentIncome",
    "PatentInventors",
    "Posting",
    "PromotionItem",
    "PromotionList",
    "ResultExport",
    "SavedSearch",
    "Screening",
    "SearchHit",
    "ServiceRequest",
    "SheetDesk",
    "SheetFile",
    "SheetPolicy",
    "SheetReview",
    "SheetVersion",
    "UnworkedReason",
    "WaitingEvent",
    "Working",
]
