"""Who comes in to an office's pages, and whose patents they show."""

from __future__ import annotations

from core.errors import Missing
from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from listings import selectors
from listings.types import PatentCard

keepers = for_roles(Role.OFFICE, Role.BROKER)


def own_patent(request: Request, pk: int) -> PatentCard:
    """A patent of the actor's own stock; another's is missing."""
    card = selectors.card(pk, viewer=request.actor)
    if card.organisation_id not in request.actor.acts_for:
        raise Missing("没有找到这件专利，或者它不在本单位的库中。")
    return card
