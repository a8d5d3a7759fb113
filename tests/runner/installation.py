"""A whole installation in a state folder of its own, for tests that start and kill it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import psycopg

from patentops.runner.places import POSTGRES_PORT, ROOT, Places, places
from patentops.runner.processes import is_alive

OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "PATENTOPS_", "PYTEST_", "DJANGO_")


def until(true: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
    """Wait until it is so, or fail saying what was not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Installation:
    """`manage.py up` as a user would run it."""

    def __init__(self, state: Path) -> None:
        self.where: Places = places(state)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        self.environment["PATENTOPS_STATE"] = str(state)
        self.up: subprocess.Popen[str] | None = None
        self.url = ""
        self.said = state.parent / f"{state.name}.out"

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=300,
            check=False,
        )

    def start(self, *, sample: bool = False, within: float = 180.0) -> str:
        """Start, wait until it announces itself, and return its address."""
        command = [sys.executable, "manage.py", "up", "--port", "0"]
        command += ["--small-sample"] if sample else ["--no-sample"]
        with self.said.open("w") as out:
            self.up = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
            )
        until(lambda: "└" in self.output() or self.up_ended(), "up announces its address", within)
        assert not self.up_ended(), self.output()
        self.url = str(json.loads((self.where.state / "up.lock").read_text("utf-8"))["url"])
        return self.url

    def output(self) -> str:
        return self.said.read_text("utf-8")

    def up_ended(self) -> bool:
        return self.up is not None and self.up.poll() is not None

    def children(self) -> dict[str, int]:
        """The processes it started, by the name the runner gave them."""
        assert self.up is not None
        pids = [int(pid) for pid in json.loads((self.where.state / "processes.json").read_text())]
        return {self._name(pid): pid for pid in pids if is_alive(pid)}

    @staticmethod
    def _name(pid: int) -> str:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        for word in ("postgres", "valkey-server", "celery", "runner.web"):
            if word in command:
                beat = " beat " in command
                return "beat" if beat else "worker" if word == "celery" else word
        return command

    def kill(self) -> None:
        """End `up` by -9."""
        assert self.up is not None
        self.up.send_signal(signal.SIGKILL)
        self.up.wait(5)

    def stop(self) -> float:
        """End it by SIGTERM; return the seconds it took."""
        assert self.up is not None
        begun = time.monotonic()
        if self.up.poll() is None:
            self.up.send_signal(signal.SIGTERM)
            self.up.wait(20)
        return time.monotonic() - begun

    def query(self, role: str, statement: str) -> list[tuple[object, ...]]:
        """One statement as the app or the owner."""
        with psycopg.connect(
            host=str(self.where.postgres_run),
            port=POSTGRES_PORT,
            user=f"patentops_{role}",
            password=self.where.secret(f"{role}_password"),
            dbname="patentops",
            autocommit=True,
        ) as db:
            cursor = db.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def answers(url: str) -> bool:
    """Does the page answer with 200?"""
    try:
        with urllib.request.urlopen(url, timeout=5) as page:
            return bool(page.status == 200)
    except (URLError, OSError):
        return False
