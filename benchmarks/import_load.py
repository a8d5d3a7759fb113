"""A large stock list taken in: seconds, rows a second, peak memory, time to the first error.

    .venv/bin/python benchmarks/import_load.py [--rows 100000] [--format csv gbk xlsx jsonl]
        [--bad 20] [--again] [--undo] [--json OUT]

The real code path (upload, dry run by a worker, carrying out by a worker) on an embedded
PostgreSQL of its own with the options of `up`, in a folder that is removed afterwards. The worker
is a process of its own, and its memory is the sum over it and the child that reads the file. A
plain COPY of the same rows into a bare table of text columns runs first: the baseline. `--again`
imports the same list with every annuity date changed, `--undo` takes the last import back. The
processor seconds (the worker's and PostgreSQL's) stand beside the wall clock: on a machine that
does other things they say what the work costs.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SEED = 20261122
HEADER = (
    *("申请号", "名称", "摘要", "专利类型", "专利权人", "IPC分类号", "申请日", "授权日"),
    *("年费缴至", "法律状态", "技术成熟度", "资助项目编号", "行业代码"),
)
WORDS = (
    *("复合材料", "电池", "正极", "制备", "方法", "装置", "系统", "控制", "传感", "信号", "图像"),
    *("识别", "轴承", "齿轮", "涂层", "薄膜", "催化剂", "石墨烯", "热管理", "密封", "冷却", "阀门"),
    *("机器人", "路径", "规划", "加密", "存储", "芯片", "封装", "激光", "焊接", "检测", "水处理"),
    *(
        "过滤",
        "发酵",
        "蛋白",
        "抗体",
        "植入",
        "导管",
        "光伏",
        "逆变",
        "风机",
        "叶片",
        "桥梁",
        "隧道",
    ),
    *("混凝土", "列车", "制动", "悬架", "无人机", "雷达", "天线", "波束", "编码", "解码", "采用"),
    *(
        "通过",
        "设置",
        "包括",
        "连接",
        "提高",
        "降低",
        "实现",
        "其中",
        "所述",
        "步骤",
        "温度",
        "压力",
    ),
)
SYMBOLS = ("H01M 10/0525", "C01B 32/184", "G06T 7/00", "B25J 9/16", "F16C 33/12", "A61L 27/50")


def rows(count: int, *, block: int, bad: int, paid_to: str) -> Iterator[list[str]]:
    """Valid rows, always the same, but for `bad` wrong check digits; the first of them is early."""
    from listings.rules import numbers

    rng = random.Random(SEED)
    wrong = {20, *rng.sample(range(21, count), max(0, bad - 1))} if bad else set()
    for serial in range(count):
        year = 2008 + serial % 14
        number = numbers.mint(year, "1", 100_000 * block + serial // 14 + 1)
        if serial in wrong:
            number = number[:-1] + ("1" if number[-1] != "1" else "2")
        filed = date(year, 1, 1) + timedelta(days=rng.randrange(364))
        yield [
            f"{number[:-1]}.{number[-1]}",
            "一种" + "".join(rng.choices(WORDS, k=7)) + f"{serial}",
            "本发明公开了" + "".join(rng.choices(WORDS, k=90)) + "。",
            "发明",
            "示例大学；示例科技有限公司",
            "；".join(rng.sample(SYMBOLS, 2)),
            filed.isoformat(),
            (filed + timedelta(days=800)).isoformat(),
            paid_to,
            "有效",
            str(rng.randint(3, 8)),
            f"2021YFB{serial % 9999:07d}",
            "C3971",
        ]


def write(path: Path, kind: str, content: Iterator[list[str]]) -> Path:
    if kind == "jsonl":
        with path.open("w", encoding="utf-8") as out:
            for row in content:
                out.write(
                    json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) + "\n"
                )
    elif kind == "xlsx":
        import xlsxwriter

        with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
            sheet = book.add_worksheet("专利清单")
            sheet.write_row(0, 0, HEADER)
            for line, row in enumerate(content, start=1):
                for column, cell in enumerate(row):
                    sheet.write_string(line, column, cell)
    else:
        with path.open("w", encoding="gb18030" if kind == "gbk" else "utf-8", newline="") as out:
            csv.writer(out).writerows([HEADER, *content])
    return path


class Watch:
    """Samples the memory of a process and its children, and asks when the first error is there."""

    def __init__(self, pid: int, first_error: Callable[[], bool]) -> None:
        self.pid, self.first_error = pid, first_error
        self.peak, self.seen_after, self._begun = 0, None, time.perf_counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        from django.db import connection

        while not self._over.wait(0.1):
            self.peak = max(self.peak, sum(map(resident, [self.pid, *children(self.pid)])))
            if self.seen_after is None and self.first_error():
                self.seen_after = time.perf_counter() - self._begun
        connection.close()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found]


def resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def spent(pid: int) -> float:
    """Processor seconds of a process and of the children it has waited for."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, parts[11:15])) / os.sysconf("SC_CLK_TCK")


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
    return running


def office() -> Any:
    """A made-up office and somebody who keeps its stock."""
    from core.people.models import Organisation, User
    from core.people.types import Actor, Role

    organisation = Organisation.objects.create(
        name="示例大学", kind="university", region="310115", uscc=None
    )
    user = User.objects.create(email=f"bench{organisation.pk}@example.cn")
    return Actor(
        user_id=user.pk,
        organisation_id=organisation.pk,
        roles=frozenset({Role.OFFICE}),
        region="310115",
        name="压测",
    )


def work(batch_id: int, first_error: Callable[[], bool]) -> tuple[float, float, Watch]:
    """Let a worker process do what the batch waits for: wall clock, processor time, memory.

    The worker has started before the clock does, as those of `up` have.
    """
    child = subprocess.Popen(
        [sys.executable, __file__, "--worker", str(batch_id)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    begun, before = time.perf_counter(), os.times()
    watch = Watch(child.pid, first_error)
    child.stdin.write(b"\n")
    child.stdin.flush()
    if child.wait():
        sys.exit("The worker failed.")
    watch.stop()
    after = os.times()
    used = sum(after[2:4]) - sum(before[2:4])
    return time.perf_counter() - begun, used, watch


def worker(batch_id: int) -> None:
    import django

    django.setup()
    from django.utils import timezone

    from listings.services import importing

    print("ready", flush=True)
    sys.stdin.readline()
    importing.work_on(batch_id=batch_id, clock=timezone.now)


def baseline(path: Path, kind: str, content: list[list[str]]) -> float:
    """COPY into a bare table of text columns, from memory."""
    from django.db import connection

    columns = ", ".join(f"c{n} text" for n in range(len(HEADER)))
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE plain ({columns})")
        with cursor.copy("COPY plain FROM STDIN") as copy:
            for row in content:
                copy.write_row(row)
        took = time.perf_counter() - begun
        cursor.execute("DROP TABLE plain")
    return took


def run(
    kind: str, block: int, options: argparse.Namespace, folder: Path, server: Any
) -> dict[str, Any]:
    from django.utils import timezone

    from listings.models import ImportBatch, Patent
    from listings.services import importing

    content = list(rows(options.rows, block=block, bad=options.bad, paid_to="2027-03-01"))
    path = write(folder / f"list.{kind}", kind, iter(content))
    plain = baseline(path, kind, content)
    del content
    by, report = office(), {}
    postgres = server.process.pid

    def take(source: Path) -> dict[str, Any]:
        used = spent(postgres) + sum(map(spent, children(postgres)))
        begun = time.perf_counter()
        pk = importing.take_in(path=source, filename=source.name, by=by, now=timezone.now())
        uploaded = time.perf_counter() - begun
        batch = ImportBatch.objects.get(pk=pk)

        def bad() -> bool:
            return batch.rows.filter(verdict="rejected").exists()

        checked, cpu_check, watch = work(pk, bad)
        importing.start(batch_id=pk, by=by, now=timezone.now())
        landed, cpu_land, second = work(pk, lambda: True)
        batch.refresh_from_db()
        if batch.state != "done":
            sys.exit(f"The batch is {batch.state}: {batch.problem}")
        total = uploaded + checked + landed
        database = spent(postgres) + sum(map(spent, children(postgres))) - used
        first = None if watch.seen_after is None else round(uploaded + watch.seen_after, 2)
        return {
            "batch": pk,
            "counts": batch.counts,
            "file_mb": round(source.stat().st_size / 2**20, 1),
            "seconds": round(total, 1),
            "upload_check_land": [round(part, 1) for part in (uploaded, checked, landed)],
            "rows_per_second": round(options.rows / total),
            "first_error_after_seconds": first,
            "worker_peak_mb": round(max(watch.peak, second.peak) / 2**20),
            "cpu_seconds_worker": [round(cpu_check, 1), round(cpu_land, 1)],
            "cpu_seconds_postgres": round(database, 1),
        }

    report = take(path)
    report["plain_copy_seconds"] = round(plain, 1)
    if options.again:
        changed = rows(options.rows, block=block, bad=options.bad, paid_to="2028-03-01")
        report["again_with_every_row_changed"] = take(write(path, kind, changed))
    if options.undo:
        last = ImportBatch.objects.latest("pk").pk
        importing.undo(batch_id=last, by=by, now=timezone.now())
        took, _, _ = work(last, lambda: True)
        report["undo_seconds"] = round(took, 1)
    report["patents"] = Patent.objects.kept().filter(organisation_id=by.organisation_id).count()
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--bad", type=int, default=20)
    parser.add_argument("--format", nargs="+", default=["csv", "gbk", "xlsx", "jsonl"])
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--undo", action="store_true")
    parser.add_argument("--json", default="")
    parser.add_argument("--worker", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    if options.worker:
        worker(options.worker)
        return
    folder = Path(tempfile.mkdtemp(prefix="patentops-bench-"))
    running = servers(folder)
    try:
        subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "migrate", "-v0"],
            check=True,
            env={**os.environ, "DATABASE_URL": os.environ["DATABASE_OWNER_URL"]},
        )
        import django

        django.setup()
        report = {"rows": options.rows, "bad": options.bad}
        for block, kind in enumerate(options.format):
            report[kind] = run(kind, block, options, folder, running[0])
            print(kind, json.dumps(report[kind], ensure_ascii=False), flush=True)
    finally:
        for server in running:
            server.stop(10)
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        Path(options.json).write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    main()
