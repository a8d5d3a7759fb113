"""Patents into the library, one by one; files of stock come in by `importing`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.errors import Invalid
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Governance, Permission, require
from listings.models import Patent
from listings.rules.records import Record
from listings.services import news
from listings.services import records as store
from listings.services.layers import library
from listings.types import HolderInput, PatentInput


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
    """The rows of a new patent: itself, its holders, its item in the stock-taking."""
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
