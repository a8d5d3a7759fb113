"""Has anything changed since the database was last prepared? Standard library only.

Preparing starts Django once more, two seconds on a busy core. A warm start with the same files
needs none of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from patentops.runner.bootstrap import digest
from patentops.runner.places import ROOT

# The folders and kinds of files that decide tables, sample and static files.
FOLDERS = (
    "core",
    "listings",
    "licensing",
    "pledges",
    "matching",
    "oversight",
    "interchange",
    "patentops",
    "static",
    "docs/images/guide",  # served with the static files
)
NOT = {"__pycache__"}


def files(root: Path = ROOT) -> Iterator[str]:
    """Every file that counts, with its size and time."""
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.is_file() and not NOT.intersection(file.parts):
                stat = file.stat()
                yield f"{file.relative_to(root)} {stat.st_size} {stat.st_mtime_ns}"


def fingerprint(*, sample: bool) -> str:
    """What the prepared state rests on."""
    lines = [digest("run"), f"sample={sample}", *files()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Prepared:
    """The note that a state folder was prepared, and from what."""

    def __init__(self, state: Path, name: str = "prepared") -> None:
        self.path = state / name

    def holds(self, wanted: str) -> bool:
        try:
            return self.path.read_text("ascii") == wanted
        except FileNotFoundError:
            return False

    def note(self, wanted: str) -> None:
        self.path.write_text(wanted, "ascii")

    def forget(self) -> None:
        """After a change by hand, such as `manage.py migrate listings 0001`."""
        self.path.unlink(missing_ok=True)


class Unwanted:
    """The note that the sample was removed: `up` does not bring it back."""

    def __init__(self, state: Path) -> None:
        self.path = state / "sample-removed"

    def __bool__(self) -> bool:
        return self.path.exists()

    def note(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()

    def forget(self) -> None:
        """Somebody loads it by hand again."""
        self.path.unlink(missing_ok=True)
