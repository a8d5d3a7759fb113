"""Patents and offers for tests, made by the room's own services, so that they are whole."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from core.people.models import Membership
from core.people.types import Actor
from listings import services
from listings.models import Listing, Patent
from listings.rules import numbers
from listings.types import EncumbranceKind, HolderInput, OfferInput, PatentInput, Route
from tests.factories import core

NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
_serials = count(900_001)


def fresh_number(kind_digit: str = "1", year: int = 2019) -> str:
    """A well-formed number that no other test row has."""
    return numbers.mint(year, kind_digit, next(_serials))


def record(**fields: Any) -> PatentInput:
    """A granted invention in good order, unless told otherwise."""
    given: dict[str, Any] = {
        "title": "一种锂离子电池正极材料的制备方法",
        "abstract": "本发明涉及电池材料，采用共沉淀法制备前驱体，循环寿命长。",
        "filed_on": date(2019, 3, 1),
        "granted_on": date(2021, 6, 1),
        "annuity_paid_to": date(2027, 3, 1),
        "ipc": ("H01M 10/0525",),
    } | fields
    if "number" not in given:
        digit = {"utility_model": "2", "design": "3"}.get(given.get("kind") or "", "1")
        given["number"] = fresh_number(digit)
    if given.get("kind") == "design":
        given |= {"ipc": (), "locarno": ("10-05",)}
    return PatentInput(**given)


def patent(keeper: Membership | None = None, *, now: datetime = NOON, **fields: Any) -> Patent:
    """A patent in the stock of the keeper's organisation (an office of its own by default)."""
    keeper = keeper or core.office()
    pk = services.register_patent(
        data=record(**fields),
        organisation_id=keeper.organisation_id,
        by=core.actor(keeper),
        now=now,
    )
    return Patent.objects.get(pk=pk)


def offer(**fields: Any) -> OfferInput:
    """An offer sheet in plain words."""
    given: dict[str, Any] = {
        "problem": "低温下电池容量衰减快",
        "how": "在正极材料表面包覆一层快离子导体",
        "benefit": "零下二十度容量保持率由六成提高到八成五",
        "maturity": "中试",
        "routes": (Route.ORDINARY,),
        "asking_price": Decimal("120000.00"),
    } | fields
    return OfferInput(**given)


def draft(row: Patent, **fields: Any) -> Listing:
    """A draft offer of the patent."""
    pk = services.draft_listing(
        patent_id=row.pk, offer=offer(**fields), by=Actor.system(), now=NOON
    )
    return Listing.objects.select_related("patent").get(pk=pk)


def listed_patent(
    keeper: Membership | None = None, *, now: datetime = NOON, **fields: Any
) -> Patent:
    """A patent whose offer is on the board; fields of the offer sheet go in `sheet`."""
    sheet = fields.pop("sheet", {})
    row = patent(keeper, now=now, **fields)
    listing = draft(row, **sheet)
    services.publish_listing(listing_id=listing.pk, by=Actor.system(), now=now)
    row.refresh_from_db()
    return row


def bound(row: Patent, kind: EncumbranceKind, **fields: Any) -> int:
    """An encumbrance on the patent, from today and without end unless told otherwise. Its id."""
    given: dict[str, Any] = {
        "starts_on": NOON.date(),
        "ends_on": None,
        "source": "test",
        "reference": f"test:{next(_serials)}",
        "by": Actor.system(),
        "now": NOON,
    } | fields
    return services.encumber(patent_id=row.pk, kind=kind, **given)


def holder(name: str, **fields: Any) -> HolderInput:
    return HolderInput(name, **fields)
