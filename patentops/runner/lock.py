"""One `up` per state folder: a lock the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Running:
    """What a running `up` says of itself."""

    pid: int
    url: str


class UpLock:
    """Held by `up` for its whole life; the file says who holds it."""

    def __init__(self, state: Path) -> None:
        self.path = state / "up.lock"
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Take the lock, or False when another process has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def describe(self, *, pid: int, url: str) -> None:
        """Write down who holds it."""
        assert self._file is not None
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": pid, "url": url}))
        self._file.flush()

    def release(self) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def holder(self) -> Running | None:
        """The `up` that runs now, or None."""
        if not self.path.exists():
            return None
        with self.path.open("r", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                try:
                    said = json.loads(file.read())
                except ValueError:
                    said = {}
                return Running(pid=int(said.get("pid", 0)), url=str(said.get("url", "")))
            return None
