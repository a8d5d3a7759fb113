"""Deals for tests, as far as they are to have come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.people.models import Membership, OrganisationKind
from core.people.types import Actor, Role
from licensing.models import Deal
from licensing.rules.deals import DealKind, Terms
from licensing.rules.fees import FeeMode, parts_for
from licensing.services import deals, signing
from listings.services.trading import price_postings
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, PDF


def paper(name: str = "合同.pdf") -> SimpleUploadedFile:
    """A file as people upload it."""
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


@dataclass
class Table:
    """The people around a deal: two of the holder's office, one of the firm."""

    office: Membership
    second: Membership
    firm: Membership

    @property
    def holder(self) -> Actor:
        return actor(self.office)

    @property
    def checker(self) -> Actor:
        return actor(self.second)

    @property
    def taker(self) -> Actor:
        return actor(self.firm)


def table(*, public: bool = False) -> Table:
    """A holder that is no public institute (unless wished), and a firm."""
    kind = OrganisationKind.UNIVERSITY if public else OrganisationKind.ENTERPRISE
    office = make._member(Role.OFFICE, kind, region="310115")
    second = make.MembershipFactory(role=Role.OFFICE, organisation=office.organisation)
    return Table(office, second, make.enterprise())


def terms(*patents: int, kind: str = "exclusive", **changes: Any) -> Terms:
    """A lump sum for three years."""
    known = Terms(
        kind=DealKind(kind),
        patents=patents,
        parts=parts_for(FeeMode.FIXED, amount=Decimal(80_000)),
        months=36,
    )
    return replace(known, **changes)


def asked(at: Table, patent_id: int | None = None, *, kind: str = "exclusive") -> Deal:
    """The firm has asked."""
    return deals.inquire(
        patent_id=patent_id or lic.listed(at.office), kind=kind, wish="想用于储能柜。",
        by=at.taker, now=NOON,
    )  # fmt: skip


def talking(at: Table, patent_id: int | None = None, *, kind: str = "exclusive") -> Deal:
    """The holder has taken it up."""
    row = asked(at, patent_id, kind=kind)
    return deals.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=at.holder, now=NOON)


def proposed(at: Table, patent_id: int | None = None, **changes: Any) -> Deal:
    """The firm has proposed terms."""
    kind = changes.get("kind", "exclusive")
    row = talking(at, patent_id, kind=kind)
    deals.propose_terms(
        deal_id=row.pk, terms=terms(row.patent_id, **changes), by=at.taker, now=NOON
    )
    return row


def agreed(at: Table, patent_id: int | None = None, **changes: Any) -> Deal:
    """The holder has accepted them."""
    row = proposed(at, patent_id, **changes)
    return deals.answer_terms(
        deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
    )


def uploaded(at: Table, patent_id: int | None = None, **changes: Any) -> Deal:
    """Both have uploaded the signed contract."""
    row = agreed(at, patent_id, **changes)
    for by in (at.holder, at.taker):
        signing.upload_contract(deal_id=row.pk, file=paper(), by=by, now=NOON)
    row.refresh_from_db()
    return row


def signed(at: Table, patent_id: int | None = None, **changes: Any) -> Deal:
    """A second person of the holder has checked the seals."""
    row = uploaded(at, patent_id, **changes)
    return signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)


def posted(row: Deal, at: Table, *, now: datetime = NOON) -> datetime:
    """The holder's posting of the price ran out; the moment after it."""
    signing.post_price(deal_id=row.pk, summary="定价由双方协商。", days=None, by=at.holder, now=now)
    after = now + timedelta(days=16)
    for item in row.items.all():
        assert item.posting_id
        price_postings.complete(posting_id=item.posting_id, now=after)
        signing.follow_posting(
            posting_id=item.posting_id, completed=True, on=date(2026, 12, 6), now=after
        )
    row.refresh_from_db()
    return after
