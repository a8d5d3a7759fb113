"""Licences of the sample that are talked about: a cross-licence, and one with its sub-licence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.days import legal_day
from core.people.types import Actor
from licensing.rules.deals import DealKind, Terms
from licensing.rules.fees import FeePart, PartKind
from licensing.selectors import deals as selectors
from licensing.services import deals as talks
from licensing.services import registrations, signing
from listings.services.trading import price_postings
from patentops.sample.contracts import HOLDER, SECOND
from patentops.sample.deals import REPORT
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> list[dict[str, Any]]:
    """The sample as written."""
    return written("rights")["rights"]


@dataclass
class Right:
    """One licence, step by step, as far as its days are written."""

    plan: Plan
    paper: dict[str, Any]
    deal_id: int = 0
    under_id: int = 0

    def prepare(self) -> None:
        """Plan its days, and those of the sub-licence under it."""
        self._plan(self.paper, (
            ("asked", 10, self._ask),
            ("agreed", 15, self._agree),
            ("posted", 9, self._post),
            ("cleared", 9, self._clear),
            ("signed", 11, self._sign),
        ))  # fmt: skip
        if "under" in self.paper:
            steps = (("asked", 14, self._ask_under), ("agreed", 16, self._agree_under))
            self._plan(self.paper["under"], steps)

    def _plan(self, paper: dict[str, Any], steps: Any) -> None:
        for name, hour, do in steps:
            if f"{name}_days_ago" in paper:
                self.plan.then(self.plan.ago(paper[f"{name}_days_ago"], hour=hour), do)

    @property
    def holder(self) -> Actor:
        return self.plan.crew.actor(HOLDER)

    @property
    def firm(self) -> Actor:
        return self.plan.crew.actor(self.paper["firm"])

    def _terms(self, paper: dict[str, Any], kind: DealKind) -> Terms:
        ids = self.plan.patent_ids
        return Terms(
            kind=kind,
            patents=(ids[self.paper["patent"]],),
            parts=(FeePart(PartKind.LUMP, amount=Decimal(paper["amount"])),),
            months=paper["months"],
            counter=tuple(ids[key] for key in paper.get("counter", ())),
            sublicensing=paper.get("sublicensing", False),
        )

    def _ask(self, at: datetime) -> None:
        row = talks.inquire(
            patent_id=self.plan.patent_ids[self.paper["patent"]],
            kind=self.paper["kind"],
            wish=self.paper["wish"],
            by=self.firm,
            now=at,
        )
        self.deal_id = row.pk
        talks.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=self.holder, now=at)

    def _agree(self, at: datetime) -> None:
        terms = self._terms(self.paper, DealKind(self.paper["kind"]))
        known: dict[str, Any] = {"deal_id": self.deal_id, "now": at}
        talks.propose_terms(terms=terms, by=self.firm, **known)
        talks.answer_terms(version=1, accept=True, reason="", by=self.holder, **known)

    def _post(self, at: datetime) -> None:
        signing.post_price(
            deal_id=self.deal_id, summary=self.paper["summary"], days=None, by=self.holder, now=at
        )

    def _clear(self, at: datetime) -> None:
        """The price was posted long enough and nobody objected."""
        for item in selectors.deal(self.deal_id, viewer=self.holder).items.all():
            assert item.posting_id is not None  # posted before
            price_postings.complete(posting_id=item.posting_id, now=at)
            signing.follow_posting(
                posting_id=item.posting_id, completed=True, on=legal_day(at), now=at
            )

    def _sign(self, at: datetime) -> None:
        copy = SimpleUploadedFile("许可合同（示例）.pdf", REPORT, "application/pdf")
        for by in (self.holder, self.firm):
            copy.seek(0)
            signing.upload_contract(deal_id=self.deal_id, file=copy, by=by, now=at)
        checker = self.plan.crew.person(SECOND, HOLDER)
        signing.confirm_seals(deal_id=self.deal_id, by=checker, now=at)
        registrations.follow_contract(deal_id=self.deal_id, licence_id=None, now=at)

    def _ask_under(self, at: datetime) -> None:
        """Another firm asks the licensee, by the number of its licence."""
        paper = self.paper["under"]
        [item] = selectors.deal(self.deal_id, viewer=self.holder).items.all()
        assert item.licence is not None  # signed before
        row = talks.inquire_under(
            licence_number=item.licence.number or "",
            wish=paper["wish"],
            by=self.plan.crew.actor(paper["firm"]),
            now=at,
        )
        self.under_id = row.pk
        talks.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=self.firm, now=at)

    def _agree_under(self, at: datetime) -> None:
        paper = self.paper["under"]
        known: dict[str, Any] = {"deal_id": self.under_id, "now": at}
        terms = self._terms(paper, DealKind.SUBLICENCE)
        talks.propose_terms(terms=terms, by=self.plan.crew.actor(paper["firm"]), **known)
        talks.answer_terms(version=1, accept=True, reason="", by=self.firm, **known)


@dataclass
class Rights:
    """Plans those on patents that are new in this load."""

    plan: Plan

    def prepare(self) -> None:
        for paper in papers():
            if self.plan.fresh.issuperset([paper["patent"], *paper.get("counter", ())]):
                Right(self.plan, paper).prepare()
