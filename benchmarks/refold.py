"""Folding five million legal events anew: seconds, memory, and the same rows as event by event.

    .venv/bin/python benchmarks/refold.py [--patents 1350000] [--processes 2] [--sample 300]
        [--json OUT]

Seeded patents with 3.7 gazette events each, as if they had never been folded, in an embedded
PostgreSQL with the options of `up`, in a folder that is removed afterwards. Then, with the code of
`manage.py refold`: the first load (`--quietly`), a check that finds nothing, and beside them
  - a plain fold, patent by patent through the ORM, on a sample, carried to all (the baseline);
  - the same events recorded one by one, in a shuffled order, on twins of a sample: the rows that
    follow must be the same.
Processor seconds stand beside the wall clock: on a machine that does other things they say what
the work costs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SEED = 20261122
FIRST = 1_000_001  # below it the twins go
NOW = "2026-11-20 12:00:00+08"
TODAY = date(2026, 11, 20)
PATENT = (
    "id, office, number, publication_numbers, title, abstract, kind, filed_on, granted_on,"
    " expires_on, ipc, main_ipc, locarno, industry_codes, funding_project, evaluation_verdict,"
    " status, region, layer, indexed_at, is_sample, version, registered_at, registered_by,"
    " changed_at"
)
EVENT = "patent_id, code, occurred_on, reference, detail, source, recorded_at, recorded_by"


def history(pk: int, rng: random.Random, granted: date) -> Iterator[tuple[Any, ...]]:
    """The gazette's entries of one patent: code, day, register number, detail."""

    def later(low: int, high: int) -> date:
        return granted + timedelta(days=rng.randint(low, high))

    yield "PB01", granted - timedelta(days=500), "", "{}"
    yield "SE01", granted - timedelta(days=400), "", "{}"
    yield "GR01", granted, "", "{}"
    chance = rng.random()
    if chance < 0.08:
        day, number = later(100, 1500), f"Y{granted.year}{pk:09d}"
        yield "PE01", day, number, "{}"
        if chance < 0.05:
            yield "PC01", day + timedelta(days=365), number, "{}"
    elif chance < 0.16:
        day, number = later(100, 1500), f"X{granted.year}{pk:09d}"
        ends = (day + timedelta(days=1500)).isoformat()
        kind = rng.choice(["ordinary", "ordinary", "exclusive", "sole"])
        yield "EE01", day, number, json.dumps({"kind": kind, "ends_on": ends})
        if chance < 0.12:
            yield "EC01", day + timedelta(days=700), number, "{}"
    elif chance < 0.26:
        yield "CP02", later(100, 2000), "", "{}"
    elif chance < 0.29:
        yield "OL01", later(100, 1500), "", "{}"
    elif chance < 0.30:
        yield "TC01", later(10, 100), "", json.dumps({"days": rng.randint(10, 400)})
    elif chance < 0.305:
        yield "PE01", later(100, 500), f"Y1{pk:010d}", "{}"
        yield "PE01", later(600, 900), f"Y2{pk:010d}", "{}"
    if rng.random() < 0.30:
        yield "CF01", later(1200, 2500), "", "{}"
        if rng.random() < 0.15:
            yield "RR01", later(2501, 2700), "", "{}"
    elif rng.random() < 0.01:
        yield "IW01", later(500, 2500), "", "{}"


def generate(count: int) -> int:
    """Patents and their events, always the same; how many events."""
    from django.db import connection

    from listings.rules import numbers

    rng, events = random.Random(SEED), 0
    with connection.cursor() as cursor:
        for start in range(FIRST, FIRST + count, 50_000):
            days = {}
            with cursor.copy(f"COPY listings_patent ({PATENT}) FROM STDIN") as copy:
                for pk in range(start, min(start + 50_000, FIRST + count)):
                    filed = date(2008, 1, 1) + timedelta(days=rng.randrange(4000))
                    days[pk] = filed + timedelta(days=900)
                    number = numbers.mint(filed.year, "1", pk)
                    copy.write_row(
                        (pk, "CN", number, [], f"一种装置 {pk}", "", "invention", filed, None,
                         filed.replace(year=filed.year + 20, day=min(filed.day, 28)), [], "", [],
                         [], "", "", "pending", "310115", "C", NOW, False, 1, NOW, "system", NOW)
                    )  # fmt: skip
            with cursor.copy(f"COPY listings_legalevent ({EVENT}) FROM STDIN") as copy:
                for pk, granted in days.items():
                    for code, day, number, detail in history(pk, rng, granted):
                        if day > TODAY:
                            continue
                        copy.write_row((pk, code, day, number, detail, "gazette", NOW, "system"))
                        events += 1
        cursor.execute("ANALYZE listings_patent")
        cursor.execute("ANALYZE listings_legalevent")
    return events


def spent(pid: int) -> float:
    """Processor seconds of PostgreSQL's processes under this one, and its own."""
    total = 0.0
    for each in [pid, *children(pid)]:
        try:
            parts = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, parts[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def children(pid: int) -> list[int]:
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def folded(server: Any, *arguments: str) -> dict[str, Any]:
    """`manage.py refold` in a process of its own: what it said, wall clock, processor, memory."""
    before, postgres, begun = os.times(), spent(server.process.pid), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "manage.py", "refold", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    took, after = time.perf_counter() - begun, os.times()
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "seconds": round(took, 1),
        "cpu_seconds_python": round(sum(after[2:4]) - sum(before[2:4]), 1),
        "cpu_seconds_postgres": round(spent(server.process.pid) - postgres, 1),
        "largest_process_mb": round(peak / 1024),
        "said": done.stdout.strip().splitlines(),
    }


def one_by_one(sample: int) -> float:
    """The baseline: load a patent, read its events, fold, save it. Seconds for each."""
    from core.days import legal_day
    from listings.models import Patent
    from listings.selectors.register import folding

    now = datetime.fromisoformat(NOW + ":00")
    ids = list(Patent.objects.order_by("?").values_list("pk", flat=True)[:sample])
    begun = time.perf_counter()
    for pk in ids:
        patent = Patent.objects.get(pk=pk)
        found = folding.folded(patent, folding.papers([pk])[pk], on=legal_day(now))
        patent.status = found.standing.status
        patent.save(update_fields=["status"])
    return (time.perf_counter() - begun) / len(ids)


def twins(sample: int) -> tuple[int, int]:
    """Events recorded one by one in a shuffled order, against the rows of the re-fold."""
    from core.people.types import Actor
    from listings import services
    from listings.models import Patent
    from listings.rules import numbers
    from listings.types import PatentInput

    now, by, rng = datetime.fromisoformat(NOW + ":00"), Actor.system(), random.Random(SEED)
    same = 0
    for place, pk in enumerate(
        sorted(rng.sample(range(FIRST, FIRST + Patent.objects.count()), sample))
    ):
        model = Patent.objects.get(pk=pk)
        events = list(model.events.all())
        rng.shuffle(events)
        twin = services.register_patent(
            data=PatentInput(
                title=model.title,
                number=numbers.mint(model.filed_on.year, "1", 9_000_000 + place),
                filed_on=model.filed_on,
            ),
            organisation_id=None,
            by=by,
            now=now,
        )
        for event in events:
            services.record_legal_event(
                patent_id=twin, code=event.code, occurred_on=event.occurred_on,
                reference=event.reference, detail=event.detail, by=by, now=now,
            )  # fmt: skip
        same += state(Patent.objects.get(pk=twin)) == state(model)
    return same, sample


def state(patent: Any) -> Any:
    from listings.models import Contradiction

    patent.refresh_from_db()
    bonds = patent.encumbrances.select_related("confirmed_by_event")
    return (
        (patent.status, patent.granted_on),
        sorted(
            (b.kind, str(b.term), b.active, b.reference, b.released_because,
             str(b.confirmed_by_event)) for b in bonds
        ),
        sorted(
            (c.code, str(c.event)) for c in Contradiction.objects.open().filter(patent=patent)
        ),
    )  # fmt: skip


def servers(folder: Path) -> list[Any]:
    """PostgreSQL and Valkey like those of `up`, and where the settings find them."""
    from patentops.runner import database
    from patentops.runner.places import POSTGRES_PORT, Places
    from patentops.runner.servers import Postgres, Valkey
    from patentops.runner.urls import postgres_url

    places = Places(state=folder, run=folder / "run")
    places.static.mkdir(parents=True)
    running = [Postgres(places, {}), Valkey(places, {"appendonly": "no"})]
    for server in running:
        server.start()
    database.prepare(places)
    for role, variable in ((database.APP, "DATABASE_URL"), (database.OWNER, "DATABASE_OWNER_URL")):
        os.environ[variable] = postgres_url(
            user=role,
            password=places.secret(f"{role.removeprefix('patentops_')}_password"),
            host=str(places.postgres_run),
            port=POSTGRES_PORT,
            name=database.DATABASE,
        )
    os.environ["REDIS_URL"] = f"unix://{places.valkey_socket}?db=0"
    os.environ["PATENTOPS_STATE"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "patentops.settings"
    return running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patents", type=int, default=1_350_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="refold-"))
    running = servers(folder)
    try:
        subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "migrate", "-v0"],
            check=True,
            env={**os.environ, "DATABASE_URL": os.environ["DATABASE_OWNER_URL"]},
        )
        import django

        django.setup()
        begun = time.perf_counter()
        events = generate(options.patents)
        made = time.perf_counter() - begun
        hands = ("--processes", str(options.processes))
        report = {
            "patents": options.patents,
            "events": events,
            "generated_in_seconds": round(made, 1),
            "first_load": folded(running[0], "--quietly", *hands),
            "check": folded(running[0], "--check", *hands),
        }
        each = one_by_one(options.sample)
        report["baseline_patent_by_patent_seconds"] = round(each * options.patents)
        same, asked = twins(options.sample)
        report["same_as_event_by_event"] = f"{same} of {asked}"
        text = json.dumps(report, ensure_ascii=False, indent=1)
        print(text)
        if options.json:
            Path(options.json).write_text(text)
        if same != asked:
            sys.exit("The re-fold and the events one by one do not agree.")
    finally:
        from django.db import connections

        connections.close_all()
        for server in running:
            server.stop(10)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
