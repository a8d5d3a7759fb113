"""Re-folding the whole stock with several processes, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import datetime
from functools import partial
from multiprocessing import get_context

import django
from django.db import connections

from listings.selectors.register.refolding import ranges
from listings.services.register.refolding import Tally, refold

RANGE = 10_000


def refold_all(
    *,
    now: datetime,
    check: bool = False,
    quietly: bool = False,
    processes: int = 1,
    size: int = RANGE,
) -> Iterator[Tally]:
    """A tally for every range, as they get done; each range is a transaction of its own."""
    work = partial(_one, now=now, check=check, quietly=quietly)
    todo = list(ranges(size))
    if processes <= 1:
        yield from (work(each) for each in todo)
        return
    connections.close_all()
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=django.setup
    ) as hands:
        for done in as_completed([hands.submit(work, each) for each in todo]):
            yield done.result()


def _one(bounds: tuple[int, int], *, now: datetime, check: bool, quietly: bool) -> Tally:
    return refold(*bounds, now=now, check=check, quietly=quietly)
