"""What would become of each row: the same plan is shown by the dry run and carried out for real."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from listings.imports import columns
from listings.imports.verdicts import ERROR, WARNING, Judged, Problem, doubled
from listings.rules import records
from listings.rules.records import Record
from listings.types import HolderInput, PatentInput

CREATED: Final = "created"
UPDATED: Final = "updated"
UNCHANGED: Final = "unchanged"
WARNED: Final = "warning"
HOW_TAKEN: Final = frozenset({"no-number", "granted-without-date"})  # warnings that say how
REJECTED: Final = "rejected"

# What a row may change of a patent that is here already: field of the file → fields of the input.
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "title": ("title",),
    "abstract": ("abstract",),
    "filed_on": ("filed_on",),
    "granted_on": ("granted_on",),
    "annuity_paid_to": ("annuity_paid_to",),
    "ipc": ("ipc", "locarno"),
    "trl": ("trl",),
    "family_size": ("family_size",),
    "cited_by": ("cited_by",),
    "industry": ("industry_codes",),
    "project": ("funding_project",),
}
COLUMN_OF: Final = {
    "number": "number",
    "kind": "kind",
    "title": "title",
    "abstract": "abstract",
    "filed_on": "filed_on",
    "granted_on": "granted_on",
    "annuity_paid_to": "annuity_paid_to",
    "expires_on": "filed_on",
    "ipc": "ipc",
    "locarno": "ipc",
    "industry_codes": "industry",
    "trl": "trl",
    "family_size": "family_size",
    "cited_by": "cited_by",
    "holders": "holders",
    "funding_project": "project",
}


@dataclass(frozen=True)
class Known:
    """A patent that is here already, as far as a row can change it."""

    id: int
    is_ours: bool
    values: Mapping[str, Any]  # its columns as they are stored
    as_input: PatentInput  # the same as it could have come in
    holders: tuple[str, ...] = ()
    events: frozenset[tuple[str, dt.date]] = frozenset()
    listing_id: int | None = None
    listing_status: str = ""
    price: Decimal | None = None
    sheet: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Offer:
    """What a row says of the terms; None leaves as it is."""

    price: Decimal | None = None
    price_given: bool = False
    sheet: Mapping[str, str] = field(default_factory=dict)  # text by its field of the listing

    def __bool__(self) -> bool:
        return self.price_given or bool(self.sheet)


@dataclass(frozen=True)
class Planned:
    """One row's fate."""

    row: int
    verdict: str
    effect: str
    problems: tuple[Problem, ...]
    patent_id: int | None = None
    record: Record | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    holders: tuple[HolderInput, ...] | None = None
    events: tuple[tuple[str, dt.date], ...] = ()
    offer: Offer = field(default_factory=Offer)
    key: str = ""

    claims: int | None = None  # the patent of another office that this row names
    was_offered: Offer = field(default_factory=Offer)

    @property
    def lands(self) -> bool:
        return self.effect in {CREATED, UPDATED}

    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Everything that would change, the offer and the events too."""
        found = dict(self.changes)
        if self.offer.price_given:
            found["price"] = (self.was_offered.price, self.offer.price)
        for name, new in self.offer.sheet.items():
            found[name] = (self.was_offered.sheet.get(name, ""), new)
        if self.events:
            found["events"] = ([], [f"{code} {on.isoformat()}" for code, on in self.events])
        return found


def decide(
    judged: Sequence[Judged],
    known: Mapping[str, Known],
    *,
    today: dt.date,
    seen: dict[str, int] | None = None,
) -> list[Planned]:
    """The fate of these rows. `seen` carries identities over from earlier portions of the file."""
    firsts = {} if seen is None else seen
    found = []
    for row in judged:
        first = firsts.get(row.key)
        if row.patent is not None and first is not None:
            found.append(rejected(row, (*row.problems, doubled(first))))
            continue
        here = known.get(row.key) or known.get(row.other_key)
        planned = replace(decide_one(row, here, today=today), key=row.key)
        if planned.verdict != REJECTED:
            firsts[row.key] = row.row
        found.append(planned)
    return found


def rejected(row: Judged, problems: tuple[Problem, ...]) -> Planned:
    told = tuple(_once_mended(problem) for problem in problems)
    return Planned(row.row, REJECTED, REJECTED, told, key=row.key)


def _once_mended(problem: Problem) -> Problem:
    """How a row would be taken in: nothing that a refused one may promise before it is mended."""
    if problem.code in HOW_TAKEN:
        return replace(problem, reason=f"改好后导入：{problem.reason}")
    return problem


def decide_one(row: Judged, known: Known | None, *, today: dt.date) -> Planned:
    if row.patent is None:
        return rejected(row, row.problems)
    if known is not None and not known.is_ours:
        return replace(rejected(row, (*row.problems, taken())), claims=known.id)
    data = row.patent if known is None else merged(row, row.patent, known)
    record = records.clean(data, today=today)
    if record.problems:
        return rejected(row, (*row.problems, *refusals(record)))
    offer = Offer(
        price=row.price.yuan if row.price else None,
        price_given=row.price is not None,
        sheet=row.sheet,
    )
    if known is not None:
        return update(row, record, offer, known)
    return Planned(
        row.row,
        WARNED if row.problems else CREATED,
        CREATED,
        row.problems,
        record=record,
        holders=record.holders,
        events=row.events,
        offer=offer,
    )


def merged(row: Judged, given: PatentInput, known: Known) -> PatentInput:
    """The patent as it would be: only what the row states is new, a blank cell erases nothing."""
    values = {
        name: getattr(given, name)
        for column, names in FIELDS.items()
        if column in row.given
        for name in names
        if getattr(given, name) not in ("", None, ())
    }
    if given.number and not known.as_input.number:
        values |= {"number": given.number, "kind": None}
    filed_on = values.get("filed_on")
    if filed_on and filed_on != known.as_input.filed_on:
        values["expires_on"] = None  # follows from the filing day unless stated
    return replace(known.as_input, **values, holders=given.holders)


def refusals(record: Record) -> tuple[Problem, ...]:
    return tuple(
        Problem(ERROR, label(name), COLUMN_OF.get(name, ""), f"{name}-refused", message, "")
        for name, messages in record.problems.items()
        for message in messages
    )


def label(name: str) -> str:
    field_name = COLUMN_OF.get(name, "")
    return columns.BY_NAME[field_name].label if field_name else ""


def taken() -> Problem:
    return Problem(
        ERROR, "", "number", "number-taken",
        "这件专利已经由另一家单位登记在库。",
        "不是本单位的请删去这一行；确属本单位或与对方共有的可以保留：导入后系统会提出权属主张，"
        "由对方或主管部门处理，处理之前不会变更。",
    )  # fmt: skip


def update(row: Judged, record: Record, offer: Offer, known: Known) -> Planned:
    """What is different, if anything."""
    changes: dict[str, tuple[Any, Any]] = {
        name: (known.values.get(name), value)
        for name, value in record.fields.items()
        if name != "is_sample" and known.values.get(name) != value
    }
    holders = None
    names = tuple(holder.name for holder in record.holders)
    if names and set(names) != set(known.holders):
        holders = record.holders
        changes["holders"] = (list(known.holders), list(names))
    # A grant the record shows already needs no event to say so again.
    granted_shown = record.fields.get("granted_on")
    events = tuple(
        event
        for event in row.events
        if event not in known.events and not (event[0] == "GR01" and event[1] == granted_shown)
    )
    problems = row.problems
    offer, locked = offer_changes(offer, known)
    if locked:
        problems = (*problems, locked)
    moved = bool(changes or events or offer)
    effect = UPDATED if moved else UNCHANGED
    return Planned(
        row.row,
        effect if not (problems and moved) else WARNED,
        effect,
        problems,
        patent_id=known.id,
        record=record,
        changes=changes,
        holders=holders,
        events=events,
        offer=offer,
        was_offered=Offer(price=known.price, sheet=known.sheet),
    )


def offer_changes(offer: Offer, known: Known) -> tuple[Offer, Problem | None]:
    """What of the offer is new; a sheet that is on the board is changed by hand only."""
    changed = Offer(
        price=offer.price,
        price_given=offer.price_given
        and (offer.price != known.price or (known.listing_id is None and offer.price is not None)),
        sheet={
            name: said for name, said in offer.sheet.items() if said != known.sheet.get(name, "")
        },
    )
    if changed and known.listing_status not in {"", "draft"}:
        told = Problem(
            WARNING, columns.BY_NAME["price"].label, "price", "offer-on-board",
            "已经挂牌的推介内容和报价没有改动。",
            "请在专利页面修改挂牌内容，买方会立即看到。",
        )  # fmt: skip
        return Offer(), told
    return changed, None
