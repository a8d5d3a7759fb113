"""How fast are fees reckoned? 100,000 explained schedule lines beside a plain loop.

    .venv/bin/python benchmarks/fee_schedules.py [--lines 100000]

One line is what one report of a royalty owes: tiers, free months, yearly minimum, caps, and every
formula in words. The plain loop multiplies and rounds the same figures without limits or words:
the floor below which no engine in this language comes. Processor seconds, best of three. Without
server and network.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from licensing.rules import royalties
from licensing.rules.fees import HUNDRED, FeePart, PartKind, RoyaltyBase, Tier, yuan

PARTS = (
    FeePart(PartKind.FREE_UNTIL, free_months=6),
    FeePart(
        PartKind.RUNNING,
        base=RoyaltyBase.NET_SALES,
        rate=Decimal(3),
        tiers=(Tier(Decimal(1_000_000), Decimal(2)), Tier(Decimal(5_000_000), Decimal(1))),
        cap=Decimal(200_000),
        floor=Decimal(20_000),
        total_cap=Decimal(900_000),
        period_months=3,
    ),
)
START, END = date(2025, 1, 1), date(2029, 12, 31)


def best(run: Callable[[], Decimal]) -> tuple[float, Decimal]:
    """The least processor seconds of three tries, and what came out."""
    tries = []
    for _ in range(3):
        began = time.process_time()
        total = run()
        tries.append(time.process_time() - began)
    return min(tries), total


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=100_000)
    lines = options.parse_args().lines
    per_licence = len(royalties.periods(START, END, 3))
    licences = -(-lines // per_licence)
    figures = [
        [Decimal(17_389 * (1 + (n * 31 + q * 7) % 97)) / 7 for q in range(per_licence)]
        for n in range(licences)
    ]
    figures = [[yuan(amount) for amount in row] for row in figures]

    def engine() -> Decimal:
        total = Decimal(0)
        for row in figures:
            periods = royalties.periods(START, END, 3)
            pairs = zip(periods, row, strict=True)
            found = royalties.reckon(PARTS, pairs, starts_on=START)
            total += sum(one.total for one in found)
        return total

    def plain() -> Decimal:
        return sum((yuan(a * 3 / HUNDRED) for row in figures for a in row), Decimal(0))

    reckoned, total = best(engine)
    looped, bare = best(plain)
    count = licences * per_licence
    print(f"{count:,} lines reckoned and explained: {reckoned:.2f} s ({total:,.2f})")
    print(f"plain multiply-and-round loop:         {looped:.2f} s ({bare:,.2f})")
    print(f"ratio {reckoned / looped:.1f}; {count / reckoned:,.0f} lines a second")


if __name__ == "__main__":
    main()
