"""Keeps the processes of one installation running, and stops them in order."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from patentops.runner.processes import follow_parent
from patentops.runner.screen import say

FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
STEADY_AFTER = 30.0  # seconds alive, after which the delay starts small again
LARGEST_LOG, KEPT_LOGS = 10 << 20, 5


class Runnable(Protocol):
    """What the supervisor can keep alive: an embedded server or a program of ours."""

    name: str
    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...
    def stop(self, seconds: float) -> None: ...


@dataclass
class Program:
    """One process of ours, in a session of its own, so that a Ctrl-C reaches only `up`."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    folder: Path
    log: Path
    keep: Sequence[int] = ()  # file descriptors to pass on
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=tuple(self.keep),
                # When we are killed it must go at once: asked politely (SIGTERM, SIGQUIT), Celery
                # was seen to wait more than 15 s for the broker that died at the same moment.
                preexec_fn=follow_parent(signal.SIGKILL),
                start_new_session=True,
            )

    def ask(self) -> None:
        """Ask it to finish."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float) -> None:
        """Ask; then insist (Celery hands its tasks back); then end the whole session."""
        if self.process is None:
            return
        self.ask()
        for patience, number in ((seconds, signal.SIGQUIT), (1.0, signal.SIGKILL)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
                break
            self.process.send_signal(number)
        with contextlib.suppress(ProcessLookupError):  # whatever it left in its session
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)


@dataclass
class Child:
    """A supervised process and when it may be started again."""

    what: Runnable
    once: bool = False  # it ends by itself
    delay: float = FIRST_DELAY
    started: float = 0.0
    again_at: float | None = None

    @property
    def exit_code(self) -> int | None:
        return None if self.what.process is None else self.what.process.poll()


class Supervisor:
    """Starts children in order, restarts the dead with growing delays, stops in reverse order."""

    def __init__(self, changed: Callable[[list[int]], None] = lambda pids: None) -> None:
        self.children: list[Child] = []
        self.stopping = False
        self._changed = changed

    def add(self, what: Runnable, *, once: bool = False) -> None:
        """Start it and keep it running; or `once`, until it has done its work."""
        child = Child(what, once=once, started=time.monotonic())
        self.children.append(child)
        what.start()
        self._tell()

    def _tell(self) -> None:
        self._changed([c.what.process.pid for c in self.children if c.what.process is not None])

    def tend(self) -> None:
        """Look at every child once; restart those that are due."""
        now = time.monotonic()
        self._let_go()
        for child in self.children:
            if child.again_at is None and child.exit_code is not None:
                if now - child.started > STEADY_AFTER:
                    child.delay = FIRST_DELAY
                child.again_at = now + child.delay
                say(
                    f"{child.what.name} 意外退出（{child.exit_code}），"
                    f"{child.delay:.1f} 秒后重新启动。"
                )
                child.delay = min(child.delay * 2, LONGEST_DELAY)
            elif child.again_at is not None and now >= child.again_at:
                self._restart(child)

    def _let_go(self) -> None:
        """Of what runs once, forget what has ended; a failure is told, its log says why."""
        for child in [c for c in self.children if c.once and c.exit_code is not None]:
            if child.exit_code:
                say(f"{child.what.name} 没有做完（{child.exit_code}），下次启动时再做。")
            self.children.remove(child)
            self._tell()

    def _restart(self, child: Child) -> None:
        child.again_at, child.started = None, time.monotonic()
        try:
            child.what.start()
        except Exception as problem:  # a server that is not ready yet is tried again
            say(f"{child.what.name}：{problem}")
            child.again_at = time.monotonic() + child.delay
            child.delay = min(child.delay * 2, LONGEST_DELAY)
        self._tell()

    def stop(self, programs_within: float = 2.5, servers_within: float = 5.0) -> None:
        """Last started, first stopped: all our programs are asked at once, servers come last."""
        self.stopping = True
        programs = [c.what for c in reversed(self.children) if isinstance(c.what, Program)]
        servers = [c.what for c in reversed(self.children) if not isinstance(c.what, Program)]
        for program in programs:
            program.ask()
        end = time.monotonic() + programs_within
        for program in programs:
            program.stop(max(0.05, end - time.monotonic()))
        for server in servers:
            server.stop(servers_within)
        self._changed([])


def rotate(log: Path, *, largest: int = LARGEST_LOG, kept: int = KEPT_LOGS) -> bool:
    """Set a large log aside, at any time; whether it was large. So many older ones are kept.

    All who write to it append, so the file is copied and emptied under them and nobody has to open
    it anew. A line written between the two is lost.
    """
    if not log.exists() or log.stat().st_size <= largest:
        return False
    older = [log.with_name(f"{log.name}.{number}") for number in range(1, kept + 1)]
    for newer, place in reversed(list(pairwise(older))):
        if newer.exists():
            newer.replace(place)
    shutil.copy2(log, older[0])
    os.truncate(log, 0)
    return True
