"""What crosses the door of this room: small frozen values, no Django."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class PatentKind(StrEnum):
    """What sort of right it is; kind digits 8 and 9 are PCT entries of the first two."""

    INVENTION = "invention"
    UTILITY_MODEL = "utility_model"
    DESIGN = "design"


class PatentStatus(StrEnum):
    """Where the right stands, folded from all of its legal events."""

    UNVERIFIED = "unverified"
    PENDING = "pending"
    GRANTED = "granted"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    INVALID = "invalid"
    ABANDONED = "abandoned"


class HolderKind(StrEnum):
    """What a patentee is."""

    ORGANISATION = "organisation"
    PERSON = "person"
    FOREIGN = "foreign"


class Consent(StrEnum):
    """What a co-owner has agreed to in writing."""

    NONE = "none"
    OPEN = "open"  # publication, open and ordinary licences
    ALL = "all"  # every disposal, also sole, exclusive, pledge and transfer


class Action(StrEnum):
    """What somebody may want to do with a patent."""

    PUBLISH = "publish"
    DECLARE_OPEN = "declare_open"
    LICENSE_ORDINARY = "license_ordinary"
    LICENSE_SOLE = "license_sole"
    LICENSE_EXCLUSIVE = "license_exclusive"
    PLEDGE = "pledge"
    TRANSFER = "transfer"


class EncumbranceKind(StrEnum):
    """What binds a patent."""

    OPEN_DECLARATION = "open_declaration"
    ORDINARY = "ordinary"
    SOLE = "sole"
    EXCLUSIVE = "exclusive"
    PLEDGE = "pledge"
    PRESERVATION = "preservation"


class Layer(StrEnum):
    """The layer of the library that a patent lies in."""

    A = "A"
    B = "B"
    C = "C"


class InventoryStatus(StrEnum):
    """Where an item of the stock-taking 盘点 stands."""

    PROPOSED = "proposed"
    ADMITTED = "admitted"
    ARCHIVED = "archived"


class ListingStatus(StrEnum):
    """Where an offer stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    LISTED = "listed"
    SUSPENDED = "suspended"
    CONVERTED = "converted"
    WITHDRAWN = "withdrawn"


class Route(StrEnum):
    """The way of conversion that a holder wants."""

    OPEN_LICENCE = "open_licence"
    ORDINARY = "ordinary"
    SOLE = "sole"
    EXCLUSIVE = "exclusive"
    TRANSFER = "transfer"
    EQUITY = "equity"
    CO_DEVELOPMENT = "co_development"
    TRY_FIRST = "try_first"


MODES: tuple[str, ...] = ("make", "use", "sell", "offer", "import")
WHOLE_COUNTRY = "CN"


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why something may not happen. A soft one is a warning that the holder may answer."""

    code: str
    message: str
    article: str
    hard: bool = True


def hard(blockers: Iterable[Blocker]) -> list[Blocker]:
    """Those of the blockers that refuse; the others only warn."""
    return [blocker for blocker in blockers if blocker.hard]


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of how a patent came to stand where it stands."""

    code: str
    message: str
    occurred_on: date | None


@dataclass(frozen=True, slots=True)
class HolderInput:
    """A patentee as it comes in from a form or a row of a file."""

    name: str
    kind: HolderKind = HolderKind.ORGANISATION
    share: Decimal | None = None
    consent: Consent = Consent.NONE
    organisation_id: int | None = None


@dataclass(frozen=True, slots=True)
class ConsentTakenBack:
    """That a co-owner no longer agrees to what it had agreed to."""

    patent_id: int
    name: str
    co_owner_id: int | None
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class HolderCard:
    """A patentee as others see it."""

    id: int
    name: str
    kind: str
    share: Decimal | None
    consent: str
    organisation_id: int | None


@dataclass(frozen=True, slots=True)
class PatentInput:
    """A patent as it comes in from a form or a row of a file; spellings need not be canonical."""

    title: str
    number: str = ""
    office: str = "CN"
    kind: PatentKind | None = None
    abstract: str = ""
    publication_numbers: tuple[str, ...] = ()
    filed_on: date | None = None
    granted_on: date | None = None
    expires_on: date | None = None
    annuity_paid_to: date | None = None
    ipc: tuple[str, ...] = ()
    locarno: tuple[str, ...] = ()
    industry_codes: tuple[str, ...] = ()
    funding_project: str = ""
    trl: int | None = None
    family_size: int | None = None  # 同族数, this one included
    cited_by: int | None = None  # 被引次数
    evaluation_verdict: str = ""
    evaluation_on: date | None = None
    holders: tuple[HolderInput, ...] = ()
    region: str = ""
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Gain:
    """One gain in numbers: how much of what, in which unit, against what."""

    quantity: str
    value: Decimal
    unit: str = ""
    against: str = ""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One row of the comparison with the usual solution."""

    aspect: str
    usual: str
    ours: str


@dataclass(frozen=True, slots=True)
class OfferInput:
    """An offer sheet as it comes in: plain words, no patent prose.

    `trl` is the patent's own; None leaves it as it is.
    """

    problem: str = ""
    how: str = ""
    benefit: str = ""
    maturity: str = ""
    routes: tuple[Route, ...] = ()
    asking_price: Decimal | None = None
    contact: str = ""
    summary: str = ""
    gains: tuple[Gain, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    scenes: tuple[str, ...] = ()
    trl: int | None = None
    files: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PatentCard:
    """What other rooms and pages may know of one patent."""

    id: int
    office: str
    number: str | None
    printed: str
    title: str
    kind: str
    status: str
    filed_on: date | None
    granted_on: date | None
    expires_on: date | None
    annuity_paid_to: date | None
    ipc: tuple[str, ...]
    locarno: tuple[str, ...]
    industry_codes: tuple[str, ...]
    holder_names: tuple[str, ...]
    organisation_id: int | None
    organisation_name: str
    region: str
    trl: int | None
    layer: str
    abstract: str
    is_sample: bool
    version: int
    listing_id: int | None = None
    listing_status: str = ""
    listed_at: datetime | None = None
    problem: str = ""
    how: str = ""
    benefit: str = ""
    maturity: str = ""
    routes: tuple[str, ...] = ()
    licence_mode: str = ""
    asking_price: Decimal | None = None
    is_declared: bool = False  # an open licence is on offer now
    summary: str = ""
    gains: tuple[Gain, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    scenes: tuple[str, ...] = ()
    contact: str = ""
    layer_by_hand: bool = False  # a person put it in its layer

    @property
    def is_public(self) -> bool:
        """Whether anyone may see it."""
        return self.listing_status == ListingStatus.LISTED


@dataclass(frozen=True, slots=True)
class SupplyFacts:
    """What matching reads of one listed patent."""

    patent_id: int
    listing_id: int
    organisation_id: int | None
    title: str
    abstract: str
    offer_text: str
    ipc: tuple[str, ...]
    industry_codes: tuple[str, ...]
    region: str
    trl: int | None
    asking_price: Decimal | None
    licence_mode: str
    listed_at: datetime
    matchable: bool
    holder_organisations: tuple[int, ...] = ()  # co-owners with an account, the manager included


@dataclass(frozen=True, slots=True)
class EncumbranceCard:
    """One thing that binds a patent."""

    id: int
    kind: EncumbranceKind
    starts_on: date
    ends_on: date | None
    territory: str
    modes: tuple[str, ...]
    source: str
    reference: str
    confirmed_on: date | None
    released_on: date | None
    consents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of a patent's history: a date, a legal event, a bond, what was done here.

    `code` is the gazette's, "+pledge" and so on for a bond, empty for the rest.
    """

    on: date
    code: str
    label: str
    detail: str
    reference: str
    source: str
    noted_on: date | None = None  # when it came to us, for those who keep the patent
