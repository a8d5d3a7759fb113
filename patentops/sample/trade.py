"""What is put up and shown together in the sample: auctions with their bids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from licensing.rules import deals as deal_rules
from licensing.rules.fees import FeePart, PartKind
from licensing.services import bundle_deals, deals
from listings.rules.auctions import Method, Terms
from listings.rules.postings import Agreed
from listings.services.shelves import bundles, collections
from listings.services.trading import auctions, bidding, price_postings, settling
from listings.types import Action, Route
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> dict[str, list[dict[str, Any]]]:
    """The sample as written."""
    return written("trade")


@dataclass
class Trade:
    """Plans what belongs to patents that this load brings in."""

    plan: Plan

    def prepare(self) -> None:
        for paper in papers()["auctions"]:
            if self.plan.fresh.issuperset(paper["patents"]):
                self._auction(paper)
        for paper in papers()["postings"]:
            if paper["patent"] in self.plan.fresh:
                self.plan.then(self.plan.ago(paper["posted_days_ago"]), partial(self._post, paper))

        for paper in papers()["collections"]:
            if self._is_new(paper.get("patents", ())):
                moment = self.plan.ago(paper["published_days_ago"])
                self.plan.then(moment, partial(self._collect, paper))
        for paper in papers()["bundles"]:
            if self._is_new(paper["patents"]):
                moment = self.plan.ago(paper["listed_days_ago"])
                listed: list[int] = []
                self.plan.then(moment, partial(self._bundle, paper, listed))
                if "deal" in paper:
                    self._talk(paper, listed)

    def _is_new(self, lines: Sequence[Sequence[str]]) -> bool:
        """Whether this load brings the patents in; a live collection comes with the first load."""
        return bool(self.plan.fresh) and self.plan.fresh.issuperset(key for key, _note in lines)

    def _lines(self, lines: Sequence[Sequence[str]]) -> str:
        numbers = {p.key: p.number for p in self.plan.content.patents}
        return "\n".join(f"{numbers[key]} | {note}" for key, note in lines)

    def _collect(self, paper: dict[str, Any], at: datetime) -> None:
        by = self.plan.crew.actor(paper["org"])
        pk = collections.make_collection(
            draft=collections.Draft(
                title=paper["title"],
                slug=paper["slug"],
                kind=paper["kind"],
                intro=paper["intro"],
                query=paper.get("query", ""),
                patents=self._lines(paper.get("patents", ())),
            ),
            by=by,
            now=at,
            is_sample=True,
        )
        collections.publish_collection(collection_id=pk, by=by, now=at)

    def _bundle(self, paper: dict[str, Any], listed: list[int], at: datetime) -> None:
        by = self.plan.crew.actor(paper["org"])
        pk = bundles.make_bundle(
            draft=bundles.Draft(
                title=paper["title"],
                summary=paper["summary"],
                routes=tuple(Route(route) for route in paper["routes"]),
                price=Decimal(paper["price"]),
                patents=self._lines(paper["patents"]),
                contact="示例联系人，请通过平台站内信联系",
            ),
            by=by,
            now=at,
        )
        bundles.list_bundle(bundle_id=pk, by=by, now=at)
        listed.append(pk)

    def _talk(self, paper: dict[str, Any], listed: list[int]) -> None:
        """A firm asks for the whole bundle; its terms wait for the holder."""
        said, made = paper["deal"], list[Any]()
        holder, firm = self.plan.crew.actor(paper["org"]), self.plan.crew.actor(said["firm"])

        def ask(at: datetime) -> None:
            made.extend(
                bundle_deals.inquire_bundle(
                    bundle_id=listed[0], kind=said["kind"], wish=said["wish"], by=firm, now=at
                )
            )

        def take_up(at: datetime) -> None:
            known = {"deal_id": made[0].pk, "by": holder, "now": at}
            deals.answer_inquiry(accept=True, reason="", **known)

        def propose(at: datetime) -> None:
            terms = deal_rules.Terms(
                kind=deal_rules.DealKind(said["kind"]),
                patents=tuple(self.plan.patent_ids[key] for key, _note in paper["patents"]),
                months=said["months"],
                parts=(FeePart(PartKind.LUMP, amount=Decimal(said["amount"])),),
            )
            deals.propose_terms(deal_id=made[0].pk, terms=terms, by=firm, now=at)

        for name, do in (("asked", ask), ("taken_up", take_up), ("proposed", propose)):
            self.plan.then(self.plan.ago(said[f"{name}_days_ago"], hour=16), do)

    def _post(self, paper: dict[str, Any], at: datetime) -> None:
        """A posted price; one that is old enough is completed by the sweep."""
        by = self.plan.crew.actor(self._keeper(paper["patent"]))
        pk = price_postings.draft_posting(
            patent_id=self.plan.patent_ids[paper["patent"]],
            agreed=Agreed(
                route=Route(paper["route"]),
                counterparty=paper["counterparty"],
                price=Decimal(paper["price"]),
                price_note=paper["price_note"],
                summary=paper["summary"],
                days=paper["days"],
            ),
            by=by,
            now=at,
        )
        price_postings.post(posting_id=pk, by=by, now=at)

    def _keeper(self, key: str) -> str:
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
        by = self.plan.crew.actor(self._keeper(paper["patents"][0]))
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
