"""How patents of the sample are kept: fees, co-owners' consents, funding, inventors' rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from core.days import legal_day
from core.people.types import Actor
from listings import selectors
from listings.rules.inventors import InventorRightKind
from listings.services import upkeep
from listings.services.ownership import consents, rights
from listings.types import Consent
from patentops.sample.library import Plan
from patentops.sample.written import written


def papers() -> dict[str, list[dict[str, Any]]]:
    """The sample as written."""
    return written("upkeep")


@dataclass
class Upkeep:
    """Plans what belongs to patents that this load brings in."""

    plan: Plan

    def prepare(self) -> None:
        does: dict[str, Callable[..., object]] = {
            "payments": self._pay,
            "reductions": self._reduce,
            "drops": self._drop,
            "funding": self._fund,
            "unworked": self._explain,
            "rights": self._grant,
            "questions": self._ask,
        }
        for name, rows in papers().items():
            for paper in rows:
                if paper["patent"] in self.plan.fresh:
                    moment = self.plan.ago(paper["days_ago"], hour=11)
                    self.plan.then(moment, partial(does[name], paper))

    def _subject(self, paper: dict[str, Any]) -> tuple[int, Actor]:
        """The patent's id and whoever keeps it."""
        content = self.plan.content.patents
        owner = next(p.managed_by for p in content if p.key == paper["patent"])
        return self.plan.patent_ids[paper["patent"]], self.plan.crew.actor(owner)

    def _pay(self, paper: dict[str, Any], at: datetime) -> None:
        pk, by = self._subject(paper)
        upkeep.record_payment(
            patent_id=pk, paid_on=legal_day(at), receipt=paper["receipt"], by=by, now=at
        )

    def _reduce(self, paper: dict[str, Any], at: datetime) -> None:
        pk, by = self._subject(paper)
        facts = {name: paper[name] for name in ("percent", "starts_on", "ends_on", "reference")}
        upkeep.state_reduction(patent_ids=[pk], by=by, now=at, **facts)

    def _drop(self, paper: dict[str, Any], at: datetime) -> None:
        pk, by = self._subject(paper)
        upkeep.drop(patent_id=pk, reason=paper["reason"], by=by, now=at)

    def _fund(self, paper: dict[str, Any], at: datetime) -> None:
        pk, by = self._subject(paper)
        names = ("funder", "project_number", "project_name")
        facts = {name: paper.get(name, "") for name in names}
        rights.declare_funding(patent_id=pk, is_funded="funder" in paper, by=by, now=at, **facts)

    def _explain(self, paper: dict[str, Any], at: datetime) -> None:
        pk, by = self._subject(paper)
        rights.explain_unworked(patent_id=pk, reason=paper["reason"], by=by, now=at)

    def _grant(self, paper: dict[str, Any], at: datetime) -> None:
        pk, by = self._subject(paper)
        rights.grant_right(
            patent_id=pk,
            kind=InventorRightKind(paper["kind"]),
            inventors=paper["inventors"],
            share=Decimal(paper["share"]) if "share" in paper else None,
            starts_on=paper["starts_on"],
            ends_on=paper.get("ends_on"),
            consent=Consent(paper["consent"]),
            note=paper["note"],
            by=by,
            now=at,
        )

    def _ask(self, paper: dict[str, Any], at: datetime) -> None:
        pk, by = self._subject(paper)
        asked = self.plan.crew.ids[paper["co_owner"]]
        holder = next(h for h in selectors.holders(pk, viewer=by) if h.organisation_id == asked)
        consents.ask_consent(
            patent_id=pk,
            holder_id=holder.id,
            scope=Consent(paper["scope"]),
            message=paper["message"],
            by=by,
            now=at,
        )
