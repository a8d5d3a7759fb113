"""Consents of co-owners: asked of us, asked by us, and all that was said about one patent."""

from __future__ import annotations

from collections.abc import Iterable

from core.errors import Missing
from core.people.types import Actor
from listings.models import CoOwnerConsent, Holder, Patent
from listings.models.ownership import ConsentQuerySet
from listings.rules.consents import ConsentStatus
from listings.selectors.register.legal import NOT_FOUND
from listings.types import Consent, ConsentTakenBack


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


def taken_back(
    *, patent_ids: Iterable[int] | None = None, keepers: Iterable[int] | None = None
) -> list[ConsentTakenBack]:
    """Who took a consent back and has given none since: of these patents, or keepers, or all.

    Newest first, in two queries; each co-owner once.
    """
    rows = CoOwnerConsent.objects.filter(status=ConsentStatus.WITHDRAWN)
    if patent_ids is not None:
        rows = rows.filter(patent_id__in=list(patent_ids))
    if keepers is not None:
        rows = rows.filter(patent__organisation_id__in=list(keepers))
    last: dict[tuple[int, int | str], CoOwnerConsent] = {}
    for row in rows.order_by("ended_at", "pk"):
        last[row.patent_id, row.organisation_id or row.holder_name] = row
    silent = Holder.objects.filter(
        patent_id__in={patent_id for patent_id, _who in last}, consent=Consent.NONE
    )
    found = []
    for holder in silent.order_by("patent_id", "position", "pk"):
        pk, name = holder.patent_id, holder.name
        said = last.get((pk, holder.organisation_id or 0)) or last.get((pk, name))
        if said is not None and said.ended_at is not None:
            found.append(
                ConsentTakenBack(pk, name, said.organisation_id, said.ended_at, said.ended_because)
            )
    return sorted(found, key=lambda one: one.at, reverse=True)
