"""`manage.py doctor`: what is right, what is not, and what to do about it."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

import psycopg
import redis

from patentops.keeping import database
from patentops.runner import bootstrap, up
from patentops.runner.lock import UpLock
from patentops.runner.places import Places, places

FREE_DISK, LOW_DISK = 2e9, 10e9  # bytes
FREE_MEMORY = 1e9
CLOCK = timedelta(seconds=5)
CHAIN = 1_000  # newest entries of the audit trail that are checked


class State(Enum):
    """What a line says; the mark stands before it."""

    GOOD = "✓"
    LOOK = "!"
    BAD = "✗"


@dataclass(frozen=True)
class Line:
    """One finding. `todo` is what to do, empty where all is well."""

    state: State
    what: str
    todo: str = ""

    def __str__(self) -> str:
        return f" {self.state.value} {self.what}" + (f"\n   → {self.todo}" if self.todo else "")


Check = Callable[[Places], Iterator[Line]]


def good(what: str) -> Line:
    return Line(State.GOOD, what)


def look(what: str, todo: str) -> Line:
    return Line(State.LOOK, what, todo)


def bad(what: str, todo: str) -> Line:
    return Line(State.BAD, what, todo)


def run(arguments: list[str]) -> int:
    """Print all findings; 1 when something is wrong."""
    argparse.ArgumentParser(prog="manage.py doctor", description="检查安装").parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    where = places()
    found: list[Line] = []
    for title, check in CHECKS:
        print(title)
        for line in findings(check, where):
            print(line)
            found.append(line)
    wrong = sum(line.state is State.BAD for line in found)
    worth = sum(line.state is State.LOOK for line in found)
    print(f"\n{len(found)} 项：{wrong} 项有问题，{worth} 项值得注意。")
    return 1 if wrong else 0


def findings(check: Check, where: Places) -> Iterator[Line]:
    """What a check finds; a check that cannot be made says so instead of ending the others."""
    try:
        yield from check(where)
    except (psycopg.Error, redis.RedisError, database.Failed, OSError) as problem:
        reason = str(problem).strip().splitlines()
        yield bad(f"检查没有做完：{reason[0] if reason else type(problem).__name__}",
                  "平台没有在运行时请先启动它：python3 manage.py up")  # fmt: skip


# --- this machine ----------------------------------------------------------------------------


def machine(where: Places) -> Iterator[Line]:
    """Python, packages, disk, memory, locale."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield good(f"Python {version}")
    if os.environ.get(bootstrap.SKIP):
        yield good("软件包由镜像提供")
    elif bootstrap.is_fresh("run"):
        yield good("软件包与锁定的版本一致")
    else:
        yield bad("软件包与锁定的版本不一致", "再运行一次任意 manage.py 命令，它会安装缺少的软件包")
    folder = next(path for path in (where.state, *where.state.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    said = f"数据目录 {where.state}：剩余 {free / 1e9:,.1f} GB"
    if free < FREE_DISK:
        yield bad(said, "磁盘快满了：数据库写满磁盘会停止服务。请清理或扩容")
    elif free < LOW_DISK:
        yield look(said, "请留意磁盘空间")
    else:
        yield good(said)
    available = memory()
    said = f"可用内存 {available / 1e9:,.1f} GB"
    yield (
        good(said)
        if available >= FREE_MEMORY
        else look(said, "内存紧张：减少 up --web 和 --workers 的进程数，或增加内存")
    )
    if where.secrets.exists() and where.secrets.stat().st_mode & 0o077:
        yield bad("密钥目录对其他用户开放", f"chmod 700 {where.secrets}")


def memory() -> float:
    """Bytes that may be had without swapping."""
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return float(line.split()[1]) * 1024
    return 0.0


def running(where: Places) -> Iterator[Line]:
    """Is it running, and if not, could it?"""
    holder = UpLock(where.state).holder() if where.state.exists() else None
    if holder:
        yield good(f"平台正在运行：{holder.url or '正在启动'}（进程 {holder.pid}）")
        return
    if os.environ.get("DATABASE_URL"):
        yield look("这台机器上没有运行 up", "如由容器或其他方式运行网页进程，可以忽略")
        return
    yield look("平台没有在运行", "启动：python3 manage.py up")
    free = [port for port in range(up.FIRST_PORT, up.LAST_PORT + 1) if is_free(port)]
    if not free:
        yield bad(f"端口 {up.FIRST_PORT}–{up.LAST_PORT} 都被占用", "用 up --port 指定一个空闲端口")


def is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


# --- PostgreSQL ------------------------------------------------------------------------------


def postgres(where: Places) -> Iterator[Line]:
    """Version, locale, extensions, clock, tables, roles."""
    from django.conf import settings

    from patentops.runner.database import EXTENSIONS

    with database.Database.at(settings.DATABASE_URL).connect(autocommit=True) as db:
        yield good(f"PostgreSQL {db.info.parameter_status('server_version')}")
        row = db.execute(
            "SELECT show_trgm('专利') <> '{}',"
            " (SELECT datlocale FROM pg_database WHERE datname = current_database()), now()"
        ).fetchone()
        assert row is not None
        if row[0]:
            yield good("区域设置支持中文检索")
        else:
            yield bad(
                f"区域设置（{row[1]}）不认识汉字，中文检索会没有结果",
                "用 C.UTF-8 重新建库，再用 manage.py restore 恢复备份",
            )
        there = {name for (name,) in db.execute("SELECT extname FROM pg_extension")}
        missing = [name for name in EXTENSIONS if name not in there]
        if missing:
            yield bad(
                f"缺少扩展 {'、'.join(missing)}",
                f"由管理员在库里执行 CREATE EXTENSION {missing[0]}",
            )
        drift = abs(datetime.now(UTC) - row[2])
        if drift > CLOCK:
            yield bad(
                f"本机与数据库的时钟相差 {drift.total_seconds():.0f} 秒",
                "开启时间同步（NTP）：期限、锁和审计都依赖时间",
            )
        yield from rights(db)
    yield from migrations()


def rights(db: psycopg.Connection[tuple[object, ...]]) -> Iterator[Line]:
    """The role that serves pages must not be able to change tables or pass by row security."""
    row = db.execute(
        "SELECT rolsuper OR rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row and row[0]:
        yield bad(
            f"网页进程用的数据库账号 {row[1]} 是超级用户",
            "另建一个普通账号，见 docs/operation.md 与 deploy/postgres/10-roles.sh",
        )
    known = db.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'patentops_web'"
    ).fetchone()
    if known is None or known[0]:
        yield look(
            "网页进程没有自己的数据库账号，行级隔离（第二道墙）不起作用",
            "建立账号 patentops_web 并设置 DATABASE_WEB_URL，见 docs/operation.md",
        )


def migrations() -> Iterator[Line]:
    """Are the tables those of this code?"""
    import django

    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield bad(
            f"数据库结构落后 {len(waiting)} 步", "运行 python3 manage.py migrate，或重新启动 up"
        )
    else:
        yield good("数据库结构与程序一致")


# --- Valkey ----------------------------------------------------------------------------------


def valkey(where: Places) -> Iterator[Line]:
    """It answers, keeps what it is told, and drops nothing."""
    from django.conf import settings

    with redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3
    ) as client:
        told = client.info()
        version = told.get("valkey_version") or told.get("redis_version")
        yield good(f"Valkey {version}，用内存 {told['used_memory'] / 1e6:,.1f} MB")
        if not told.get("aof_enabled"):
            yield bad("Valkey 没有开启 AOF，断电会丢失排队的任务", "设置 appendonly yes")
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
        if policy != "noeviction":
            yield bad(f"Valkey 内存满时会丢弃数据（{policy}）", "设置 maxmemory-policy noeviction")


# --- what runs in the background ---------------------------------------------------------------


def background(where: Places) -> Iterator[Line]:
    """Events leave, the audit trail holds, files can be written."""
    import django

    django.setup()
    from django.conf import settings
    from django.utils import timezone

    from core.audit import heads
    from core.audit.selectors import first_break

    yield from deliveries(where, timezone.now())
    broken = first_break(newest=CHAIN)
    if broken is None:
        yield good(f"审计链最近 {CHAIN:,} 条完整")
    else:
        yield bad(f"审计链在第 {broken} 条断开", "有人绕过程序改过数据库。请保留现场并查明")
    cut = heads.lost(Path(settings.AUDIT_HEADS))
    if cut is not None:
        yield bad(
            f"审计链曾封存到第 {cut} 条，现在这一条没有了，或不是原来的",
            "有人绕过程序删改过数据库，或换过数据库。请保留现场并查明",
        )
    media = Path(settings.MEDIA_ROOT)
    if media.exists() and not os.access(media, os.W_OK):
        yield bad(f"不能写入附件目录 {media}", "把它的所有者改为运行平台的用户")
    if settings.PRODUCTION and settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        yield look("没有设置邮件服务器：邮件只写成文件", "设置 EMAIL_URL，见 docs/operation.md")


def deliveries(where: Places, now: datetime) -> Iterator[Line]:
    """Events that nobody has taken up, or that were given up."""
    from core.outbox.selectors import LATE, backlog

    found = backlog(now=now)
    if found.late:
        yield bad(
            f"{found.late} 个事件超过 {LATE.seconds // 60} 分钟没有处理",
            f"看后台任务的日志：{where.logs / 'worker.log'}、{where.logs / 'beat.log'}",
        )
    if found.dead:
        yield look(
            f"{found.dead} 个事件多次失败后停下", "系统管理员在 /admin/ 查看原因，修好后重新投递"
        )
    if not found.late and not found.dead:
        yield good("事件都已处理")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("本机", machine),
    ("平台", running),
    ("PostgreSQL", postgres),
    ("Valkey", valkey),
    ("后台", background),
)
