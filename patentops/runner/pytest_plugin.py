"""Starts throw-away PostgreSQL and Valkey for a test run, before Django reads its settings.

It must be a `-p` plugin: from conftest.py pytest-django has read the settings already. The servers
die with pytest, even when that is killed; what a killed run left on disk the next run removes.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from patentops.runner import database
from patentops.runner.places import POSTGRES_PORT, Places
from patentops.runner.processes import is_alive
from patentops.runner.servers import THROWAWAY_OPTIONS, Postgres, Server, Valkey
from patentops.runner.urls import postgres_url, redis_database

PREFIX = "patentops-test-"
_running: list[Server] = []
_folder: Path | None = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """A wrapper runs before pytest-django's own hook of this name."""
    os.environ["PATENTOPS_PROCESS"] = "test"
    options = early_config.known_args_namespace
    only_looking = options.help or options.version or getattr(options, "collectonly", False)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:  # has inherited the addresses; a cache and a queue of its own keep it apart
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = redis_database(os.environ["REDIS_URL"], 2 * number)
    elif not (only_looking or os.environ.get("PATENTOPS_TEST_EXTERNAL")):
        start()
    try:
        yield
    except BaseException:
        stop()
        raise


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays: looking through it for garbage again and again costs a seventh
    of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    stop()


def start() -> None:
    """Both servers in a temporary folder, in memory where there is room, and their URLs."""
    global _folder
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) and _free(memory) > 2 << 30 else None
    base = parent or Path(tempfile.gettempdir())
    _sweep(base)
    _folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
    places = Places(state=_folder, run=_folder / "run")
    places.static.mkdir(parents=True)  # WhiteNoise warns of a missing one, and warnings are errors
    _running.append(Postgres(places, {**THROWAWAY_OPTIONS, "shared_buffers": "128MB"}))
    _running.append(Valkey(places, {"appendonly": "no", "databases": "64"}))
    for server in _running:
        server.start()
    database.prepare(places, may_create=True)
    url = postgres_url(
        user=database.OWNER,
        password=places.secret("owner_password"),
        host=str(places.postgres_run),
        port=POSTGRES_PORT,
        name=database.DATABASE,
    )
    os.environ["DATABASE_URL"] = os.environ["DATABASE_OWNER_URL"] = url
    os.environ["REDIS_URL"] = f"unix://{places.valkey_socket}?db=0"
    os.environ["PATENTOPS_STATE"] = str(_folder)


def stop() -> None:
    """Stop what was started here and remove its folder."""
    global _folder
    while _running:
        _running.pop().stop(5)
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)
        _folder = None


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _sweep(base: Path) -> None:
    """Remove folders of test runs that were killed."""
    for folder in base.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)) and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)
