"""What crosses the door of this room: small frozen values, no Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

from core.permissions import Governance
from licensing.rules.fees import FeePart
from licensing.rules.income import IncomeKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Side:
    """One party's affair: what only the licensor, or only the licensee, may act on."""

    organisation_id: int | None
    region: str = ""

    def governed_by(self) -> Governance:
        """Only this organisation's, seen from its region."""
        own = () if self.organisation_id is None else (self.organisation_id,)
        return Governance(organisations=frozenset(own), region=self.region)


@dataclass(frozen=True, slots=True)
class DeclarationTerms:
    """What a patentee offers: the fee, the term, and what else the declaration says."""

    parts: tuple[FeePart, ...]
    months: int | None = None
    remarks: str = ""
    cap_reasons: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """What a holder reports of a patent, beside the file that proves it."""

    patent_id: int
    code: str
    happened_on: date
    contract_number: str = ""
    counterparty: str = ""
    amount: Decimal | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DeclarationCard:
    """An open licence on the shelf, as anyone may see it."""

    id: int
    number: str
    status: str
    status_label: str
    patent_id: int
    patent_number: str
    patent_title: str
    patentees: str
    licensor_id: int
    region: str
    mode: str
    mode_label: str
    price: str
    standard: tuple[str, ...]
    months: int | None
    remarks: str
    announced_on: date | None
    patent_lapsed_on: date | None

    @property
    def can_be_taken(self) -> bool:
        """Whether it is on offer today, as far as this room knows."""
        return self.status == "announced" and self.patent_lapsed_on is None


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """A licence as an overseer counts it: who, what, when; no negotiation, no payments."""

    id: int
    number: str
    patent_id: int
    patent_number: str
    patent_title: str
    licensor_id: int
    licensor_name: str
    licensee_id: int
    licensee_name: str
    kind: str
    status: str
    status_label: str
    region: str
    effective_at: datetime
    filed_on: date | None


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """A reported outcome as an overseer counts it."""

    id: int
    patent_id: int
    patent_number: str
    patent_title: str
    organisation_id: int
    organisation_name: str
    code: str
    label: str
    happened_on: date
    amount: Decimal | None
    region: str
    status: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """A number and a page of exactly the rows it counts, from one and the same query."""

    count: int
    rows: Sequence[T]


@dataclass(frozen=True, slots=True)
class LicencePatent:
    """A patent bound by licences of this room, for whoever asks what rests on it."""

    patent_id: int
    in_force: int
    on_offer: bool


@dataclass(frozen=True, slots=True)
class PoolBargain:
    """What a pool is founded on: holders join on these words, so they never change."""

    name: str
    field: str
    rules: str
    split: str
    fee_percent: Decimal


@dataclass(frozen=True, slots=True)
class IncomeSource:
    """A licence, deal or share of a pool with what came in and is not divided yet."""

    sort: str  # "licence", "deal" or "pool_licence", with that row's key
    pk: int
    organisation_id: int
    region: str
    patent_id: int
    patent_number: str
    patent_title: str
    number: str
    kind: IncomeKind
    received: Decimal
    taken: Decimal
    part: int | None = None  # the patent, where a bundle's income is divided patent by patent

    @property
    def key(self) -> str:
        """How pages name it."""
        return f"{self.sort}-{self.pk}" + (f"-{self.part}" if self.part else "")

    @property
    def available(self) -> Decimal:
        """What may still be divided."""
        return self.received - self.taken
