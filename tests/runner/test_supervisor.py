"""Processes are restarted with growing delays, and stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patentops.runner.leftovers import Ledger
from patentops.runner.lock import UpLock
from patentops.runner.processes import is_alive, started_at
from patentops.runner.supervisor import FIRST_DELAY, Program, Supervisor, rotate

SLEEPS = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
FAILS = [sys.executable, "-S", "-c", "raise SystemExit(3)"]
DEAF = [
    *(sys.executable, "-S", "-c"),
    "import signal, time\n"
    "for n in (signal.SIGTERM, signal.SIGQUIT): signal.signal(n, signal.SIG_IGN)\n"
    "print('deaf', flush=True)\ntime.sleep(60)",
]


def program(tmp_path: Path, command: list[str], name: str = "child") -> Program:
    return Program(name, command, dict(os.environ), tmp_path, tmp_path / f"{name}.log")


def pid_of(what: Program) -> int:
    assert what.process is not None
    return what.process.pid


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    supervisor, child = Supervisor(), program(tmp_path, SLEEPS)
    supervisor.add(child)
    first = pid_of(child)
    os.kill(first, signal.SIGKILL)
    child.process.wait(5)  # type: ignore[union-attr]
    supervisor.tend()
    assert pid_of(child) == first  # the delay comes first
    time.sleep(FIRST_DELAY)
    supervisor.tend()
    assert pid_of(child) != first
    supervisor.stop()
    assert not is_alive(pid_of(child))


def test_a_child_that_keeps_failing_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    supervisor, child = Supervisor(), program(tmp_path, FAILS)
    supervisor.add(child)
    delays = []
    for _ in range(3):
        child.process.wait(5)  # type: ignore[union-attr]
        supervisor.tend()
        delays.append(supervisor.children[0].delay)
        supervisor.children[0].again_at = 0.0
        supervisor.tend()
    assert delays == [FIRST_DELAY * 2, FIRST_DELAY * 4, FIRST_DELAY * 8]
    supervisor.stop()


def test_a_deaf_child_is_ended_all_the_same(tmp_path: Path) -> None:
    child = program(tmp_path, DEAF)
    child.start()
    while "deaf" not in child.log.read_text():
        time.sleep(0.02)
    child.stop(0.1)
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


def test_a_server_that_cannot_restart_yet_is_tried_again(tmp_path: Path) -> None:
    class Flaky(Program):
        starts = 0

        def start(self) -> None:
            self.starts += 1
            if self.starts == 2:
                raise RuntimeError("recovering")
            super().start()

    child = Flaky("flaky", FAILS, dict(os.environ), tmp_path, tmp_path / "flaky.log")
    supervisor = Supervisor()
    supervisor.add(child)
    child.process.wait(5)  # type: ignore[union-attr]
    for _ in range(3):
        supervisor.tend()
        supervisor.children[0].again_at = 0.0
    assert child.starts == 3
    supervisor.stop()


def test_the_ledger_tells_a_process_from_another_with_its_id(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write([os.getpid()])
    assert ledger.alive() == [os.getpid()]
    ledger.path.write_text(f'{{"{os.getpid()}": {started_at(os.getpid()) - 1}}}')
    assert ledger.alive() == []


def test_the_ledger_ends_what_does_not_end_by_itself(tmp_path: Path) -> None:
    left = subprocess.Popen(SLEEPS)
    ledger = Ledger(tmp_path)
    ledger.write([left.pid])
    ledger.clear_out(patience=0.05)
    assert left.wait(5) == -signal.SIGKILL


def test_the_lock_is_held_once_and_says_by_whom(tmp_path: Path) -> None:
    mine, other = UpLock(tmp_path), UpLock(tmp_path)
    assert other.holder() is None
    assert mine.take()
    mine.describe(pid=7, url="http://127.0.0.1:8000")
    assert not other.take()
    holder = other.holder()
    assert holder is not None
    assert (holder.pid, holder.url) == (7, "http://127.0.0.1:8000")
    mine.release()
    assert other.holder() is None


@pytest.mark.parametrize("half", ["", "{", "[1"])
def test_a_half_written_lock_file_is_still_a_lock(tmp_path: Path, half: str) -> None:
    mine = UpLock(tmp_path)
    assert mine.take()
    mine.path.write_text(half)
    holder = UpLock(tmp_path).holder()
    assert holder is not None
    assert holder.pid == 0


@pytest.mark.parametrize("code", [0, 3])
def test_what_runs_once_is_let_go(
    tmp_path: Path, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[list[int]] = []
    supervisor = Supervisor(changed=told.append)
    child = program(tmp_path, [sys.executable, "-S", "-c", f"raise SystemExit({code})"])
    supervisor.add(child, once=True)
    child.process.wait(5)  # type: ignore[union-attr]
    supervisor.tend()
    assert supervisor.children == []
    assert told == [[pid_of(child)], []]
    assert ("没有做完" in capsys.readouterr().err) == bool(code)


def test_a_large_log_is_set_aside_under_a_program_that_goes_on_writing(tmp_path: Path) -> None:
    script = "import sys, time\nwhile True: print('x' * 99, flush=True); time.sleep(0.01)"
    child = program(tmp_path, [sys.executable, "-S", "-c", script])
    child.start()
    try:
        for turn in range(1, 5):
            end = time.monotonic() + 10
            while child.log.stat().st_size <= 500 and time.monotonic() < end:
                time.sleep(0.01)
            assert rotate(child.log, largest=500, kept=2), turn
            assert not rotate(child.log, largest=500, kept=2)
        assert sorted(p.name for p in tmp_path.glob("child.log*")) == [
            "child.log", "child.log.1", "child.log.2",
        ]  # fmt: skip
        assert (tmp_path / "child.log.1").stat().st_size > 500
    finally:
        child.stop(1)
