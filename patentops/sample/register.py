"""A file of the gazette in the sample: what fits, what waits for its patent, what needs a look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files

from listings.selectors.register import events
from listings.services import gazette
from patentops.sample.library import Plan

SENDER, DAYS_AGO = "donghai", 4
NAME = "专利公报法律事件（示例）.csv"


@dataclass
class Register:
    """Plans the file that is not there yet."""

    plan: Plan

    def prepare(self) -> None:
        sent = events.files(viewer=self.plan.crew.actor(SENDER))
        if not sent.filter(filename=NAME).exists():
            self.plan.then(self.plan.ago(DAYS_AGO, hour=9), self._send)

    def _send(self, at: datetime) -> None:
        by = self.plan.crew.actor(SENDER)
        with as_file(files("patentops.sample") / "gazette.csv") as path:
            file_id = gazette.take_in(path=path, filename=NAME, by=by, now=at)
        gazette.start(file_id=file_id, by=by, now=at)
