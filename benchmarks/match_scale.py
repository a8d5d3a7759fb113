"""How the engine carries a national stock: a full recomputation, its recall, and one thing changed.

`python -m benchmarks.match_scale --state /some/folder --scale 0.1 [--prepare]`

Scale 1 is 680,000 patents × 450,000 receivers, top 20 each. Texts are spliced from ../shared/data
(`national_splice`), kept in the folder and used again. The database is an embedded PostgreSQL with
the real schema; patents and receivers are bare rows there, since their texts are in the folder:
reading 680,000 texts out of the database is not in the figures. Everything else is the platform's
own code: reading into arrays, ranking, COPY of drafts, the second table, the switch.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks import national, national_splice
from benchmarks.national_splice import DEMANDS, SUPPLIES, TODAY
from core.text import encode
from matching.engine import Corpus, Demand, Engine, Supply, joining
from matching.engine import arena as arenas
from matching.engine.audience import Audience
from matching.engine.national import Effort, National

PART, SHARD, KEEP, FLOOR = 10_000, 1_000, 20, 25.0
Job = tuple[Any, ...]


def say(*words: object) -> None:
    print(*words, flush=True)


@contextmanager
def timed(what: str, times: dict[str, float]) -> Iterator[None]:
    began = time.monotonic()
    yield
    times[what] = time.monotonic() - began
    say(f"  {what}: {times[what]:.1f} s")


class Memory:
    """The most memory that this process, its children and the database held: each page once."""

    def __init__(self, more: list[int]) -> None:
        self.roots, self.peak, self._stop = [os.getpid(), *more], 0, threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._stop.wait(10):  # looking costs a worker a fifth of a core at 3 GB
            self.peak = max(self.peak, sum(self._held(pid) for pid in self._family()))

    def _family(self) -> set[int]:
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                parents.setdefault(int(stat[1]), []).append(int(entry.name))
        found, left = set(), list(self.roots)
        while left:
            pid = left.pop()
            found.add(pid)
            left += parents.get(pid, [])
        return found

    @staticmethod
    def _held(pid: int) -> int:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))

    def stop(self) -> float:
        self._stop.set()
        return self.peak / 1e9


# --- the set ---------------------------------------------------------------------------------


def write_supplies(job: Job) -> None:
    folder, number, start, stop = job
    target = folder / f"s{number:04}.pickle"
    if not target.exists():
        rows = list(national_splice.supplies(start, stop))
        target.with_suffix(".new").write_bytes(pickle.dumps(rows, protocol=5))
        target.with_suffix(".new").rename(target)


def write_demands(job: Job) -> None:
    folder, number, start, stop = job
    target = folder / f"d{number:04}.pickle"
    if not target.exists():
        rows = [
            replace(d, key=f"{'s' if d.keywords else 'n'}{d.key}")
            for d in national_splice.demands(start, stop)
        ]
        target.with_suffix(".new").write_bytes(pickle.dumps(rows, protocol=5))
        target.with_suffix(".new").rename(target)


def load(path: Path) -> list[Any]:
    """What was written; a field that the platform has got since is as if nobody had said it."""
    found: list[Any] = pickle.loads(path.read_bytes())
    if found and isinstance(found[0], Demand | Supply):
        for new in [f for f in fields(found[0]) if not hasattr(found[0], f.name)]:
            for row in found:
                object.__setattr__(row, new.name, new.default)
    return found


def prepare(folder: Path, scale: float, workers: int) -> None:
    """Splice the texts and freeze the word statistics, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    supplies, demands = int(SUPPLIES * scale), int(DEMANDS * scale)
    national_splice.sources()
    parts = [(folder, n, at, min(at + PART, supplies))
             for n, at in enumerate(range(0, supplies, PART))]  # fmt: skip
    shards = [(folder, n, at, min(at + SHARD, demands))
              for n, at in enumerate(range(0, demands, SHARD))]  # fmt: skip
    times: dict[str, float] = {}
    with timed("texts spliced (not part of any figure)", times), _pool(workers) as pool:
        pool.map(write_supplies, parts, chunksize=1)
        pool.map(write_demands, shards, chunksize=1)
    if not (folder / "corpus").exists():
        with timed("word statistics and topics frozen (when a stock has doubled)", times):
            every = [s for path in sorted(folder.glob("s*.pickle")) for s in load(path)]
            (folder / "corpus").write_bytes(Corpus.freeze(every, name="scale").to_bytes())


def _pool(workers: int) -> Any:
    return multiprocessing.get_context("fork").Pool(workers)


def corpus_of(folder: Path) -> Corpus:
    return Corpus.from_bytes((folder / "corpus").read_bytes())


# --- recomputation ---------------------------------------------------------------------------


def read_part(job: Job) -> float:
    """One worker's part of reading: texts into arrays; the seconds it took."""
    folder, path = job
    supplies = load(path)
    corpus = _once(("corpus", folder), lambda: corpus_of(folder))
    began = time.monotonic()
    found = list(arenas.read(supplies, corpus))
    (folder / "parts" / path.name).write_bytes(pickle.dumps(found, protocol=5))
    return time.monotonic() - began


def join(folder: Path) -> None:
    parts = [p for path in sorted((folder / "parts").iterdir()) for p in load(path)]
    joining.build(parts).save(folder / "arena")


_CACHE: dict[Any, Any] = {}


def _once(key: Any, make: Callable[[], Any]) -> Any:
    if key not in _CACHE:
        _CACHE[key] = make()
    return _CACHE[key]


def national_of(folder: Path, effort: Effort | None = None) -> National:
    arena = _once(("arena", folder), lambda: arenas.Arena.load(folder / "arena"))
    corpus = _once(("corpus", folder), lambda: corpus_of(folder))
    return National(arena, corpus, today=TODAY, effort=effort)


def rank_shard(job: Job) -> tuple[float, float, int]:
    """One shard as a worker does it: rank, write drafts, mark it done. Seconds of each, rows."""
    folder, path, run_id, number = job
    demands: list[Demand] = load(path)
    found = _once(("national", folder), lambda: national_of(folder))
    owners = _once(("owners", folder), lambda: _owners(found))
    began = time.monotonic()
    lists = dict(found.rank_all(demands, limit=KEEP, floor=FLOOR))
    ranked = time.monotonic()
    if run_id is None:
        return ranked - began, 0.0, sum(map(len, lists.values()))
    rows = _write(run_id, number, {str(d.key): d for d in demands}, lists, owners)
    return ranked - began, time.monotonic() - ranked, rows


def _owners(found: National) -> dict[int, int | None]:
    return dict(zip(found.arena.keys.tolist(), map(int, found.arena.owner), strict=True))


def _write(run_id: int, number: int, live: Any, lists: Any, owners: Any) -> int:
    """As `full._run_leased` does."""
    _once("django", _django)
    from django.db import transaction
    from django.utils import timezone

    from matching.models import Run, RunShard
    from matching.services.runs import ranked
    from matching.services.switching import draft

    with transaction.atomic():
        run = Run.objects.get(pk=run_id)
        rows = {key: [ranked(hit) for hit in hits] for key, hits in lists.items()}
        count = draft(run, live, rows, owners)
        RunShard.objects.filter(run=run, number=number).update(
            done_at=timezone.now(), matches=count
        )
    return count


def _django() -> bool:
    import django
    from django.db import connections

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    django.setup()
    connections.close_all()
    return True


BARE = """
SELECT column_name, CASE
    WHEN data_type = 'ARRAY' THEN '''{}''::' || udt_name
    WHEN data_type IN ('text', 'character varying') THEN ''''''
    WHEN data_type = 'boolean' THEN 'false'
    WHEN data_type IN ('jsonb', 'json') THEN '''[]'''
    WHEN data_type LIKE 'timestamp%%' THEN 'now()'
    WHEN data_type = 'date' THEN 'current_date'
    WHEN data_type = 'uuid' THEN 'gen_random_uuid()'
    WHEN data_type = 'tsvector' THEN '''''::tsvector'
    ELSE '0' END
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO'
  AND column_default IS NULL AND is_generated = 'NEVER' AND column_name <> 'id'
"""


def bare_rows(db: psycopg.Connection[Any], table: str, ids: str, **values: str) -> None:
    """Rows that are there and nothing else: what foreign keys ask for."""
    checks = db.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass", [table]
    ).fetchall()
    for (name,) in checks:
        db.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    columns = dict(db.execute(BARE, [table]).fetchall()) | values
    names, given = ", ".join(columns), ", ".join(columns.values())
    db.execute(f"INSERT INTO {table} (id, {names}) SELECT i, {given} FROM {ids} AS i")


def fill_database(where: Any, folder: Path, scale: float) -> int:
    """The real schema, bare parents, and a full run cut into the shards of the folder; its id."""
    national.migrate(where)
    supplies, demands = int(SUPPLIES * scale), int(DEMANDS * scale)
    with national.connect(where) as db:
        db.execute("SET session_replication_role = replica")
        for table in ("listings_patent", "matching_need", "matching_subscription",
                      "core_organisation"):  # fmt: skip
            db.execute(f"TRUNCATE {table} CASCADE")
        holders = national_splice.HOLDERS
        bare_rows(db, "core_organisation", f"generate_series(1, {10_000 + demands})",
                  name="'o' || i")  # fmt: skip
        bare_rows(db, "listings_patent", f"generate_series(1, {supplies})", number="'p' || i")
        keys = [str(d.key) for path in sorted(folder.glob("d*.pickle")) for d in load(path)]
        for table, letter in (("matching_need", "n"), ("matching_subscription", "s")):
            ids = ",".join(key[1:] for key in keys if key[0] == letter)
            status = "'open'" if letter == "n" else "'active'"
            bare_rows(db, table, f"unnest('{{{ids}}}'::bigint[])", status=status,
                      organisation_id="10000 + i")  # fmt: skip
        db.execute("ANALYZE")
        assert holders < 10_000
    _once("django", _django)
    from django.utils import timezone

    from core.people.types import Actor
    from matching.models import EngineVersion, Run, RunShard
    from matching.services.cutting import cut

    Run.objects.all().delete()
    EngineVersion.objects.all().delete()
    version = EngineVersion.objects.create(
        weights={}, corpus=b"", corpus_digest="scale", corpus_size=supplies, as_of=TODAY,
        is_active=True, created_at=timezone.now(), created_by="system",
    )  # fmt: skip
    run = cut(version, [], by=Actor.system(), now=timezone.now(), here=True)
    shards = [
        RunShard(run=run, number=n, keys=[str(d.key) for d in load(path)])
        for n, path in enumerate(sorted(folder.glob("d*.pickle")))
    ]
    RunShard.objects.bulk_create(shards)
    Run.objects.filter(pk=run.pk).update(demands=len(keys))
    return int(run.pk)


def switch(run_id: int, times: dict[str, float]) -> int:
    """What the worker with the last shard does."""
    from django.db import connection, transaction
    from django.db.models import Sum
    from django.utils import timezone

    from matching.models import Match, Run
    from matching.services import switching

    with transaction.atomic():
        run = Run.objects.select_related("engine").get(pk=run_id)
        run.matches = run.shards.aggregate(n=Sum("matches"))["n"]
        with timed("second table filled and indexed", times):
            prepared = switching.prepare(run, now=timezone.now())
        began = time.monotonic()
        if prepared:
            switching._swap(run, [], now=timezone.now())
        else:
            switching._replace(run, [], now=timezone.now())
        times["lists locked"] = time.monotonic() - began
    say(f"  switched ({'table' if prepared else 'rows'}): {times['lists locked']:.2f} s")
    with timed("drafts dropped", times):
        switching.drop_drafts(run)
    connection.close()
    return Match.objects.count()


def recompute(folder: Path, scale: float, workers: int, where: Any, memory: Memory) -> None:
    supplies, demands = int(SUPPLIES * scale), int(DEMANDS * scale)
    times: dict[str, float] = {}
    (folder / "parts").mkdir(exist_ok=True)
    (folder / "arena").mkdir(exist_ok=True)
    say(f"Full recomputation, {supplies:,} patents x {demands:,} receivers, {workers} workers")
    with timed("texts read into arrays", times), _pool(workers) as pool:
        jobs = [(folder, path) for path in sorted(folder.glob("s*.pickle"))]
        spent = sum(pool.map(read_part, jobs, chunksize=1))
    say(f"    {supplies / spent:,.0f} patents/s a worker")
    with timed("arrays joined", times):
        child = multiprocessing.get_context("fork").Process(target=join, args=(folder,))
        child.start()
        child.join()
        if child.exitcode:
            raise SystemExit("joining failed")
    for path in (folder / "parts").iterdir():
        path.unlink()
    run_id = fill_database(where, folder, scale)
    _disconnect()
    jobs = [(folder, path, run_id, n) for n, path in enumerate(sorted(folder.glob("d*.pickle")))]
    began = time.monotonic()
    with timed("ranked, drafts written", times), _pool(workers) as pool:
        found = []
        for n, one in enumerate(pool.imap_unordered(rank_shard, jobs, chunksize=1), 1):
            found.append(one)
            if n % max(len(jobs) // 10, 1) == 0:
                say(f"    {n}/{len(jobs)} shards, {time.monotonic() - began:.0f} s")
    rows = sum(f[2] for f in found)
    say(f"    ranking {sum(f[0] for f in found):.0f} worker-seconds,"
        f" writing {sum(f[1] for f in found):.0f};"
        f" {demands / times['ranked, drafts written']:,.0f} receivers/s,"
        f" {rows:,} rows")  # fmt: skip
    assert switch(run_id, times) == rows
    total = sum(times.values())
    say(f"  all: {total:.0f} s = {total / 60:.1f} min; with the arrays there:"
        f" {total - times['texts read into arrays'] - times['arrays joined']:.0f} s;"
        f" memory of all processes, each page once: {memory.peak / 1e9:.1f} GB")  # fmt: skip


def _disconnect() -> None:
    from django.db import connections

    connections.close_all()


def scaling(folder: Path, seconds: float) -> None:
    """The same shards ranked by one worker and by two."""
    paths = sorted(folder.glob("d*.pickle"))
    paths = paths[: max(2, min(len(paths), int(seconds / 4)))]
    jobs = [(folder, path, None, 0) for path in paths]
    rates = {}
    for workers in (1, 2):
        with _pool(workers) as pool:
            pool.map(rank_shard, jobs[:workers], chunksize=1)
            began = time.monotonic()
            pool.map(rank_shard, jobs, chunksize=1)
            rates[workers] = len(jobs) * SHARD / (time.monotonic() - began)
    say(f"Workers: 1 → {rates[1]:,.0f} receivers/s, 2 → {rates[2]:,.0f}"
        f" ({rates[2] / rates[1]:.2f} x) over {len(jobs)} shards")  # fmt: skip


# --- recall and comparisons ------------------------------------------------------------------


def exact(job: Job) -> list[tuple[str, list[int], list[int]]]:
    folder, demands = job
    found = []
    for best in national_of(folder).exhaustive(demands, KEEP, FLOOR):
        for row, demand in enumerate(best.demands):
            mine = best.rows == row
            found.append((str(demand.key), best.keys[mine].tolist(), best.ticks[mine].tolist()))
    return found


def some_demands(folder: Path, count: int) -> list[Demand]:
    """Evenly from all shards."""
    every = sorted(folder.glob("d*.pickle"))
    each = -(-count // len(every))
    step = max(len(every) * each // count, 1)
    return [d for path in every for d in load(path)[: each * 7 : 7]][::step][:count]


def recall(folder: Path, count: int, workers: int) -> dict[str, list[int]]:
    """Of the exhaustive best twenty, how many the candidate stage leaves."""
    demands = sorted(some_demands(folder, count), key=lambda d: str(d.key))
    began = time.monotonic()
    chunks = [(folder, demands[at : at + 64]) for at in range(0, len(demands), 64)]
    with _pool(workers) as pool:
        truth = {k: (p, t) for part in pool.map(exact, chunks, chunksize=1) for k, p, t in part}
    spent = time.monotonic() - began
    began = time.monotonic()
    lists = dict(national_of(folder).rank_all(demands, limit=KEEP, floor=FLOOR))
    took = time.monotonic() - began
    kept, lost, whole = [], [], 0
    for key, (patents, ticks) in truth.items():
        if patents:
            hits = lists[key]
            kept.append(len({int(h.key) for h in hits} & set(patents)) / len(patents))
            lost.append((sum(ticks) - sum(h.ticks for h in hits)) / len(patents) / 10_000)
            whole += kept[-1] == 1
    say(f"Recall of the top {KEEP} against the exhaustive fused score, {len(kept)} receivers:"
        f" {np.mean(kept):.4f} (lists complete: {whole / len(kept):.3f};"
        f" points lost a row: {np.mean(lost):.4f}); exhaustive {workers} workers {spent:.0f} s,"
        f" candidates 1 worker {took:.1f} s: {spent * workers / took:.0f} x")  # fmt: skip
    return {key: patents for key, (patents, _) in truth.items()}


def comparisons(folder: Path, truth: dict[str, list[int]], where: Any, most: int) -> None:
    """The candidate stage by vectors alone, on the same stock and receivers."""
    found = national_of(folder)
    rows = np.sort(np.random.default_rng(0).permutation(len(found.arena))[:most])
    stock = found.arena.meaning[rows][:, :256].astype(np.float32) / 4_000
    demands = [d for d in some_demands(folder, 1_000) if str(d.key) in truth][:200]
    block = Engine().use(found.corpus).read(demands)
    asked = block.vectors / np.float32(4_000)
    times: dict[str, float] = {}
    say(
        f"Candidates by vectors alone, best 1,000 of {len(stock):,} patents,"
        f" {len(demands)} receivers, one thread:"
    )
    began = time.monotonic()
    for at in range(0, len(asked), 20):
        near = asked[at : at + 20] @ stock.T
        blas = np.argpartition(-near, 999, axis=1)[:, :1_000]
    times["exhaustive BLAS"] = (time.monotonic() - began) / len(asked)
    del blas
    small = _part_of(found, rows)
    began = time.monotonic()
    for _ in small.rank(demands, KEEP, FLOOR):
        pass
    times["ours, words and vectors, scored in full"] = (time.monotonic() - began) / len(demands)
    _faiss(stock, asked, times)
    _pgvector(stock, asked, where, times)
    ours = times["ours, words and vectors, scored in full"]
    for what, seconds in times.items():
        say(f"  {what}: {seconds * 1e3:.2f} ms ({seconds / ours:.2f} x ours)")
    _vector_recall(found, block, truth)


def _part_of(found: National, rows: Any) -> National:
    """The same arena, fewer rows."""
    a = found.arena
    some = a.rows[rows]
    heads, holders, steps = joining.postings(some)
    every = {n: getattr(a, n)[rows] for n in
             ("keys", "meaning", "cluster", "kind", "owner", "trl", "price", "mode", "region",
              "listed")}  # fmt: skip
    small = replace(a, starts=some.indptr.astype(np.int64), columns=some.indices,
                    impacts=some.data, heads=heads, holders=holders, steps=steps,
                    side=a.side | {"name": None},
                    **every)  # fmt: skip
    return National(small, found.corpus, today=TODAY)


def _faiss(stock: Any, asked: Any, times: dict[str, float]) -> None:
    try:
        import faiss
    except ImportError:
        say("  FAISS is not importable here: left out")
        return
    faiss.omp_set_num_threads(1)
    lists, inner = int(4 * len(stock) ** 0.5), faiss.METRIC_INNER_PRODUCT
    for name, make, tune in (
        ("FAISS IVF", lambda: faiss.index_factory(256, f"IVF{lists},Flat", inner),
         lambda i: setattr(i, "nprobe", max(lists // 20, 1))),
        ("FAISS HNSW", lambda: faiss.IndexHNSWFlat(256, 16, inner),
         lambda i: setattr(i.hnsw, "efSearch", 1_000)),
    ):  # fmt: skip
        index, began = make(), time.monotonic()
        index.train(stock)
        index.add(stock)
        built = time.monotonic() - began
        tune(index)
        began = time.monotonic()
        index.search(asked, 1_000)
        times[f"{name} (built in {built:.0f} s)"] = (time.monotonic() - began) / len(asked)


def _pgvector(stock: Any, asked: Any, where: Any, times: dict[str, float]) -> None:
    with national.connect(where) as db:
        try:
            db.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.Error:
            say("  pgvector is not installed here: left out")
            return
        db.execute("DROP TABLE IF EXISTS scale_vectors")
        db.execute("CREATE TABLE scale_vectors (id int, v halfvec(256))")
        with db.cursor().copy("COPY scale_vectors FROM STDIN") as copy:
            for n, row in enumerate(stock):
                copy.write_row((n, "[" + ",".join(f"{x:.4f}" for x in row) + "]"))
        db.execute("SET maintenance_work_mem = '1GB'")
        db.execute("SET max_parallel_maintenance_workers = 0")
        began = time.monotonic()
        db.execute("CREATE INDEX ON scale_vectors USING hnsw (v halfvec_ip_ops)")
        built = time.monotonic() - began
        db.execute("SET hnsw.ef_search = 1000")
        query = "SELECT id FROM scale_vectors ORDER BY v <#> %s::halfvec LIMIT 1000"
        began = time.monotonic()
        for row in asked:
            db.execute(query, ["[" + ",".join(f"{x:.4f}" for x in row) + "]"]).fetchall()
        times[f"pgvector HNSW (built in {built:.0f} s)"] = (time.monotonic() - began) / len(asked)
        db.execute("DROP TABLE scale_vectors")


def _vector_recall(found: National, block: Any, truth: dict[str, list[int]]) -> None:
    """How much of the fused best twenty the nearest thousand by vectors hold at all."""
    keys, kept = found.arena.keys, []
    for row, demand in enumerate(block.demands[:50]):
        patents = truth[str(demand.key)]
        if not patents:
            continue
        near = np.concatenate(
            [
                found.arena.meaning[at : at + 50_000, :256].astype(np.float32) @ block.vectors[row]
                for at in range(0, len(keys), 50_000)
            ]
        )
        best = set(keys[np.argpartition(-near, 999)[:1_000]].tolist())
        kept.append(len(best & set(patents)) / len(patents))
    say(f"  of the fused top {KEEP}, the 1,000 nearest by vectors alone hold {np.mean(kept):.3f}")


# --- one thing changed -----------------------------------------------------------------------


def incremental(folder: Path, scale: float) -> None:
    found = national_of(folder)
    began = time.monotonic()
    demands = (d for path in sorted(folder.glob("d*.pickle")) for d in load(path))
    audience = Audience(demands, found.corpus, today=TODAY)
    say(f"One patent listed: {len(audience):,} receivers read in {time.monotonic() - began:.0f} s,"
        f" {audience.nbytes / 1e9:.2f} GB held")  # fmt: skip
    bars = np.full(len(audience), int(FLOOR * 10_000))
    rows = {str(key): row for row, key in enumerate(audience.keys)}
    _once("django", _django)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN need_id IS NULL THEN 's' || subscription_id ELSE 'n' || need_id END,"
            " min(ticks) FROM matching_match GROUP BY 1 HAVING count(*) >= %s", [KEEP]
        )  # fmt: skip
        for key, least in cursor.fetchall():
            bars[rows[key]] = least
    fresh = list(national_splice.supplies(SUPPLIES + 10_000, SUPPLIES + 10_100))
    spent, met = [], []
    for supply in fresh:
        began = time.monotonic()
        ticks = audience.ticks(supply)
        met.append(int((ticks >= bars).sum()))
        spent.append(time.monotonic() - began)
    say(f"  receivers found, exact: {_spread(spent)}; lists it enters: median"
        f" {np.median(met):.0f}, most {max(met)}")  # fmt: skip
    wanted = some_demands(folder, 200)
    asked: list[float] = []
    titles = _texts(folder, scale)
    bare = Engine(today=TODAY).use(found.corpus)
    for demand in wanted[:100]:
        began = time.monotonic()
        _, hits = next(found.rank_all([demand], limit=KEEP, floor=FLOOR))
        for hit in hits[:10]:
            if int(hit.key) in titles:
                bare.explain(demand, titles[int(hit.key)])
        asked.append(time.monotonic() - began)
    say(f"One need posted, ranked over all, the first page of ten explained: {_spread(asked)}")


def _texts(folder: Path, scale: float) -> dict[int, Supply]:
    """Some of the texts, as a page would read them."""
    paths = sorted(folder.glob("s*.pickle"))
    return {int(s.key): s for path in paths[: max(1, len(paths) // 4)] for s in load(path)}


def _spread(seconds: list[float]) -> str:
    low, high = np.percentile(np.array(seconds) * 1e3, [50, 95])
    return f"median {low:.0f} ms, p95 {high:.0f} ms"


# --- what the set is like --------------------------------------------------------------------


def likeness(folder: Path) -> None:
    """How near the nearest neighbour is, among as many spliced texts as there are real ones."""
    real = national_splice.read("patents_zh.jsonl")
    texts = [f"{p['title']}。{p['abstract']}" for p in real]
    paths = sorted(folder.glob("s*.pickle"))
    each = -(-len(texts) // len(paths))
    made = [f"{s.title}。{s.text}" for p in paths for s in load(p)[: each * 3 : 3]][: len(texts)]
    say(f"Cosine of the nearest neighbour among {len(texts):,}: p10, p50, p90, p99")
    for what, some in (("real", texts), ("spliced", made)):
        vectors = encode(some)
        near = vectors @ vectors.T
        np.fill_diagonal(near, -1)
        marks = np.percentile(near.max(axis=1), [10, 50, 90, 99])
        say(f"  {what}: {', '.join(f'{m:.3f}' for m in marks)};"
            f" all pairs {near[near > -1].mean():.3f}")  # fmt: skip
    began = time.process_time()
    encode(texts)
    say(f"Vectors: {len(texts) / (time.process_time() - began):,.0f} patents/s of one core")


def main() -> None:
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":  # a worker is one core
        os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks.match_scale", *sys.argv[1:]])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, default=1_000)
    parser.add_argument("--compare", type=int, default=50_000, help="patents to compare on")
    parser.add_argument("--prepare", action="store_true", help="only splice the texts")
    given = parser.parse_args()
    folder = given.state / f"set{given.scale}"
    prepare(folder, given.scale, given.workers)
    if given.prepare:
        return
    with national.server(given.state / "db", **national.BUILDING, shared_buffers="1GB") as where:
        os.environ.update(national.environment(where))
        main_pid = int(next(where.postgres.rglob("postmaster.pid")).read_text().split()[0])
        memory = Memory([main_pid])
        recompute(folder, given.scale, given.workers, where, memory)
        say(f"Peak memory, shared pages once: {memory.stop():.2f} GB")
        scaling(folder, 40)
        truth = recall(folder, given.sample, given.workers)
        comparisons(folder, truth, where, given.compare)
        incremental(folder, given.scale)
        likeness(folder)


if __name__ == "__main__":
    main()
