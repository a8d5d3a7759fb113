"""What is written at desks in the sample: whole offer sheets, reviews, disclosed inventions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from core.people.types import Actor
from listings import selectors as patents
from listings import services as library
from listings.rules.disclosures import (
    Contributor,
    Decision,
    DisclosureInput,
    Publication,
    PublicationKind,
)
from listings.rules.verdicts import Scores
from listings.selectors import disclosures
from listings.selectors.offering import sheets
from listings.types import Contrast, Gain, OfferInput
from patentops.sample.library import Plan
from patentops.sample.written import written

INVENTOR = "inventor@example.cn"
OFFICE = "donghai"


def papers() -> dict[str, list[dict[str, Any]]]:
    """The sample as written."""
    return written("desk")


@dataclass
class Desk:
    """Plans what belongs to patents and people that this load brings in."""

    plan: Plan

    def prepare(self) -> None:
        found = papers()
        for paper in found["sheets"]:
            if paper["patent"] in self.plan.fresh:
                by = self.plan.crew.actor(OFFICE)
                self._then(paper["days_ago"], partial(self._write, paper, by))
        for paper in found["submitted"]:
            if paper["patent"] in self.plan.fresh:
                self._submitted(paper)
        if not self._disclosed():
            for paper in found["disclosures"]:
                self._disclosure(paper)

    def _then(self, days: float, do: Any, *, hour: int = 11) -> None:
        self.plan.then(self.plan.ago(days, hour=hour), do)

    def _disclosed(self) -> bool:
        return disclosures.disclosures(viewer=self.plan.someone(INVENTOR)).exists()

    # Sheets

    def _write(self, paper: dict[str, Any], by: Actor, at: datetime) -> int:
        """The sheet as drafted, with the numbers and the rest put in; its listing's id."""
        card = sheets.sheet(self.plan.patent_ids[paper["patent"]], viewer=by)
        if card.listing_id is None:
            raise ValueError(f"{paper['patent']} has no sheet to go on with.")
        library.edit_listing(
            listing_id=card.listing_id, offer=_whole(card.offer, paper), version=None, by=by, now=at
        )
        return card.listing_id

    def _submitted(self, paper: dict[str, Any]) -> None:
        """Written by a colleague and handed in; sent back where the paper says so."""
        author, office = self.plan.someone(paper["author"]), self.plan.crew.actor(OFFICE)

        def hand_in(at: datetime) -> None:
            listing_id = self._write(paper, author, at)
            library.submit_sheet(listing_id=listing_id, by=author, now=at)

        def send_back(at: datetime) -> None:
            pk = self.plan.patent_ids[paper["patent"]]
            listing = patents.live_listing(pk, viewer=office)
            card = sheets.sheet(pk, viewer=office)
            if listing is None or card.head is None:
                raise ValueError(f"{paper['patent']} was not handed in.")
            library.send_back_sheet(
                listing_id=listing.pk, version=card.head, remarks=paper["remarks"], by=office,
                now=at,
            )  # fmt: skip

        self._then(paper["days_ago"], hand_in)
        if "returned_days_ago" in paper:
            self._then(paper["returned_days_ago"], send_back)

    # Disclosures

    def _disclosure(self, paper: dict[str, Any]) -> None:
        made: list[int] = []
        author, office = self.plan.someone(INVENTOR), self.plan.crew.actor(OFFICE)
        data = self._said(paper)

        def draft(at: datetime) -> None:
            made.append(library.draft_disclosure(data=data, is_sample=True, by=author, now=at))

        steps: dict[str, tuple[Any, Actor, dict[str, Any]]] = {
            "submitted": (library.submit_disclosure, author, {}),
            "taken": (library.take_disclosure, office, {}),
            "evaluated": (
                library.evaluate_disclosure,
                office,
                {"scores": Scores(**paper["scores"])} if "scores" in paper else {},
            ),
            "decided": (
                library.decide_disclosure,
                office,
                {"decision": Decision(paper["decision"])} if "decision" in paper else {},
            ),
        }
        self._then(paper["drafted_days_ago"], draft)
        for name, (command, by, more) in steps.items():
            if f"{name}_days_ago" in paper:
                do = partial(_on_the_one, command, made, by, more)
                self._then(paper[f"{name}_days_ago"], do, hour=14)

    def _said(self, paper: dict[str, Any]) -> DisclosureInput:
        texts = ("title", "novelty", "problem", "how", "results")
        return DisclosureInput(
            **{name: paper[name] for name in texts},
            funding_project=paper.get("funding_project", ""),
            contributors=tuple(
                Contributor(p["name"], Decimal(p["share"]), p["employer"])
                for p in paper["contributors"]
            ),
            publications=tuple(
                Publication(PublicationKind(p["kind"]), self._day(p["days_ago"]), p["where"])
                for p in paper.get("publications", ())
            ),
        )

    def _day(self, days: float) -> date:
        return self.plan.day(days)


def _on_the_one(
    command: Any, made: list[int], by: Actor, more: dict[str, Any], at: datetime
) -> None:
    command(disclosure_id=made[0], by=by, now=at, **more)


def _whole(offer: OfferInput, paper: dict[str, Any]) -> OfferInput:
    return replace(
        offer,
        summary=paper["summary"],
        scenes=tuple(paper.get("scenes", ())),
        contact=paper.get("contact", offer.contact),
        gains=tuple(
            Gain(g["quantity"], Decimal(g["value"]), g["unit"], g["against"])
            for g in paper.get("gains", ())
        ),
        contrasts=tuple(Contrast(**c) for c in paper.get("contrasts", ())),
    )
