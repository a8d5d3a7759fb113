"""Disputes of the sample: before a mediator, about a royalty report, settled for a sum."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from licensing import selectors as licensing
from licensing.rules.disputes import Topic
from licensing.selectors import settlement_sums
from licensing.services import disputes, mediation, settling
from licensing.services import settlement_sums as paying
from licensing.services.disputes import Matter
from licensing.services.settling import Offer
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> list[dict[str, Any]]:
    """The sample as written."""
    return written("disputes")["disputes"]


@dataclass
class Quarrel:
    """One dispute, step by step, as far as its days are written."""

    plan: Plan
    paper: dict[str, Any]
    dispute_id: int = 0
    session_id: int = 0

    def prepare(self) -> None:
        """Plan its days."""
        plan, paper = self.plan, self.paper
        for name, hour, do in (
            ("opened", 9, self._open),
            ("answered", 10, self._answer),
            ("asked", 10, self._ask),
            ("agreed", 11, self._agree),
            ("named", 14, self._name),
            ("called", 9, self._call),
            ("session", 17, self._note),
            ("proposed", 10, self._propose),
            ("accepted", 15, self._accept),
            ("paid", 10, self._pay),
        ):
            if f"{name}_days_ago" in paper:
                plan.then(plan.ago(paper[f"{name}_days_ago"], hour=hour), do)

    def _known(self, who: str, at: datetime) -> dict[str, Any]:
        by = self.plan.crew.actor(self.paper[who])
        return {"dispute_id": self.dispute_id, "by": by, "now": at}

    def _open(self, at: datetime) -> None:
        paper, by = self.paper, self.plan.crew.actor(self.paper["by"])
        patent_id = self.plan.patent_ids[paper["patent"]]
        licence = licensing.licences(viewer=by).get(patent_id=patent_id)
        reports = licensing.royalty_reports(viewer=by, licence_id=licence.pk)
        about = reports.last() if paper.get("about_report") else None
        matter = Matter(
            Topic(paper["topic"]),
            paper["facts"],
            paper["wish"],
            Decimal(paper["amount"]),
            report_id=about.pk if about else None,
        )
        row = disputes.open_dispute(matter=matter, licence_id=licence.pk, by=by, now=at)
        self.dispute_id = row.pk

    def _answer(self, at: datetime) -> None:
        disputes.answer_dispute(answer=self.paper["answer"], **self._known("other", at))

    def _ask(self, at: datetime) -> None:
        mediation.ask_mediation(note="协商两次没有结果。", **self._known("by", at))

    def _agree(self, at: datetime) -> None:
        mediation.agree_to_mediation(statement="", **self._known("other", at))

    def _name(self, at: datetime) -> None:
        mediator = self.plan.crew.actor(self.paper["mediator"]).organisation_id
        mediation.name_mediator(
            mediator_id=mediator or 0,
            mediator_name=self.paper["mediator_name"],
            **self._known("bureau", at),
        )

    def _call(self, at: datetime) -> None:
        held = self.plan.ago(self.paper["session_days_ago"], hour=14)
        known = self._known("mediator", at)
        row = mediation.call_session(at=held, place=self.paper["place"], **known)
        self.session_id = row.pk

    def _note(self, at: datetime) -> None:
        known = self._known("mediator", at)
        del known["dispute_id"]
        minutes = self.paper["minutes"]
        mediation.note_session(session_id=self.session_id, minutes=minutes, **known)

    def _propose(self, at: datetime) -> None:
        paper = self.paper
        offer = Offer(paper["proposal"])
        if "sum" in paper:
            pay_by = self.plan.day(-paper["pay_in_days"])
            offer = Offer(paper["proposal"], Decimal(paper["sum"]), paper["payer"], pay_by)
        who = paper.get("proposer", "mediator")
        settling.propose_settlement(offer=offer, **self._known(who, at))

    def _accept(self, at: datetime) -> None:
        known = self._known("by", at)
        settling.answer_settlement(version=1, accept=True, reason="", **known)

    def _pay(self, at: datetime) -> None:
        """The party that owes what was agreed notes a part of it."""
        paper, by = self.paper, self.plan.crew.actor(self.paper["other"])
        rows = settlement_sums.settlement_sums(viewer=by).filter(dispute_id=self.dispute_id)
        paying.pay_settlement(
            sum_id=rows.get().pk,
            amount=Decimal(paper["paid"]),
            paid_on=at.date(),
            reference=paper["receipt"],
            by=by,
            now=at,
        )


@dataclass
class Disputes:
    """Plans those on patents that are new in this load."""

    plan: Plan
    stories: list[Quarrel] = field(default_factory=list)

    def prepare(self) -> None:
        """Plan them all."""
        for paper in papers():
            if paper["patent"] in self.plan.fresh:
                self.stories.append(Quarrel(self.plan, paper))
                self.stories[-1].prepare()
