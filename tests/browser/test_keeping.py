"""The restore drill: a running platform with its sample is saved, restored aside, and proven."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_the_doctor_finds_nothing_wrong(installation: Installation) -> None:
    said = installation.manage("doctor")
    assert said.returncode == 0, said.stdout
    assert "✗" not in said.stdout
