"""What came in is divided in the sample: one distribution paid to its inventor, one posted now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.days import legal_day
from licensing.rules.income import TAX_NOTE, IncomePlan, Person, PersonRole
from licensing.selectors import income as questions
from licensing.services import income
from patentops.sample.library import Plan

OFFICE, SECOND, INVENTOR = "donghai", "office2@example.cn", "inventor@example.cn"


@dataclass
class Income:
    """Plans two distributions when this load brings in the patents."""

    plan: Plan
    paid_id: int = field(default=0)

    def prepare(self) -> None:
        if not self.plan.fresh:
            return
        self.plan.then(self.plan.ago(18, hour=15), self._post_first)
        self.plan.then(self.plan.ago(2, hour=15), self._approve)
        self.plan.then(self.plan.ago(1, hour=15), self._pay)
        self.plan.then(self.plan.ago(1, hour=16), self._post_second)

    def _post(self, percent: int, at: datetime) -> int:
        by = self.plan.crew.actor(OFFICE)
        found = [s for s in questions.sources(viewer=by) if s.kind == "licence"]
        if not found:
            return 0
        inventor = Person("顾明远", PersonRole.INVENTOR, Decimal(60), account=INVENTOR)
        others = (
            Person("沈嘉", PersonRole.INVENTOR, Decimal(30)),
            Person("林老师", PersonRole.STAFF, Decimal(10)),
        )
        plan = IncomePlan(
            gross=found[0].available,
            percent=Decimal(percent),
            persons=(inventor, *others),
            deductions={"tax": Decimal("640.50"), "upkeep": Decimal(1_200)},
            deduction_note="增值税附加；2024—2026 年年费",
            conflict="无",
            tax_note=TAX_NOTE,
        )
        sort, _dash, pk = found[0].key.partition("-")
        row = income.draft_income(plan=plan, by=by, now=at, **{f"{sort}_id": int(pk)})
        income.post_income(distribution_id=row.pk, by=by, now=at)
        return row.pk

    def _post_first(self, at: datetime) -> None:
        self.paid_id = self._post(70, at)

    def _approve(self, at: datetime) -> None:
        if self.paid_id:
            by = self.plan.someone(SECOND)
            income.approve_income(distribution_id=self.paid_id, by=by, now=at)

    def _pay(self, at: datetime) -> None:
        by = self.plan.crew.actor(OFFICE)
        if self.paid_id:
            row = questions.distribution(self.paid_id, viewer=by)
            for person in list(row.persons.all())[:2]:
                income.pay_person(
                    distribution_id=row.pk,
                    person_id=person.pk,
                    paid_on=legal_day(at),
                    reference=f"示例发放{person.position:02d}",
                    by=by,
                    now=at,
                )

    def _post_second(self, at: datetime) -> None:
        self._post(60, at)
