"""`manage.py check_all`: everything that can be checked without running the tests."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from patentops.runner.places import ROOT

BIN = Path(sys.executable).parent
PRODUCTION = {
    "PATENTOPS_PRODUCTION": "1",
    "PATENTOPS_HOSTS": "patentops.example.cn",
    "PATENTOPS_URL": "https://patentops.example.cn",
}


@dataclass(frozen=True)
class Check:
    """One tool and how it is called."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def checks() -> list[Check]:
    manage = [sys.executable, "manage.py"]
    production = PRODUCTION | {"PATENTOPS_SECRET_KEY": secrets.token_urlsafe(50)}
    return [
        Check("ruff check", [str(BIN / "ruff"), "check", "--output-format", "concise", "."]),
        Check(
            "ruff format",
            [str(BIN / "ruff"), "format", "--check", "--output-format", "concise", "."],
        ),
        Check("mypy", [sys.executable, "-m", "mypy"]),
        Check("lint-imports", [str(BIN / "lint-imports")]),
        Check(
            "makemigrations",
            [*manage, "makemigrations", "--check", "--dry-run"],
            {"PYTHONWARNINGS": "ignore::RuntimeWarning"},  # it needs no running database
        ),
        Check(
            "check --deploy", [*manage, "check", "--deploy", "--fail-level", "WARNING"], production
        ),
    ]


def run(arguments: list[str]) -> int:
    """Run all, two at a time; one line each, and the words of those that failed."""
    wanted = [check for check in checks() if not arguments or check.name in arguments]
    failed = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for check, (code, seconds, output) in zip(wanted, pool.map(perform, wanted), strict=True):
            print(f"{'✗' if code else '✓'} {check.name:<16}{seconds:5.1f} 秒", flush=True)
            if code:
                failed += 1
                print(shortened(output) or f"(exit {code})", flush=True)
    print("检查未通过。" if failed else "检查全部通过。")
    return 1 if failed else 0


def shortened(output: str, lines: int = 80) -> str:
    """As much of a tool's words as one can read."""
    said = output.rstrip().splitlines()
    more = [f"…（另有 {len(said) - lines} 行）"] if len(said) > lines else []
    return "\n".join([*said[:lines], *more])


def perform(check: Check) -> tuple[int, float, str]:
    begun = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=ROOT,
        env={**os.environ, **check.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, time.monotonic() - begun, done.stdout
