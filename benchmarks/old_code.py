"""The tests of an earlier revision of ours on the tables of this one (reliability A20).

    python -m benchmarks.old_code --from REVISION [--all] [TESTS ...]

While servers are exchanged one after another, the code of before works on the tables of now. The
earlier revision is checked out into a folder of its own; throw-away servers get this revision's
tables; the earlier tests run on them, and no migration is applied any more. Each test that fails is
asked again on the earlier revision's own tables: one that fails there too says nothing about the
upgrade, one that passes there is a break, named with its reason. A constraint
that has become wider is none: code of before writes no such rows.

By default the tests of commands and constraints of all rooms, `--all` for every one but those of
browsers, whole installations, the sample and the files of the checkout. Exit 1 at a break.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.upgrade import checked_out
from patentops.runner import pytest_plugin
from patentops.runner.places import ROOT
from patentops.runner.urls import database_settings

ROOMS = ("core", "listings", "licensing", "pledges", "matching", "interchange")
OF_COMMANDS = re.compile(
    r"test_(services|models|constraints|states|taking|deals|declarations|royalt|claims|plans|pools?"
    r"|outcome|endings|postings|ownership|imports|layer|promotion|drives|pushing|rating|needs|webhooks"
    r"|inbound|audit|outbox|people|access)\w*\.py$"
)
# Of the checkout, of processes, of Chromium: the tables do not change what they say.
ELSEWHERE = ("tests/browser", "tests/runner", "tests/docs", "tests/sample", "tests/faults")
PROCESSES = 2
# Said in place of IntegrityError where this revision's constraint lets more rows pass: code of
# before writes none of those.
WIDER = "DID NOT RAISE IntegrityError"
# Tests with threads empty their tables by TRUNCATE, which PostgreSQL refuses while tables that the
# earlier revision does not know refer to them. The platform itself never truncates.
CASCADE = """
from django.core.management.commands import flush

handle = flush.Command.handle
flush.Command.handle = lambda self, **more: handle(self, **more | {"allow_cascade": True})
"""


def chosen(root: Path, named: list[str], *, everything: bool) -> list[str]:
    """The test files that are run, from the earlier checkout's root."""
    if named:
        return named
    files = sorted(path.relative_to(root).as_posix() for path in root.glob("tests/*/**/test_*.py"))
    if everything:
        return [name for name in files if not name.startswith(ELSEWHERE)]
    rooms = tuple(f"tests/{room}/" for room in ROOMS)
    return [name for name in files if name.startswith(rooms) and OF_COMMANDS.search(name)]


def manage(root: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """One command of a checkout, against the servers that run."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=os.environ | {"PATENTOPS_NO_BOOTSTRAP": "1", "PYTHONPATH": str(root), **more},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


class Databases:
    """The databases pytest looks for, one a process, on the servers that were started."""

    def __init__(self) -> None:
        told = database_settings(os.environ["DATABASE_OWNER_URL"])
        self.first = f"test_{told['NAME']}"
        self.names = [f"{self.first}_gw{number}" for number in range(PROCESSES)]
        self.admin = psycopg.connect(
            host=told["HOST"], port=told["PORT"], user=told["USER"], password=told["PASSWORD"],
            dbname="template1", autocommit=True,
        )  # fmt: skip

    def make(self) -> int:
        """This revision's tables in each; how many migrations they have had."""
        self._run("CREATE DATABASE {}", self.first)
        url = os.environ["DATABASE_OWNER_URL"].rsplit("/", 1)[0] + f"/{self.first}"
        done = manage(ROOT, "manage.py", "migrate", "-v", "0",
                      DATABASE_URL=url, DATABASE_OWNER_URL=url)  # fmt: skip
        if done.returncode:
            sys.exit(f"This revision does not migrate:\n{done.stdout[-2000:]}")
        for name in self.names:
            self._run("CREATE DATABASE {} TEMPLATE {}", name, self.first)
        return self.applied()

    def applied(self) -> int:
        """The most migrations that any of them has had."""
        return max(map(self._applied_to, self.names))

    def _applied_to(self, name: str) -> int:
        info = self.admin.info
        with psycopg.connect(
            host=info.host, port=info.port, user=info.user, password=info.password, dbname=name
        ) as db:
            row = db.execute("SELECT count(*) FROM django_migrations").fetchone()
        assert row is not None
        return int(row[0])

    def _run(self, statement: str, *names: str) -> None:
        self.admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def failures(root: Path, tests: list[str], *options: str, **more: str) -> dict[str, str]:
    """Run them; each test that failed, with the last words of its reason."""
    command = ("-m", "pytest", "-q", "-n", str(PROCESSES), "--tb=short", *options, *tests)
    done = manage(root, *command, COLUMNS="500", **more)  # reasons whole
    print(f"  {done.stdout.rstrip().splitlines()[-1]}", flush=True)
    if done.returncode not in {0, 1}:
        sys.exit(f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}")
    found = re.findall(r"^(?:FAILED|ERROR) (\S+(?: \S+\])?)(?: - (.*))?$", done.stdout, re.M)
    return dict(found)


def verdict(reason: str, *, fails_anyway: bool) -> str:
    """Whether a failure is one of the upgrade."""
    if fails_anyway:
        return "fails on its own tables too"
    return "a constraint became wider" if WIDER in reason else "BREAK"


def compare(root: Path, tests: list[str]) -> int:
    """Both runs; how many breaks there are."""
    pytest_plugin.start()
    try:
        databases = Databases()
        before = databases.make()
        print(f"{len(tests)} files on this revision's tables ({before} migrations):", flush=True)
        (root / "cascade.py").write_text(CASCADE, "utf-8")
        failed = failures(root, tests, "--reuse-db", "-p", "cascade", PATENTOPS_TEST_EXTERNAL="1")
        if databases.applied() != before:
            sys.exit("The earlier revision migrated the tables: this is no later revision than it.")
    finally:
        pytest_plugin.stop()
    if not failed:
        return 0
    print(f"the {len(failed)} that failed, on their own revision's tables:", flush=True)
    again = failures(root, sorted(failed))
    said = {test: verdict(why, fails_anyway=test in again) for test, why in failed.items()}
    for test, why in said.items():
        print(f"{why}: {test}\n    {failed[test]}")
    return sum(why == "BREAK" for why in said.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--from", dest="revision", required=True, help="a git revision")
    parser.add_argument("--all", action="store_true", help="not only commands and constraints")
    parser.add_argument("tests", nargs="*", help="tests of the earlier revision")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="old-code-") as made:
        os.chmod(made, 0o711)
        with checked_out(asked.revision, Path(made)) as root:
            breaks = compare(root, chosen(root, asked.tests, everything=asked.all))
    print(f"{breaks} breaks." if breaks else "The earlier code works on these tables.")
    sys.exit(bool(breaks))


if __name__ == "__main__":
    main()
