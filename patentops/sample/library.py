"""The plan of a load, and its patents: registered, admitted, offered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

from core.days import CHINA
from core.people.types import Actor
from listings import selectors as patents
from listings import services as library
from listings.types import (
    Consent,
    HolderInput,
    HolderKind,
    OfferInput,
    PatentInput,
    PatentKind,
    Route,
)
from patentops.sample.content import (
    Sample,
    SampleEvent,
    SampleFavourites,
    SampleHolder,
    SampleOffer,
    SamplePatent,
)
from patentops.sample.crew import Crew

FOUNDED = timedelta(days=730)
"""How long before `now` the organisations of the sample joined."""
HISTORY = timedelta(days=170)
"""How long before `now` the heart of the sample begins; its volumes reach back further."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that somebody does at a moment."""

    at: datetime
    do: Callable[[datetime], object]


@dataclass
class Plan:
    """One load: who is who, what is there, and what is still to be done, each at its moment."""

    content: Sample
    now: datetime
    crew: Crew
    steps: list[Step] = field(default_factory=list)
    patent_ids: dict[str, int] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    history: timedelta = HISTORY

    @property
    def opening(self) -> datetime:
        """The first moment of this load."""
        return self.now - self.history

    def ago(self, days: float, *, hour: int = 10) -> datetime:
        """That hour so many local days ago, but never later than now."""
        day = (self.now.astimezone(CHINA) - timedelta(days=days)).date()
        return min(datetime.combine(day, time(hour), CHINA), self.now)

    def day(self, days: float) -> date:
        """The local day so many days ago."""
        return (self.now.astimezone(CHINA) - timedelta(days=days)).date()

    def someone(self, account: str) -> Actor:
        """Whoever has this account, as they are today."""
        return self.crew.someone(account, on=self.day(0))

    def has(self, paper: dict[str, Any]) -> bool:
        """Whether the patents that it speaks of are there: a volume may still be missing."""
        named = (paper[name] for name in ("patent", "patents", "rows") if name in paper)
        keys = chain.from_iterable([name] if isinstance(name, str) else name for name in named)
        return self.patent_ids.keys() >= set(keys)

    def then(self, at: datetime, do: Callable[[datetime], object]) -> None:
        """Plan a step, not before the opening."""
        self.steps.append(Step(max(at, self.opening), do))

    def run(self) -> None:
        """Do everything planned, by time; what has one moment keeps its order."""
        for step in sorted(self.steps, key=lambda step: step.at):
            step.do(step.at)


@dataclass
class Patents:
    """Registers, admits and offers what is not in the library yet."""

    plan: Plan

    @property
    def crew(self) -> Crew:
        return self.plan.crew

    def prepare(self) -> None:
        """Plan every patent that is new; note the ids of the others."""
        opening = self.plan.opening
        for paper in self.plan.content.patents:
            known = self._known(paper)
            if known is not None:
                self.plan.patent_ids[paper.key] = known
                continue
            self.plan.fresh.add(paper.key)
            registered = paper.registered_days_ago
            at = opening if registered is None else self.plan.ago(registered, hour=9)
            self.plan.then(at, partial(self._register, paper))
            for event in paper.events:
                if event.days_ago is not None:
                    after_pledges = max(self.plan.ago(event.days_ago), opening + timedelta(days=6))
                    self.plan.then(after_pledges, partial(self._event, paper, event))
            if paper.offer and paper.listed:
                listed = self.plan.ago(paper.listed_days_ago)
                self.plan.then(listed, partial(self._publish, paper, paper.offer))
        for kept in self.plan.content.favourites:
            if self.plan.fresh.issuperset(kept.patents):
                self.plan.then(self.plan.ago(kept.days_ago), partial(self._favour, kept))

    def recall(self) -> None:
        """Note the ids of those that are there."""
        for paper in self.plan.content.patents:
            known = self._known(paper)
            if known is not None:
                self.plan.patent_ids[paper.key] = known

    def _favour(self, paper: SampleFavourites, at: datetime) -> None:
        for key in paper.patents:
            library.favourite(
                patent_id=self.plan.patent_ids[key], by=self.crew.actor(paper.org), now=at
            )

    def _known(self, paper: SamplePatent) -> int | None:
        if paper.number:
            card = patents.find(paper.number, viewer=Actor.system())
            return card.id if card else None
        owner = self.crew.actor(paper.managed_by)
        row = patents.stock(viewer=owner).filter(title=paper.title, is_sample=True).first()
        return row.pk if row else None

    def _register(self, paper: SamplePatent, at: datetime) -> None:
        owner = self.crew.actor(paper.managed_by)
        patent_id = library.register_patent(
            data=self._record(paper), organisation_id=owner.organisation_id, by=owner, now=at
        )
        self.plan.patent_ids[paper.key] = patent_id
        library.admit(patent_id=patent_id, by=owner, now=at)
        for event in paper.events:
            if event.on is not None:
                self._event(paper, event, at)
        if paper.offer and not paper.listed:
            self._draft(paper, paper.offer, at)

    def _record(self, paper: SamplePatent) -> PatentInput:
        return PatentInput(
            title=paper.title,
            number=paper.number,
            kind=PatentKind(paper.kind),
            abstract=paper.abstract,
            filed_on=paper.filed,
            granted_on=paper.granted,
            annuity_paid_to=self._paid_to(paper),
            ipc=paper.ipc,
            locarno=paper.locarno,
            industry_codes=paper.industries,
            funding_project=paper.funding,
            trl=paper.trl,
            evaluation_verdict=paper.evaluation,
            evaluation_on=paper.evaluation_on,
            holders=tuple(self._holder(holder) for holder in paper.holders),
            is_sample=True,
        )

    def _paid_to(self, paper: SamplePatent) -> date | None:
        """The end of the year paid for: the next anniversary of filing, or the last if late."""
        if paper.filed is None or paper.granted is None:
            return None
        if any(event.code in ("CF01", "CX01", "IW01") for event in paper.events) and not any(
            event.code == "RR01" for event in paper.events
        ):
            return None
        today = self.plan.day(0)
        passed = (today.month, today.day) >= (paper.filed.month, paper.filed.day)
        year = today.year + (1 if passed else 0) - (1 if paper.annuity_late else 0)
        return paper.filed.replace(year=year)

    def _holder(self, holder: SampleHolder) -> HolderInput:
        return HolderInput(
            name=self.crew.names[holder.org] if holder.org else holder.name,
            kind=HolderKind(holder.kind),
            share=None if holder.share is None else Decimal(holder.share),
            consent=Consent(holder.consent),
            organisation_id=self.crew.ids[holder.org] if holder.org else None,
        )

    def _event(self, paper: SamplePatent, event: SampleEvent, at: datetime) -> None:
        detail = {"note": event.detail} if event.detail else {}
        if event.licence:
            detail["kind"] = event.licence
        if event.ends_on:
            detail["ends_on"] = event.ends_on.isoformat()
        library.record_legal_event(
            patent_id=self.plan.patent_ids[paper.key],
            code=event.code,
            occurred_on=event.on or self.plan.day(event.days_ago or 0),
            reference=event.reference,
            detail=detail,
            by=self.crew.actor(paper.managed_by),
            now=at,
        )

    def _draft(self, paper: SamplePatent, offer: SampleOffer, at: datetime) -> int:
        return library.draft_listing(
            patent_id=self.plan.patent_ids[paper.key],
            offer=OfferInput(
                problem=offer.problem,
                how=offer.how,
                benefit=offer.benefit,
                maturity=offer.maturity,
                routes=tuple(Route(route) for route in offer.routes),
                asking_price=None if offer.price is None else Decimal(offer.price),
                contact="示例联系人，请通过平台站内信联系",
            ),
            by=self.crew.actor(paper.managed_by),
            now=at,
        )

    def _publish(self, paper: SamplePatent, offer: SampleOffer, at: datetime) -> None:
        owner = self.crew.actor(paper.managed_by)
        listing_id = self._draft(paper, offer, at)
        library.publish_listing(listing_id=listing_id, by=owner, now=at)
