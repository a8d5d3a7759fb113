"""What licensing stores, and what it can never store."""

from licensing.models.bundle_deals import DealMember
from licensing.models.case_files import CaseFile
from licensing.models.certificates import Certificate, ExchangeReport
from licensing.models.claims import MilestoneClaim
from licensing.models.conduct import ConductNote, ConductRevision
from licensing.models.credits import Credit, CreditUse
from licensing.models.deal_endings import DealEnding
from licensing.models.deals import Deal, DealApproval, DealItem, DealMessage
from licensing.models.declarations import OpenDeclaration
from licensing.models.dispute_steps import DisputePaper, DisputeProposal, DisputeSession
from licensing.models.disputes import Dispute
from licensing.models.documents import Document
from licensing.models.endings import Renewal, Termination
from licensing.models.equity import EquitySheet, EquityStake
from licensing.models.income import (
    Distribution,
    DistributionObjection,
    DistributionPerson,
    IncomeRule,
)
from licensing.models.licences import Contest, Licence, Payment, PaymentDue
from licensing.models.offsets import SettlementOffset
from licensing.models.outcome_history import OutcomeRevision
from licensing.models.outcome_imports import OutcomeImport, OutcomeImportRow
from licensing.models.outcomes import Outcome
from licensing.models.plans import FeePart, FeePlan
from licensing.models.pool_licences import (
    PoolIncome,
    PoolLicence,
    PoolLicencePatent,
    PoolShare,
)
from licensing.models.pool_royalties import PoolDue, PoolRelease, PoolRoyaltyReport
from licensing.models.pools import Pool, PoolEntry, PoolTerms
from licensing.models.registrations import Registration
from licensing.models.royalties import DueReason, RoyaltyReport
from licensing.models.settlement_sums import SettlementPayment, SettlementSum
from licensing.models.terms import SignedCopy, TermsFile, TermsPatent, TermsVersion

__all__ = [
    "CaseFile",
    "Certificate",
    "ConductNote",
    "ConductRevision",
    "Contest",
    "Credit",
    "CreditUse",
    "Deal",
    "DealApproval",
    "DealEnding",
    "DealItem",
    "DealMember",
    "DealMessage",
    "Dispute",
    "DisputePaper",
    "DisputeProposal",
    "DisputeSession",
    "Distribution",
    "DistributionObjection",
    "DistributionPerson",
    "Document",
    "DueReason",
    "EquitySheet",
    "EquityStake",
    "ExchangeReport",
    "FeePart",
    "FeePlan",
    "IncomeRule",
    "Licence",
    "MilestoneClaim",
    "OpenDeclaration",
    "Outcome",
    "OutcomeImport",
    "OutcomeImportRow",
    "OutcomeRevision",
    "Payment",
    "PaymentDue",
    "Pool",
    "PoolDue",
    "PoolEntry",
    "PoolIncome",
    "PoolLicence",
    "PoolLicencePatent",
    "PoolRelease",
    "PoolRoyaltyReport",
    "PoolShare",
    "PoolTerms",
    "Registration",
    "Renewal",
    "RoyaltyReport",
    "SettlementOffset",
    "SettlementPayment",
    "SettlementSum",
    "SignedCopy",
    "Termination",
    "TermsFile",
    "TermsPatent",
    "TermsVersion",
]
