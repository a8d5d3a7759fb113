"""`manage.py up`: the whole platform on one machine, until Ctrl-C or `manage.py down`."""

from __future__ import annotations

import argparse
import contextlib
import errno
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from patentops.runner import database
from patentops.runner.freshness import Prepared, Unwanted, fingerprint
from patentops.runner.leftovers import Ledger
from patentops.runner.lock import UpLock
from patentops.runner.places import ROOT, Places, places
from patentops.runner.screen import box, say
from patentops.runner.servers import (
    Postgres,
    ServerFailed,
    Valkey,
    new_password,
    tail,
    write_secret,
)
from patentops.runner.supervisor import Program, Supervisor, rotate

FIRST_PORT, LAST_PORT = 8000, 8019
HEALTHY_WITHIN = 120.0
LOOK_AT_LOGS_EVERY = 30.0  # seconds
WEB_PROCESSES = 2
SAMPLE_LOGINS = (
    ("供给方（高校）", "office@example.cn / office2@example.cn"),
    ("发明人", "inventor@example.cn"),
    ("企业", "sme@example.cn / sme2@example.cn"),
    ("主管部门", "bureau@example.cn"),
    ("金融机构", "bank@example.cn"),
    ("交易机构", "exchange@example.cn"),
    ("审计", "auditor@example.cn"),
    ("系统管理员", "admin@example.cn"),
)
SAMPLE_PASSWORD = "patentops-2026"
FILLED = "filled"  # the note of patentops.runner.fill


class CannotStart(Exception):
    """`up` cannot go on; the message (Chinese) says what to do."""


class Stopped(Exception):
    """A signal or `down` asked us to stop."""


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py up", description="启动整个平台")
    parser.add_argument("--port", type=int, help=f"网页端口（默认 {FIRST_PORT} 起第一个空闲的）")
    parser.add_argument("--host", default="127.0.0.1", help="监听地址（默认只限本机）")
    parser.add_argument("--no-sample", action="store_true", help="不载入示例数据")
    parser.add_argument(
        "--small-sample", action="store_true", help="只载入第一批示例数据，不在后台补齐其余"
    )
    parser.add_argument("--web", type=int, default=WEB_PROCESSES, help="网页进程数")
    parser.add_argument("--workers", type=int, default=2, help="后台任务进程数")
    return parser.parse_args(arguments)


def run(arguments: list[str]) -> int:
    """Start everything, tend it, stop it."""
    options = parse(arguments)
    where = places()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        where.state.mkdir(parents=True, exist_ok=True)
        lock = UpLock(where.state)
        if not lock.take():
            return already_running(lock)
        lock.describe(pid=os.getpid(), url="")  # `down` may come while we start
    except PermissionError as problem:
        print(
            f"没有写入 {problem.filename} 的权限：它属于另一个用户。"
            "请用那个用户运行，或设置 PATENTOPS_STATE 指向自己的目录。",
            file=sys.stderr,
        )
        return 1
    installation = Installation(where, options, stop)
    try:
        installation.start()
        lock.describe(pid=os.getpid(), url=installation.url)
        installation.wait_until_healthy()
        installation.start_background()
        installation.announce()
        installation.tend()
        return 0
    except Stopped:
        return 0
    except (CannotStart, ServerFailed) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not cut the stop short
        installation.stop()
        lock.release()


def already_running(lock: UpLock) -> int:
    running = lock.holder()
    at = f"：{running.url}" if running and running.url else "（正在启动）"
    number = f"（进程 {running.pid}）" if running and running.pid else ""
    print(f"平台已经在运行{at}{number}。停止它：python3 manage.py down", file=sys.stderr)
    return 1


def listen(host: str, port: int | None) -> socket.socket:
    """The listening socket; without a chosen port, the first free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    candidates = range(FIRST_PORT, LAST_PORT + 1) if port is None else [port]
    for candidate in candidates:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError as problem:
            listener.close()
            if problem.errno == errno.EADDRINUSE:
                continue
            raise CannotStart(f"不能监听 {host}:{candidate}：{problem.strerror}。") from problem
        listener.listen(1024)
        listener.set_inheritable(True)
        return listener
    if port is not None:
        raise CannotStart(
            f"端口 {port} 已被别的程序占用。换一个：python3 manage.py up --port {port + 1}"
        )
    raise CannotStart(f"端口 {FIRST_PORT}–{LAST_PORT} 都被占用。请用 --port 指定一个空闲端口。")


class Installation:
    """One running platform: embedded servers, web, worker and beat."""

    def __init__(
        self, where: Places, options: argparse.Namespace, stopping: threading.Event
    ) -> None:
        self.where = where
        self.options = options
        self.stopping = stopping
        self.ledger = Ledger(where.state)
        self.supervisor = Supervisor(changed=self.ledger.write)
        self.listener: socket.socket | None = None
        self.url = ""

    # --- starting ---------------------------------------------------------------------------
    def start(self) -> None:
        """Servers, then the database, then the web."""
        self.ledger.clear_out()
        self.listener = listen(self.options.host, self.options.port)
        name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.options.host, self.options.host)
        name = f"[{name}]" if ":" in name else name
        self.url = f"http://{name}:{self.listener.getsockname()[1]}"
        for private in (self.where.logs, self.where.state / "media", self.where.state / "mail"):
            private.mkdir(parents=True, exist_ok=True)
            private.chmod(0o700)
        self._rotate_logs()
        write_secret(self.where.secrets, "secret_key", new_password() + new_password())
        self._start_servers()
        self._prepare()
        for program in self._web():
            self._check()
            self.supervisor.add(program)

    def start_background(self) -> None:
        """Worker and beat, after the first page answers: they would take its cores."""
        for program in self._background():
            self._check()
            self.supervisor.add(program)
        self._fill()

    def _fill(self) -> None:
        """The rest of the sample, while pages answer already."""
        wanted = fingerprint(sample=True)
        if self.options.no_sample or self.options.small_sample:
            return
        if not os.environ.get("DATABASE_URL") and Prepared(self.where.state, FILLED).holds(wanted):
            return
        command = [sys.executable, "-m", "patentops.runner.fill", wanted]
        environment = self._environment("command") | {"PATENTOPS_DB_ROLE": "owner"}
        log = self.where.logs / "fill.log"
        self.supervisor.add(Program("示例数据", command, environment, ROOT, log), once=True)

    def _check(self) -> None:
        if self.stopping.is_set():
            raise Stopped

    def _start_servers(self) -> None:
        if not os.environ.get("DATABASE_URL"):
            self.supervisor.add(Postgres(self.where))
            self._check()
            database.prepare(self.where)
        if not os.environ.get("REDIS_URL"):
            self.supervisor.add(Valkey(self.where))
        self._check()

    def _prepare(self) -> None:
        """In a process of its own, with the owner's rights; a stop ends it."""
        if Unwanted(self.where.state):
            self.options.no_sample = True
        prepared = Prepared(self.where.state)
        wanted = fingerprint(sample=not self.options.no_sample)
        ours = not os.environ.get("DATABASE_URL")  # of a server elsewhere we know nothing
        if ours and prepared.holds(wanted):
            return
        prepared.forget()
        command = [sys.executable, "-m", "patentops.runner.prepare"]
        command += ["--no-sample"] if self.options.no_sample else []
        environment = self._environment("command") | {"PATENTOPS_DB_ROLE": "owner"}
        log = self.where.logs / "prepare.log"
        prepare = Program("prepare", command, environment, ROOT, log)
        with log.open("wb"):
            pass
        prepare.start()
        assert prepare.process is not None
        shown = 0
        while (code := prepare.process.poll()) is None:
            shown = self._show(log, shown)
            if self.stopping.wait(0.05):
                prepare.stop(1.0)
                raise Stopped
        self._show(log, shown)
        if code:
            raise CannotStart(f"准备数据库失败（日志 {log}）：\n{tail(log, 15)}")
        prepared.note(wanted)

    @staticmethod
    def _show(log: Path, shown: int) -> int:
        """Repeat its lines of progress (•) here; return how far we have read."""
        with log.open("rb") as file:
            file.seek(shown)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        for line in whole.decode("utf-8", "replace").splitlines():
            if line.startswith("•"):
                print(line, file=sys.stderr, flush=True)
        return shown + len(whole)

    def _environment(self, process: str) -> dict[str, str]:
        environment = {
            **os.environ,
            "PATENTOPS_PROCESS": process,
            "PATENTOPS_STATE": str(self.where.state),
            "PATENTOPS_URL": os.environ.get("PATENTOPS_URL", self.url),
            "DJANGO_SETTINGS_MODULE": "patentops.settings",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }
        if process == "web":
            environment["PROMETHEUS_MULTIPROC_DIR"] = str(self.where.metrics)
        if self.options.host not in {"127.0.0.1", "localhost", "::1"}:
            # Asked to serve others: answer to this machine's own names, not to any name at all.
            mine = {self.options.host, socket.gethostname(), socket.getfqdn(), *addresses()}
            chosen = os.environ.get("PATENTOPS_HOSTS", "")
            environment["PATENTOPS_HOSTS"] = ",".join(filter(None, [chosen, *sorted(mine)]))
        return environment

    def _web(self) -> list[Program]:
        assert self.listener is not None
        descriptor = self.listener.fileno()
        shutil.rmtree(self.where.metrics, ignore_errors=True)  # what processes that ended counted
        self.where.metrics.mkdir(parents=True)
        command = [sys.executable, "-m", "patentops.runner.web", str(descriptor)]
        return [
            self._program(f"web-{number}", "web", command, keep=[descriptor])
            for number in range(1, self.options.web + 1)
        ]

    def _background(self) -> list[Program]:
        celery = [sys.executable, "-m", "celery", "-A", "patentops", "--quiet"]
        worker = ["worker", "--concurrency", str(self.options.workers), "--loglevel", "WARNING"]
        worker += ["--without-mingle", "--without-gossip"]
        beat = ["beat", "--loglevel", "WARNING"]
        return [
            self._program("worker", "worker", [*celery, *worker]),
            self._program("beat", "beat", [*celery, *beat]),
        ]

    def _program(
        self,
        name: str,
        process: str,
        command: list[str],
        *,
        keep: list[int] | None = None,
    ) -> Program:
        log = self.where.logs / f"{name}.log"
        environment = self._environment(process)
        return Program(name, command, environment, ROOT, log, keep or [])

    # --- running ----------------------------------------------------------------------------
    def wait_until_healthy(self) -> None:
        """Return once the page answers."""
        end = time.monotonic() + HEALTHY_WITHIN
        while not self._healthy():
            self.supervisor.tend()
            if self.stopping.wait(0.05):
                raise Stopped
            if time.monotonic() > end:
                log = self.where.logs / "web-1.log"
                raise CannotStart(f"网页在 {HEALTHY_WITHIN:.0f} 秒内没有应答：\n{tail(log, 15)}")

    def _healthy(self) -> bool:
        assert self.listener is not None
        host, port = self.listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        asked = http.client.HTTPConnection(host, port, timeout=5)
        try:
            asked.request("GET", "/healthz")
            return asked.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asked.close()

    def announce(self) -> None:
        """Where it is, whom to log in as, how to stop."""
        lines = [f"网址　　{self.url}", ""]
        if not self.options.no_sample:
            lines.append(f"示例账号（密码都是 {SAMPLE_PASSWORD}）")
            lines += [f"  {email:<36}{who}" for who, email in SAMPLE_LOGINS]
            lines.append("")
        lines += [f"数据　　{shown(self.where.state)}", f"日志　　{shown(self.where.logs)}"]
        lines.append("停止　　Ctrl-C，或 python3 manage.py down")
        print(box("PatentOps 专利转化运用平台", lines), flush=True)

    def tend(self) -> None:
        """Keep everything running until asked to stop."""
        look = time.monotonic()
        while not self.stopping.wait(0.2):
            self.supervisor.tend()
            if time.monotonic() > look:
                self._rotate_logs()
                look = time.monotonic() + LOOK_AT_LOGS_EVERY

    def _rotate_logs(self) -> None:
        for log in self.where.logs.glob("*.log"):
            with contextlib.suppress(OSError):  # a full disk is no reason to stop serving
                rotate(log)

    def stop(self) -> None:
        """Beat, web and worker first, servers last."""
        if self.supervisor.children:
            say("正在停止 ……")
        self.supervisor.stop()
        if not self.where.run.is_relative_to(self.where.state):
            shutil.rmtree(self.where.run, ignore_errors=True)  # the short folder below /tmp
        if self.listener is not None:
            self.listener.close()


def shown(path: Path) -> str:
    """A path as short as it can be: from the checkout, if it is below it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def addresses() -> set[str]:
    """This machine's own IPv4 addresses."""
    told = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False)
    return set(told.stdout.split())
