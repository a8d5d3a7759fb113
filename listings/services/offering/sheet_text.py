"""A sheet on its way in: cleaned, or refused with everything that is wrong with it."""

from __future__ import annotations

from typing import Any

from core.errors import Invalid
from listings.rules.sheet_text import offer_of, problems, stored
from listings.types import OfferInput

__all__ = ["clean", "offer_of"]


def clean(offer: OfferInput) -> dict[str, Any]:
    """The sheet in its stored form, or Invalid with every problem."""
    if found := problems(offer):
        raise Invalid(fields=found)
    return stored(offer)
