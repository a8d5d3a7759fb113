"""The end of the chain, remembered outside the database.

A chain tells what was changed in its middle, not that its newest entries were cut off: what is left
still follows. So the newest sealed entry of every day is written into a file of the state folder,
and whoever checks asks whether the database still has them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.audit.models import AuditEntry
from core.days import legal_day


@dataclass(frozen=True, slots=True)
class Head:
    """The newest sealed entry of a day."""

    day: str
    position: int
    digest: str


def kept(file: Path) -> list[Head]:
    """What was remembered, oldest first."""
    if not file.exists():
        return []
    rows = (line.split() for line in file.read_text("ascii").splitlines())
    return [Head(row[0], int(row[1]), row[2]) for row in rows if len(row) == 3]


def remember(file: Path, *, now: datetime) -> bool:
    """Write down the newest entry; False when it does not go on from what was remembered.

    Then the file stays as it is: it is the evidence.
    """
    heads = kept(file)
    newest = AuditEntry.objects.filter(position__isnull=False).order_by("-position").first()
    if lost(file) is not None:
        return False
    if newest is None or newest.position is None or newest.digest is None:
        return True
    head = Head(legal_day(now).isoformat(), newest.position, newest.digest)
    if heads and heads[-1].position == head.position:
        return True
    days = [*(h for h in heads if h.day != head.day), head]
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text("".join(f"{h.day} {h.position} {h.digest}\n" for h in days), "ascii")
    fresh.chmod(0o600)
    fresh.replace(file)
    return True


def lost(file: Path) -> int | None:
    """The first place that was sealed once and is another's or nobody's now; None if all stand."""
    heads = kept(file)
    places = [head.position for head in heads]
    rows = AuditEntry.objects.filter(position__in=places).values_list("position", "digest")
    standing = dict(rows)
    return next((h.position for h in heads if standing.get(h.position) != h.digest), None)
