"""A portion of planned rows written into the library, in a few statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError

from core.days import legal_day
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from listings.imports import columns, plan
from listings.imports.plan import Planned
from listings.models import (
    Holder,
    ImportBatch,
    ImportRow,
    InventoryItem,
    LegalEvent,
    Listing,
    Patent,
)
from listings.rules import standing
from listings.selectors.layers.evidence import filled
from listings.selectors.register.legal import base_of
from listings.services import news, records
from listings.services.importing import copying, holders
from listings.services.importing.batches import in_portions
from listings.services.importing.judging import mark
from listings.services.layers.scoring import first_items, rescore
from listings.services.patents.claims import open_many
from listings.services.register.standing import settle
from listings.services.searching.index import index_patents
from listings.types import Consent, HolderInput, InventoryStatus, ListingStatus

SOURCE: Final = "import"
# What may change without the legal state moving; the layer is scored anew by a sweep.
UNMOVED: Final = frozenset(
    {"title", "abstract", "ipc", "main_ipc", "locarno", "industry_codes", "funding_project"}
    | {"holders", "annuity_paid_to", "family_size", "cited_by"}
)


def land(
    batch: ImportBatch,
    rows: Sequence[ImportRow],
    planned: Sequence[Planned],
    *,
    by: Actor,
    now: datetime,
) -> None:
    marks: dict[int, dict[str, Any]] = {}
    created = _create(batch, [p for p in planned if p.effect == plan.CREATED], by=by, now=now)
    updated = _update(
        batch, [p for p in planned if p.effect == plan.UPDATED], marks, by=by, now=now
    )
    patents = {**created, **updated}
    _draft_offers(planned, patents, marks, by=by, now=now)
    if not in_portions(batch):  # encoding a large batch would hold it up
        index_patents(patent_ids=[patent.pk for patent in patents.values()], now=now)
    _tell(batch, list(patents.values()), by=by, now=now)
    claimed = [(fate.claims, fate.row) for fate in planned if fate.claims is not None]
    if claimed:
        open_many(claimed, batch=batch, by=by, now=now)
    for row, fate in zip(rows, planned, strict=True):
        patent = patents.get(fate.row)
        mark(row, fate)
        if patent is not None:
            row.patent_id = patent.pk
        row.before = {
            "effect": fate.effect,
            "version": patent.version if patent else None,
            **marks.get(fate.row, {}),
        }
    copying.update(rows, ["verdict", "problems", "patent", "before", "key", "changes"])


def _tell(batch: ImportBatch, patents: Sequence[Patent], *, by: Actor, now: datetime) -> None:
    """One event for the portion: a hundred thousand of them would hold up everybody's news."""
    if patents:
        payload = {
            "batch_id": batch.pk,
            "organisation_id": batch.organisation_id,
            "patent_ids": [patent.pk for patent in patents],
        }
        outbox.emit("stock.imported", subject=batch, by=by, at=now, payload=payload)
    offered = Listing.objects.filter(
        patent__in=[patent for patent in patents if patent.version > 1],
        status=ListingStatus.LISTED,
    ).values_list("patent_id", flat=True)
    on_board = set(offered)
    if on_board:  # buyers look at these: searches and matching hear of each
        changed = [patent for patent in patents if patent.pk in on_board]
        news.tell_of_many("patent.changed", changed, by=by, now=now)


def _create(
    batch: ImportBatch, planned: Sequence[Planned], *, by: Actor, now: datetime
) -> dict[int, Patent]:
    """New patents with their holders, events and places in the library, in a few statements."""
    if not planned:
        return {}
    owner = people.organisation(batch.organisation_id)
    today = legal_day(now)
    patents = []
    for fate in planned:
        assert fate.record is not None
        patent = Patent(
            **fate.record.fields,
            organisation_id=owner.id,
            registered_at=now,
            registered_by=by.key,
            changed_at=now,
        )
        patent.region = patent.region or owner.region
        patent.is_sample = patent.is_sample or owner.is_sample
        events = [standing.Event(on, code) for code, on in fate.events]
        patent.status = standing.fold(base_of(patent), events, on=today).status
        patents.append(patent)
    items = first_items(patents, [_known(fate, owner) for fate in planned], now=now)
    copying.insert(Patent, patents)
    copying.insert(
        Holder,
        (
            holder
            for patent, fate in zip(patents, planned, strict=True)
            for holder in _holders(patent, fate.holders or (), owner)
        ),
    )
    copying.insert(
        LegalEvent,
        (
            _event(patent, code, on, by=by, now=now)
            for patent, fate in zip(patents, planned, strict=True)
            for code, on in fate.events
        ),
    )
    copying.insert(InventoryItem, _placed(patents, items, by=by, now=now))
    return {fate.row: patent for fate, patent in zip(planned, patents, strict=True)}


def _placed(
    patents: Sequence[Patent], items: Sequence[InventoryItem], *, by: Actor, now: datetime
) -> Iterator[InventoryItem]:
    """Their places in the library; without a number one is only proposed."""
    for patent, item in zip(patents, items, strict=True):
        item.patent_id = patent.pk
        if patent.number:
            item.status, item.admitted_at, item.admitted_by = InventoryStatus.ADMITTED, now, by.key
        yield item


def _known(fate: Planned, owner: people.OrganisationCard) -> dict[str, Any]:
    """What a row says, beside the patent itself, that its layer rests on."""
    sheet = {
        **fate.offer.sheet,
        "asking_price": fate.offer.price,
    }
    others = [holder for holder in fate.holders or () if holder.name != owner.name]
    return {"sheet": filled(sheet), "silent_owners": len(others)}


def _holders(
    patent: Patent, given: Sequence[HolderInput], owner: people.OrganisationCard
) -> Iterator[Holder]:
    for position, holder in enumerate(given or (HolderInput(owner.name),)):
        is_owner = holder.name == owner.name
        yield Holder(
            patent=patent,
            position=position,
            name=holder.name,
            kind=holder.kind.value,
            consent=(Consent.ALL if is_owner else Consent.NONE).value,
            organisation_id=owner.id if is_owner else None,
        )


def _event(patent: Patent, code: str, on: date, *, by: Actor, now: datetime) -> LegalEvent:
    return LegalEvent(
        patent=patent,
        code=code,
        occurred_on=on,
        source=SOURCE,
        recorded_at=now,
        recorded_by=by.key,
    )


def _update(
    batch: ImportBatch,
    planned: Sequence[Planned],
    marks: dict[int, dict[str, Any]],
    *,
    by: Actor,
    now: datetime,
) -> dict[int, Patent]:
    """Patents that are here already: only what differs, with what it was for the undo."""
    ids = [fate.patent_id for fate in planned if fate.patent_id]
    rows = (
        Patent.objects.kept()
        .select_for_update(no_key=True)
        .filter(pk__in=ids)
        .defer("embedding", "search")
        .prefetch_related("holders")
        .order_by("pk")
    )
    patents = {patent.pk: patent for patent in rows}
    owner = people.organisation(batch.organisation_id) if planned else None
    renamed = {fate.patent_id for fate in planned if fate.holders is not None}
    before = holders.noted([patent for patent in patents.values() if patent.pk in renamed])
    done = {}
    for fate in planned:
        patent = patents.get(fate.patent_id or 0)
        if patent is None or fate.record is None or owner is None:
            raise IntegrityError("A patent of the plan is gone; look again.")
        marks[fate.row] = {
            "fields": {name: records.plain(before) for name, (before, _) in fate.changes.items()},
            "events": [code for code, _ in fate.events],
        }
        if fate.holders is not None:
            marks[fate.row]["holders"] = before[patent.pk]
        done[fate.row] = _changed(patent, fate, owner.name, by=by, now=now)
    names = {name for fate in planned for name in fate.changes} - {"holders"}
    copying.update(done.values(), [*sorted(names), "version", "changed_at", "indexed_at"])
    for fate in planned:
        if _may_move(fate):
            settle(done[fate.row], by=by, now=now)
    rescore(ids)
    return done


def _changed(
    patent: Patent, fate: Planned, manager_name: str, *, by: Actor, now: datetime
) -> Patent:
    """The patent as the row has it, not yet stored; its holders and events are."""
    assert fate.record is not None
    for name in fate.changes.keys() - {"holders"}:
        setattr(patent, name, fate.record.fields[name])
    if fate.holders is not None:
        records.write_holders(patent, fate.holders, manager_name=manager_name)
    LegalEvent.objects.bulk_create(
        [_event(patent, code, on, by=by, now=now) for code, on in fate.events],
        ignore_conflicts=True,
    )
    patent.version, patent.changed_at, patent.indexed_at = patent.version + 1, now, None
    return patent


def _may_move(fate: Planned) -> bool:
    """Whether its legal state or its layer may follow from what changed."""
    return bool(fate.events) or not fate.changes.keys() <= UNMOVED


def _draft_offers(
    planned: Sequence[Planned],
    patents: Mapping[int, Patent],
    marks: dict[int, dict[str, Any]],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """What rows say of the sheet and the price goes into drafts; nothing is published."""
    wanted = {fate.row: fate for fate in planned if fate.lands and fate.offer}
    drafts = {
        draft.patent_id: draft
        for draft in Listing.objects.select_for_update(no_key=True).filter(
            patent_id__in=[patents[row].pk for row in wanted], status=ListingStatus.DRAFT
        )
    }
    fresh = []
    for number, fate in wanted.items():
        patent = patents[number]
        draft = drafts.get(patent.pk)
        if draft is None:
            draft = Listing(patent=patent, created_at=now, created_by=by.key, changed_at=now)
            fresh.append(draft)
            marks.setdefault(number, {})["drafted"] = True
        else:
            marks.setdefault(number, {})["offer"] = {
                "asking_price": None if draft.asking_price is None else str(draft.asking_price),
                **{name: getattr(draft, name) for name in columns.SHEET},
            }
            draft.version, draft.changed_at = draft.version + 1, now
        if fate.offer.price_given:
            draft.asking_price = fate.offer.price
        for name, said in fate.offer.sheet.items():
            setattr(draft, name, said)
        if draft.pk:
            draft.save()
    copying.insert(Listing, fresh)
