"""`manage.py backup FILE`: everything that must not be lost, in one file, while people work."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from patentops.keeping import archive, database
from patentops.runner.places import places
from patentops.runner.screen import say


def run(arguments: list[str]) -> int:
    """Write the backup; 1 with the reason where that cannot be done."""
    parser = argparse.ArgumentParser(prog="manage.py backup", description="备份数据库和附件")
    parser.add_argument("file", type=Path, help="备份写到哪里（已有同名文件时不覆盖）")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    target: Path = parser.parse_args(arguments).file.expanduser().absolute()
    try:
        check(target)
        with database.server(places(), alone=False):
            manifest = back_up(target, now=datetime.now(UTC))
    except (database.Failed, psycopg.OperationalError, OSError) as problem:
        print(f"\n备份没有完成：{problem}", file=sys.stderr)
        return 1
    size = target.stat().st_size / 1e6
    files = len(manifest.members) - 1
    say(
        f"已备份到 {target}（{size:,.1f} MB）：{len(manifest.counts)} 张表、"
        f"{sum(manifest.counts.values()):,} 行，{files:,} 个文件。"
    )
    say("密钥（secrets/）不在备份里，请另行妥善保存。检验：python3 manage.py restore --check 文件")
    return 0


def check(target: Path) -> None:
    """Failed unless `target` can be written."""
    if target.exists():
        raise database.Failed(f"{target} 已经存在。请换一个文件名，旧备份不会被覆盖。")
    if not target.parent.is_dir():
        raise database.Failed(f"目录 {target.parent} 不存在。请先建立它。")
    if not os.access(target.parent, os.W_OK):
        raise database.Failed(f"不能写入目录 {target.parent}。请换一个目录。")


def back_up(target: Path, *, now: datetime) -> archive.Manifest:
    """The database as of one moment, then the files: what a row names was written before it."""
    from django.conf import settings

    owner = database.Database.at(settings.DATABASE_OWNER_URL)
    media = Path(settings.MEDIA_ROOT)
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder,
        archive.writing(target) as writer,
    ):
        say("正在导出数据库 ……")
        facts, dumped = database.dump(owner, Path(folder) / archive.DUMP)
        writer.add(dumped, archive.DUMP)
        say("正在加入附件 ……")
        for path in sorted(media.rglob("*")):
            if path.is_file() and not path.is_symlink():
                try:
                    writer.add(path, f"{archive.FILES}/{path.relative_to(media)}")
                except FileNotFoundError:
                    continue  # an export that ran out of date meanwhile
        manifest = archive.Manifest(
            made_at=now.isoformat(timespec="seconds"),
            version=version(),
            **facts,
        )
        writer.close(manifest)
    return archive.Archive(target).manifest


def version() -> str:
    """Of the platform, from pyproject.toml."""
    import tomllib

    from patentops.runner.places import ROOT

    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])
