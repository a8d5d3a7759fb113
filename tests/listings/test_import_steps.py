"""An import between its steps: stopped, failed, resumed, taken back in portions."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from core.audit.models import AuditEntry
from core.errors import Conflict
from core.notices.models import Notice
from core.people.models import Membership
from listings.imports import limits
from listings.models import ImportBatch, Patent
from listings.rules import imports as rules
from listings.rules import numbers
from listings.rules.moves import IllegalMove
from listings.selectors import imports as selectors
from listings.services import importing
from listings.services.importing import carrying, receiving, undoing
from tests.factories import core as make

STATES = ("checking", "checked", "running", "done", "stopped", "failed", "undoing", "undone")
LEGAL = {
    ("checked", "choose"): "checking",
    ("checking", "check"): "checked",
    ("checked", "start"): "running",
    ("running", "finish"): "done",
    ("checking", "stop"): "stopped",
    ("running", "stop"): "stopped",
    ("checking", "fail"): "failed",
    ("running", "fail"): "failed",
    ("undoing", "fail"): "failed",
    ("done", "undo"): "undoing",
    ("stopped", "undo"): "undoing",
    ("failed", "undo"): "undoing",
    ("undoing", "undone"): "undone",
}


@pytest.mark.parametrize(("state", "move"), list(product(STATES, rules.MOVES)))
def test_every_state_allows_its_moves_and_no_other(state: str, move: str) -> None:
    if (state, move) in LEGAL:
        assert rules.after(state, move) == LEGAL[state, move]
        return
    with pytest.raises(IllegalMove):
        rules.after(state, move)


@pytest.mark.parametrize(("state", "was"), list(product(STATES, (*STATES, ""))))
def test_only_a_halted_import_goes_on_and_only_where_it_was(state: str, was: str) -> None:
    if state in {"stopped", "failed"} and was in {"checking", "running", "undoing"}:
        assert rules.resumed(state, was) == was
        return
    with pytest.raises(IllegalMove):
        rules.resumed(state, was)


class Office:
    """An office at its imports, all of them large enough to be left to a worker."""

    def __init__(self, keeper: Membership, folder: Path, now: datetime) -> None:
        self.keeper, self.folder, self.now = keeper, folder, now
        self.by = make.actor(keeper)

    def upload(self, count: int, *, first: int = 1, title: str = "一种装置") -> ImportBatch:
        lines = [f"{numbers.mint(2019, '1', n)},{title}{n}" for n in range(first, first + count)]
        path = self.folder / "s.csv"
        path.write_text("\n".join(["申请号,名称", *lines]) + "\n", "utf-8")
        pk = importing.take_in(path=path, filename="s.csv", by=self.by, now=self.now)
        return ImportBatch.objects.get(pk=pk)

    def do(self, act: Any, batch: ImportBatch) -> str:
        act(batch_id=batch.pk, by=self.by, now=self.now)
        batch.refresh_from_db()
        return batch.state

    def work(self, batch: ImportBatch, *, later: timedelta = timedelta()) -> str:
        importing.work_on(batch_id=batch.pk, clock=lambda: self.now + later)
        batch.refresh_from_db()
        return batch.state


@pytest.fixture
def office(db: None, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(limits, "INLINE_BYTES", 0)
    monkeypatch.setattr(limits, "INLINE_ROWS", 0)
    for module in (receiving, carrying, undoing):
        monkeypatch.setattr(module, "PORTION", 2)
    monkeypatch.setattr(receiving, "FIRST_PORTION", 1)
    return Office(make.office(), tmp_path, now)


def test_stopped_in_mid_import_it_goes_on_from_there(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = office.upload(5)
    assert office.work(batch) == "checked"
    office.do(importing.start, batch)
    real, calls = carrying._portion, []

    def stopped_between(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            importing.stop(batch_id=batch.pk, by=office.by, now=office.now)
        return real(*args)

    monkeypatch.setattr(carrying, "_portion", stopped_between)
    office.work(batch)
    assert (batch.state, batch.was) == ("stopped", "running")
    assert Patent.objects.count() == 2
    assert selectors.may_resume(batch)
    assert selectors.may_undo(batch)
    assert office.do(importing.resume, batch) == "running"
    assert office.work(batch) == "done"
    assert Patent.objects.count() == 5
    told = set(AuditEntry.objects.values_list("event", flat=True))
    assert {"import.started", "import.stopped", "import.resumed", "import.carried_out"} <= told


def test_stopped_while_it_is_read_it_reads_on(office: Office) -> None:
    batch = office.upload(4)
    assert office.do(importing.stop, batch) == "stopped"
    with connection.cursor() as cursor:  # a portion may be under way in the worker's hands
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("14s",)
    assert office.work(batch) == "stopped"
    with pytest.raises(Conflict, match="不需要撤销"):
        office.do(importing.undo, batch)
    office.do(importing.resume, batch)
    assert office.work(batch) == "checked"
    assert batch.rows.count() == 4
    assert not batch.pieces.exists()


def test_killed_while_it_is_read_no_row_is_lost_or_doubled(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    batch, calls = office.upload(5), []
    real = receiving._store

    def dies(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise Killed
        real(*args)

    monkeypatch.setattr(receiving, "_store", dies)
    with pytest.raises(Killed):
        office.work(batch)
    assert batch.rows.count() == 3
    assert office.work(batch) == "checking"  # the dead worker's lease still runs
    assert office.work(batch, later=timedelta(minutes=5)) == "checked"
    assert list(batch.rows.values_list("number", flat=True)) == [2, 3, 4, 5, 6]
    assert batch.counts["created"] == 5


def test_a_failure_of_ours_is_tried_again_then_told_and_can_be_retried(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = office.upload(3)
    office.work(batch)
    office.do(importing.start, batch)
    with monkeypatch.context() as broken:
        broken.setattr(carrying, "land", lambda *a, **k: 1 / 0)
        for attempt in range(rules.CRASHES):
            assert batch.state == "running"
            office.work(batch, later=timedelta(minutes=attempt))
    assert (batch.state, batch.was) == ("failed", "running")
    assert "再试" in batch.problem
    assert Notice.objects.filter(user=office.keeper.user, title__contains="没有完成").exists()
    assert AuditEntry.objects.filter(event="import.failed").count() == 1
    assert office.do(importing.resume, batch) == "running"
    assert office.work(batch) == "done"
    assert Patent.objects.count() == 3


def test_a_worker_that_dies_again_and_again_is_not_sent_in_for_ever(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(*args: Any) -> None:
        raise Killed

    batch = office.upload(2)
    monkeypatch.setattr(receiving, "_store", dies)
    for attempt in range(rules.CRASHES):
        with pytest.raises(Killed):
            office.work(batch, later=timedelta(minutes=10 * attempt))
    assert office.work(batch, later=timedelta(hours=2)) == "failed"


def test_a_large_file_that_cannot_be_read_says_so_and_leaves_no_row(
    office: Office, tmp_path: Path
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"title": "甲"}\n' * 4 + '{"title": \n{"title": "乙"}\n', "utf-8")
    pk = importing.take_in(path=path, filename="x.jsonl", by=office.by, now=office.now)
    batch = ImportBatch.objects.get(pk=pk)
    assert office.work(batch) == "failed"
    assert "第 5 行" in batch.problem
    assert batch.rows.count() == 0
    assert not selectors.may_resume(batch)
    with pytest.raises(Conflict, match="重新上传"):
        office.do(importing.resume, batch)


def test_an_undo_in_portions_survives_a_kill(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    batch = office.upload(5)
    office.work(batch)
    office.do(importing.start, batch)
    office.work(batch)
    assert office.do(importing.undo, batch) == "undoing"
    assert Patent.objects.kept().count() == 5
    real, calls = undoing._what_stays, []

    def dies(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return real(*args)

    monkeypatch.setattr(undoing, "_what_stays", dies)
    with pytest.raises(Killed):
        office.work(batch)
    assert Patent.objects.kept().count() == 3
    assert office.work(batch, later=timedelta(minutes=5)) == "undone"
    assert Patent.objects.kept().count() == 0
    assert batch.counts["kept"] == 0


def test_the_rows_an_undo_leaves_alone_say_why(office: Office) -> None:
    batch = office.upload(3)
    office.work(batch)
    office.do(importing.start, batch)
    office.work(batch)
    Patent.objects.filter(title="一种装置2").update(version=2)
    office.do(importing.undo, batch)
    office.work(batch)
    assert batch.counts["kept"] == 1
    row = selectors.rows(batch, verdict="kept").get()
    assert row.number == 3
    assert "有人修改过" in row.before["undone"]


def test_a_worker_that_lost_its_lease_writes_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = office.upload(3)
    office.work(batch)
    office.do(importing.start, batch)
    first = carrying._portion
    calls: list[int] = []

    def portion(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            ImportBatch.objects.filter(pk=batch.pk).update(lease="another")
        return first(*args)

    monkeypatch.setattr(carrying, "_portion", portion)
    assert office.work(batch) == "running"
    assert Patent.objects.count() == 2
