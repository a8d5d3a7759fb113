"""Processes a killed `up` left behind. They end by themselves; this waits, and then makes them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path

from patentops.runner.processes import is_alive, started_at


class Ledger:
    """Which processes an `up` started, by id and start time (ids are used again)."""

    def __init__(self, state: Path) -> None:
        self.path = state / "processes.json"

    def write(self, pids: list[int]) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({str(pid): started_at(pid) for pid in pids}), "ascii")
        fresh.replace(self.path)

    def alive(self) -> list[int]:
        """The written-down processes that still run."""
        try:
            known = json.loads(self.path.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return []
        return [
            int(pid)
            for pid, began in known.items()
            if is_alive(int(pid)) and started_at(int(pid)) == began
        ]

    def clear_out(self, patience: float = 8.0) -> None:
        """Return when none of them is left."""
        end = time.monotonic() + patience
        while self.alive() and time.monotonic() < end:
            time.sleep(0.05)
        for pid in self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while self.alive():
            time.sleep(0.02)
