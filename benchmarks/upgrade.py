"""From an earlier release of ours to this one, with the data kept and the old code still at work.

    python -m benchmarks.upgrade --from REVISION [--state FOLDER]

Checks the earlier revision out into a folder of its own, starts it with its sample, and then, as
on servers where web processes are exchanged one after another:

1. this code migrates the database while the old processes serve; every page that answered before
   (visitors, programs, one person of each role) is asked of the old code again;
2. the old platform stops, this one starts on the same state folder, and is asked the same;
3. no table has fewer rows, no row of the audit trail was touched, no attachment is lost.

Prints one line a step with its seconds; exit 1 when something did not hold. Nothing outside the
temporary folders is changed; a git checkout is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from patentops.keeping import database
from patentops.keeping.proof import Proof
from patentops.keeping.restore import embedded_database
from patentops.runner import database as embedded
from patentops.runner.places import ROOT, places

PATIENCE = 300.0
# What the platform itself clears away, and what a start replaces.
MAY_SHRINK = frozenset({"django_session", "usersessions_usersession"})


class Release:
    """One checkout of the platform, run on the state folder."""

    def __init__(self, name: str, root: Path, state: Path) -> None:
        self.name, self.root, self.state = name, root, state
        self.environment = os.environ | {
            "PATENTOPS_STATE": str(state),
            "PATENTOPS_NO_BOOTSTRAP": "1",
            "PYTHONPATH": str(root),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        """Until it announces itself."""
        log = self.state.parent / f"{self.name}.log"
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", "0", *arguments],
                cwd=self.root, env=self.environment, stdout=out, stderr=out,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while "└" not in log.read_text("utf-8", "replace"):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{self.name} did not start:\n{log.read_text('utf-8')[-2000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def run(self, *arguments: str) -> str:
        """One command of this release; what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"{self.name}: {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def proof(self) -> Proof:
        """What its own pages, audit chain and attachments say."""
        return Proof.read(self.run("-m", "patentops.keeping.proof"))


@contextlib.contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[Path]:
    """The earlier revision's files."""
    target = folder / "earlier"
    subprocess.run(
        ["git", "worktree", "add", "-q", "--detach", str(target), revision], cwd=ROOT, check=True
    )
    try:
        yield target
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(target)], cwd=ROOT, check=True)


def rows(state: Path) -> dict[str, int]:
    """How many rows each table has."""
    with embedded_database(places(state), embedded.DATABASE).connect() as db:
        counts: dict[str, int] = database.facts(db)["counts"]
    return counts


def wrong(what: str, proof: Proof, wanted: frozenset[str]) -> list[str]:
    """What does not hold: pages that answered before, the chain, the attachments."""
    answered = {page.path: page.status for page in proof.pages}
    found = [
        f"{what}: {path} answers {answered.get(path)}"
        for path in sorted(wanted)
        if answered.get(path) != 200
    ]
    if proof.audit_break is not None:
        found.append(f"{what}: the audit chain breaks at {proof.audit_break}")
    return [*found, *(f"{what}: {name} is lost" for name in (*proof.lost, *proof.altered))]


def fewer(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Tables that lost rows; a table that went away with all its rows is one of them."""
    return [
        f"{name}: {count} rows before, {after.get(name, 0)} after"
        for name, count in before.items()
        if after.get(name, 0) < count and name not in MAY_SHRINK
    ]


def drill(earlier: Release, present: Release) -> list[str]:
    """The upgrade, step by step; what did not hold."""
    clock = time.monotonic()

    def said(step: str) -> None:
        nonlocal clock
        print(f"{time.monotonic() - clock:6.1f} s  {step}", flush=True)
        clock = time.monotonic()

    earlier.start()
    said("the earlier release is up with its sample")
    first = earlier.proof()
    wanted = frozenset(page.path for page in first.pages if page.status == 200)
    before = rows(earlier.state)
    said(f"{len(wanted)} pages answer, {sum(before.values())} rows in {len(before)} tables")
    present.run("manage.py", "migrate", "-v", "0")
    said("the database has this release's tables, the earlier one still serves")
    problems = wrong("earlier code on the new tables", earlier.proof(), wanted)
    said("the earlier release was asked again")
    earlier.stop()
    present.start("--small-sample")
    said("this release is up on the same data")
    problems += wrong("this release", present.proof(), wanted) + fewer(before, rows(present.state))
    said("this release was asked")
    present.run("manage.py", "doctor")
    said("the doctor finds nothing wrong")
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--from", dest="revision", required=True, help="a git revision")
    parser.add_argument("--state", type=Path, help="default: a new temporary folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upgrade-") as made:
        os.chmod(made, 0o711)  # the database's own user must get to its files
        folder = Path(made)
        state = asked.state or folder / "state"
        with checked_out(asked.revision, folder) as root:
            earlier, present = Release("earlier", root, state), Release("present", ROOT, state)
            try:
                problems = drill(earlier, present)
            finally:
                earlier.stop()
                present.stop()
    print("\n".join(problems) or "Everything held.")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
