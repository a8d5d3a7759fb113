"""Search at national size: the platform beside plain ILIKE, a plain tsvector and Tantivy.

`.venv/bin/python -m benchmarks.search --state FOLDER [--seconds 60] [--clients 8] [--baselines]`

FOLDER is one that `benchmarks.national` built. Eight clients, each a process of its own, ask
without a pause for thought; what is timed is `searching.search.board`, cards and facets included,
or `exact` for a number, and the board plus `close_in_meaning` for a question of meaning. Every
question is asked for the first time in its process when it is drawn for the first time: no query
is warmed up beforehand, only the process (its columns, its table of word vectors).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import national
from patentops.runner.places import Places

SEED = 20261120
# The mix of issue 3: a tenth single characters, 15 % broad, a fifth filters alone.
MIX = (
    ("character", 0.10),
    ("broad", 0.15),
    ("filters", 0.20),
    ("ordinary", 0.40),
    ("number", 0.10),
    ("meaning", 0.05),
)
TARGETS = {"number": 120, "meaning": 400}
TARGET = 300
BROAD = 50_000
DISTINCT = 4_000
KNOWN = 400

Question = tuple[str, str, dict[str, tuple[str, ...]]]


def django(where: Path) -> None:
    """Django on the database of this folder, as a web process has it."""
    os.environ.update(
        PATENTOPS_STATE=str(where), DATABASE_URL="", DATABASE_OWNER_URL="", PATENTOPS_DB_ROLE="app"
    )
    os.environ["DJANGO_SETTINGS_MODULE"] = "patentops.settings"
    import django as framework

    framework.setup()


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] if times else 0.0


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


WARMED = (
    *("listings_boardentry", "listings_boardtext", "listings_boardposting", "listings_patent"),
    *("board_words", "board_title", "board_meaning", "patent_number_part", "patent_number_once"),
    *("listings_patent_pkey", "listings_boardentry_patent_id_key", "listings_boardtext_pkey"),
    *("listings_listing", "one_live_listing", "listings_holder"),
)


def warm(where: Places) -> float:
    """Read what search reads into the server's memory, as hours of use would; how many MB."""
    with national.connect(where) as db:
        db.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        pages = 0
        for name in WARMED:
            row = db.execute("SELECT pg_prewarm(%s::regclass)", [name]).fetchone()
            pages += row[0] if row else 0
        for name in ("listings_patent", "listings_boardtext"):  # long columns: the file cache
            row = db.execute(
                "SELECT pg_prewarm(reltoastrelid::regclass, 'read') FROM pg_class"
                " WHERE oid = %s::regclass",
                [name],
            ).fetchone()
            pages += row[0] if row else 0
    return pages / 128


# Questions


def facts(seed: int) -> dict[str, Any]:
    """Titles and numbers of the board to make questions of."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        cursor.execute(
            """
            SELECT p.id, p.title, p.number, p.publication_numbers[1], left(p.abstract, 90)
            FROM listings_boardentry b JOIN listings_patent p ON p.id = b.patent_id
            WHERE b.listed AND b.id IN (SELECT 1 + (random() * m.m)::int FROM
                generate_series(1, 6000), (SELECT max(id) AS m FROM listings_boardentry) m)
            ORDER BY b.id
            """
        )
        rows = cursor.fetchall()
        cursor.execute("SELECT token, count FROM listings_boardposting ORDER BY count DESC")
        common = cursor.fetchall()
    random.Random(seed).shuffle(rows)
    return {"rows": rows, "common": common}


def questions(known: dict[str, Any], seed: int) -> dict[str, list[Question]]:
    """Distinct questions of every class, drawn from the board's own words."""
    rng = random.Random(seed)
    titles = [row[1] for row in known["rows"] if not row[1].isascii()]
    total = max((count for _, count in known["common"]), default=0)
    least = BROAD if total > BROAD else total // 4
    wide = [t for t, n in known["common"] if n > least and len(t) > 1 and not t.isdigit()]
    wide = wide or ["一种", "方法"]
    pairs = [
        *(("section", c) for c in "ABCDEFGH"),
        *(("trl", str(n)) for n in range(1, 10)),
        *(("price", band) for band in ("free", "to-50k", "to-200k", "negotiable", "above-1m")),
        *(("kind", kind) for kind in ("invention", "utility_model")),
        *(("region", code) for code in ("31", "32", "33", "44", "11", "42")),
        *(("year", str(year)) for year in range(2012, 2026)),
        *(("mode", mode) for mode in ("open", "transfer", "ordinary")),
        *(("ipc", code) for code in ("H01", "G06F", "A01B", "B65G 1", "H01M 10")),
        *(("holder", kind) for kind in ("university", "enterprise", "hospital")),
    ]

    def piece(lengths: Sequence[int]) -> str:
        title = rng.choice(titles)
        start = rng.randrange(max(1, len(title) - 2))
        return title[start : start + rng.choice(lengths)]

    def filters(most: int) -> dict[str, tuple[str, ...]]:
        chosen: dict[str, tuple[str, ...]] = {}
        for name, value in rng.sample(pairs, rng.randint(1, most)):
            chosen[name] = (*chosen.get(name, ()), value)
        return chosen

    def ordinary() -> Question:
        shape = rng.random()
        if shape < 0.6:
            return piece((2, 2, 3, 4, 5)), "", {}
        if shape < 0.8:
            return f"{piece((2, 3))} {piece((2, 3))}", "", {}
        if shape < 0.95:
            return piece((2, 3)), "", filters(2)
        return f"没有这样的词{rng.randrange(10**4)}", "", {}

    def broad() -> Question:
        shape = rng.random()
        if shape < 0.5:
            return rng.choice(wide), "", {}
        if shape < 0.75:
            return f"{rng.choice(wide[:20])} {rng.choice(wide[:20])}", "", {}
        return rng.choice(wide), rng.choice(("", "newest", "price")), filters(1)

    def number() -> Question:
        row = rng.choice(known["rows"])
        return rng.choice(list(spellings(row))), "", {}

    def meaning() -> Question:
        row = rng.choice(known["rows"])
        return row[4][20:80], "", (filters(1) if rng.random() < 0.3 else {})

    made: dict[str, Callable[[], Question]] = {
        "character": lambda: (piece((1,)), "", {}),
        "broad": broad,
        "filters": lambda: ("", rng.choice(("", "newest", "price", "price-desc")), filters(3)),
        "ordinary": ordinary,
        "number": number,
        "meaning": meaning,
    }
    return {
        name: [make() for _ in range(int(DISTINCT * dict(MIX)[name]))]
        for name, make in made.items()
    }


def spellings(row: Sequence[Any]) -> list[str]:
    from listings.rules import numbers

    return [*numbers.spellings(row[2]), row[3], row[3].lower(), f"CN {row[3][2:-1]} {row[3][-1]}"]


# The platform


def ask(name: str, question: Question) -> int:
    """One question as the page asks it; how many answer."""
    from django.utils import timezone

    from core.people.types import Actor
    from listings.selectors.searching import search

    text, sort, chosen = question
    viewer = Actor.anonymous()
    query = search.BoardQuery(text=text, chosen=chosen, sort=sort)
    if name == "number" and (hit := search.exact(text, viewer=viewer)):
        search.cards([hit], viewer=viewer)
        return 1
    found = search.board(viewer=viewer, query=query, now=timezone.now())
    if name == "meaning":
        search.close_in_meaning(text, viewer=viewer, query=query)
    return found.total


def client(job: tuple[str, int, float, dict[str, list[Question]]]) -> list[tuple[str, float, int]]:
    """One client: ask, read, ask the next."""
    folder, seed, seconds, asked = job
    django(Path(folder))
    from core import text as language
    from listings.selectors.searching import columns

    language.encode(["预热"])
    columns.current()
    rng = random.Random(seed)
    names, weights = zip(*MIX, strict=True)
    until, times = time.monotonic() + seconds, []
    while time.monotonic() < until:
        name = rng.choices(names, weights)[0]
        question = rng.choice(asked[name])
        begun = time.perf_counter()
        total = ask(name, question)
        times.append((name, time.perf_counter() - begun, total))
    return times


def under_load(folder: Path, asked: dict[str, list[Question]], options: Any) -> dict[str, Any]:
    """p50, p95 and spread over three rounds of every class."""
    rounds = []
    before = load()
    for number in range(options.rounds):
        jobs = [
            (str(folder), SEED + 100 * number + n, options.seconds, asked)
            for n in range(options.clients)
        ]
        with multiprocessing.get_context("spawn").Pool(options.clients) as pool:
            rounds.append([one for part in pool.map(client, jobs, chunksize=1) for one in part])
    report: dict[str, Any] = {"before": before, "after": load(), "classes": {}}
    for name, _ in MIX:
        times = [[t for kind, t, _ in part if kind == name] for part in rounds]
        every = [t for part in times for t in part]
        cuts = [percentile(part, 0.95) * 1000 for part in times]
        report["classes"][name] = {
            "questions": len(every),
            "p50_ms": round(percentile(every, 0.5) * 1000),
            "p95_ms": round(percentile(every, 0.95) * 1000),
            "p95_of_rounds": [round(cut) for cut in cuts],
            "max_ms": round(max(every, default=0) * 1000),
            "target_ms": TARGETS.get(name, TARGET),
            "median_hits": statistics.median(
                [n for part in rounds for kind, _, n in part if kind == name] or [0]
            ),
        }
    report["per_second"] = round(
        sum(len(part) for part in rounds) / options.seconds / options.rounds, 1
    )
    return report


# Truth


def counted_truth(asked: dict[str, list[Question]], most: int) -> dict[str, Any]:
    """Totals and facets against the facts themselves, counted by SQL over the big tables."""
    from django.utils import timezone

    from core.people.types import Actor
    from listings.selectors.searching import search

    viewer, wrong, checked, broadest = Actor.anonymous(), [], 0, 0
    for name in ("character", "broad", "filters", "ordinary"):
        for text, sort, chosen in asked[name][:most]:
            query = search.BoardQuery(text=text, chosen=chosen, sort=sort)
            found = search.board(viewer=viewer, query=query, now=timezone.now())
            if found.is_close:
                continue
            rows = search.on_board(query, viewer=viewer)
            truth, by_kind = (
                rows.count(),
                Counter(
                    search.on_board(query.without("kind"), viewer=viewer).values_list(
                        "patent__kind", flat=True
                    )
                ),
            )
            shown = dict(next((f.counts for f in found.facets if f.name == "kind"), ()))
            checked, broadest = checked + 1, max(broadest, truth)
            if truth != found.total or shown != dict(by_kind):
                wrong.append((text, chosen, found.total, truth))
    return {"questions": checked, "broadest": broadest, "wrong": len(wrong), "first": wrong[:3]}


# Known items


def known_items(known: dict[str, Any], most: int) -> dict[str, Any]:
    """A patent whose title one half remembers, among the first three results."""
    from django.db import connection
    from django.utils import timezone

    from core import text as language
    from core.people.types import Actor
    from listings.selectors.searching import search

    rng, viewer = random.Random(SEED), Actor.anonymous()
    rows = [row for row in known["rows"] if len(row[1]) >= 8]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.title FROM listings_patent p JOIN listings_boardentry b"
            " ON b.patent_id = p.id AND b.listed WHERE p.title = ANY(%s)"
            " GROUP BY 1 HAVING count(*) = 1",
            [[row[1] for row in rows]],
        )
        unique = {title for (title,) in cursor.fetchall()}
    rows = [row for row in rows if row[1] in unique][:most]
    letters = sorted({c for row in rows for c in row[1] if not c.isascii()})

    def shuffled(title: str) -> str:
        words = language.words(title)
        rng.shuffle(words)
        return " ".join(words)

    def glued(title: str) -> str:
        words = language.words(title)
        rng.shuffle(words)
        return ("" if not title.isascii() else " ").join(words)

    def slipped(title: str) -> str:
        place = rng.choice([n for n, c in enumerate(title) if c.isalnum()])
        other = rng.choice(letters if not title[place].isascii() else "abcdefghijklmnopq")
        return title[:place] + other + title[place + 1 :]

    ways: dict[str, Callable[[Any], str]] = {
        "words in any order": lambda row: shuffled(row[1]),
        "words in any order, run together": lambda row: glued(row[1]),
        "one character replaced": lambda row: slipped(row[1]),
        "any number form": lambda row: rng.choice(spellings(row)),
    }
    report: dict[str, Any] = {}
    for name, way in ways.items():
        missed, times = [], []
        for row in rows:
            text = way(row)
            begun = time.perf_counter()
            hit = search.exact(text, viewer=viewer) if name == "any number form" else None
            query = search.BoardQuery(text=text)
            cards = search.board(viewer=viewer, query=query, now=timezone.now()).cards
            times.append(time.perf_counter() - begun)
            if hit != row[0] and row[0] not in [card.id for card in cards[:3]]:
                missed.append((row[1], text))
        report[name] = {
            "asked": len(rows),
            "in_first_three": f"{100 * (1 - len(missed) / max(1, len(rows))):.1f} %",
            "p95_ms_alone": round(percentile(times, 0.95) * 1000),
            "missed": missed[:3],
        }
    return report


# Baselines


def baselines(asked: dict[str, list[Question]], folder: Path, most: int) -> dict[str, Any]:
    """The same questions of the same rows, one client: count and first twenty, no facets."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '20s'")
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'plain_words'),"
            " (SELECT count(*) FROM listings_boardentry WHERE listed)"
        )
    report = {
        "platform, with facets": _timed(asked, most, lambda name, q: ask(name, q)),
        "ILIKE": _timed(asked, most, _ilike),
        "to_tsvector('simple')": _timed(asked, most, _simple),
    }
    if importlib.util.find_spec("tantivy"):
        report["Tantivy"] = tantivy(asked, folder, most)
    else:
        print("Tantivy is not installed here: skipped. See docs/search.md.", flush=True)
    return report


def _timed(
    asked: dict[str, list[Question]], most: int, run: Callable[[str, Question], int]
) -> dict[str, Any]:
    report = {}
    for name in ("character", "broad", "ordinary"):
        times, hits = [], []
        for question in [q for q in asked[name] if not q[2]][:most]:
            begun = time.perf_counter()
            hits.append(run(name, question))
            times.append(time.perf_counter() - begun)
        report[name] = {
            "p50_ms": round(percentile(times, 0.5) * 1000, 1),
            "p95_ms": round(percentile(times, 0.95) * 1000, 1),
            "found_nothing": sum(hit == 0 for hit in hits),
            "of": len(hits),
        }
    return report


_PLAIN = """
SELECT count(*) OVER (), p.id FROM listings_listing l JOIN listings_patent p ON p.id = l.patent_id
WHERE l.status = 'listed' AND {0} ORDER BY l.published_at DESC LIMIT 20
"""


def _plain(condition: str, values: list[str]) -> int:
    from django.db import connection
    from django.db.utils import OperationalError

    with connection.cursor() as cursor:
        try:
            cursor.execute(_PLAIN.format(condition), values)
        except OperationalError:
            return -1  # over twenty seconds
        rows = cursor.fetchall()
    return int(rows[0][0]) if rows else 0


def _ilike(name: str, question: Question) -> int:
    words = question[0].split()
    condition = " AND ".join(["(p.title || ' ' || p.abstract) ILIKE %s"] * len(words))
    return _plain(condition, [f"%{word}%" for word in words])


def _simple(name: str, question: Question) -> int:
    return _plain(
        "to_tsvector('simple', p.title || ' ' || p.abstract) @@ plainto_tsquery('simple', %s)",
        [question[0]],
    )


def tantivy(asked: dict[str, list[Question]], folder: Path, most: int) -> dict[str, Any]:
    """Tantivy over the same tokens: build time and size, count and best twenty."""
    import tantivy as engine
    from django.db import connection

    from core import text as language

    builder = engine.SchemaBuilder()
    builder.add_integer_field("id", stored=True)
    builder.add_text_field("words", tokenizer_name="whitespace")
    place = Path(tempfile.mkdtemp(prefix="tantivy-", dir=folder))
    begun = time.perf_counter()
    index = engine.Index(builder.build(), path=str(place))
    writer = index.writer(512_000_000, 2)
    connection.ensure_connection()
    with connection.connection.transaction(), connection.connection.cursor("rows") as cursor:
        cursor.itersize = 5_000
        cursor.execute(
            "SELECT p.id, p.title, p.abstract FROM listings_boardentry b"
            " JOIN listings_patent p ON p.id = b.patent_id WHERE b.listed"
        )
        for pk, title, abstract in cursor:
            words = " ".join(language.tokens(f"{title}\n{abstract}"))
            writer.add_document(engine.Document(id=pk, words=words))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    built = time.perf_counter() - begun
    searcher = index.searcher()

    def run(name: str, question: Question) -> int:
        tokens = language.query_tokens(question[0])
        query = index.parse_query(" AND ".join(f'"{token}"' for token in tokens), ["words"])
        return int(searcher.search(query, 20, count=True).count or 0)

    report = _timed(asked, most, run)
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    shutil.rmtree(place)
    return {**report, "build_s": round(built), "size_mb": round(size / 2**20)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--known", type=int, default=KNOWN)
    parser.add_argument("--truth", type=int, default=10, help="questions of a class to recount")
    parser.add_argument("--baselines", type=int, default=0, help="questions of a class")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = options.state.resolve()
    with national.server(folder, log_min_duration_statement="-1") as where:
        print(f"{warm(where):,.0f} MB warm, {load()}", flush=True)
        django(folder)
        known = facts(SEED)
        asked = questions(known, SEED)
        report: dict[str, Any] = {"built": json.loads((folder / "national.json").read_text())}
        report["under_load"] = under_load(folder, asked, options)
        print(json.dumps(report, ensure_ascii=False, indent=1), flush=True)
        report["known_items"] = known_items(known, options.known)
        print(json.dumps(report["known_items"], ensure_ascii=False, indent=1), flush=True)
        report["truth"] = counted_truth(asked, options.truth)
        print(json.dumps(report["truth"], ensure_ascii=False, indent=1), flush=True)
        if options.baselines:
            report["one_client"] = baselines(asked, folder, options.baselines)
            print(json.dumps(report["one_client"], ensure_ascii=False, indent=1), flush=True)
        from django.db import connections

        connections.close_all()
    if options.json:
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    missed = [
        name
        for name, one in report["under_load"]["classes"].items()
        if one["p95_ms"] > one["target_ms"]
    ]
    sys.exit(f"Over the target: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
