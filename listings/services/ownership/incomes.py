"""Money that came in for a patent, told by the room that recorded the payment, as it does so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from listings.models import PatentIncome


def note_income(
    *,
    patent_id: int,
    organisation_id: int,
    reference: str,
    amount: Decimal,
    currency: str,
    received_on: date,
    now: datetime,
) -> None:
    """Keep that an organisation was paid for a patent; the same payment counts once."""
    PatentIncome.objects.get_or_create(
        patent_id=patent_id,
        reference=reference,
        defaults={
            "organisation_id": organisation_id,
            "amount": amount,
            "currency": currency,
            "received_on": received_on,
            "noted_at": now,
        },
    )


def forget_income(*, patent_id: int, references: Iterable[str]) -> None:
    """These payments turned out not to have come, or for nothing: they count no more."""
    PatentIncome.objects.filter(patent_id=patent_id, reference__in=list(references)).delete()
