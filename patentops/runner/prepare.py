"""Bring the database and the static files up to date, in one process.

`python -m patentops.runner.prepare [--no-sample]`, run as the owner of the database. Of the
sample it loads the heart; `patentops.runner.fill` brings the rest once pages answer.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command, get_commands

from patentops.runner.screen import say

MANIFEST = "staticfiles.json"
OUTLIVED = 7 * 24 * 3600.0  # seconds that a static file stays which no page names any more


def main(arguments: list[str]) -> None:
    """Migrate, collect static files, load the sample. Safe to run again."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    django.setup()
    migrate()
    grant_to_app()
    collect_static()
    if "--no-sample" not in arguments and "load_sample" in get_commands():
        say("正在载入示例数据 ……")
        call_command("load_sample", heart=True)


def migrate() -> None:
    """Apply what is new. Nothing new costs one query instead of a second."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    executor.loader.check_consistent_history(connection)
    steps = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if steps:
        say(f"正在更新数据库结构（{len(steps)} 步）……")
        call_command("migrate", interactive=False, verbosity=0)


def grant_to_app() -> None:
    """On a server of one's own the app role needs its rights too (the embedded one has them)."""
    app, owner = (
        settings_of(url)["USER"] for url in (settings.DATABASE_URL, settings.DATABASE_OWNER_URL)
    )
    if app and owner and app != owner and os.environ.get("DATABASE_OWNER_URL"):
        import psycopg
        from django.db import connection

        from patentops.runner.database import grant

        connection.ensure_connection()
        raw = connection.connection
        assert isinstance(raw, psycopg.Connection)
        grant(raw, owner=owner, app=app, database=str(connection.settings_dict["NAME"]))


def settings_of(url: str) -> dict[str, str]:
    from patentops.runner.urls import database_settings

    return database_settings(url)


def collect_static() -> None:
    """Gather, hash and compress static files; those of the release before stay for a week.

    Its processes still serve while servers are exchanged one by one, and its pages are open in
    browsers: both ask for the names that they know.
    """
    say("正在整理静态文件 ……")
    root = Path(settings.STATIC_ROOT)
    for file in files_of(root, named_in(root)):
        file.touch()  # from now on its week runs
    call_command("collectstatic", interactive=False, verbosity=0)
    kept = files_of(root, named_in(root)) | {root / MANIFEST}
    for file in root.rglob("*"):
        if file.is_file() and file not in kept and file.stat().st_mtime < time.time() - OUTLIVED:
            file.unlink()


def named_in(root: Path) -> set[str]:
    """The names that pages use, as the manifest has them."""
    try:
        return set(json.loads((root / MANIFEST).read_text("utf-8"))["paths"].values())
    except (FileNotFoundError, ValueError):
        return set()


def files_of(root: Path, names: set[str]) -> set[Path]:
    """The files behind the names, compressed ones too."""
    every = (root / f"{name}{ending}" for name in names for ending in ("", ".gz", ".br"))
    return {file for file in every if file.is_file()}


if __name__ == "__main__":
    main(sys.argv[1:])
