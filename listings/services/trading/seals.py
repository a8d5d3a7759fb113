"""Sealing bids with the platform's key, and opening them."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings

from listings.models import Bid
from listings.rules import sealing


def _secrets() -> list[str]:
    """What opens seals: the platform's secret key, and those it had before."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _about(auction_id: int, bidder: int) -> str:
    return f"auction:{auction_id}/org:{bidder}"


def sealed(amount: Decimal, *, auction_id: int, bidder: int) -> bytes:
    """The amount, unreadable in the database, bound to its auction and bidder."""
    return sealing.seal(amount, about=_about(auction_id, bidder), secrets=_secrets())


def unsealed(bid: Bid) -> Decimal:
    """The amount of a sealed bid; sealing.Unreadable when the key is gone."""
    about = _about(bid.auction_id, bid.organisation_id)
    return sealing.unseal(bytes(bid.sealed or b""), about=about, secrets=_secrets())
