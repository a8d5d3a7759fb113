"""What waits for an actor in this room: the same rows that its lists show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from core.people.types import Actor
from core.permissions import Permission, allowed
from licensing.models import Contest, Licence, OpenDeclaration, Outcome
from licensing.rules import moves


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of each wait, and since when the oldest does."""

    to_pay: int = 0
    to_pay_since: datetime | None = None
    to_file: int = 0
    to_file_since: datetime | None = None
    drafts: int = 0
    to_verify: int = 0
    to_verify_since: datetime | None = None
    to_mend: int = 0
    to_resolve: int = 0
    to_resolve_since: datetime | None = None


def waiting_for(*, viewer: Actor) -> Waiting:
    """What this actor has to do: as a party of licences, as a holder, or as their bureau."""
    found: dict[str, int | datetime | None] = {}
    own = viewer.acts_for
    if own and allowed(viewer, Permission.FILE_LICENCE):
        # The same rows as the list behind the link, which shows both sides' licences.
        mine = Licence.objects.visible_to(viewer)
        noticed = mine.filter(status=moves.LicenceStatus.NOTICED, licensee_id__in=own).aggregate(
            n=Count("pk"), since=Min("noticed_at")
        )
        unfiled = mine.filter(status=moves.LicenceStatus.EFFECTIVE).aggregate(
            n=Count("pk"), since=Min("effective_at")
        )
        found |= {"to_pay": noticed["n"], "to_pay_since": noticed["since"]}
        found |= {"to_file": unfiled["n"], "to_file_since": unfiled["since"]}
    if own and allowed(viewer, Permission.DECLARE_OPEN):
        found["drafts"] = OpenDeclaration.objects.filter(
            licensor_id__in=own, status=moves.DeclarationStatus.DRAFT
        ).count()
        found["to_mend"] = Outcome.objects.filter(
            organisation_id__in=own, status=moves.OutcomeStatus.REJECTED, licence__isnull=True
        ).count()
    if allowed(viewer, Permission.VERIFY_OUTCOME):
        reported = (
            Outcome.objects.visible_to(viewer)
            .filter(status=moves.OutcomeStatus.REPORTED)
            .aggregate(n=Count("pk"), since=Min("reported_at"))
        )
        raised = Contest.objects.filter(
            status=moves.ContestStatus.RAISED, licence__region__startswith=viewer.region
        ).aggregate(n=Count("pk"), since=Min("raised_at"))
        found |= {"to_verify": reported["n"], "to_verify_since": reported["since"]}
        found |= {"to_resolve": raised["n"], "to_resolve_since": raised["since"]}
    return Waiting(**found)  # type: ignore[arg-type]
