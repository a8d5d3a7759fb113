"""Open licences for tests: patents fit to be declared, declarations, licences."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from core.people.models import Membership
from core.people.types import Actor
from licensing import services
from licensing.models import Licence, OpenDeclaration, RoyaltyReport
from licensing.rules.fees import FeeMode, FeePart, PartKind, RoyaltyBase, parts_for
from licensing.types import DeclarationTerms
from listings import selectors
from listings import services as listings
from listings.rules import numbers
from listings.types import OfferInput, PatentInput, Route
from tests.factories.core import actor

NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
TODAY = date(2026, 11, 20)
_serials = count(1)

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def patent(holder: Membership, **changes: Any) -> int:
    """A granted invention with its annuity paid, managed by the holder's organisation; its id."""
    known: dict[str, Any] = {
        "title": "一种锂电池热管理方法",
        "number": numbers.mint(2019, "1", next(_serials)),
        "filed_on": date(2019, 3, 1),
        "granted_on": date(2021, 6, 1),
        "annuity_paid_to": date(2027, 3, 1),
        "ipc": ("H01M 10/613",),
        "abstract": "本发明公开了一种锂电池热管理方法。",
    }
    return listings.register_patent(
        data=PatentInput(**(known | changes)),
        organisation_id=holder.organisation_id,
        by=actor(holder),
        now=NOON,
    )


def listed(holder: Membership, **changes: Any) -> int:
    """Such a patent on the public board; its id."""
    patent_id = patent(holder, **changes)
    listing_id = listings.draft_listing(
        patent_id=patent_id,
        offer=OfferInput(
            problem="电池组温差大",
            how="分区液冷",
            benefit="温差降到 3 度",
            routes=(Route.OPEN_LICENCE,),
        ),
        by=actor(holder),
        now=NOON,
    )
    listings.submit_listing(listing_id=listing_id, by=actor(holder), now=NOON)
    listings.publish_listing(listing_id=listing_id, by=actor(holder), now=NOON)
    return patent_id


def terms(mode: FeeMode = FeeMode.FIXED, **changes: Any) -> DeclarationTerms:
    """Terms in one of the offered modes, three years."""
    fee = {"amount": Decimal(50_000), "due_days": 365}
    royalty = {"base": RoyaltyBase.NET_SALES, "rate": Decimal(3)}
    known: dict[str, Any] = {"parts": parts_for(mode, **fee, **royalty), "months": 36}  # type: ignore[arg-type]
    return DeclarationTerms(**(known | changes))


def draft(holder: Membership, patent_id: int | None = None, **changes: Any) -> OpenDeclaration:
    """A draft of a declaration."""
    return services.draft_declaration(
        patent_id=patent_id or patent(holder), terms=terms(**changes), by=actor(holder), now=NOON
    )


def declaration(
    holder: Membership, patent_id: int | None = None, **changes: Any
) -> OpenDeclaration:
    """An announced declaration."""
    row = draft(holder, patent_id, **changes)
    return services.declare(
        declaration_id=row.pk,
        filed_on=TODAY,
        announced_on=TODAY,
        revision=None,
        by=actor(holder),
        now=NOON,
    )


def licence(
    holder: Membership, taker: Membership, *, mode: FeeMode = FeeMode.FREE, now: datetime = NOON
) -> Licence:
    """A licence taken on a new declaration; free ones are in force at once."""
    offered = declaration(holder, mode=mode)
    return services.take_open_licence(declaration_id=offered.pk, by=actor(taker), now=now)


LONG_AGO = datetime(2023, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


def royal_licence(holder: Membership, taker: Membership, **changes: Any) -> Licence:
    """A licence in force since 2023-11-20 that owes 3% of net sales, at least 50,000 a year."""
    part: dict[str, Any] = {
        "base": RoyaltyBase.NET_SALES,
        "rate": Decimal(3),
        "floor": Decimal(50_000),
    }
    parts = (FeePart(PartKind.RUNNING, **(part | changes)),)
    row = services.draft_declaration(
        patent_id=patent(holder), terms=terms(parts=parts), by=actor(holder), now=LONG_AGO
    )
    services.declare(
        declaration_id=row.pk,
        filed_on=LONG_AGO.date(),
        announced_on=LONG_AGO.date(),
        revision=None,
        by=actor(holder),
        now=LONG_AGO,
    )
    return services.take_open_licence(declaration_id=row.pk, by=actor(taker), now=LONG_AGO)


def royalty(row: Licence, taker: Membership, **changes: Any) -> RoyaltyReport:
    """The first year's report of such a licence: a million sold."""
    known: dict[str, Any] = {"starts_on": row.starts_on, "amount": Decimal(1_000_000)}
    return services.report_royalty(
        licence_id=row.pk, by=actor(taker), now=NOON, **(known | changes)
    )


def paid(row: Licence, taker: Membership, *, now: datetime = NOON) -> Licence:
    """The licence after its first sum was paid."""
    due = row.dues.order_by("position").first()
    assert due is not None
    services.record_payment(
        licence_id=row.pk,
        due_id=due.pk,
        amount=due.amount,
        paid_at=now,
        reference=f"回单{row.pk}",
        by=actor(taker),
        now=now,
    )
    row.refresh_from_db()
    return row


def system() -> Actor:
    """The platform itself."""
    return Actor.system()


def printed(patent_id: int) -> str:
    """The patent's number as printed."""
    return selectors.card(patent_id, viewer=Actor.system()).printed
