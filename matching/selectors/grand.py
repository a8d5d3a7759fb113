"""The engine over a stock too large for objects: arrays in a folder that all workers map.

Up to `MATCHING_ARENA_FROM` listed patents every worker fits them all and scores every pair. Above
that the workers read the stock together, a part each, into arrays on disk; whoever finds all
parts there puts them together while the others wait. A worker that dies lets go of its part.
What runs touch later is hidden in the arrays and ranked beside them, as `arena` does with its fit.
"""

from __future__ import annotations

import json
import pickle
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from django.conf import settings
from django.db import connection

from core.db import alone
from listings import selectors as listings
from matching.engine import Corpus
from matching.engine.arena import Arena, Part, read
from matching.engine.joining import build
from matching.models import EngineVersion, RunItem
from matching.selectors import feeding

KEEP = 20  # rows of a list at this size
PART = 20_000  # patents that a worker reads in one go
TOUCHED = 20_000  # patents changed since, beside which arrays still serve
LOCK = 0x3A7C8
_WAIT = 0.2
_MAKING, _JOINING = -1, -2  # numbers of locks that are no part's


def is_needed() -> bool:
    """Whether the stock is too large to be fitted as objects; looked at once a minute."""
    least: int = settings.MATCHING_ARENA_FROM
    return bool(least) and _listed(int(time.monotonic() // 60)) >= least


@lru_cache(maxsize=1)
def _listed(minute: int) -> int:
    return listings.stock_counts("").listed


def arena_of(version: EngineVersion, corpus: Corpus, pulse: int) -> tuple[Arena, int]:
    """Arrays of this version and the pulse they were read at, made if there are none that serve."""
    folder = _folder(version, corpus, pulse)
    parts = sorted(json.loads((folder / "parts.json").read_text("utf-8")))
    while not (folder / "ready").exists():
        if all((folder / f"{n}.part").exists() for n in range(len(parts) - 1)):
            _join(folder, len(parts) - 1)
        elif not any(
            _read_part(folder, n, *span, corpus) for n, span in enumerate(pairwise(parts))
        ):
            time.sleep(_WAIT)
    return Arena.load(folder), int(folder.name.rpartition("-p")[2])


def _folder(version: EngineVersion, corpus: Corpus, pulse: int) -> Path:
    """The newest folder that serves, being filled or full; else a new one. Older ones go."""
    home = Path(settings.MATCHING_ARENA_DIR)
    home.mkdir(parents=True, exist_ok=True)
    name = f"v4-{version.pk}-{corpus.digest}-p"
    with _held(_MAKING):
        known = sorted(home.glob(f"{name}*"), key=lambda f: int(f.name.rpartition("-p")[2]))
        if known:
            since = int(known[-1].name.rpartition("-p")[2])
            touched = RunItem.objects.filter(kind=RunItem.PATENT, run__pulse__gt=since)
            if since <= pulse and touched.values("ref").distinct().count() <= TOUCHED:
                return known[-1]
        for old in home.iterdir():
            shutil.rmtree(old, ignore_errors=True)  # who has mapped it keeps it until it lets go
        fresh = home / f"{name}{pulse}"
        fresh.mkdir()
        (fresh / "parts.json").write_text(json.dumps(_cuts()), "utf-8")
        return fresh


def _cuts() -> list[int]:
    """Patent ids between which PART listed patents lie, from below to above all."""
    ids = listings.supply_ids()
    return [0, *ids[PART - 1 : -1 : PART], *(ids[-1:] or [1])]


def _read_part(folder: Path, number: int, after: int, last: int, corpus: Corpus) -> bool:
    """Read one part, unless it is there or somebody is at it."""
    target = folder / f"{number}.part"
    if target.exists():
        return False
    with alone(LOCK, _lock_of(folder.name, number)) as mine:
        if not mine or target.exists() or (folder / "ready").exists():
            return False
        supplies = feeding.supplies_between(after, last)
        found = list(read(supplies, corpus))
        unfinished = folder / f"{number}.part.new"
        unfinished.write_bytes(pickle.dumps(found, protocol=5))
        unfinished.rename(target)
    return True


def _join(folder: Path, count: int) -> None:
    """Put the parts together; one does, the others wait for it."""
    with _held(_JOINING):
        if (folder / "ready").exists():
            return
        parts: list[Part] = []
        for number in range(count):
            parts += pickle.loads((folder / f"{number}.part").read_bytes())
        build(parts).save(folder)
        (folder / "ready").touch()
        for number in range(count):
            (folder / f"{number}.part").unlink()


@contextmanager
def _held(number: int) -> Iterator[None]:
    """Alone until done; the database lets go of it for whoever dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, number])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, number])


def _lock_of(name: str, number: int) -> int:
    """A lock's number for one part of one folder."""
    return (zlib.crc32(f"{name}/{number}".encode()) >> 1) + 1
