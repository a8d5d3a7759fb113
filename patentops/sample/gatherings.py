"""Events of the sample: one to come with a firm signed up, one held with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from core.days import CHINA
from matching.selectors import gatherings as asked
from matching.services import attending
from matching.services import gatherings as services
from matching.types import GatheringInput, GatheringKind, GatheringOutcome
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> list[dict[str, Any]]:
    """The sample as written."""
    return written("gatherings")["gatherings"]


@dataclass
class Gatherings:
    """Plans the events whose patents this load brings in."""

    plan: Plan

    def prepare(self) -> None:
        for paper in papers():
            if self.plan.fresh.issuperset(paper["patents"]):
                self._one(paper)

    def _one(self, paper: dict[str, Any]) -> None:
        plan, made = self.plan, list[int]()
        plan.then(plan.ago(paper["published_days_ago"]), partial(self._publish, paper, made))
        for entry in paper["sign_ups"]:
            moment = plan.ago(entry["days_ago"])
            plan.then(moment, partial(self._sign_up, paper, entry, made))
        if results := paper.get("results"):
            moment = plan.ago(paper["starts_days_ago"] - 1)
            plan.then(moment, partial(self._finish, paper, results, made))

    def _publish(self, paper: dict[str, Any], made: list[int], at: datetime) -> None:
        day = self.plan.day(paper["starts_days_ago"])  # in days to come too
        starts = datetime.combine(day, time(14), CHINA)
        data = GatheringInput(
            kind=GatheringKind(paper["kind"]),
            title=paper["title"],
            summary=paper["summary"],
            starts_at=starts,
            ends_at=starts + timedelta(hours=paper["hours"]),
            place=paper["place"],
            link=paper.get("link", ""),
            capacity=paper.get("capacity"),
            needs_approval=paper.get("needs_approval", False),
            slot_minutes=paper.get("slot_minutes"),
            patents=tuple(self.plan.patent_ids[key] for key in paper["patents"]),
        )
        by = self.plan.crew.actor(paper["org"])
        row = services.draft_gathering(data=data, is_sample=True, by=by, now=at)
        services.publish_gathering(gathering_id=row.pk, by=by, now=at)
        made.append(row.pk)

    def _sign_up(
        self, paper: dict[str, Any], entry: dict[str, Any], made: list[int], at: datetime
    ) -> None:
        row = attending.sign_up(
            gathering_id=made[0],
            attendees=entry["attendees"],
            seats=entry["seats"],
            by=self.plan.crew.actor(entry["org"]),
            now=at,
        )
        if paper.get("needs_approval"):
            by = self.plan.crew.actor(paper["org"])
            attending.decide_sign_up(sign_up_id=row.pk, move="approve", by=by, now=at)

    def _finish(
        self, paper: dict[str, Any], results: list[dict[str, Any]], made: list[int], at: datetime
    ) -> None:
        by = self.plan.crew.actor(paper["org"])
        items = asked.patent_items(made[0])
        for result in results:
            services.note_result(
                item_id=items[self.plan.patent_ids[result["patent"]]],
                organisation_id=int(self.plan.crew.actor(result["org"]).organisation_id or 0),
                outcome=GatheringOutcome(result["outcome"]),
                note=result["note"],
                by=by,
                now=at,
            )
        services.finish_gathering(gathering_id=made[0], by=by, now=at)
