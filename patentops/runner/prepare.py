"""Bring the database and the static files up to date, in one process.

`python -m patentops.runner.prepare [--no-sample]`, run as the owner of the database. Of the
sample it loads the heart; `patentops.runner.fill` brings the rest once pages answer.
"""

from __future__ import annotations

import os
import shutil
import sys

import django
from django.conf import settings
from django.core.management import call_command, get_commands

from patentops.runner.screen import say


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
    """Gather, hash and compress static files."""
    say("正在整理静态文件 ……")
    shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
    call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    main(sys.argv[1:])
