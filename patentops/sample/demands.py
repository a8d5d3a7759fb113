"""What the firms of the sample look for: needs and subscriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial

from core.people.types import Actor
from matching import selectors as matching
from matching import services as demands
from matching.types import NeedInput, SubscriptionInput, Visibility
from patentops.sample.content import SampleNeed, SampleSubscription
from patentops.sample.library import Plan


@dataclass
class Demands:
    """Plans the needs and subscriptions that their firms do not have yet."""

    plan: Plan
    made: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """Plan them all."""
        content = self.plan.content
        for need in content.needs:
            owner = self.plan.crew.actor(need.org)
            if need.title not in self._needs_of(owner):
                when = self.plan.ago(need.posted_days_ago, hour=9)
                self.plan.then(when, partial(self._post, need))
                if need.solved_days_ago is not None:
                    solved = self.plan.ago(need.solved_days_ago, hour=15)
                    self.plan.then(solved, partial(self._solve, need))
        for subscription in content.subscriptions:
            owner = self.plan.crew.actor(subscription.org)
            if subscription.name not in self._subscriptions_of(owner):
                self.plan.then(self.plan.opening, partial(self._subscribe, subscription))

    def _needs_of(self, owner: Actor) -> set[str]:
        return set(matching.own_needs(viewer=owner).values_list("title", flat=True))

    def _subscriptions_of(self, owner: Actor) -> set[str]:
        return set(matching.subscriptions(viewer=owner).values_list("name", flat=True))

    def _post(self, paper: SampleNeed, at: datetime) -> None:
        row = demands.post_need(
            data=NeedInput(
                title=paper.title,
                situation=paper.situation,
                problem=paper.problem,
                targets=paper.targets,
                budget=Decimal(paper.budget),
                deadline=self.plan.day(-paper.deadline_days),
                industry_codes=paper.industries,
                ipc=paper.ipc,
                trl=paper.trl,
                licence_modes=paper.modes,
                visibility=Visibility(paper.visibility),
            ),
            open_now=paper.status == "open",
            is_sample=True,
            by=self.plan.crew.actor(paper.org),
            now=at,
        )
        self.made[paper.key] = row.pk

    def _solve(self, paper: SampleNeed, at: datetime) -> None:
        owner = self.plan.crew.actor(paper.org)
        demands.solve_need(need_id=self.made[paper.key], by=owner, now=at)

    def _subscribe(self, paper: SampleSubscription, at: datetime) -> None:
        demands.subscribe(
            data=SubscriptionInput(
                name=paper.name,
                text=paper.text,
                keywords=paper.keywords,
                industry_codes=paper.industries,
                ipc=paper.ipc,
                price_cap=None if paper.price_cap is None else Decimal(paper.price_cap),
            ),
            is_sample=True,
            by=self.plan.crew.actor(paper.org),
            now=at,
        )
