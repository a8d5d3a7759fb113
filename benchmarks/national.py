"""Build a seeded library of national size in an embedded PostgreSQL, through the real schema.

`.venv/bin/python -m benchmarks.national --state /some/folder [--share 0.1] [--workers 2]`

The whole tier: 2,700 suppliers, 1.35 m patents of which 680,000 are listed (share 1); continuous
integration takes 1 %. Rows, search documents and vectors are made by the platform's own code, only
in bulk: COPY in parallel, indexes afterwards. What is built stays in the folder and is used again;
`--share` of another size needs another folder.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.national_text import SUBCLASSES, Text, Writer, words
from core import text as language
from listings.rules import numbers, vectors
from patentops.runner import database
from patentops.runner.places import POSTGRES_PORT, ROOT, Places, places
from patentops.runner.servers import Postgres

SUPPLIERS, PATENTS, LISTED = 2_700, 1_350_000, 680_000
BLOCK = 5_000
TODAY = date(2026, 11, 20)
# What one would give a server of this size; docs/search.md says so beside the figures.
OPTIONS = {
    "shared_buffers": "4GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "1500MB",
    "max_wal_size": "16GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_parallel_maintenance_workers": "1",
}
BUILDING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
REGIONS = (
    *("310104", "310115", "320106", "320508", "330106", "440106", "440305", "110108", "420106"),
    *("510104", "370102", "340104", "610113", "430102", "500112", "120116", "210102", "350102"),
    *("410105", "130102", "360102", "220104", "230102", "450103", "530102", "520102", "140107"),
    *("620102", "650102", "150102", "460105", "640104", "630102", "540102"),
)
KINDS = ("university", "enterprise", "institute", "hospital", "state_firm", "agency", "other")
FIRST_ORGANISATION = 1_000_000
SYSTEM = "system"
MORNING = datetime(2026, 1, 1)
TABLES = {
    "listings_patent": """
        id office number publication_numbers title abstract kind filed_on granted_on expires_on
        annuity_paid_to ipc main_ipc locarno industry_codes trl funding_project
        evaluation_verdict status organisation_id region layer embedding search indexed_at
        is_sample version registered_at registered_by changed_at
    """.split(),  # noqa: SIM905
    "listings_holder": """
        patent_id position name kind share consent organisation_id
    """.split(),  # noqa: SIM905
    "listings_listing": """
        patent_id status problem how benefit maturity routes asking_price contact
        suspended_because version created_at created_by published_at published_by changed_at
    """.split(),  # noqa: SIM905
    "listings_encumbrance": """
        patent_id kind territory modes cells slots term source reference exception consents
        consent_reference active created_at created_by released_because
    """.split(),  # noqa: SIM905
}


@contextmanager
def server(state: Path, **more: str) -> Iterator[Places]:
    """The embedded PostgreSQL of this folder, for as long as the block runs."""
    where = places(state)
    postgres = Postgres(where, {**OPTIONS, **more})
    postgres.start()
    try:
        yield where
    finally:
        postgres.stop(120)


def environment(where: Places, role: str = "app") -> dict[str, str]:
    return {
        **os.environ,
        "PATENTOPS_STATE": str(where.state),
        "PATENTOPS_DB_ROLE": role,
        "DATABASE_URL": "",
        "DATABASE_OWNER_URL": "",
    }


def connect(where: Places) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=str(where.postgres_run),
        port=POSTGRES_PORT,
        user="postgres",
        password=where.secret("postgres_password"),
        dbname=database.DATABASE,
        autocommit=True,
    )


def migrate(where: Places) -> None:
    """The real schema, by the real migrations, as the owner."""
    database.prepare(where)
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**environment(where, "owner"), "DJANGO_SETTINGS_MODULE": "patentops.settings"},
        check=True,
    )


# Rows


def organisations(count: int) -> list[tuple[Any, ...]]:
    return [
        (
            FIRST_ORGANISATION + n,
            f"示例·{('第' + str(n + 1))}{('大学', '科技公司', '研究院', '医院')[n % 4]}",
            KINDS[n * n % 11 % len(KINDS)],
            REGIONS[int(len(REGIONS) * ((n * 7919 % count) / count) ** 1.6)],
        )
        for n in range(count)
    ]


def array(values: list[str]) -> str:
    return "{" + ",".join(f'"{value}"' for value in values) + "}"


def is_listed(place: int) -> bool:
    return (place + 1) * LISTED // PATENTS > place * LISTED // PATENTS


class Block:
    """The rows of one block of patents: places [start, end) of the whole."""

    def __init__(self, number: int, end: int, suppliers: int) -> None:
        self.writer = Writer(number)
        self.start, self.end = number * BLOCK, min(end, (number + 1) * BLOCK)
        self.homes = [row[3] for row in organisations(suppliers)]
        self.names = [row[1] for row in organisations(suppliers)]
        self.rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}

    def fill(self, *, index_all: bool) -> None:
        made = [self.writer.text() for _ in range(self.start, self.end)]
        places = [n for n in range(len(made)) if index_all or is_listed(self.start + n)]
        meant = language.encode([f"{made[n].title}\n{made[n].abstract}" for n in places])
        vector = dict(zip(places, meant, strict=True))
        for n, text in enumerate(made):
            self.patent(self.start + n, text, vector.get(n))

    def patent(self, place: int, text: Text, vector: Any) -> None:
        pk, chance = place + 1, self.writer
        listed = is_listed(place)
        year = 2008 + int(18 * chance.draw() ** 0.5)
        digit = "1" if chance.draw() < 0.6 else "2"
        kind = "invention" if digit == "1" else "utility_model"
        number = numbers.mint(year, digit, 1_000_000 + place)
        published = [f"CN{digit}{10_000_000 + place}{'B' if digit == '1' else 'U'}"]
        filed = date(year, 1, 1) + timedelta(days=int(chance.draw() * 364))
        pending = chance.draw() < 0.06
        granted = None if pending else min(filed + timedelta(days=700), TODAY)
        status = "pending" if pending else "granted"
        if not listed and chance.draw() < 0.3:
            status = ("lapsed", "expired", "abandoned")[int(chance.draw() * 3)]
        home = chance.rank(len(self.names))
        subclass = SUBCLASSES[text.topic % len(SUBCLASSES)]
        symbols = [f"{subclass} {1 + chance.rank(60)}/{chance.rank(90):02d}"]
        if chance.draw() < 0.3:
            symbols.append(f"{SUBCLASSES[chance.rank(len(SUBCLASSES))]} {1 + chance.rank(60)}/00")
        trl = None if chance.draw() < 0.4 else 1 + int(chance.draw() * 9)
        years = 20 if digit == "1" else 10
        expires = filed.replace(year=year + years, day=min(28, filed.day))
        layer = "ABC"[min(2, int(chance.draw() * 4))]
        embedding = document = at = None
        if vector is not None:
            at = MORNING
            embedding = str(vector.astype(float).round(5).tolist())
            document = self.document(text, [number, *published], self.names[home], symbols)
        record = (pk, "CN", number, array(published), text.title, text.abstract, kind, filed)
        life = (granted, expires, None, array(symbols), symbols[0], "{}", "{}", trl, "", "")
        keeper = (status, FIRST_ORGANISATION + home, self.homes[home], layer)
        index = (embedding, document, at, False, 1, MORNING, SYSTEM, MORNING)
        self.rows["listings_patent"].append((*record, *life, *keeper, *index))
        self.rows["listings_holder"].append(
            (pk, 0, self.names[home], "organisation", None, "none", FIRST_ORGANISATION + home)
        )
        if listed:
            self.listing(pk)

    @staticmethod
    def document(text: Text, names: list[str], holder: str, symbols: list[str]) -> str:
        """As `listings.services.searching.index` writes it."""
        return vectors.document(
            (
                ("A", language.tokens(text.title)),
                ("A", [name.lower() for name in names]),
                ("B", language.tokens(holder)),
                ("C", language.tokens(text.abstract)),
                ("C", [symbol.lower().replace(" ", "") for symbol in symbols]),
            )
        )

    def listing(self, pk: int) -> None:
        chance = self.writer
        at = datetime(2024, 11, 20) + timedelta(seconds=int(chance.draw() * 2 * 365 * 86_400))
        routes = [r for r in ("ordinary", "transfer", "open_licence") if chance.draw() < 0.4]
        price = None if chance.draw() < 0.5 else int(10 ** (3 + 3.6 * chance.draw())) // 100 * 100
        if price is not None and chance.draw() < 0.08:
            price = 0
        offer = (pk, "listed", "", "", "", "", array(routes or ["ordinary"]), price, "", "", 1)
        self.rows["listings_listing"].append((*offer, at, SYSTEM, at, SYSTEM, at))
        if chance.draw() < 0.03:
            scope = (pk, "open_declaration", "全国", "{make}", "{1}", "[1,2)", "[2026-01-01,)")
            rest = ("gazette", f"XK{pk}", "", "{}", "", True, at, SYSTEM, "")
            self.rows["listings_encumbrance"].append((*scope, *rest))


def load_block(job: tuple[str, int, int, int, bool]) -> int:
    """One worker's piece: make a block and COPY it."""
    state, number, end, suppliers, index_all = job
    block = Block(number, end, suppliers)
    block.fill(index_all=index_all)
    with connect(places(Path(state))) as db:
        db.execute("SET session_replication_role = replica")  # foreign keys hold by construction
        with db.transaction():
            for table, columns in TABLES.items():
                with db.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                    for row in block.rows[table]:
                        copy.write_row(row)
    return block.end - block.start


# The whole


def set_aside(db: psycopg.Connection[Any]) -> list[str]:
    """Drop the plain indexes of the big tables; what makes them again."""
    found = db.execute(
        """
        SELECT i.indexname, i.indexdef FROM pg_indexes i
        WHERE i.tablename = ANY(%s) AND NOT EXISTS (
            SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)
        """,
        [list(TABLES)],
    ).fetchall()
    for name, _ in found:
        db.execute(f'DROP INDEX "{name}"')
    return [str(made) for _, made in found]


def build(state: Path, share: float, workers: int, *, index_all: bool) -> None:
    """Everything from the empty folder to ANALYZE, with progress."""
    note = state / "national.json"
    if note.exists():
        print(f"{state} holds a built library: {note.read_text('utf-8')}")
        return
    total, suppliers = round(PATENTS * share), max(10, round(SUPPLIERS * min(1.0, share * 3)))
    begun = time.monotonic()

    def say(words_: str) -> None:
        print(f"{time.monotonic() - begun:7.0f} s  {words_}", flush=True)

    with server(state, **BUILDING) as where:
        migrate(where)
        say("schema")
        with connect(where) as db:
            with db.cursor().copy(
                "COPY core_organisation (id, name, kind, region, is_domestic, industry_codes,"
                " tags, is_sample, created_at) FROM STDIN"
            ) as copy:
                for row in organisations(suppliers):
                    copy.write_row((*row, True, "{}", "{}", True, datetime(2026, 1, 1)))
            later = set_aside(db)
        words()  # once, before the fork
        jobs = [(str(state), n, total, suppliers, index_all) for n in range(-(-total // BLOCK))]
        done = 0
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            for made in pool.imap_unordered(load_block, jobs):
                done += made
                if done // BLOCK % 20 == 0 or done == total:
                    say(f"{done:,} of {total:,} patents")
        with connect(where) as db:
            for statement in later:
                db.execute(statement)
                say(statement[:100])
            for table in TABLES:
                db.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
            db.execute("VACUUM (ANALYZE)")
            size = db.execute("SELECT pg_database_size(current_database())").fetchone()
        facts = {
            "patents": total,
            "suppliers": suppliers,
            "share": share,
            "indexed": "all" if index_all else "listed",
            "seconds": round(time.monotonic() - begun),
            "bytes": size[0] if size else 0,
        }
        note.write_text(json.dumps(facts), "utf-8")
        say(json.dumps(facts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--index-listed-only",
        action="store_true",
        help="leave unlisted patents without search document and vector, as after an import",
    )
    options = parser.parse_args()
    build(
        options.state.resolve(),
        options.share,
        options.workers,
        index_all=not options.index_listed_only,
    )


if __name__ == "__main__":
    main()
