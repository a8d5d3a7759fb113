"""What licensing stores, and what it can never store."""

from licensing.models.claims import MilestoneClaim
from licensing.models.credits import Credit, CreditUse
from licensing.models.deals import Deal, DealApproval, DealItem, DealMessage
from licensing.models.declarations import OpenDeclaration
from licensing.models.documents import Document
from licensing.models.licences import Contest, Licence, Payment, PaymentDue
from licensing.models.outcomes import Outcome
from licensing.models.plans import FeePart, FeePlan
from licensing.models.royalties import DueReason, RoyaltyReport
from licensing.models.terms import SignedCopy, TermsFile, TermsPatent, TermsVersion

__all__ = [
    "Contest",
    "Credit",
    "CreditUse",
    "Deal",
    "DealApproval",
    "DealItem",
    "DealMessage",
    "Document",
    "DueReason",
    "FeePart",
    "FeePlan",
    "Licence",
    "MilestoneClaim",
    "OpenDeclaration",
    "Outcome",
    "Payment",
    "PaymentDue",
    "RoyaltyReport",
    "SignedCopy",
    "TermsFile",
    "TermsPatent",
    "TermsVersion",
]
