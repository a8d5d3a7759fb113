"""What offices of the sample say of their patents: screenings, and services they have asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from listings.rules.potential import SCREENED
from listings.services.layers import layering, promotion
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> dict[str, list[dict[str, Any]]]:
    """The sample as written."""
    return written("layers")


@dataclass
class Layers:
    """Plans what belongs to patents that this load brings in."""

    plan: Plan

    def prepare(self) -> None:
        for paper in papers()["screenings"]:
            if paper["patent"] in self.plan.fresh:
                at = self.plan.ago(paper["days_ago"], hour=16)
                self.plan.then(at, partial(self._screen, paper))
        for paper in papers()["services"]:
            if paper["patent"] in self.plan.fresh:
                made: list[int] = []
                asked = self.plan.ago(paper["asked_days_ago"], hour=16)
                self.plan.then(asked, partial(self._ask, paper, made))
                if "answer" in paper:
                    answered = self.plan.ago(paper["answered_days_ago"], hour=16)
                    self.plan.then(answered, partial(self._answer, paper, made))

    def _keeper(self, key: str) -> str:
        return next(p.managed_by for p in self.plan.content.patents if p.key == key)

    def _screen(self, paper: dict[str, Any], at: datetime) -> None:
        layering.screen(
            patent_id=self.plan.patent_ids[paper["patent"]],
            marks=dict(zip(SCREENED, paper["marks"], strict=True)),
            note=paper["note"],
            family_size=paper.get("family"),
            cited_by=paper.get("cited"),
            by=self.plan.crew.actor(self._keeper(paper["patent"])),
            now=at,
        )

    def _ask(self, paper: dict[str, Any], made: list[int], at: datetime) -> None:
        made.append(
            promotion.request_service(
                patent_id=self.plan.patent_ids[paper["patent"]],
                kind=paper["kind"],
                provider_id=self.plan.crew.actor(paper["provider"]).organisation_id,
                wish=paper["wish"],
                by=self.plan.crew.actor(self._keeper(paper["patent"])),
                now=at,
            )
        )

    def _answer(self, paper: dict[str, Any], made: list[int], at: datetime) -> None:
        promotion.answer_service(
            request_id=made[0],
            answer=paper["answer"],
            by=self.plan.crew.actor(paper["provider"]),
            now=at,
        )
