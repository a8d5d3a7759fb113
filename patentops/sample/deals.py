"""What was agreed on the patents of the sample: declarations, licences, outcomes, pledges."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from importlib.resources import files

from django.core.files.uploadedfile import SimpleUploadedFile

from core.days import add_months, legal_day
from core.people.types import Actor
from licensing import selectors as licensing
from licensing import services as licences
from licensing.rules.deals import DealKind, Terms
from licensing.rules.fees import FeePart, PartKind, RoyaltyBase
from licensing.selectors.claims import event_rows
from licensing.services import claims, credits
from licensing.services import deals as talks
from licensing.types import DeclarationTerms, OutcomeReport
from listings import selectors as patents
from patentops.sample.content import (
    SampleDeclaration,
    SampleLicence,
    SampleOutcome,
    SamplePart,
    SamplePledge,
    SampleRoyalty,
    SampleTalk,
)
from patentops.sample.library import Plan
from pledges import services as pledges
from pledges.types import PledgeInput

BUREAUS = {"31": "shanghai", "32": "jiangsu", "42": "hubei", "44": "guangdong"}
NATION = "guojia"
REPORT = (files("patentops.sample") / "paper.pdf").read_bytes()  # one page that opens
CONFIRMED = ("invalidation-pending", "same-day-invention")


def money(amount: int | None) -> Decimal | None:
    """A whole sum of yuan."""
    return None if amount is None else Decimal(amount)


def part(paper: SamplePart) -> FeePart:
    """A part of a fee plan as the rules know it."""
    return FeePart(
        kind=PartKind(paper.kind),
        amount=money(paper.amount),
        due_days=paper.due_days,
        base=RoyaltyBase(paper.base) if paper.base else None,
        rate=Decimal(paper.rate) if paper.rate else None,
        cap=money(paper.cap),
        floor=money(paper.floor),
        period_months=paper.period_months,
        trigger=paper.trigger,
    )


@dataclass
class Talk:
    """A negotiation: asked, taken up, terms, perhaps other terms, perhaps agreed."""

    plan: Plan
    paper: SampleTalk
    holder: Actor
    deal_id: int = 0

    def prepare(self) -> None:
        """Plan its days."""
        paper, plan = self.paper, self.plan
        plan.then(plan.ago(paper.asked_days_ago, hour=10), self._ask)
        plan.then(plan.ago(paper.proposed_days_ago, hour=10), self._propose)
        if paper.countered is not None:
            plan.then(plan.ago(paper.proposed_days_ago, hour=16), self._counter)
        if paper.agreed_days_ago is not None:
            plan.then(plan.ago(paper.agreed_days_ago, hour=11), self._agree)

    def _ask(self, at: datetime) -> None:
        row = talks.inquire(
            patent_id=self.plan.patent_ids[self.paper.patent],
            kind=self.paper.kind,
            wish=self.paper.wish,
            by=self.plan.crew.actor(self.paper.firm),
            now=at,
        )
        self.deal_id = row.pk
        talks.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=self.holder, now=at)

    def _terms(self, amount: int) -> Terms:
        return Terms(
            kind=DealKind(self.paper.kind),
            patents=(self.plan.patent_ids[self.paper.patent],),
            parts=(FeePart(PartKind.LUMP, amount=Decimal(amount)),),
            months=self.paper.months,
            remarks=self.paper.remarks,
        )

    def _propose(self, at: datetime) -> None:
        by = self.plan.crew.actor(self.paper.firm)
        talks.propose_terms(
            deal_id=self.deal_id, terms=self._terms(self.paper.amount), by=by, now=at
        )

    def _counter(self, at: datetime) -> None:
        terms = self._terms(self.paper.countered or 0)
        talks.propose_terms(deal_id=self.deal_id, terms=terms, by=self.holder, now=at)

    def _agree(self, at: datetime) -> None:
        talks.answer_terms(
            deal_id=self.deal_id, version=1, accept=True, reason="", by=self.holder, now=at
        )


@dataclass
class Deals:
    """Plans the deals on those patents that are new in this load."""

    plan: Plan
    declaration_ids: dict[str, int] = field(default_factory=dict)
    licence_ids: dict[str, int] = field(default_factory=dict)
    outcome_ids: dict[str, int] = field(default_factory=dict)
    pledge_ids: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """Plan them all."""
        content, fresh = self.plan.content, self.plan.fresh
        for declaration in content.declarations:
            if declaration.patent in fresh:
                self._plan_declaration(declaration)
        for licence in content.licences:
            if licence.patent in fresh:
                self._plan_licence(licence)
        for talk in content.talks:
            if talk.patent in fresh:
                Talk(self.plan, talk, self._holder(talk.patent)).prepare()
        for outcome in content.outcomes:
            if outcome.patent in fresh:
                self._plan_outcome(outcome)
        for pledge in content.pledges:
            if fresh.issuperset(pledge.patents):
                self.plan_pledge(pledge)

    def _holder(self, patent: str) -> Actor:
        paper = next(p for p in self.plan.content.patents if p.key == patent)
        return self.plan.crew.actor(paper.managed_by)

    def _bureau(self, patent: str) -> Actor:
        """Whoever governs the holder's province, of those in the sample."""
        province = self._holder(patent).region[:2]
        known = BUREAUS.get(province, NATION)
        return self.plan.crew.actor(known if known in self.plan.crew.ids else NATION)

    # Declarations

    def _plan_declaration(self, paper: SampleDeclaration) -> None:
        drafted = paper.drafted_days_ago or (paper.filed_days_ago or 0) + 1
        self.plan.then(self.plan.ago(drafted, hour=15), partial(self._draft, paper))
        if paper.announced_days_ago is not None:
            self.plan.then(self.plan.ago(paper.announced_days_ago), partial(self._declare, paper))
        if paper.withdrawn_days_ago is not None:
            self.plan.then(self.plan.ago(paper.withdrawn_days_ago), partial(self._withdraw, paper))

    def _draft(self, paper: SampleDeclaration, at: datetime) -> None:
        row = licences.draft_declaration(
            patent_id=self.plan.patent_ids[paper.patent],
            terms=DeclarationTerms(
                parts=tuple(part(p) for p in paper.parts),
                months=paper.months,
                remarks=paper.remarks,
            ),
            by=self._holder(paper.patent),
            now=at,
        )
        self.declaration_ids[paper.patent] = row.pk

    def _declare(self, paper: SampleDeclaration, at: datetime) -> None:
        licences.declare(
            declaration_id=self.declaration_ids[paper.patent],
            filed_on=self.plan.day(paper.filed_days_ago or 0),
            announced_on=self.plan.day(paper.announced_days_ago or 0),
            revision=None,
            by=self._holder(paper.patent),
            now=at,
        )

    def _withdraw(self, paper: SampleDeclaration, at: datetime) -> None:
        licences.withdraw_declaration(
            declaration_id=self.declaration_ids[paper.patent],
            reason=paper.withdrawn_because,
            by=self._holder(paper.patent),
            now=at,
        )

    # Licences

    def _plan_licence(self, paper: SampleLicence) -> None:
        plan = self.plan
        plan.then(plan.ago(paper.noticed_days_ago, hour=14), partial(self._take, paper))
        if paper.paid_days_ago is not None:
            plan.then(plan.ago(paper.paid_days_ago, hour=11), partial(self._pay, paper))
        if paper.verified_days_ago is not None:
            plan.then(plan.ago(paper.verified_days_ago, hour=16), partial(self._verify_own, paper))
        if paper.filed_days_ago is not None:
            plan.then(plan.ago(paper.filed_days_ago, hour=9), partial(self._file, paper))
        if paper.contested_days_ago is not None:
            plan.then(plan.ago(paper.contested_days_ago, hour=9), partial(self._contest, paper))
        if paper.reached_days_ago is not None:
            at = plan.ago(paper.reached_days_ago - 2, hour=15)
            plan.then(at, partial(self._claim, paper, legal_day(plan.ago(paper.reached_days_ago))))
        if paper.prepaid_days_ago is not None:
            plan.then(plan.ago(paper.prepaid_days_ago, hour=10), partial(self._prepay, paper))
        for royalty in paper.royalties:
            at = plan.ago(royalty.days_ago, hour=10)
            plan.then(at, partial(self._report_royalty, paper, royalty))
            if royalty.accepted_days_ago is not None:
                agreed = plan.ago(royalty.accepted_days_ago, hour=15)
                plan.then(agreed, partial(self._accept_royalty, paper))

    def _take(self, paper: SampleLicence, at: datetime) -> None:
        row = licences.take_open_licence(
            declaration_id=self.declaration_ids[paper.patent],
            by=self.plan.crew.actor(paper.licensee),
            now=at,
        )
        self.licence_ids[paper.patent] = row.pk

    def _pay(self, paper: SampleLicence, at: datetime) -> None:
        taker = self.plan.crew.actor(paper.licensee)
        row = licensing.licence(self.licence_ids[paper.patent], viewer=taker)
        for line in licensing.schedule_of(row):
            if line.due.at_conclusion:
                licences.record_payment(
                    licence_id=row.pk,
                    due_id=line.due.pk,
                    amount=line.due.amount,
                    paid_at=at,
                    reference=paper.receipt,
                    by=taker,
                    now=at,
                )

    def _claim(self, paper: SampleLicence, reached_on: date, at: datetime) -> None:
        taker = self.plan.crew.actor(paper.licensee)
        row = licensing.licence(self.licence_ids[paper.patent], viewer=taker)
        claims.claim_milestone(
            licence_id=row.pk,
            part_id=event_rows(row)[0].part.pk,
            reached_on=reached_on,
            evidence=SimpleUploadedFile("验收报告（示例）.pdf", REPORT, "application/pdf"),
            note=paper.reached_note,
            by=taker,
            now=at,
        )

    def _prepay(self, paper: SampleLicence, at: datetime) -> None:
        credits.receive(
            licence_id=self.licence_ids[paper.patent],
            amount=Decimal(paper.prepaid),
            received_at=at,
            reference=f"{paper.receipt} 预付",
            note="示例：预付以后的提成",
            by=self.plan.crew.actor(paper.licensee),
            now=at,
        )

    def _report_royalty(self, paper: SampleLicence, royalty: SampleRoyalty, at: datetime) -> None:
        """The oldest period that is over and not reported."""
        taker = self.plan.crew.actor(paper.licensee)
        row = licensing.licence(self.licence_ids[paper.patent], viewer=taker)
        rows = licensing.period_rows(row, today=legal_day(at))
        period = next(r.period for r in reversed(rows) if r.over and not r.reports)
        licences.report_royalty(
            licence_id=row.pk,
            starts_on=period.starts_on,
            amount=Decimal(royalty.amount),
            note="示例：按开票金额扣除退货和税",
            by=taker,
            now=at,
        )

    def _accept_royalty(self, paper: SampleLicence, at: datetime) -> None:
        office = self._holder(paper.patent)
        rows = licensing.royalty_reports(viewer=office, licence_id=self.licence_ids[paper.patent])
        for report in rows.filter(status="reported"):
            licences.accept_royalty(report_id=report.pk, by=office, now=at)

    def _verify_own(self, paper: SampleLicence, at: datetime) -> None:
        """The bureau verifies the outcome that the platform reported by itself."""
        bureau = self._bureau(paper.patent)
        rows = licensing.outcomes(viewer=bureau).filter(licence_id=self.licence_ids[paper.patent])
        for outcome in rows:
            licences.verify_outcome(outcome_id=outcome.pk, by=bureau, now=at)

    def _file(self, paper: SampleLicence, at: datetime) -> None:
        licences.file_licence(
            licence_id=self.licence_ids[paper.patent],
            filing_number=paper.filing_number,
            filed_on=self.plan.day(paper.filed_days_ago or 0),
            by=self._holder(paper.patent),
            now=at,
        )

    def _contest(self, paper: SampleLicence, at: datetime) -> None:
        licences.contest_licence(
            licence_id=self.licence_ids[paper.patent],
            reason=paper.contested_because,
            by=self._holder(paper.patent),
            now=at,
        )

    # Outcomes

    def _plan_outcome(self, paper: SampleOutcome) -> None:
        plan = self.plan
        plan.then(plan.ago(paper.reported_days_ago), partial(self._report, paper))
        if paper.verified_days_ago is not None:
            plan.then(plan.ago(paper.verified_days_ago), partial(self._verify, paper))
        if paper.rejected_days_ago is not None:
            plan.then(plan.ago(paper.rejected_days_ago), partial(self._reject, paper))

    def _report(self, paper: SampleOutcome, at: datetime) -> None:
        row = licences.report_outcome(
            report=OutcomeReport(
                patent_id=self.plan.patent_ids[paper.patent],
                code=paper.code,
                happened_on=self.plan.day(paper.happened_days_ago),
                contract_number=paper.contract,
                counterparty=paper.counterparty,
                amount=money(paper.amount),
                note=paper.note,
            ),
            by=self._holder(paper.patent),
            now=at,
        )
        self.outcome_ids[paper.patent] = row.pk

    def _verify(self, paper: SampleOutcome, at: datetime) -> None:
        licences.verify_outcome(
            outcome_id=self.outcome_ids[paper.patent], by=self._bureau(paper.patent), now=at
        )

    def _reject(self, paper: SampleOutcome, at: datetime) -> None:
        licences.reject_outcome(
            outcome_id=self.outcome_ids[paper.patent],
            reason=paper.rejected_because,
            by=self._bureau(paper.patent),
            now=at,
        )

    # Pledges

    def plan_pledge(self, paper: SamplePledge) -> None:
        """Plan its days; its patents are known."""
        plan = self.plan
        # A bank sees a patent once it is on the board, so these follow the first listings.
        opening = plan.opening + timedelta(days=4)
        recorded = max(plan.ago(paper.registered_days_ago, hour=17), opening)
        plan.then(recorded, partial(self._pledge, paper))
        if paper.released_days_ago is not None:
            plan.then(plan.ago(paper.released_days_ago), partial(self._release, paper))

    def _pledge(self, paper: SamplePledge, at: datetime) -> None:
        starts_on = self.plan.day(paper.starts_days_ago)
        ids = tuple(self.plan.patent_ids[key] for key in paper.patents)
        pledgor = patents.card(ids[0], viewer=Actor.system()).organisation_name
        row = pledges.record_pledge(
            data=PledgeInput(
                patent_ids=ids,
                debtor_name=pledgor,
                principal=Decimal(paper.principal),
                starts_on=starts_on,
                ends_on=add_months(starts_on, paper.months),
                register_number=paper.register_number,
                registered_on=self.plan.day(paper.registered_days_ago),
                confirmed=CONFIRMED,
            ),
            by=self.plan.crew.actor(paper.pledgee),
            now=at,
        )
        self.pledge_ids[paper.register_number] = row.pk

    def _release(self, paper: SamplePledge, at: datetime) -> None:
        pledges.release_pledge(
            pledge_id=self.pledge_ids[paper.register_number],
            ending=paper.released_because,
            released_on=self.plan.day(paper.released_days_ago or 0),
            by=self.plan.crew.actor(paper.pledgee),
            now=at,
        )
