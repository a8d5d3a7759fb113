"""The patent pool of the sample: founded, filled, taken, its income split, sales reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from licensing.rules.fees import FeePart, PartKind, RoyaltyBase
from licensing.selectors import pools as licensing
from licensing.selectors.pool_royalties import open_sums
from licensing.services import pool_entries, pool_licences, pool_papers, pool_royalties, pools
from licensing.services.earnings import Earned
from licensing.types import PoolBargain
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> list[dict[str, Any]]:
    """The sample as written."""
    return written("pools")["pools"]


@dataclass
class PoolStory:
    """One pool, step by step."""

    plan: Plan
    paper: dict[str, Any]
    pool_id: int = 0
    licence_id: int = 0
    report_id: int = 0
    entries: list[int] = field(default_factory=list)

    def prepare(self) -> None:
        """Plan its days."""
        plan, paper = self.plan, self.paper
        for name, do in (
            ("founded", self._found),
            ("applied", self._apply),
            ("admitted", self._admit),
            ("taken", self._take),
            ("received", self._receive),
            ("interest", self._receive_interest),
            ("filed", self._file),
            ("reported", self._report),
            ("accepted", self._accept),
        ):
            plan.then(plan.ago(paper[f"{name}_days_ago"], hour=14), do)

    def _known(self, org: str, at: datetime) -> dict[str, Any]:
        return {"by": self.plan.crew.actor(org), "now": at}

    def _found(self, at: datetime) -> None:
        paper, known = self.paper, self._known(self.paper["administrator"], at)
        said = {name: paper[name] for name in ("name", "field", "rules", "split")}
        bargain = PoolBargain(**said, fee_percent=Decimal(paper["fee_percent"]))
        self.pool_id = pools.found_pool(bargain=bargain, is_sample=True, **known).pk
        parts = (
            FeePart(PartKind.ENTRY, amount=Decimal(paper["entry"])),
            FeePart(
                PartKind.RUNNING,
                base=RoyaltyBase.NET_SALES,
                rate=Decimal(paper["rate"]),
                period_months=paper["period_months"],
            ),
        )
        pools.publish_terms(
            pool_id=self.pool_id,
            parts=parts,
            months=paper["months"],
            remarks=paper["remarks"],
            **known,
        )

    def _apply(self, at: datetime) -> None:
        by_holder: dict[str, list[int]] = {}
        for org, key in self.paper["patents"]:
            by_holder.setdefault(org, []).append(self.plan.patent_ids[key])
        for org, patent_ids in by_holder.items():
            rows = pool_entries.apply_to_pool(
                pool_id=self.pool_id, patent_ids=patent_ids, covenant=True, **self._known(org, at)
            )
            self.entries += [row.pk for row in rows]

    def _admit(self, at: datetime) -> None:
        for entry_id in self.entries:
            known = self._known(self.paper["administrator"], at)
            pool_entries.admit_entry(entry_id=entry_id, **known)

    def _take(self, at: datetime) -> None:
        known = self._known(self.paper["firm"], at)
        done = pool_licences.take_pool_licence(pool_id=self.pool_id, version=1, **known)
        self.licence_id = done.pk

    def _receive(self, at: datetime) -> None:
        pool_licences.record_income(
            pool_licence_id=self.licence_id,
            amount=Decimal(self.paper["entry"]),
            received_on=at.date(),
            reference=self.paper["reference"],
            purpose="入门费",
            **self._known(self.paper["administrator"], at),
        )

    def _receive_interest(self, at: datetime) -> None:
        """The entry fee came some days late: its interest, which fell due by itself."""
        by = self.plan.crew.actor(self.paper["administrator"])
        row = licensing.licence(self.licence_id, viewer=by)
        [(due, left)] = open_sums(row)
        pool_licences.record_income(
            pool_licence_id=row.pk,
            amount=left,
            received_on=at.date(),
            reference=self.paper["interest_reference"],
            purpose=due.get_kind_display(),
            by=by,
            now=at,
        )

    def _file(self, at: datetime) -> None:
        pool_papers.file_pool_licence(
            pool_licence_id=self.licence_id,
            filing_number=self.paper["filing_number"],
            filed_on=at.date(),
            **self._known(self.paper["administrator"], at),
        )

    def _report(self, at: datetime) -> None:
        """The first period that is over."""
        by = self.plan.crew.actor(self.paper["firm"])
        row = licensing.licence(self.licence_id, viewer=by)
        said = Earned(
            starts_on=row.starts_on,
            amount=Decimal(self.paper["sales"]),
            note="示例：按开票金额扣除退货和税",
        )
        done = pool_royalties.report_pool_royalty(pool_licence_id=row.pk, said=said, by=by, now=at)
        self.report_id = done.pk

    def _accept(self, at: datetime) -> None:
        pool_royalties.accept_pool_royalty(
            report_id=self.report_id, **self._known(self.paper["administrator"], at)
        )


@dataclass
class Pools:
    """Plans the pools whose patents this load brings in."""

    plan: Plan

    def prepare(self) -> None:
        for paper in papers():
            if self.plan.fresh.issuperset(key for _org, key in paper["patents"]):
                PoolStory(self.plan, paper).prepare()
