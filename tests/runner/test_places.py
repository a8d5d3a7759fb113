"""State and sockets: where they go when the path is closed, long or odd."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patentops.runner import places
from patentops.runner.places import LONGEST_SOCKET_PATH, open_to_others, run_folder, state_folder


@pytest.fixture(autouse=True)
def no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATENTOPS_STATE", raising=False)


def test_the_state_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATENTOPS_STATE", str(tmp_path / "here"))
    assert state_folder() == tmp_path / "here"


def test_an_ordinary_user_keeps_it_in_the_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    tmp_path.chmod(0o700)
    assert state_folder(tmp_path) == tmp_path / "var"


@pytest.mark.parametrize(("is_open", "inside"), [(True, True), (False, False)])
def test_root_in_a_closed_home_keeps_it_outside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_open: bool, inside: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(places, "open_to_others", lambda path: is_open)
    chosen = state_folder(tmp_path)
    assert (chosen == tmp_path / "var") is inside
    assert inside or chosen.parent == Path("/var/lib/patentops")


def test_one_closed_folder_closes_the_way(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "deep").mkdir(parents=True)
    closed.chmod(0o700)
    assert not open_to_others(closed / "deep")


@pytest.mark.parametrize("folder", ["/srv/patentops/var", "/opt/p/var"])
def test_sockets_lie_below_a_plain_short_path(folder: str) -> None:
    assert run_folder(Path(folder)) == Path(folder) / "run"


@pytest.mark.parametrize("folder", ["/home/专利/var", "/srv/my files/var", "/srv/" + "deep/" * 30])
def test_sockets_of_a_long_or_odd_path_lie_in_a_short_one(folder: str) -> None:
    run = run_folder(Path(folder))
    assert run.parent == Path("/tmp")
    assert run != run_folder(Path(folder) / "other")
    assert len(os.fsencode(run / "pg" / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
