"""`manage.py restore FILE`: into a new database, proven there, then in the place of the old one.

Nothing is overwritten: what was there before stays under another name until `--forget`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from patentops.keeping import archive, database
from patentops.keeping.proof import Proof
from patentops.runner import database as embedded
from patentops.runner.freshness import Prepared
from patentops.runner.places import POSTGRES_PORT, ROOT, Places, places
from patentops.runner.screen import say
from patentops.runner.servers import ServerFailed

BEFORE = "patentops_before_"
NOWHERE = "unix:///nonexistent/valkey.sock?db=0"  # the proof must not read the live cache


def run(arguments: list[str]) -> int:
    """Restore, or only try to; 1 with the reason where something is wrong."""
    options = parse(arguments)
    where = places()
    try:
        if options.forget:
            return forget(where)
        with archive.Archive(options.file.expanduser()) as backup:
            return elsewhere(backup, options.into) if options.into else here(
                backup, where, only_check=options.check
            )  # fmt: skip
    except (archive.Unusable, database.Failed, ServerFailed) as problem:
        reason = str(problem)
    except (psycopg.Error, OSError) as problem:
        reason = str(problem)
    print(f"\n没有恢复：{reason}\n现有的数据没有改动。", file=sys.stderr)
    return 1


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py restore", description="从备份恢复")
    parser.add_argument("file", type=Path, nargs="?", help="backup 写出的文件")
    parser.add_argument("--check", action="store_true", help="只演练：恢复到临时库，检验后删除")
    parser.add_argument(
        "--into", metavar="URL", help="外部 PostgreSQL 上的空数据库（所有者的地址）"
    )
    parser.add_argument("--forget", action="store_true", help="删除以前恢复时留下的旧库和旧附件")
    options = parser.parse_args(arguments)
    if options.file is None and not options.forget:
        parser.error("请给出备份文件")
    if os.environ.get("DATABASE_URL") and not options.into and not options.forget:
        parser.error("DATABASE_URL 指向外部数据库：请另建一个空库，用 --into 地址 恢复到那里")
    return options


# --- on the embedded server ------------------------------------------------------------------


def here(backup: archive.Archive, where: Places, *, only_check: bool) -> int:
    """Into a new database of the embedded server; unless it is a drill, it takes over."""
    known(backup.manifest)
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    with (
        database.server(where, alone=not only_check),
        unpacked(backup, where) as (dump, files),
        fresh_database(where, f"patentops_restored_{stamp}") as target,
    ):
        load(target, dump)
        prove(backup.manifest, target, files, app=embedded_database(where, target.name, role="app"))
        if only_check:
            say("演练成功：这份备份可以恢复。临时库已删除，现有的数据没有改动。")
            return 0
        take_over(where, target, files, stamp)
    say(f"已恢复。原来的数据库保留为 {BEFORE}{stamp}，旧附件在 media_before_{stamp}/。")
    say("启动：python3 manage.py up；确认无误后删除旧数据：python3 manage.py restore --forget")
    return 0


@contextmanager
def unpacked(backup: archive.Archive, where: Places) -> Iterator[tuple[Path, Path]]:
    """The dump and the folder of files, beside the present ones so that a rename moves them."""
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=media_folder(where).parent) as name:
        folder = Path(name)
        say("正在检查备份文件 ……")
        backup.unpack(folder)
        files = folder / archive.FILES
        files.mkdir(exist_ok=True)
        yield folder / archive.DUMP, files


def media_folder(where: Places) -> Path:
    return Path(os.environ.get("PATENTOPS_MEDIA") or where.state / "media")


@contextmanager
def fresh_database(where: Places, name: str) -> Iterator[database.Database]:
    """An empty database with extensions and rights, gone again unless it was renamed meanwhile."""
    embedded.prepare(where)
    with embedded.connect(where, "postgres") as db:
        db.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                sql.Identifier(name), sql.Identifier(embedded.OWNER)
            )
        )
    try:
        embedded.furnish(where, name)
        yield embedded_database(where, name)
    finally:
        with embedded.connect(where, "postgres") as db:
            db.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def embedded_database(where: Places, name: str, role: str = "owner") -> database.Database:
    return database.Database(
        host=str(where.postgres_run),
        port=str(POSTGRES_PORT),
        user=f"patentops_{role}",
        password=where.secret(f"{role}_password"),
        name=name,
    )


def take_over(where: Places, target: database.Database, files: Path, stamp: str) -> None:
    """Both names change in one transaction; then the folders of files change places."""
    with embedded.connect(where, "postgres") as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = ANY(%s) AND pid <> pg_backend_pid()",
            [[embedded.DATABASE, target.name]],
        )
        with db.transaction():
            for old, new in (
                (embedded.DATABASE, f"{BEFORE}{stamp}"),
                (target.name, embedded.DATABASE),
            ):
                db.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(old), sql.Identifier(new)
                    )
                )
    media = media_folder(where)
    if media.exists():
        media.rename(media.with_name(f"{media.name}_before_{stamp}"))
    files.rename(media)
    media.chmod(0o700)
    heads = where.state / "audit-heads"
    if heads.exists():  # the end of the other past's audit chain
        heads.rename(heads.with_name(f"{heads.name}_before_{stamp}"))
    shutil.rmtree(where.valkey, ignore_errors=True)  # a cache and a queue of the other past
    Prepared(where.state).forget()


def forget(where: Places) -> int:
    """Delete what earlier restores have set aside."""
    if os.environ.get("DATABASE_URL"):
        raise database.Failed("DATABASE_URL 指向外部数据库，那里的旧库请自行删除。")
    with database.server(where, alone=False), embedded.connect(where, "postgres") as db:
        names = [name for (name,) in db.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [BEFORE]
        )]  # fmt: skip
        for name in names:
            db.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    media = media_folder(where)
    folders = [*media.parent.glob(f"{media.name}_before_*")]
    for folder in folders:
        shutil.rmtree(folder)
    say(f"已删除 {len(names)} 个旧库、{len(folders)} 个旧附件目录。")
    return 0


# --- on a server of one's own ----------------------------------------------------------------


def elsewhere(backup: archive.Archive, url: str) -> int:
    """Into an empty database that an administrator made; switching to it is left to them."""
    known(backup.manifest)
    target = database.Database.at(url)
    if not database.is_empty(target):
        raise database.Failed(f"数据库 {target.name} 不是空的。请另建一个空库。")
    where = places()
    where.state.mkdir(parents=True, exist_ok=True)
    with unpacked(backup, where) as (dump, files):
        load(target, dump)
        prove(backup.manifest, target, files, app=target)
        kept = media_folder(where).with_name(f"media_restored_{target.name}")
        files.rename(kept)
    say(f"已恢复到数据库 {target.name}，附件在 {kept}。")
    say("切换：停止平台，把 DATABASE_URL 指向它，用这个目录替换 PATENTOPS_MEDIA，再启动。")
    return 0


# --- on both ---------------------------------------------------------------------------------


def known(manifest: archive.Manifest) -> None:
    """Unusable when the backup's tables are of a later version than this code."""
    rooms = {path.parent.parent.name for path in ROOT.glob("*/migrations/0001*.py")}
    ours = {
        f"{path.parent.parent.name}.{path.stem}" for path in ROOT.glob("*/migrations/[0-9]*.py")
    }
    later = [
        name for name in manifest.migrations if name.partition(".")[0] in rooms and name not in ours
    ]
    if later:
        raise archive.Unusable(
            f"这个备份来自更新的版本（{manifest.version}，有本版本不认识的 {later[0]}）。"
            "请先升级平台，再恢复。"
        )


def load(target: database.Database, dump: Path) -> None:
    say("正在载入数据库 ……")
    database.load(target, dump)


def prove(
    manifest: archive.Manifest,
    target: database.Database,
    files: Path,
    *,
    app: database.Database,
) -> None:
    """Counts as they were; then, brought up to date, chain, attachments and pages. Else Failed.

    `app` is the same database for the account that serves pages.
    """
    say("正在检验 ……")
    with target.connect() as db:
        found = database.facts(db)
    differing = [
        f"{name}（{rows} → {found['counts'].get(name, 0)}）"
        for name, rows in manifest.counts.items()
        if rows != found["counts"].get(name)
    ]
    if differing:
        raise database.Failed(f"行数与备份时不同：{'、'.join(differing[:5])}。")
    environment = surroundings(target.url, app.url, files)
    if set(found["migrations"]) != set(manifest.migrations):
        raise database.Failed("数据库结构的版本与备份时不同。")
    inside(environment | {"PATENTOPS_DB_ROLE": "owner"}, "manage.py", "migrate", "-v", "0")
    proof = Proof.read(inside(environment, "-m", "patentops.keeping.proof"))
    judge(proof, manifest)
    say(
        f"行数一致（{len(manifest.counts)} 张表）；审计链完整（{proof.audit_position} 条）；"
        f"附件 {proof.attachments} 个完好；{len(proof.pages)} 个页面和接口正常。"
    )


def judge(proof: Proof, manifest: archive.Manifest) -> None:
    """Failed with the first thing that is wrong."""
    head = (proof.audit_position, proof.audit_digest)
    if proof.audit_break is not None:
        raise database.Failed(f"审计链在第 {proof.audit_break} 条断开。")
    if head != (manifest.audit_position, manifest.audit_digest):
        raise database.Failed("审计链的末端与备份时不同。")
    if proof.lost or proof.altered:
        names = [*proof.lost, *proof.altered]
        raise database.Failed(f"{len(names)} 个附件缺失或内容不符，例如 {names[0]}。")
    if proof.failing:
        pages = "、".join(f"{page.path}（{page.status}）" for page in proof.failing[:5])
        raise database.Failed(f"这些页面没有正常应答：{pages}。")


def surroundings(owner: str, app: str, files: Path) -> dict[str, str]:
    """The environment in which the platform runs on the restored database, without Valkey."""
    return {
        **os.environ,
        "DATABASE_URL": app,
        "DATABASE_OWNER_URL": owner,
        "REDIS_URL": NOWHERE,
        "PATENTOPS_MEDIA": str(files),
        "PATENTOPS_PROCESS": "command",
        "PYTHONUTF8": "1",
    }


def inside(environment: dict[str, str], *arguments: str) -> str:
    """Run Python there; what it printed, or Failed with the end of what it complained of."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        end = "\n".join(done.stderr.strip().splitlines()[-6:])
        raise database.Failed(f"恢复后的平台不能运行：\n{end}")
    return done.stdout
