"""The restore drill: a running platform with its sample is saved, restored aside, and proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from patentops.keeping.restore import embedded_database
from patentops.runner import database as embedded
from tests.runner.installation import Installation

pytestmark = pytest.mark.browser


def test_a_running_platform_is_saved_and_the_backup_carries_it(
    installation: Installation, tmp_path: Path
) -> None:
    target = tmp_path / "drill.backup"
    saved = installation.manage("backup", str(target))
    assert saved.returncode == 0, saved.stderr
    assert installation.manage("backup", str(target)).returncode == 1  # never over an old one
    drill = installation.manage("restore", "--check", str(target))
    assert drill.returncode == 0, drill.stderr
    assert "演练成功" in drill.stderr
    left = installation.query("app", "SELECT datname FROM pg_database WHERE datname ~ 'restored'")
    assert left == []
    into_a_server_of_ones_own(installation, target)


def into_a_server_of_ones_own(installation: Installation, target: Path) -> None:
    """An administrator makes an empty database elsewhere; restored there, it has every row."""
    where = installation.where
    with embedded.connect(where, "postgres") as db:
        db.execute("CREATE DATABASE elsewhere OWNER patentops_owner TEMPLATE template0")
    embedded.furnish(where, "elsewhere")
    url = embedded_database(where, "elsewhere").url
    done = installation.manage("restore", "--into", url, str(target))
    assert done.returncode == 0, done.stderr
    assert "已恢复到数据库 elsewhere" in done.stderr
    again = installation.manage("restore", "--into", url, str(target))
    assert again.returncode == 1
    assert "不是空的" in again.stderr
    counted = "SELECT count(*) FROM listings_patent"
    with embedded_database(where, "elsewhere").connect() as db:
        restored = db.execute(counted).fetchall()
    assert restored == installation.query("app", counted)


def test_the_doctor_finds_nothing_wrong(installation: Installation) -> None:
    said = installation.manage("doctor")
    assert said.returncode == 0, said.stdout
    assert "✗" not in said.stdout
