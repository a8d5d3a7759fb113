"""Have .venv with exactly the locked packages, then go on inside it. Standard library only.

uv installs the lock in seconds; where uv cannot, pip does the same with the same hashes.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "patentops-stamp.json"
LOCKS = {name: ROOT / "requirements" / f"{name}.txt" for name in ("run", "test")}
SKIP = "PATENTOPS_NO_BOOTSTRAP"  # set in containers, whose image holds the packages


class CannotInstall(Exception):
    """The environment could not be made; the message (Chinese) says what to do."""


def say(text: str) -> None:
    print(f"• {text}", file=sys.stderr, flush=True)


def enter(lock: str, argv: list[str]) -> None:
    """Return if we run inside a fresh .venv; else install what is missing and start again there."""
    if os.environ.get(SKIP) or (Path(sys.prefix) == VENV and is_fresh(lock)):
        return
    try:
        with (ROOT / ".venv.lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)  # two commands at once: the second waits
            if not is_fresh(lock):
                install(lock)
    except CannotInstall as problem:
        sys.exit(f"\n{problem}")
    except PermissionError as problem:
        sys.exit(f"\n没有写入 {problem.filename} 的权限。请用拥有这个目录的用户运行。")
    os.execv(PYTHON, [str(PYTHON), *argv])


def digest(lock: str) -> str:
    return hashlib.sha256(LOCKS[lock].read_bytes()).hexdigest()


def is_fresh(lock: str) -> bool:
    """Does .venv hold the lock? The test lock contains all of the run lock."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    accepted = {digest("test")} | ({digest("run")} if lock == "run" else set())
    return stamp.get("lock") in accepted and works(PYTHON)


def works(python: Path) -> bool:
    """Does this interpreter start? (The one it was made from may have been removed.)"""
    return python.exists() and not subprocess.run([python, "-S", "-c", ""]).returncode


def install(lock: str) -> None:
    """Make .venv hold exactly the locked packages. A developer's keeps its test tools."""
    lock = "test" if _has("pytest") else lock
    say("正在准备 Python 环境（首次约需半分钟）……")
    STAMP.unlink(missing_ok=True)
    if not works(PYTHON) or not _has("pip"):
        make_venv()
    settings = pip_settings()
    if not (_with_uv(lock, settings) or _with_pip(lock)):
        raise CannotInstall(
            "安装 Python 依赖失败（上面是 pip 的原话）。请检查网络；"
            "使用镜像时先运行：pip config set global.index-url 镜像地址，然后重试。"
        )
    find_rooms()
    STAMP.write_text(json.dumps({"lock": digest(lock), "python": sys.version}), "utf-8")


def make_venv() -> None:
    """A new .venv with pip in it."""
    if importlib.util.find_spec("ensurepip") is None:
        get_ensurepip()
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise CannotInstall(f"无法创建 {VENV}：\n{made.stdout}{made.stderr}\n{venv_advice()}")


def venv_advice() -> str:
    minor = f"python3.{sys.version_info[1]}-venv"
    return (
        f"这个 Python 缺少 venv 模块。Debian/Ubuntu 请先安装：sudo apt-get install {minor}"
        "（或 python3-venv），然后重试。"
    )


def get_ensurepip() -> None:
    """Debian ships venv in a package of its own; as root we may fetch it."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotInstall(venv_advice())
    name = f"python3.{sys.version_info[1]}-venv"
    say(f"正在用 apt-get 安装 {name} ……")
    apt_install(name)
    importlib.invalidate_caches()
    if importlib.util.find_spec("ensurepip") is None:
        raise CannotInstall(venv_advice())


def apt_install(name: str) -> bool:
    """Install one Debian package; a stale package list is refreshed once."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", name]
    for attempt in range(2):
        if attempt:
            subprocess.run(["apt-get", "update", "-q"], env=quiet, stdout=subprocess.DEVNULL)
        if not subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL).returncode:
            return True
    return False


def _has(package: str) -> bool:
    return any((VENV / "lib").glob(f"python3*/site-packages/{package}"))


def pip_settings() -> dict[str, str]:
    """What pip is told by its files and the environment: index, extra indexes, certificate."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    return parse_pip_settings(listed.stdout)


def parse_pip_settings(text: str) -> dict[str, str]:
    """`pip config list` as a table; [install] beats [global], the environment beats both."""
    ranks = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.strip().rpartition(".")
        if section not in ranks or not value:
            continue
        rank = ranks[section]
        if rank >= found.get(name, (-1, ""))[0]:
            found[name] = (rank, str(ast.literal_eval(value)))
    return {name: value for name, (_, value) in found.items()}


def uv_environment(pip: dict[str, str]) -> dict[str, str]:
    """uv does not read pip's settings: without these a user of a mirror waits on a far index."""
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
        "default-timeout": "UV_HTTP_TIMEOUT",
        "timeout": "UV_HTTP_TIMEOUT",
        "trusted-host": "UV_INSECURE_HOST",
        "proxy": "ALL_PROXY",
    }
    wanted = {names[name]: value for name, value in pip.items() if name in names}
    for several in ("UV_FIND_LINKS",):
        if several in wanted:
            wanted[several] = ",".join(wanted[several].split())
    for several in ("UV_INDEX", "UV_INSECURE_HOST"):
        if several in wanted:
            wanted[several] = " ".join(wanted[several].split())
    wanted["UV_LINK_MODE"] = "copy"
    return {**wanted, **os.environ, "VIRTUAL_ENV": str(VENV)}


def _with_uv(lock: str, settings: dict[str, str]) -> bool:
    uv = VENV / "bin" / "uv"
    pinned = locked_block("uv")
    if not _is_version(uv, pinned):
        wanted = VENV / "uv.txt"
        wanted.write_text(pinned, "utf-8")
        fetched = _run_pip("install", "--require-hashes", "--no-deps", "-r", str(wanted))
        if fetched or not uv.exists():
            return False
    say(f"正在安装锁定的依赖（requirements/{lock}.txt）……")
    done = subprocess.run(
        [
            *(str(uv), "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode"),
            # Every file is pinned by its hash, so it may come from whichever index has it.
            *("--index-strategy", "unsafe-best-match", "--python", str(PYTHON), str(LOCKS[lock])),
        ],
        env=uv_environment(settings),
        check=False,
    )
    return not done.returncode


def _is_version(uv: Path, pinned: str) -> bool:
    if not uv.exists():
        return False
    said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
    return pinned.partition("==")[2].split()[0] in said.split()


def locked_block(name: str) -> str:
    """The lines of one package in the test lock: its version and hashes."""
    lines = LOCKS["test"].read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{name}=="))
    block = [lines[start]]
    for line in lines[start + 1 :]:
        if not line.startswith("    --hash"):
            break
        block.append(line)
    return "\n".join(block).rstrip("\\ ") + "\n"


def _with_pip(lock: str) -> bool:
    say("uv 不可用，改用 pip 安装（约需一分钟）……")
    return not _run_pip("install", "--require-hashes", "--no-deps", "-r", str(LOCKS[lock]))


def _run_pip(*arguments: str) -> int:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    return subprocess.run(command, check=False).returncode


def find_rooms() -> None:
    """Have `import core` work from anywhere in .venv (pytest, benchmarks), wherever we stand."""
    for packages in (VENV / "lib").glob("python3*/site-packages"):
        (packages / "patentops.pth").write_text("../../../..\n", "ascii")
