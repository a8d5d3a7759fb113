"""What goes into the engine and what comes out: small frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

Key = int | str  # one kind on each side

TICKS = 10_000  # scores are whole numbers of ten-thousandths


@dataclass(frozen=True, slots=True)
class Supply:
    """One thing on offer, as a rule a patent with its listing."""

    key: Key
    title: str
    text: str = ""  # abstract, then the offer in plain words
    ipc: tuple[str, ...] = ()
    industry_codes: tuple[str, ...] = ()  # GB/T 4754
    region: str = ""  # GB/T 2260
    trl: int | None = None
    price: Decimal | None = None  # yuan; None: not posted
    licence_mode: str = ""
    listed_on: date | None = None
    organisation_id: int | None = None  # the holder with an account
    holders: tuple[str, ...] = ()  # names, for what a firm has learned to like or not
    matchable: bool = True  # False: blocked, suspended, withdrawn: never shown
    hidden_from: frozenset[int] = frozenset()  # who must not see it: co-owners, say
    sentence: bytes = b""  # of a foreign title: its row, if somebody has kept it


@dataclass(frozen=True, slots=True)
class Taste:
    """What an organisation's ratings have taught, each from -1 (dislikes) to 1 (likes)."""

    supplies: Mapping[Key, float] = field(default_factory=dict)
    subclasses: Mapping[str, float] = field(default_factory=dict)  # IPC subclass: "H01M"
    holders: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Demand:
    """One need or subscription of an organisation."""

    key: Key
    title: str
    text: str = ""
    keywords: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    industry_codes: tuple[str, ...] = ()
    region: str = ""
    trl: int | None = None  # the least maturity wanted
    budget: Decimal | None = None
    licence_modes: tuple[str, ...] = ()  # any of these would do
    organisation_id: int | None = None
    taste: Taste = field(default_factory=Taste)
    hidden: frozenset[Key] = frozenset()  # supplies it never wants to see again
    hidden_organisations: frozenset[int] = frozenset()
    sentence: bytes = b""  # its row, if somebody has kept it


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score: `contribution` points of it, and why."""

    signal: str  # lexical, across, semantic, topic, taxonomy, structure, behaviour, bounds
    code: str  # what a page translates: "shared-words", "price-within-budget" …
    value: float  # the signal's own strength, -1..1
    weight: float  # the most points it can bring
    ticks: int
    evidence: tuple[str, ...] = ()

    @property
    def contribution(self) -> float:
        return self.ticks / TICKS


@dataclass(frozen=True, slots=True)
class Hit:
    """A match: `key` of the other side, a score of 0 to 100, and reasons that add up to it."""

    key: Key
    ticks: int
    reasons: tuple[Reason, ...]

    @property
    def score(self) -> float:
        return self.ticks / TICKS
