"""The sample as written: TOML in this folder, read into small frozen values.

A key that the reader does not know is an error, so a slip of the pen cannot pass unnoticed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrganisation:
    """An invented organisation and the person who acts for it."""

    key: str
    name: str
    kind: str
    uscc: str
    region: str
    about: str
    account: str
    person: str
    industries: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleHolder:
    """A patentee: an organisation of the sample (`org`), or somebody known by name only."""

    org: str = ""
    name: str = ""
    kind: str = "organisation"
    share: int | None = None
    consent: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEvent:
    """A legal event, on a fixed day or so many days before the load."""

    code: str
    detail: str
    on: date | None = None
    days_ago: int | None = None
    reference: str = ""
    licence: str = ""
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOffer:
    """The offer sheet in plain words."""

    problem: str
    how: str
    benefit: str
    maturity: str
    routes: tuple[str, ...] = ()
    price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePatent:
    """An invented patent. Without `number` it waits for one; without `granted` it is pending."""

    key: str
    title: str
    kind: str
    abstract: str
    holders: tuple[SampleHolder, ...]
    offer: SampleOffer | None = None
    number: str = ""
    ipc: tuple[str, ...] = ()
    locarno: tuple[str, ...] = ()
    filed: date | None = None
    granted: date | None = None
    trl: int | None = None
    industries: tuple[str, ...] = ()
    funding: str = ""
    evaluation: str = ""
    evaluation_on: date | None = None
    events: tuple[SampleEvent, ...] = ()
    annuity_late: bool = False
    listed: bool = True
    listed_days_ago: int = 0
    registered_days_ago: int | None = None  # else when the platform of the sample opened

    @property
    def managed_by(self) -> str:
        """The key of the organisation that manages it: its first holder."""
        return self.holders[0].org


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleNeed:
    """A need in the voice of a firm."""

    key: str
    org: str
    title: str
    situation: str
    problem: str
    targets: str
    budget: int
    deadline_days: int
    posted_days_ago: int
    industries: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    trl: int | None = None
    modes: tuple[str, ...] = ()
    visibility: str = "public"
    status: str = "open"
    solved_days_ago: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSubscription:
    """What a firm wants to be told of."""

    org: str
    name: str
    text: str
    keywords: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    price_cap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePart:
    """One part of a fee plan."""

    kind: str
    amount: int | None = None
    due_days: int = 0
    base: str = ""
    rate: str = ""
    cap: int | None = None
    floor: int | None = None
    period_months: int = 12
    trigger: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDeclaration:
    """An open declaration: drafted, announced, or withdrawn again."""

    patent: str
    parts: tuple[SamplePart, ...]
    months: int
    remarks: str
    drafted_days_ago: int | None = None
    filed_days_ago: int | None = None
    announced_days_ago: int | None = None
    withdrawn_days_ago: int | None = None
    withdrawn_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRoyalty:
    """What a licensee reports of its next period, and when the office agrees."""

    days_ago: int
    amount: int
    accepted_days_ago: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLicence:
    """An open licence that a firm takes, as far as it has come."""

    patent: str
    licensee: str
    noticed_days_ago: int
    paid_days_ago: int | None = None
    receipt: str = ""
    filed_days_ago: int | None = None
    filing_number: str = ""
    verified_days_ago: int | None = None
    contested_days_ago: int | None = None
    contested_because: str = ""
    royalties: tuple[SampleRoyalty, ...] = ()
    reached_days_ago: int | None = None  # the first event of its plan, claimed two days later
    reached_note: str = ""
    prepaid_days_ago: int | None = None
    prepaid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTalk:
    """A firm that negotiates for a patent, as far as it has come."""

    patent: str
    firm: str
    kind: str
    wish: str
    amount: int
    remarks: str
    asked_days_ago: int
    proposed_days_ago: int
    months: int | None = None
    countered: int | None = None
    agreed_days_ago: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOutcome:
    """What a holder reports of a patent, and what the bureau makes of it."""

    patent: str
    code: str
    happened_days_ago: int
    reported_days_ago: int
    contract: str
    counterparty: str
    note: str
    amount: int | None = None
    verified_days_ago: int | None = None
    rejected_days_ago: int | None = None
    rejected_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePledge:
    """A pledge that a bank has recorded."""

    patents: tuple[str, ...]
    pledgor: str
    pledgee: str
    principal: int
    starts_days_ago: int
    months: int
    registered_days_ago: int
    register_number: str
    released_days_ago: int | None = None
    released_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleJob:
    """A person's further identity in another organisation, or a further person (`person`)."""

    account: str
    org: str
    role: str
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMandate:
    """An organisation that lets a broker act for it."""

    principal: str
    agent: str
    from_days_ago: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFavourites:
    """What the person of an organisation keeps an eye on."""

    org: str
    patents: tuple[str, ...]
    days_ago: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePartner:
    """An exchange that has joined the open platform."""

    org: str
    joined_days_ago: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """All of it."""

    organisations: tuple[SampleOrganisation, ...]
    patents: tuple[SamplePatent, ...]
    needs: tuple[SampleNeed, ...]
    subscriptions: tuple[SampleSubscription, ...]
    declarations: tuple[SampleDeclaration, ...]
    licences: tuple[SampleLicence, ...]
    talks: tuple[SampleTalk, ...]
    outcomes: tuple[SampleOutcome, ...]
    pledges: tuple[SamplePledge, ...]
    second_jobs: tuple[SampleJob, ...]
    extra_accounts: tuple[SampleJob, ...]
    mandates: tuple[SampleMandate, ...]
    favourites: tuple[SampleFavourites, ...]
    partners: tuple[SamplePartner, ...]


@cache
def sample() -> Sample:
    """The heart of the sample, read once: what every page needs to have something to show."""
    folder = files("patentops.sample")
    papers = [folder / f"{name}.toml" for name in ("organisations", "needs", "deals")]
    papers += sorted((folder / "patents").iterdir(), key=lambda paper: paper.name)
    return _read(paper for paper in papers if paper.name.endswith(".toml"))


@cache
def volumes() -> tuple[Sample, ...]:
    """Two more years of it, in volumes that need the heart but not each other, read once."""
    folder = files("patentops.sample") / "volumes"
    papers = sorted(folder.iterdir(), key=lambda paper: paper.name)
    return tuple(_read([paper]) for paper in papers if paper.name.endswith(".toml"))


def _read(papers: Iterable[Traversable]) -> Sample:
    tables: dict[str, list[dict[str, Any]]] = {}
    for paper in papers:
        for name, rows in tomllib.loads(paper.read_text(encoding="utf-8")).items():
            tables.setdefault(name, []).extend(rows)

    def taken(name: str) -> list[dict[str, Any]]:
        return tables.pop(name, [])

    found = Sample(
        organisations=_all(SampleOrganisation, taken("organisations")),
        patents=tuple(_patent(row) for row in taken("patents")),
        needs=_all(SampleNeed, taken("needs")),
        subscriptions=_all(SampleSubscription, taken("subscriptions")),
        declarations=tuple(
            _one(SampleDeclaration, row | {"parts": _all(SamplePart, row["parts"])})
            for row in taken("declarations")
        ),
        licences=tuple(
            _one(SampleLicence, row | {"royalties": _all(SampleRoyalty, row.get("royalties", []))})
            for row in taken("licences")
        ),
        talks=_all(SampleTalk, taken("talks")),
        outcomes=_all(SampleOutcome, taken("outcomes")),
        pledges=_all(SamplePledge, taken("pledges")),
        second_jobs=_all(SampleJob, taken("second_jobs")),
        extra_accounts=_all(SampleJob, taken("extra_accounts")),
        mandates=_all(SampleMandate, taken("mandates")),
        favourites=_all(SampleFavourites, taken("favourites")),
        partners=_all(SamplePartner, taken("partners")),
    )
    if tables:
        raise ValueError(f"Unknown tables in the sample: {sorted(tables)}")
    return found


def _patent(row: dict[str, Any]) -> SamplePatent:
    nested = {
        "holders": _all(SampleHolder, row["holders"]),
        "events": _all(SampleEvent, row.get("events", [])),
        "offer": _one(SampleOffer, row["offer"]) if "offer" in row else None,
    }
    return _one(SamplePatent, row | nested)


def _all(kind: type[T], rows: list[dict[str, Any]]) -> tuple[T, ...]:
    return tuple(_one(kind, row) for row in rows)


def _one(kind: type[T], row: dict[str, Any]) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := row.keys() - known:
        raise ValueError(f"{kind.__name__}: unknown keys {sorted(unknown)} in {row}")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})
