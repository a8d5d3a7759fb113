"""What surrounds needs in the sample: a mandate, a secret need, an industry's list, shortlists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from listings.services.ownership import inventing
from matching import selectors as matching
from matching import services as demands
from matching.rules.shortlists import Pick, ShortlistInput
from matching.selectors import shortlists as asked
from matching.services import revisions, shortlist_rating, shortlists
from matching.types import ListType, NeedInput, Rejection, Verdict
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> dict[str, list[dict[str, Any]]]:
    """The sample as written."""
    return written("answers")


@dataclass
class Answers:
    """Plans them all on a fresh platform; a second load finds them there."""

    plan: Plan

    def prepare(self) -> None:
        plan = self.plan
        if not plan.crew.created or not plan.fresh:
            return
        for paper in papers()["mandates"]:
            plan.then(plan.ago(paper["days_ago"]), partial(self._empower, paper))
        for paper in papers()["inventors"]:
            if paper["patent"] in plan.fresh:
                plan.then(plan.ago(60), partial(self._invented, paper))
        for paper in papers()["needs"]:
            plan.then(plan.ago(paper["posted_days_ago"], hour=9), partial(self._post, paper))
        for paper in papers()["shortlists"]:
            if all(pick["patent"] in plan.fresh for pick in paper["picks"]):
                self._list(paper)

    def _empower(self, paper: dict[str, Any], at: datetime) -> None:
        revisions.give_mandate(
            agent_id=self._organisation(paper["agent"]),
            starts_on=at.date(),
            ends_on=None,
            by=self.plan.crew.actor(paper["org"]),
            now=at,
        )

    def _invented(self, paper: dict[str, Any], at: datetime) -> None:
        patent_id = self.plan.patent_ids[paper["patent"]]
        by = self.plan.crew.actor(paper["org"])
        inventing.name_inventors(patent_id=patent_id, names=paper["names"], by=by, now=at)

    def _post(self, paper: dict[str, Any], at: datetime) -> None:
        demands.post_need(
            data=NeedInput(
                title=paper["title"],
                problem=paper["problem"],
                targets=paper["targets"],
                industry_codes=tuple(paper["industries"]),
                deadline=self.plan.day(-paper["deadline_days"]),
                list_type=ListType(paper["list_type"]),
                is_confidential="released" in paper,
                released=tuple(paper.get("released", ())),
            ),
            open_now=True,
            is_sample=True,
            by=self.plan.crew.actor(paper["org"]),
            now=at,
        )

    def _list(self, paper: dict[str, Any]) -> None:
        plan, made = self.plan, list[int]()
        plan.then(plan.ago(paper["drafted_days_ago"]), partial(self._draft, paper, made))
        plan.then(plan.ago(paper["sent_days_ago"]), partial(self._send, paper, made))
        if "read_days_ago" in paper:
            plan.then(plan.ago(paper["read_days_ago"]), partial(self._read, paper, made))
        for entry in paper.get("ratings", ()):
            plan.then(plan.ago(entry["days_ago"]), partial(self._rate, paper, entry, made))

    def _draft(self, paper: dict[str, Any], made: list[int], at: datetime) -> None:
        title, owner = self._need(paper["need"])
        need = matching.own_needs(viewer=self.plan.crew.actor(owner)).get(title=title)
        picks = (Pick(self.plan.patent_ids[p["patent"]], p["reason"]) for p in paper["picks"])
        row = shortlists.draft_shortlist(
            need_id=need.pk,
            data=ShortlistInput(picks=tuple(picks), note=paper["note"]),
            is_sample=True,
            by=self.plan.crew.actor(paper["org"]),
            now=at,
        )
        made.append(row.pk)

    def _send(self, paper: dict[str, Any], made: list[int], at: datetime) -> None:
        by = self.plan.crew.actor(paper["org"])
        shortlists.send_shortlist(shortlist_id=made[0], by=by, now=at)

    def _read(self, paper: dict[str, Any], made: list[int], at: datetime) -> None:
        by = self.plan.crew.actor(self._need(paper["need"])[1])
        shortlists.read_shortlist(shortlist_id=made[0], by=by, now=at)

    def _rate(
        self, paper: dict[str, Any], entry: dict[str, Any], made: list[int], at: datetime
    ) -> None:
        patent_id = self.plan.patent_ids[entry["patent"]]
        reason = entry.get("reason")
        shortlist_rating.rate_item(
            item_id=asked.item_of(made[0], patent_id),
            verdict=Verdict(
                interested=entry["interested"], reason=Rejection(reason) if reason else None
            ),
            by=self.plan.crew.actor(self._need(paper["need"])[1]),
            now=at,
        )

    def _need(self, key: str) -> tuple[str, str]:
        """The title of a need of the sample, and whose it is."""
        need = next(n for n in self.plan.content.needs if n.key == key)
        return need.title, need.org

    def _organisation(self, key: str) -> int:
        return int(self.plan.crew.actor(key).organisation_id or 0)
