"""Contracts of the sample that grant no licence: signed, registered, settled, or about to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.people.types import Actor
from licensing.rules.deal_endings import DealGround
from licensing.rules.deal_kinds import KINDS, DealKind
from licensing.rules.deals import Terms
from licensing.rules.fees import FeePart, PartKind
from licensing.selectors.registrations import of_contract
from licensing.services import completing, conduct_of_deals, deal_endings, registrations, signing
from licensing.services import deals as talks
from patentops.sample.deals import BUREAUS, NATION, REPORT
from patentops.sample.library import Plan
from patentops.sample.written import written

HOLDER, SECOND = "donghai", "office2@example.cn"
NOTED_DAYS_AGO = 10
"""When the platform reads its records: what was settled before is a note to be answered."""


def papers() -> list[dict[str, Any]]:
    """The sample as written."""
    return written("contracts")["contracts"]


@dataclass
class Contract:
    """One contract, step by step, as far as its days are written."""

    plan: Plan
    paper: dict[str, Any]
    deal_id: int = 0
    number: str = ""

    def prepare(self) -> None:
        """Plan its days."""
        plan, paper = self.plan, self.paper
        for name, hour, do in (
            ("asked", 10, self._ask),
            ("agreed", 15, self._agree),
            ("signed", 11, self._sign),
            ("registered", 9, self._note_registered),
            ("filed", 14, self._apply),
            ("certified", 16, self._register),
            ("settled", 15, self._settle),
            ("ending", 10, self._end),
        ):
            if f"{name}_days_ago" in paper:
                plan.then(plan.ago(paper[f"{name}_days_ago"], hour=hour), do)

    @property
    def holder(self) -> Actor:
        return self.plan.crew.actor(HOLDER)

    @property
    def firm(self) -> Actor:
        return self.plan.crew.actor(self.paper["firm"])

    @cached_property
    def checker(self) -> Actor:
        """The second person of the holder, who checks the seals."""
        return self.plan.crew.person(SECOND, HOLDER)

    def _paper(self, name: str) -> SimpleUploadedFile:
        return SimpleUploadedFile(f"{name}（示例）.pdf", REPORT, "application/pdf")

    def _ask(self, at: datetime) -> None:
        row = talks.inquire(
            patent_id=self.plan.patent_ids[self.paper["patent"]],
            kind=self.paper["kind"],
            wish=self.paper["wish"],
            by=self.firm,
            now=at,
        )
        self.deal_id, self.number = row.pk, row.number or ""
        talks.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=self.holder, now=at)

    def _agree(self, at: datetime) -> None:
        kind = DealKind(self.paper["kind"])
        terms = Terms(
            kind=kind,
            patents=(self.plan.patent_ids[self.paper["patent"]],),
            parts=(FeePart(PartKind.LUMP, amount=Decimal(self.paper["amount"])),),
            particulars={p.name: self.paper[p.name] for p in KINDS[kind].particulars},
        )
        known: dict[str, Any] = {"deal_id": self.deal_id, "now": at}
        talks.propose_terms(terms=terms, by=self.firm, **known)
        talks.answer_terms(version=1, accept=True, reason="", by=self.holder, **known)

    def _sign(self, at: datetime) -> None:
        for by in (self.holder, self.firm):
            signing.upload_contract(deal_id=self.deal_id, file=self._paper("合同"), by=by, now=at)
        signing.confirm_seals(deal_id=self.deal_id, by=self.checker, now=at)
        registrations.follow_contract(deal_id=self.deal_id, licence_id=None, now=at)

    def _note_registered(self, at: datetime) -> None:
        completing.register_deal(
            deal_id=self.deal_id,
            number=f"示例登记{self.deal_id:04d}",
            registered_on=self.plan.day(self.paper["registered_days_ago"]),
            by=self.holder,
            now=at,
        )

    def _record(self) -> Any:
        return of_contract(self.number, viewer=self.holder).registration

    def _apply(self, at: datetime) -> None:
        row = self._record()
        registrations.apply_for_registration(
            registration_id=row.pk,
            kind=row.kind,
            amount=Decimal(self.paper["amount"]),
            technical=Decimal(self.paper["technical"]),
            by=self.holder,
            now=at,
        )

    def _register(self, at: datetime) -> None:
        province = self.holder.region[:2]
        registrations.register_contract(
            registration_id=self._record().pk,
            number=f"示例技登字{self.deal_id:06d}",
            registered_on=self.plan.day(self.paper["certified_days_ago"]),
            by=self.plan.crew.actor(BUREAUS.get(province, NATION)),
            now=at,
        )

    def _settle(self, at: datetime) -> None:
        completing.settle_deal(
            deal_id=self.deal_id,
            amount=Decimal(self.paper["amount"]),
            settled_on=self.plan.day(self.paper["settled_days_ago"]),
            note=self.paper["settlement"],
            by=self.holder,
            now=at,
        )

    def _end(self, at: datetime) -> None:
        wanted = deal_endings.Wanted(
            DealGround.AGREEMENT,
            self.paper["ending_because"],
            wished_on=at.date() + timedelta(days=self.paper["ends_in_days"]),
            handling=self.paper["ending_handling"],
        )
        deal_endings.open_deal_ending(deal_id=self.deal_id, wanted=wanted, by=self.firm, now=at)


@dataclass
class Contracts:
    """Plans those on patents that are new in this load."""

    plan: Plan
    stories: list[Contract] = field(default_factory=list)

    def prepare(self) -> None:
        """Plan them all, and the day on which the platform reads what was kept."""
        for paper in papers():
            if paper["patent"] in self.plan.fresh:
                self.stories.append(Contract(self.plan, paper))
                self.stories[-1].prepare()
        if self.stories:
            self.plan.then(
                self.plan.ago(NOTED_DAYS_AGO, hour=8),
                lambda at: conduct_of_deals.note_facts(now=at),
            )
