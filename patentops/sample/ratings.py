"""What people of the sample said of the services they were given, and the answers they got."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.people.types import Actor
from core.ratings import rules, services
from core.ratings.models import ServiceRating
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> list[dict[str, Any]]:
    """The sample as written."""
    return written("ratings")["ratings"]


@dataclass
class Ratings:
    """Plans the ratings of what this load brings to an end."""

    plan: Plan

    def prepare(self) -> None:
        if not self.plan.fresh:
            return
        for place, paper in enumerate(papers()):
            self.plan.then(self.plan.ago(1, hour=9), partial(self._rate, paper, place))

    def _rate(self, paper: dict[str, Any], place: int, at: datetime) -> None:
        rows = ServiceRating.objects.filter(
            service=paper["service"],
            region__startswith=paper.get("region", ""),
            rated_at=None,
            finished_at__lt=at,
            is_sample=True,
        )
        crew = self.plan.crew
        row = rows.filter(finished_at__gte=at - timedelta(days=rules.OPEN_DAYS)).order_by("pk")[:1]
        for found in row:
            moment = at + timedelta(minutes=place)
            services.rate_service(
                rating_id=found.pk,
                grade=paper["grade"],
                reasons=paper.get("reasons", ()),
                words=paper.get("words", ""),
                by=crew.actor_of(found.organisation_id),
                now=moment,
            )
            if paper.get("answer"):
                by = crew.actor_of(found.provider_id) if found.provider_id else Actor.system()
                services.answer_rating(
                    rating_id=found.pk,
                    answer=paper["answer"],
                    by=by,
                    now=moment + timedelta(hours=3),
                )
