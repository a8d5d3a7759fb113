"""The demo's phases: import, list, ask, match and push, each timed and counted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeVar

from django.db import transaction

from core.people.types import Actor
from listings import selectors as patents
from listings import services as library
from listings.selectors import imports
from listings.services import importing
from listings.types import Consent, PatentStatus
from matching import selectors as matching
from matching import services as demands
from matching.rules import LEAST_PROBLEM, LEAST_TITLE
from matching.types import NeedInput
from patentops.demo import stage
from patentops.demo.minting import Minted, mint
from patentops.demo.sources import RealNeed, RealPatent

PORTION = 300
"""Rows a file: what the import judges and carries out at once, so that the bar moves."""
UNKNOWN_INDUSTRY = "C"
"""The needs name no industry; all come from manufacturing firms, and no closer guess is made."""
NO_TEXT = "企业只给出了标题，没有进一步说明。"
WAIT_SECONDS = 300.0


class Bar(Protocol):
    """What shows progress."""

    def update(self, n: float | None = 1) -> object: ...


T = TypeVar("T")
OpenBar = Callable[[str, int], Bar]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Phase:
    """What a phase did, and how long it took."""

    name: str
    count: int
    seconds: float


@dataclass
class Show:
    """One run of the demo."""

    clock: Clock
    open_bar: OpenBar
    phases: list[Phase] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self, stock: Sequence[RealPatent], needs: Sequence[RealNeed]) -> list[Phase]:
        """All phases in order; what is there already is left as it is."""
        office = stage.office(now=self.clock())
        self._import(stock, office)
        self._list(office)
        firms = self._enrol(needs)
        self._post(needs, firms)
        self._match()
        return self.phases

    @contextmanager
    def _phase(self, name: str, total: int) -> Iterator[tuple[Bar, list[int]]]:
        """A bar, and a list to put the counts in; timed whatever happens."""
        counted: list[int] = []
        begun = time.perf_counter()
        yield self.open_bar(name, total), counted
        self.phases.append(Phase(name, sum(counted), time.perf_counter() - begun))

    def _import(self, stock: Sequence[RealPatent], office: Actor) -> None:
        """Through the same door as an uploaded file: taken in, judged, carried out, embedded."""
        minted = mint([patent.id for patent in stock], today=self.clock().date())
        known = set(patents.stock(viewer=office).values_list("number", flat=True))
        fresh = [patent for patent in stock if minted[patent.id].number not in known]
        with self._phase("导入专利并建立索引与向量", len(fresh)) as (bar, counted):
            for portion in _portions(fresh):
                counted.append(self._import_file(portion, minted, office))
                bar.update(len(portion))

    def _import_file(
        self, portion: Sequence[RealPatent], minted: dict[str, Minted], office: Actor
    ) -> int:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "demo.jsonl"
            with path.open("w", encoding="utf-8") as file:
                for patent in portion:
                    file.write(json.dumps(_row(patent, minted[patent.id]), ensure_ascii=False))
                    file.write("\n")
            batch_id = importing.take_in(
                path=path, filename="示例数据.jsonl", by=office, now=self.clock()
            )
        importing.start(batch_id=batch_id, by=office, now=self.clock())
        batch = imports.batch(batch_id, viewer=office)
        self.refused += [
            f"{cells[1]}：{'；'.join(remark.text for remark in remarks)}"
            for _, cells, remarks in imports.to_mend(batch)
        ]
        return len(portion) - int(batch.counts.get("rejected", 0))

    def _list(self, office: Actor) -> None:
        """The office notes its holders' consent and puts the stock on the board."""
        waiting = list(
            patents.stock(viewer=office)
            .filter(status=PatentStatus.GRANTED, listings__isnull=True)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        with self._phase("挂牌", len(waiting)) as (bar, counted):
            for portion in _portions(waiting):
                now = self.clock()
                library.consent_for_stock(
                    patent_ids=portion, consent=Consent.ALL, by=office, now=now
                )
                done = library.publish_stock(patent_ids=portion, by=office, now=now)
                counted.append(done.listed)
                self.refused += [
                    f"{pk}: {'；'.join(b.message for b in why)}" for pk, why in done.refused.items()
                ]
                bar.update(len(portion))

    def _enrol(self, needs: Sequence[RealNeed]) -> dict[str, Actor]:
        with self._phase("登记演示企业", len(needs)) as (bar, counted), transaction.atomic():
            found = stage.firms(needs, now=self.clock(), step=bar.update)
            counted.append(len(found))
        return found

    def _post(self, needs: Sequence[RealNeed], firms: dict[str, Actor]) -> None:
        """Each firm opens its need, in its own words, on the board."""
        with self._phase("发布需求", len(needs)) as (bar, counted), transaction.atomic():
            for need in needs:
                firm = firms[need.id]
                title = need.title if len(need.title) >= LEAST_TITLE else f"{need.title}技术需求"
                if not matching.own_needs(viewer=firm).filter(title=title).exists():
                    demands.post_need(
                        data=NeedInput(
                            title=title,
                            problem=need.text if len(need.text) >= LEAST_PROBLEM else NO_TEXT,
                            industry_codes=(UNKNOWN_INDUSTRY,),
                        ),
                        open_now=True,
                        is_sample=True,
                        by=firm,
                        now=self.clock(),
                    )
                    counted.append(1)
                bar.update(1)

    def _match(self) -> None:
        """A full run, shard by shard, beside whatever workers take their share of it."""
        with self._phase("准备匹配", 1) as (bar, counted):
            run = demands.start_full_run(by=Actor.system(), now=self.clock())
            counted.append(run.demands)
            bar.update(1)
        shards = list(run.shards.order_by("number").values_list("pk", flat=True))
        with self._phase("全量匹配", len(shards)) as (bar, counted):
            for shard_id in shards:
                demands.run_shard(shard_id=shard_id, now=self.clock())
                bar.update(1)
            deadline = time.monotonic() + WAIT_SECONDS
            run.refresh_from_db()
            while run.state == "running" and time.monotonic() < deadline:
                time.sleep(0.2)
                run.refresh_from_db()
            counted.append(run.matches)
        with self._phase("推送", len(shards)) as (bar, counted):
            for shard_id in shards:  # once each, whoever comes first
                demands.tell_shard(shard_id=shard_id, now=self.clock())
                bar.update(1)
            run.refresh_from_db()
            counted.append(run.pushes)


def _row(patent: RealPatent, minted: Minted) -> dict[str, str]:
    """A line of the file, under the names that the import knows."""
    return {
        "申请号": minted.number,
        "名称": patent.title,
        "摘要": patent.abstract,
        "专利类型": "发明",
        "专利权人": "；".join(name for name in (patent.applicant, stage.OFFICE_NAME) if name),
        "申请日": minted.filed_on.isoformat(),
        "授权日": minted.granted_on.isoformat(),
        "年费缴至": minted.annuity_paid_to.isoformat(),
    }


def _portions(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), PORTION):
        yield rows[start : start + PORTION]
