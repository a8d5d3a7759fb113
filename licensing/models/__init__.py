"""What licensing stores, and what it can never store."""

from licensing.models.declarations import OpenDeclaration
from licensing.models.documents import Document
from licensing.models.licences import Contest, Licence, Payment, PaymentDue
from licensing.models.outcomes import Outcome
from licensing.models.plans import FeePart, FeePlan

__all__ = [
    "Contest",
    "Document",
    "FeePart",
    "FeePlan",
    "Licence",
    "OpenDeclaration",
    "Outcome",
    "Payment",
    "PaymentDue",
]
