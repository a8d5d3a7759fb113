"""How soon, through the whole platform: a posted need's first list, a listed patent's receivers.

    python -m benchmarks.match_latency --needs needs.jsonl --docs patents.jsonl --stock 300

Starts `manage.py up` in a state folder of its own, lists patents and opens needs, then posts
further ones, one after another. A need counts from the call that posts it
until its list is written with its reasons; a patent from the call that lists it until the run that
held it against every demand is finished, its pushes queued; every second patent answers an open
need, so that there are some. Beside both: the engine alone in this
process on the same texts, so the difference is database, outbox, queue and worker.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.push_kills import PATIENCE, ROOT, Hooks, Platform, Stage, free_port

ENOUGH = 60  # characters: shorter needs stay drafts
LOOK = 0.004  # seconds between two looks
PAUSE = 0.5  # between two tries, so that they do not become one run
Records = list[dict[str, Any]]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--needs", type=Path, required=True)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--stock", type=int, default=300, help="patents listed beforehand")
    parser.add_argument("--demands", type=int, default=60, help="needs open beforehand")
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--port", type=int, default=free_port(), help="default: a free one")
    return parser.parse_args()


def read(path: Path) -> Records:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def said(record: dict[str, Any]) -> str:
    return str(record.get("text") or record.get("abstract") or record["title"])


def post(record: dict[str, Any], by: Any) -> int:
    from django.utils import timezone

    from matching import services
    from matching.types import NeedInput

    data = NeedInput(
        title=record["title"][:100], problem=said(record)[:1_500], industry_codes=("C3985",)
    )
    return services.post_need(data=data, by=by, now=timezone.now(), open_now=True).pk


def publish(record: dict[str, Any], keeper: Any) -> Callable[[], int]:
    """A patent with its offer sheet drafted; the call that lists it."""
    from django.utils import timezone

    from core.people.types import Actor
    from listings import services
    from tests.factories import listings as board

    row = board.patent(keeper, title=record["title"], abstract=said(record)[:2_000])
    sheet = board.draft(row)

    def listed() -> int:
        services.publish_listing(listing_id=sheet.pk, by=Actor.system(), now=timezone.now())
        return int(row.pk)

    return listed


def seen(kind: str, ref: int, began: float) -> float:
    """Milliseconds from `began` until a run has looked at it and is finished."""
    from matching.models import RunItem

    while not RunItem.objects.filter(kind=kind, ref=ref, run__state="finished").exists():
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit("The platform did not answer.")
        time.sleep(LOOK)
    return (time.perf_counter() - began) * 1_000


def answering(patents: Records, needs: Records, asked: argparse.Namespace) -> Records:
    """Patents to list: every second one says what an open need says, so that bells ring."""
    some = patents[asked.stock : asked.stock + asked.tries]
    return [need if n % 2 else some[n] for n, need in enumerate(needs[: len(some)])]


def spread(took: list[float]) -> str:
    cuts = np.percentile(took, [50, 95])
    return f"p50 {cuts[0]:.0f} ms, p95 {cuts[1]:.0f} ms, longest {max(took):.0f} ms ({len(took)})"


def measure(asked: argparse.Namespace) -> None:
    from matching.models import Match, Push
    from tests.factories import core

    needs = [n for n in read(asked.needs) if len(said(n)) >= ENOUGH]
    patents = read(asked.docs)
    stage = Stage(topics=1, hooks=Hooks(None))  # type: ignore[arg-type]
    offices = [core.office(region="320500") for _ in range(5)]
    firms = [core.actor(core.MembershipFactory(role="enterprise")) for _ in range(asked.demands)]
    for place, record in enumerate(patents[: asked.stock]):
        publish(record, offices[place % len(offices)])()
    for record, firm in zip(needs, firms, strict=False):
        post(record, firm)
    print(
        f"{asked.stock} patents, {len(firms)} needs; quiet after {stage.wait():.0f} s", flush=True
    )
    fresh = needs[asked.demands : asked.demands + asked.tries]
    took = []
    for record, firm in zip(fresh, firms, strict=False):
        began = time.perf_counter()
        pk = post(record, firm)
        took.append(seen("need", pk, began))
        time.sleep(PAUSE)
    rows = Match.objects.filter(need__isnull=False).count()
    print(f"need posted → list written, explained: {spread(took)}; {rows} rows in all", flush=True)
    took, before = [], Push.objects.count()
    for place, record in enumerate(answering(patents, needs, asked)):
        listed = publish(record, offices[place % len(offices)])
        began = time.perf_counter()
        pk = listed()
        took.append(seen("patent", pk, began))
        time.sleep(PAUSE)
    print(f"patent listed → all receivers queued: {spread(took)};"
          f" {Push.objects.count() - before} pushes")  # fmt: skip
    alone(needs[: asked.demands], fresh, patents, asked)


def alone(held: Records, fresh: Records, patents: Records, asked: argparse.Namespace) -> None:
    """The same texts, the engine only."""
    from matching.engine import Demand, Engine, Supply

    stock = [Supply(key=n, title=p["title"], text=said(p)) for n, p in enumerate(patents)]
    engine = Engine().fit(stock[: asked.stock])
    block = engine.read(Demand(key=n, title=d["title"], text=said(d)) for n, d in enumerate(held))
    for what, calls in (
        ("need", [lambda d=d: engine.rank(Demand(key=0, title=d["title"], text=said(d)), 50)
                  for d in fresh]),
        ("patent", [lambda s=s: engine.rank_demands(s, block, 50, 25.0)
                    for s in stock[asked.stock : asked.stock + asked.tries]]),
    ):  # fmt: skip
        took = []
        for call in calls:
            began = time.perf_counter()
            call()
            took.append((time.perf_counter() - began) * 1_000)
        print(f"  the engine alone, {what}: {spread(took)}", flush=True)


def main() -> None:
    asked = options()
    with tempfile.TemporaryDirectory(prefix="match-latency-") as made:
        platform = Platform(Path(made), asked.port)
        try:
            platform.start()
            os.environ |= {"PATENTOPS_STATE": made, "PATENTOPS_PROCESS": "command"}
            os.environ["DJANGO_SETTINGS_MODULE"] = "patentops.settings"
            sys.path.insert(0, str(ROOT))
            import django

            django.setup()
            logging.disable(logging.CRITICAL)
            measure(asked)
        finally:
            platform.stop()


if __name__ == "__main__":
    main()
