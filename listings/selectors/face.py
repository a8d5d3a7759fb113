"""All that the page of one patent says of it, from one reading of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from core.errors import Missing
from core.people.types import Actor
from listings.models import Patent
from listings.selectors.cards import NOT_FOUND, as_card, holder_cards, offer_of, with_parts
from listings.selectors.offering.sheets import FileCard, files
from listings.selectors.office import abilities_of
from listings.selectors.register.history import timeline_of
from listings.selectors.register.legal import BONDS, PARTS, encumbrances_among
from listings.types import (
    Action,
    Blocker,
    EncumbranceCard,
    HolderCard,
    PatentCard,
    TimelineEntry,
)

ROWS = tuple(part for part in PARTS if part != "encumbrances")


@dataclass(frozen=True, slots=True)
class PatentFace:
    """One patent as this viewer may see it."""

    card: PatentCard
    abilities: dict[Action, list[Blocker]]
    holders: list[HolderCard]
    encumbrances: list[EncumbranceCard]
    history: list[TimelineEntry]
    files: list[FileCard]


def face(patent_id: int, *, viewer: Actor, at: datetime) -> PatentFace:
    """The whole of it, or Missing."""
    rows = with_parts(Patent.objects.visible_to(viewer).filter(pk=patent_id))
    row = rows.prefetch_related(*ROWS, Prefetch("encumbrances", queryset=BONDS)).first()
    if row is None:
        raise Missing(NOT_FOUND)
    offer = offer_of(row, viewer=viewer)
    return PatentFace(
        card=as_card(row, viewer=viewer),
        abilities=abilities_of(row, at=at),
        holders=holder_cards(row.holders.all()),
        encumbrances=encumbrances_among(row.encumbrances.all(), at=at),
        history=timeline_of(row, viewer=viewer),
        files=files(offer.pk, offer.files) if offer and offer.files else [],
    )
