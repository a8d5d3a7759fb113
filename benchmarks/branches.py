"""Branch coverage of the modules that must not be wrong: permissions, what binds, outbox, licences.

    pip install --target ~/coverage-lib coverage    # not in the lock: only this asks for it
    PYTHONPATH=~/coverage-lib python benchmarks/branches.py
    PYTHONPATH=~/coverage-lib python benchmarks/branches.py binding licences --show

One pytest a group, with the tests of its own rooms only: what other rooms happen to run counts
for nothing. A figure is coverage.py's: lines run and branches taken, of all of both. The command
fails where a module is below `--least`; `--show` names the lines and branches that nothing runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GROUPS: dict[str, tuple[list[str], list[str]]] = {  # modules, and the tests that owe them
    "permissions": (  # what decides; the doors of accounts are the matrix' and the attacks'
        [
            "core/permissions.py",
            "core/factors.py",
            "core/recovery.py",
            "core/sealed.py",
            "core/access/checks.py",
            "core/access/devices.py",
            "core/access/middleware.py",
            "core/access/rules.py",
            "core/access/selectors.py",
            "core/access/services.py",
            "core/access/validators.py",
            "core/people/rules.py",
            "core/people/types.py",
        ],
        [
            "tests/core/test_permissions.py",
            "tests/core/test_people.py",
            "tests/core/test_access*.py",
            "tests/core/test_members.py",
            "tests/core/test_session_limits.py",
            "tests/attack/test_accounts.py",
        ],
    ),
    "outbox": (["core/outbox/*.py"], ["tests/core/test_outbox*.py", "tests/core/test_tracing.py"]),
    "binding": (
        [
            "listings/rules/binding.py",
            "listings/rules/blockers.py",
            "listings/rules/standing.py",
            "listings/services/register/*.py",
            "listings/selectors/register/legal.py",
            "listings/selectors/register/barring.py",
            "pledges/rules.py",
            "pledges/services.py",
            "pledges/selectors.py",
        ],
        [
            "tests/listings/test_rules_*.py",
            "tests/listings/test_services_*.py",
            "tests/listings/test_event*.py",
            "tests/listings/test_claims.py",
            "tests/listings/test_ownership.py",
            "tests/listings/test_turns.py",
            "tests/listings/test_selectors.py",
            "tests/pledges/test_*.py",
        ],
    ),
    "licences": (
        ["licensing/rules/*.py", "licensing/services/*.py"],
        ["tests/licensing/test_*.py", "tests/listings/test_turns.py"],
    ),
}


def found(patterns: Iterable[str]) -> list[str]:
    """The files of these patterns, as paths from the root."""
    paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    return [str(path.relative_to(ROOT)) for path in paths if path.stat().st_size]


def run(group: str) -> dict[str, Any]:
    """What coverage.py says of each module of the group after its tests."""
    modules, tests = GROUPS[group]
    with tempfile.TemporaryDirectory() as folder:
        data, report = f"{folder}/data", f"{folder}/report.json"
        coverage = [sys.executable, "-m", "coverage"]
        include = ",".join(f"{ROOT}/{module}" for module in found(modules))
        options = ["--branch", f"--include={include}", f"--data-file={data}"]
        pytest = ["-m", "pytest", *found(tests), "-q", "-p", "no:cacheprovider"]
        tested = subprocess.run([*coverage, "run", *options, *pytest], cwd=ROOT, check=False)
        if tested.returncode:
            raise SystemExit(f"{group}: the tests fail as they are")
        told = ["json", "-q", f"--data-file={data}", "-o", report]
        subprocess.run([*coverage, *told], cwd=ROOT, check=True)
        files: dict[str, Any] = json.loads(Path(report).read_text("utf-8"))["files"]
        return files


def tell(group: str, files: dict[str, Any], least: float, show: bool) -> list[str]:
    """A line a module, the group's sum beneath; the modules below `least`."""
    run_, all_, low = 0, 0, []
    for name in found(GROUPS[group][0]):
        if name not in files:
            continue
        sums = files[name]["summary"]
        run_ += sums["covered_lines"] + sums["covered_branches"]
        all_ += sums["num_statements"] + sums["num_branches"]
        share = sums["percent_covered"]
        branches = f"{sums['covered_branches']} of {sums['num_branches']} branches"
        print(f"{share:6.1f} %  {name}  ({branches})", flush=True)
        if share < least:
            low.append(name)
        if show and share < 100:
            print("          lines", files[name]["missing_lines"])
            print("          branches", files[name]["missing_branches"])
    print(f"{100 * run_ / max(all_, 1):6.1f} %  {group}\n", flush=True)
    return low


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--least", type=float, default=95.0, help="%% a module must have")
    parser.add_argument("--show", action="store_true", help="name what nothing runs")
    asked = parser.parse_args()
    if find_spec("coverage") is None:
        print(__doc__)
        return 2
    os.environ.setdefault("COVERAGE_CORE", "ctrace")
    low = [
        module
        for group in asked.groups or GROUPS
        for module in tell(group, run(group), asked.least, asked.show)
    ]
    print("below", asked.least, "%:", ", ".join(low) or "none")
    return bool(low)


if __name__ == "__main__":
    sys.exit(main())
