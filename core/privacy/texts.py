"""Texts of core in which a person may stand who asked to be forgotten."""

from __future__ import annotations

from django.db.models import Q

from core.attachments.models import Attachment
from core.idempotency.models import IdempotencyKey
from core.members.models import Invitation, InvitationStatus
from core.notices.models import Notice
from core.privacy import rules, services
from core.privacy.forgetting import Change, Texts
from core.privacy.inventory import by_key
from core.privacy.models import ErasureRequest
from core.ratings.models import ServiceRating

FORGET = "core.forget"
NO_ADDRESS = "erased@erased.invalid"

PLACES = [
    Texts(Notice, ("title", "body"), rules.everywhere, people="user_id"),
    Texts(Attachment, ("name",), rules.everywhere, authors=("stored_by",)),
    Texts(ServiceRating, ("words", "answer"), authors=("rated_by", "answered_by")),
]


def forget(*, erasure_id: int) -> list[Change]:
    """Take the person out of notices to colleagues, names of files, invitations, stored answers."""
    row = ErasureRequest.objects.get(pk=erasure_id)
    if row.known is not None and FORGET in row.awaited:
        sent = Q(accepted_by_id=row.user_id)
        for address in row.known["addresses"]:
            sent |= Q(email__iexact=address)
        letters = Invitation.objects.filter(sent)
        letters.filter(status=InvitationStatus.PENDING).update(status=InvitationStatus.REVOKED)
        letters.update(email=NO_ADDRESS)
        IdempotencyKey.objects.filter(by_key("actor_key", row.user_id)).delete()
    return services.forget_in(FORGET, PLACES, erasure_id=erasure_id)
