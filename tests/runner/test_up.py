"""The two-command story: start, kill, start again, nothing lost."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from patentops.runner.processes import is_alive
from tests.runner.installation import Installation, answers, until

pytestmark = [pytest.mark.runner, pytest.mark.slow]


@pytest.fixture
def installation() -> Iterator[Installation]:
    """In a folder that user nobody may enter (pytest's own are closed), with an odd name."""
    with tempfile.TemporaryDirectory(prefix="patentops-up-") as folder:
        os.chmod(folder, 0o711)
        made = Installation(Path(folder) / "专利 运用")
        yield made
        if made.up is not None:
            made.stop()


def test_up_survives_kills_keeps_its_data_and_goes_when_told(installation: Installation) -> None:
    """One story, since a first start is the dearest thing that any test does."""
    assert "没有在运行" in installation.manage("down").stderr
    url = installation.start()
    assert answers(f"{url}/healthz")
    installation.query("owner", "CREATE TABLE witness (word text)")
    installation.query("app", "INSERT INTO witness VALUES ('still here')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        installation.query("app", "CREATE TABLE forbidden (word text)")

    second = installation.manage("up", "--no-sample")
    assert second.returncode == 1
    assert url in second.stderr

    for name in ("runner.web", "worker", "beat", "valkey-server", "postgres"):
        before = installation.children()[name]
        os.kill(before, signal.SIGKILL)
        until(lambda n=name, b=before: installation.children().get(n, b) != b, f"{name} again")
        until(lambda: answers(f"{url}/readyz"), f"page ready after {name} was killed")

    orphans = list(installation.children().values())
    installation.kill()
    until(lambda: not any(map(is_alive, orphans)), "children die with up", 15)

    again = installation.start()
    assert answers(f"{again}/healthz")
    assert installation.query("app", "SELECT word FROM witness") == [("still here",)]
    backup = Path(installation.where.state) / "昨天.backup"
    done = installation.manage("backup", str(backup))
    assert done.returncode == 0, done.stderr
    refused = installation.manage("restore", str(backup))
    assert "manage.py down" in refused.stderr  # it would pull the tables from under the pages
    installation.query("owner", "DROP TABLE witness")
    children = list(installation.children().values())
    assert installation.stop() < 5
    assert not any(map(is_alive, children))
    assert not installation.where.run.exists()  # the short folder for sockets is gone

    done = installation.manage("restore", str(backup))
    assert done.returncode == 0, done.stderr
    installation.start()
    assert installation.query("app", "SELECT word FROM witness") == [("still here",)]
    assert "1 个旧库" in installation.manage("restore", "--forget").stderr
    assert installation.manage("down").returncode == 0
    assert installation.up is not None
    assert installation.up.wait(5) == 0
    refused = installation.manage("reset")
    assert refused.returncode == 1
    assert installation.where.postgres.exists()
    assert installation.manage("reset", "--yes").returncode == 0
    assert not installation.where.postgres.exists()


def test_up_names_a_port_that_is_taken(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = installation.manage("up", "--no-sample", "--port", str(port))
    assert refused.returncode == 1
    assert f"端口 {port} 已被" in refused.stderr
