"""Who looks for what in the sample, and a call to take stock: searches kept, a drive under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from listings.rules.alerts import Frequency
from listings.selectors import drives as drive_facts
from listings.selectors.searching import searches as search_facts
from listings.selectors.searching.search import BoardQuery
from listings.services import drive_tasks, drives
from listings.services.searching import searches
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> dict[str, list[dict[str, Any]]]:
    """The sample as written."""
    return written("finding")


@dataclass
class Finding:
    """Plans the searches and the drive that are not there yet."""

    plan: Plan

    def prepare(self) -> None:
        for paper in papers()["searches"]:
            known = search_facts.names(viewer=self.plan.crew.actor(paper["org"]))
            if paper["name"] not in {name for _, name in known}:
                moment = self.plan.ago(paper["saved_days_ago"], hour=9)
                self.plan.then(moment, partial(self._save, paper))
        for paper in papers()["drives"]:
            mine = drive_facts.run_by(viewer=self.plan.crew.actor(paper["org"]))
            if not mine.filter(title=paper["title"]).exists():
                self._drive(paper)

    def _save(self, paper: dict[str, Any], at: datetime) -> None:
        searches.save_search(
            name=paper["name"],
            query=BoardQuery(
                text=paper["text"], chosen={k: tuple(v) for k, v in paper["chosen"].items()}
            ),
            frequency=Frequency(paper["frequency"]),
            by=self.plan.crew.actor(paper["org"]),
            now=at,
        )

    def _drive(self, paper: dict[str, Any]) -> None:
        plan = self.plan
        made: dict[str, int] = {}
        plan.then(plan.ago(paper["began_days_ago"], hour=9), partial(self._open, paper, made))
        for answer in paper["answers"]:
            for name, step in (
                ("declared", self._declare),
                ("confirmed", self._confirm),
                ("excused", self._excuse),
            ):
                if f"{name}_days_ago" in answer:
                    moment = plan.ago(answer[f"{name}_days_ago"], hour=15)
                    plan.then(moment, partial(step, answer, made))
        reminded = plan.ago(paper["reminded_days_ago"], hour=16)
        plan.then(reminded, partial(self._remind, paper, made))

    def _open(self, paper: dict[str, Any], made: dict[str, int], at: datetime) -> None:
        crew = self.plan.crew
        by = crew.actor(paper["org"])
        pk = drives.open_drive(
            data=drives.DriveInput(
                title=paper["title"],
                goal=paper["goal"],
                todo=paper["todo"],
                starts_on=self.plan.day(paper["began_days_ago"]),
                ends_on=self.plan.day(paper["ends_days_ago"]),
            ),
            organisations=[crew.ids[org] for org in paper["invited"]],
            is_sample=True,
            by=by,
            now=at,
        )
        lines = drive_facts.lines(drive_facts.drive(pk, viewer=by))
        keys = {crew.ids[org]: org for org in paper["invited"]}
        made |= {keys[line.organisation_id]: line.task_id for line in lines}
        made["drive"] = pk

    def _declare(self, answer: dict[str, Any], made: dict[str, int], at: datetime) -> None:
        by = self.plan.crew.actor(answer["org"])
        pk = self.plan.crew.ids[answer["org"]]
        valid = drive_facts.stock_of([pk])[pk].valid
        drive_tasks.declare(
            task_id=made[answer["org"]], declared=valid + answer["more"], by=by, now=at
        )

    def _confirm(self, answer: dict[str, Any], made: dict[str, int], at: datetime) -> None:
        by = self.plan.crew.actor(answer["org"])
        drive_tasks.confirm(task_id=made[answer["org"]], by=by, now=at)

    def _excuse(self, answer: dict[str, Any], made: dict[str, int], at: datetime) -> None:
        by = self.plan.crew.actor(answer["org"])
        drive_tasks.excuse(task_id=made[answer["org"]], reason=answer["reason"], by=by, now=at)

    def _remind(self, paper: dict[str, Any], made: dict[str, int], at: datetime) -> None:
        by = self.plan.crew.actor(paper["org"])
        drives.remind(drive_id=made["drive"], by=by, now=at)
