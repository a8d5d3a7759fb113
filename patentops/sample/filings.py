"""What offices and newcomers of the sample file: applications, lists, claims, sheets, imports."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.joining import selectors as joinings
from core.joining import services as joining
from core.joining.rules import Status
from core.people.types import Actor
from licensing.selectors import case_files as cases
from licensing.selectors import equity as sheets
from licensing.services import case_files, equity
from licensing.services.equity import StakeInput
from listings import selectors as patents
from listings.selectors import claims as arguments
from listings.selectors import imports as batches
from listings.selectors.shelves import promotion_lists as shelves
from listings.services import importing
from listings.services.patents import claims
from listings.services.shelves import promotion_lists
from listings.types import PatentCard
from patentops.sample.deals import REPORT
from patentops.sample.library import Plan
from patentops.sample.written import written

HEADER = ("申请号/专利号", "名称")
Paper = dict[str, Any]


def papers() -> dict[str, list[Paper]]:
    """The sample as written."""
    return written("filings")


@dataclass
class Filings:
    """Plans whatever of it is not filed yet."""

    plan: Plan

    def prepare(self) -> None:
        for name, plan_one in (
            ("joinings", self._joining),
            ("lists", self._list),
            ("claims", self._claim),
            ("case_files", self._case_files),
            ("equity", self._sheet),
            ("imports", self._import),
        ):
            for paper in papers()[name]:
                if self.plan.has(paper):
                    plan_one(paper)

    def _then(self, days: float, do: Callable[[datetime], object], *, hour: int = 10) -> None:
        self.plan.then(self.plan.ago(days, hour=hour), do)

    def _actor(self, paper: Paper) -> Actor:
        return self.plan.crew.actor(paper["org"])

    def _card(self, key: str) -> PatentCard:
        return patents.card(self.plan.patent_ids[key], viewer=Actor.system())

    def _number(self, key: str) -> str:
        return str(self._card(key).number)

    # Applications to take part

    def _joining(self, paper: Paper) -> None:
        by = self.plan.someone(paper["account"])
        if joinings.mine(viewer=by).filter(uscc=paper["uscc"]).exists():
            return
        self._then(paper["days_ago"], partial(self._apply, paper, by))
        if "more" in paper:
            self._then(paper["more_days_ago"], partial(self._ask_for_more, paper), hour=15)

    def _apply(self, paper: Paper, by: Actor, at: datetime) -> None:
        facts = {name: paper[name] for name in ("name", "uscc", "kind", "region", "remark")}
        joining.ask_as_user(
            paper=joining.Paper(person=by.name, **facts),
            evidence=SimpleUploadedFile("登记证书（示例）.pdf", REPORT, "application/pdf"),
            by=by,
            now=at,
        )

    def _ask_for_more(self, paper: Paper, at: datetime) -> None:
        bureau = self.plan.crew.actor("shanghai")
        row = joinings.queue(viewer=bureau).get(uscc=paper["uscc"], status=Status.PENDING)
        joining.ask_for_more(application_id=row.pk, note=paper["more"], by=bureau, now=at)

    # Promotion lists

    def _list(self, paper: Paper) -> None:
        mine = shelves.promotion_lists(viewer=self._actor(paper))
        if not mine.filter(title=paper["title"]).exists():
            self._then(paper["days_ago"], partial(self._make_list, paper))

    def _make_list(self, paper: Paper, at: datetime) -> None:
        lines = zip(paper["patents"], paper["notes"], strict=True)
        draft = promotion_lists.Draft(
            title=paper["title"],
            audience=paper["audience"],
            intro=paper["intro"],
            patents="\n".join(f"{self._number(key)} | {note}".rstrip(" |") for key, note in lines),
            expires_on=self.plan.day(paper["expires_days_ago"]),
        )
        promotion_lists.make_list(draft=draft, by=self._actor(paper), now=at)

    # Claims

    def _claim(self, paper: Paper) -> None:
        by, subject = self._actor(paper), self.plan.patent_ids[paper["patent"]]
        if arguments.claims(viewer=by).filter(patent_id=subject).exists():
            return
        self._then(paper["days_ago"], partial(self._open_claim, paper))
        if "answer" in paper:
            self._then(paper["answered_days_ago"], partial(self._answer_claim, paper), hour=16)

    def _open_claim(self, paper: Paper, at: datetime) -> None:
        number = self._number(paper["patent"])
        claims.open_claim(number=number, grounds=paper["grounds"], by=self._actor(paper), now=at)

    def _answer_claim(self, paper: Paper, at: datetime) -> None:
        card = self._card(paper["patent"])
        by = self.plan.crew.actor_of(card.organisation_id or 0)
        row = arguments.claims(viewer=by).get(patent_id=card.id)
        claims.argue(claim_id=row.pk, text=paper["answer"], by=by, now=at)

    # Case files, and the yearly assessment of stakes

    def _case_files(self, paper: Paper) -> None:
        known = cases.case_files(viewer=self._actor(paper))
        for key in paper["patents"]:
            if not known.filter(patent_id=self.plan.patent_ids[key]).exists():
                self._then(paper["days_ago"], partial(self._build, paper, key), hour=16)

    def _build(self, paper: Paper, key: str, at: datetime) -> None:
        case_files.build_case_file(number=self._number(key), by=self._actor(paper), now=at)

    def _sheet(self, paper: Paper) -> None:
        year = self.plan.day(0).year - paper["years_ago"]
        if sheets.equity_sheets(viewer=self._actor(paper)).filter(year=year).exists():
            return
        made: list[int] = []
        self._then(
            paper.get("submitted_days_ago", 2), partial(self._write_sheet, paper, year, made)
        )
        if "submitted_by" in paper:
            self._then(
                paper["submitted_days_ago"], partial(self._submit_sheet, paper, made), hour=14
            )
            self._then(paper["decided_days_ago"], partial(self._decide_sheet, paper, made))

    def _write_sheet(self, paper: Paper, year: int, made: list[int], at: datetime) -> None:
        stakes = [_stake(line) for line in paper["stakes"]]
        by, note = self._actor(paper), paper["note"]
        made.append(equity.write_sheet(year=year, stakes=stakes, note=note, by=by, now=at).pk)

    def _submit_sheet(self, paper: Paper, made: list[int], at: datetime) -> None:
        equity.submit_sheet(sheet_id=made[0], by=self.plan.someone(paper["submitted_by"]), now=at)

    def _decide_sheet(self, paper: Paper, made: list[int], at: datetime) -> None:
        said = {name: paper[name] for name in ("verdict", "reasons", "decided_by_whom")}
        equity.decide_sheet(sheet_id=made[0], by=self._actor(paper), now=at, **said)

    # Imports

    def _import(self, paper: Paper) -> None:
        mine = batches.batches(viewer=self._actor(paper))
        if not mine.filter(filename=paper["filename"]).exists():
            self._then(paper["days_ago"], partial(self._take_in, paper), hour=9)

    def _take_in(self, paper: Paper, at: datetime) -> None:
        """Rows that are in the library as they stand, and slips of the pen."""
        by = self._actor(paper)
        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8-sig") as file:
            sheet = csv.writer(file)
            sheet.writerow(HEADER)
            cards = map(self._card, paper["rows"])
            sheet.writerows((card.number, card.title) for card in cards)
            sheet.writerows(paper["wrong"])
            file.flush()
            pk = importing.take_in(path=Path(file.name), filename=paper["filename"], by=by, now=at)
        if paper["started"]:
            importing.start(batch_id=pk, by=by, now=at)


def _stake(line: Paper) -> StakeInput:
    money = {name: Decimal(line[name]) for name in ("opening", "increase", "decrease", "received")}
    return StakeInput(
        company=line["company"],
        patents=line["patents"],
        acquired_on=date.fromisoformat(line["acquired"]),
        percent=Decimal(line["percent"]),
        reason=line["reason"],
        **money,
    )
