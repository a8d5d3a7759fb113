"""Keeping what the engine had said when somebody first rated a match."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from matching.models import Evaluation, Judgement, Match
from matching.rules import learning as rules
from matching.selectors.learning import industry_of
from matching.types import DemandKind


def take_judgement(evaluation: Evaluation, match: Match, *, now: datetime) -> None:
    """The signals of this pair and its place in its list, as they stood before the rating.

    A list that holds something learned from an earlier rating of the same patent has none left
    to learn from, so behaviour is not kept.
    """
    column = "need_id" if match.demand.kind is DemandKind.NEED else "subscription_id"
    above = Q(ticks__gt=match.ticks) | Q(ticks=match.ticks, patent_id__lt=match.patent_id)
    before = Match.objects.filter(above, off_at__isnull=True, **{column: match.demand.id}).count()
    Judgement.objects.get_or_create(
        evaluation=evaluation,
        defaults={
            "engine_id": match.engine_id,
            "demand_key": match.demand.key,
            "industry": industry_of(match.demand),
            "place": before + 1,
            "ticks": match.ticks,
            "values": rules.signal_values(match.reasons),
            "taken_at": now,
        },
    )
