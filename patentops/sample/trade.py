"""What is put up and shown together in the sample: auctions with their bids."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from importlib.resources import files
from typing import Any

from listings.rules.auctions import Method, Terms
from listings.services import auctions, bidding, settling
from listings.types import Action
from patentops.sample.library import Plan


@cache
def papers() -> dict[str, list[dict[str, Any]]]:
    """The sample as written."""
    text = (files("patentops.sample") / "trade.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass
class Trade:
    """Plans what belongs to patents that this load brings in."""

    plan: Plan

    def prepare(self) -> None:
        for paper in papers()["auctions"]:
            if self.plan.fresh.issuperset(paper["patents"]):
                self._auction(paper)

    def _seller(self, paper: dict[str, Any]) -> str:
        key = paper["patents"][0]
        return next(p.managed_by for p in self.plan.content.patents if p.key == key)

    def _auction(self, paper: dict[str, Any]) -> None:
        """Announced, opened, bid for and closed, each at its moment, as far as it has come."""
        made: list[int] = []
        plan = self.plan
        plan.then(plan.ago(paper["announced_days_ago"]), partial(self._announce, paper, made))
        for name in ("opens_days_ago", "closes_days_ago"):
            if paper[name] > 0:
                plan.then(plan.ago(paper[name], hour=14), partial(_settle, made))
        for bid in paper.get("bids", ()):
            moment = plan.ago(bid["days_ago"], hour=15)
            plan.then(moment, partial(self._bid, bid, made))

    def _announce(self, paper: dict[str, Any], made: list[int], at: datetime) -> None:
        by = self.plan.crew.actor(self._seller(paper))
        pk = auctions.draft_auction(
            patent_ids=[self.plan.patent_ids[key] for key in paper["patents"]],
            terms=self._terms(paper),
            by=by,
            now=at,
        )
        auctions.announce_auction(auction_id=pk, by=by, now=at)
        made.append(pk)

    def _terms(self, paper: dict[str, Any]) -> Terms:
        money: dict[str, Any] = {
            name: Decimal(paper[name])
            for name in ("start_price", "step", "reserve_price", "deposit")
            if name in paper
        }
        said = ("title", "terms", "licence_months", "extend_minutes", "names_winner")
        return Terms(
            right=Action(paper["right"]),
            method=Method(paper["method"]),
            opens_at=self._moment(paper["opens_days_ago"]),
            closes_at=self._moment(paper["closes_days_ago"]),
            contact="示例联系人，请通过平台站内信联系",
            **money,
            **{name: paper[name] for name in said if name in paper},
        )

    def _moment(self, days_ago: int) -> datetime:
        """Two in the afternoon of that day, which may be to come."""
        return datetime.combine(
            self.plan.day(days_ago), self.plan.ago(1, hour=14).timetz().replace(minute=0)
        )

    def _bid(self, bid: dict[str, Any], made: list[int], at: datetime) -> None:
        bidding.place_bid(
            auction_id=made[0],
            amount=Decimal(bid["amount"]),
            token=f"sample-{bid['org']}-{bid['amount']}",
            confirmed=True,
            by=self.plan.crew.actor(bid["org"]),
            clock=lambda: at,
        )


def _settle(made: list[int], at: datetime) -> None:
    settling.settle_auction(auction_id=made[0], clock=lambda: at)
