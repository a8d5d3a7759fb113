"""Patents into the library: registered one by one, or imported in a batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Governance, Permission, require
from listings.models import Patent
from listings.rules import numbers
from listings.rules.records import Record, tidy
from listings.selectors.cards import HOME_OFFICE
from listings.services import library, news
from listings.services import records as store
from listings.services.index import index_patents
from listings.services.standing import settle
from listings.types import HolderInput, PatentInput, Registered


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of one organisation, as something that is governed."""

    organisation_id: int | None

    def governed_by(self) -> Governance:
        ids = () if self.organisation_id is None else (self.organisation_id,)
        return Governance(organisations=frozenset(ids))


@transaction.atomic
def register_patent(
    *, data: PatentInput, organisation_id: int | None, by: Actor, now: datetime
) -> int:
    """Take a patent into an organisation's stock. Its id.

    Invalid names every field that is wrong; Conflict ("number-taken") when the number is in the
    library already.
    """
    require(by, Permission.REGISTER_PATENT, on=Stock(organisation_id))
    record = store.cleaned(data, now=now)
    patent = _create(record, organisation_id, by=by, now=now)
    audit.record("patent.registered", subject=patent, by=by, at=now)
    news.tell("patent.imported", patent, by=by, now=now)
    return patent.pk


def _create(record: Record, organisation_id: int | None, *, by: Actor, now: datetime) -> Patent:
    name, region = _organisation(organisation_id)
    patent = Patent(
        **record.fields,
        organisation_id=organisation_id,
        registered_at=now,
        registered_by=by.key,
        changed_at=now,
    )
    patent.region = patent.region or region
    patent.status = store.first_status(patent, now=now)
    store.save(patent)
    holders = record.holders
    if not holders and organisation_id is not None:
        holders = (HolderInput(name, organisation_id=organisation_id),)
    store.write_holders(patent, holders, manager_name=name)
    library.propose(patent, now=now)
    return patent


def _organisation(organisation_id: int | None) -> tuple[str, str]:
    """Its name and region; empty without one."""
    if organisation_id is None:
        return "", ""
    card = people.organisations([organisation_id]).get(organisation_id)
    if card is None:
        raise Invalid(fields={"organisation": ["没有找到这个机构。"]})
    return card.name, card.region


@transaction.atomic
def import_patent(
    *, data: PatentInput, organisation_id: int, by: Actor, now: datetime
) -> Registered:
    """Take in one record of a batch: create the patent, or update the one with its number.

    What the record leaves empty stays as it is. The batch writes the one audit entry and tells
    the news at its end (`announce_import`).
    """
    require(by, Permission.IMPORT_STOCK, on=Stock(organisation_id))
    known = _known(data, organisation_id)
    if known is None:
        record = store.cleaned(data, now=now)
        patent = _create(record, organisation_id, by=by, now=now)
        return Registered(patent.pk, "created", patent.version)
    if known.organisation_id != organisation_id:
        raise Conflict(
            f"申请号 {known.number} 已由其他单位登记，本行未导入。如为共有专利，请与登记单位联系。",
            code="number-taken",
        )
    return _update(known, data, by=by, now=now)


def _known(data: PatentInput, organisation_id: int) -> Patent | None:
    """The patent this record is about, locked: by number, or without one by title."""
    rows = Patent.objects.kept().select_for_update(no_key=True)
    if data.number.strip() and data.office.strip().upper() == HOME_OFFICE:
        try:
            canonical = numbers.parse(data.number).canonical
        except numbers.NumberError:
            return None  # cleaning will say what is wrong
        return rows.filter(office=HOME_OFFICE, number=canonical).first()
    if data.number.strip():
        return rows.filter(office=data.office.strip().upper(), number=data.number.strip()).first()
    return rows.filter(
        number__isnull=True, organisation_id=organisation_id, title=tidy(data.title)
    ).first()


def _update(patent: Patent, data: PatentInput, *, by: Actor, now: datetime) -> Registered:
    given: dict[str, Any] = {
        field.name: getattr(data, field.name)
        for field in fields(data)
        if field.name in store.FIELDS
        and field.name != "is_sample"
        and getattr(data, field.name) not in ("", None, ())
    }
    merged = store.as_input(patent, given)
    record = store.cleaned(replace(merged, holders=data.holders), now=now)
    changes = store.write(patent, record.fields)
    if record.holders:
        name, _ = _organisation(patent.organisation_id)
        before = [row.name for row in patent.holders.all()]
        if store.write_holders(patent, record.holders, manager_name=name):
            changes["holders"] = [before, [holder.name for holder in record.holders]]
    if not changes:
        return Registered(patent.pk, "unchanged", patent.version)
    patent.version, patent.changed_at, patent.indexed_at = patent.version + 1, now, None
    store.save(patent)
    settle(patent, by=by, now=now)
    return Registered(patent.pk, "updated", patent.version, changes)


@transaction.atomic
def announce_import(
    *, patent_ids: Iterable[int], admit: bool = True, by: Actor, now: datetime
) -> int:
    """Close a batch: admit what it proposed, index it, and tell the news once per patent."""
    require(by, Permission.IMPORT_STOCK)
    rows = list(
        Patent.objects.kept()
        .filter(pk__in=set(patent_ids))
        .defer("embedding", "search")
        .order_by("pk")
    )
    if not by.is_system:
        rows = [row for row in rows if row.organisation_id in by.acts_for]
    if admit:
        library.admit_batch(rows, by=by, now=now)
    index_patents(patent_ids=[row.pk for row in rows], now=now)
    news.tell_of_many("patent.imported", rows, by=by, now=now)
    return len(rows)
