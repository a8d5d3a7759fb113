"""Questions about milestones: what waits for an event, what was claimed, who has to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet

from core.errors import Missing
from core.people.types import Actor
from licensing.models import FeePart, Licence, MilestoneClaim
from licensing.rules import claims, fees


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a plan, and what was said about it, newest first."""

    part: FeePart
    standard: str
    claims: Sequence[MilestoneClaim]

    @property
    def standing(self) -> MilestoneClaim | None:
        """The claim that was not taken back."""
        return next((c for c in self.claims if c.status != claims.ClaimStatus.WITHDRAWN), None)


def event_rows(licence: Licence) -> list[EventRow]:
    """The events of the licence's plan; two queries."""
    found: dict[int, list[MilestoneClaim]] = {}
    rows = licence.claims.select_related("evidence", "part", "reason__due").order_by("-pk")
    for row in rows:
        found.setdefault(row.part_id, []).append(row)
    parts = [(part, part.as_rule()) for part in licence.plan.parts.all()]
    return [
        EventRow(part, fees.standard_lines([rule])[0], found.get(part.pk, []))
        for part, rule in parts
        if claims.waits_for_event(rule)
    ]


def milestone_claims(*, viewer: Actor, licence_id: int | None = None) -> QuerySet[MilestoneClaim]:
    """The claims this viewer may see, newest first."""
    rows = MilestoneClaim.objects.visible_to(viewer).select_related("licence", "part", "evidence")
    if licence_id is not None:
        rows = rows.filter(licence_id=licence_id)
    return rows.order_by("-pk")


def milestone_claim(claim_id: int, *, viewer: Actor) -> MilestoneClaim:
    """One claim; Missing when the viewer may not see it."""
    found = milestone_claims(viewer=viewer).filter(pk=claim_id).first()
    if found is None:
        raise Missing("没有找到这项里程碑申报，或您无权查看。")
    return found


def side_of(licence: Licence, viewer: Actor) -> claims.Side | None:
    """Which party the viewer speaks for; none for everybody else and for an agent of both."""
    mine = [
        side
        for side, pk in (
            (claims.Side.LICENSOR, licence.licensor_id),
            (claims.Side.LICENSEE, licence.licensee_id),
        )
        if pk in viewer.acts_for
    ]
    return mine[0] if len(mine) == 1 else None


def claims_waiting(*, viewer: Actor) -> tuple[int, datetime | None, int | None]:
    """How many claims wait for this actor's answer, since when, and on which licence the oldest."""
    own = viewer.acts_for
    waiting = MilestoneClaim.objects.filter(
        Q(side=claims.Side.LICENSOR, licence__licensee_id__in=own)
        | Q(side=claims.Side.LICENSEE, licence__licensor_id__in=own),
        status=claims.ClaimStatus.CLAIMED,
    )
    found = waiting.aggregate(n=Count("pk"), since=Min("claimed_at"))
    if not found["n"]:
        return 0, None, None
    first = waiting.order_by("claimed_at").values_list("licence_id", flat=True).first()
    return found["n"], found["since"], first
