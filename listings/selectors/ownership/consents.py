"""Consents of co-owners: asked of us, asked by us, and all that was said about one patent."""

from __future__ import annotations

from core.errors import Missing
from core.people.types import Actor
from listings.models import CoOwnerConsent, Patent
from listings.models.ownership import ConsentQuerySet
from listings.rules.consents import ConsentStatus
from listings.selectors.register.legal import NOT_FOUND


def consents(*, viewer: Actor) -> ConsentQuerySet:
    """What the viewer asked or is asked, newest first; paper consents stay with their patent."""
    return (
        CoOwnerConsent.objects.visible_to(viewer)
        .filter(organisation__isnull=False)
        .select_related("patent", "patent__organisation", "organisation")
        .order_by("-asked_at", "-pk")
    )


def none() -> ConsentQuerySet:
    """No rows: what a view without a viewer shows."""
    return CoOwnerConsent.objects.none()


def asked_of(viewer: Actor) -> ConsentQuerySet:
    """What waits for the viewer's answer."""
    return consents(viewer=viewer).filter(
        organisation_id__in=viewer.acts_for, status=ConsentStatus.ASKED
    )


def consent(consent_id: int, *, viewer: Actor) -> CoOwnerConsent:
    """One consent, or Missing."""
    row = (
        CoOwnerConsent.objects.visible_to(viewer)
        .filter(pk=consent_id)
        .select_related("patent", "patent__organisation", "organisation", "proof")
        .first()
    )
    if row is None:
        raise Missing("没有找到这份征求意见，或者它不是给您当前单位的。")
    return row


def history(patent_id: int, *, viewer: Actor) -> list[CoOwnerConsent]:
    """Everything asked and answered about one patent of the viewer's, newest first."""
    if not Patent.objects.managed_by(viewer).filter(pk=patent_id).exists():
        raise Missing(NOT_FOUND)
    return list(
        CoOwnerConsent.objects.filter(patent_id=patent_id).select_related("organisation", "proof")
    )
