"""Rivals for one exclusive scope: N rounds of 32 deals whose seals are checked at one moment.

    .venv/bin/python manage.py test benchmarks/deal_rivals.py -q -s   (DEAL_ROUNDS=200 for all)

Runs in the test database of the suite. Each round: one patent, 32 firms with signed contracts for
an exclusive licence of the whole country, 32 threads on connections of their own. Exactly one may
win; whether two live exclusive or sole rights share a cell and a day is then asked in raw SQL. The
losers' waiting time until their 409 is reported.
"""

from __future__ import annotations

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from core.errors import DomainError
from core.people.types import Actor
from licensing.services import signing
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.licensing import NOON

RIVALS = int(os.environ.get("DEAL_RIVALS", "32"))
ROUNDS = int(os.environ.get("DEAL_ROUNDS", "2"))
OVERLAPS = """
    SELECT count(*) FROM listings_encumbrance a JOIN listings_encumbrance b
      ON a.patent_id = b.patent_id AND a.id < b.id AND a.cells && b.cells AND a.term && b.term
    WHERE a.kind IN ('sole', 'exclusive') AND b.kind IN ('sole', 'exclusive')
"""


def race(deal_ids: list[int], by: Actor) -> list[tuple[str, float]]:
    """All at once; how each ended, and after how many seconds."""
    start = Barrier(len(deal_ids))

    def run(deal_id: int) -> tuple[str, float]:
        start.wait(30)
        began = time.perf_counter()
        try:
            signing.confirm_seals(deal_id=deal_id, by=by, now=NOON)
        except DomainError as refusal:
            return refusal.code, time.perf_counter() - began
        finally:
            connection.close()
        return "done", time.perf_counter() - began

    with ThreadPoolExecutor(len(deal_ids)) as pool:
        return list(pool.map(run, deal_ids))


def overlaps() -> int:
    """Pairs of live exclusive or sole rights that share a cell and a day, by the database."""
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPS)
        found: int = cursor.fetchone()[0]
    return found


@pytest.mark.django_db(transaction=True)
def test_rivals_for_one_exclusive_scope() -> None:
    at = given.table()
    waits: list[float] = []
    violations = 0
    for _ in range(ROUNDS):
        patent_id = lic.listed(at.office)
        tables = [given.Table(at.office, at.second, given.make.enterprise()) for _ in range(RIVALS)]
        ids = [given.uploaded(one, patent_id).pk for one in tables]
        ends = race(ids, at.checker)
        wins = [end for end, _took in ends if end == "done"]
        violations += abs(len(wins) - 1)
        assert {end for end, _took in ends} <= {"done", "blocked", "overlap"}
        waits += [took for end, took in ends if end != "done"]
    cuts = statistics.quantiles(waits, n=100)
    print(
        f"\n{ROUNDS} rounds x {RIVALS} rivals: {violations} wrong counts of winners, {overlaps()} "
        f"overlaps by SQL; losers' refusal p50 {cuts[49]:.2f} s, p95 {cuts[94]:.2f} s, "
        f"longest {max(waits):.2f} s"
    )
    assert (violations, overlaps()) == (0, 0)
