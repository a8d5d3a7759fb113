"""What follows contracts of the sample, certificates and conduct notes, and pledges at a bank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from core.people.types import Actor
from licensing.selectors import conduct as notes
from licensing.selectors import deals
from licensing.selectors.registrations import certificates as certified
from licensing.services import certificates, conduct
from patentops.sample.content import SamplePledge
from patentops.sample.deals import BUREAUS, Deals
from patentops.sample.library import Plan
from patentops.sample.written import written
from pledges import selectors as pledges

Paper = dict[str, Any]


def papers() -> dict[str, list[Paper]]:
    """The sample as written."""
    return written("dealings")


@dataclass
class Dealings:
    """Plans whatever of it is not there yet."""

    plan: Plan

    def prepare(self) -> None:
        found = {name: [p for p in rows if self.plan.has(p)] for name, rows in papers().items()}
        for paper in found["certificates"]:
            self._certificate(paper)
        for paper in found["conduct"]:
            self._note(paper)
        book = Deals(self.plan)
        for paper in found["pledges"]:
            pledge = SamplePledge(**paper | {"patents": tuple(paper["patents"])})
            known = pledges.pledges(viewer=self.plan.crew.actor(pledge.pledgee))
            if not known.filter(register_number=pledge.register_number).exists():
                book.plan_pledge(pledge)

    def _contract(self, paper: Paper, viewer: Actor) -> Any:
        rows = deals.deals(viewer=viewer)
        taker = self.plan.crew.ids[paper["firm"]]
        return rows.get(patent_id=self.plan.patent_ids[paper["patent"]], taker_id=taker)

    # Certificates

    def _certificate(self, paper: Paper) -> None:
        plan = self.plan
        row = self._contract(paper, plan.crew.actor(paper["firm"]))
        if certified(viewer=plan.crew.actor(paper["firm"])).filter(deal_id=row.pk).exists():
            return
        plan.then(plan.ago(paper["days_ago"], hour=10), partial(self._request, paper, row.pk))
        if "issued_days_ago" in paper:
            plan.then(plan.ago(paper["issued_days_ago"], hour=15), partial(self._issue, paper))

    def _request(self, paper: Paper, deal_id: int, at: datetime) -> None:
        certificates.request_certificate(
            exchange_id=self.plan.crew.ids[paper["exchange"]],
            deal_id=deal_id,
            note=paper["note"],
            by=self.plan.crew.actor(paper["firm"]),
            now=at,
        )

    def _issue(self, paper: Paper, at: datetime) -> None:
        by = self.plan.crew.actor(paper["exchange"])
        taker = self.plan.crew.ids[paper["firm"]]
        row = certified(viewer=by).get(
            patent_id=self.plan.patent_ids[paper["patent"]], taker_id=taker
        )
        said = paper["statement"]
        certificates.issue_certificate(certificate_id=row.pk, statement=said, by=by, now=at)

    # Conduct notes

    def _note(self, paper: Paper) -> None:
        plan, about = self.plan, self.plan.crew.actor(paper["about"])
        row = self._contract(paper, about)
        known = notes.notes(viewer=about).filter(deal_id=row.pk, kind=paper["kind"])
        if known.filter(organisation_id=plan.crew.ids[paper["about"]]).exists():
            return
        plan.then(plan.ago(paper["days_ago"], hour=14), partial(self._state, paper, row))
        for name, done in (("appeal", "appealed"), ("answer", "answered")):
            if name in paper:
                moment = plan.ago(paper[f"{done}_days_ago"], hour=9)
                plan.then(moment, partial(self._reply, paper, name, row.pk))

    def _state(self, paper: Paper, row: Any, at: datetime) -> None:
        crew = self.plan.crew
        conduct.state_conduct(
            organisation_id=crew.ids[paper["about"]],
            kind=paper["kind"],
            happened_on=self.plan.day(paper["happened_days_ago"]),
            fact=paper["fact"],
            source=paper["source"],
            deal_id=row.pk,
            by=crew.actor(BUREAUS[row.region[:2]]),
            now=at,
        )

    def _reply(self, paper: Paper, name: str, deal_id: int, at: datetime) -> None:
        """The party appeals, or says its own words beside the note."""
        by = self.plan.crew.actor(paper["about"])
        mine = notes.notes(viewer=by).filter(organisation_id=self.plan.crew.ids[paper["about"]])
        row = mine.get(deal_id=deal_id, kind=paper["kind"])
        if name == "appeal":
            conduct.appeal_conduct(note_id=row.pk, appeal=paper[name], by=by, now=at)
        else:
            conduct.answer_conduct(note_id=row.pk, answer=paper[name], by=by, now=at)
