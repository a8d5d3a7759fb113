"""A warm start prepares nothing; any change of the files prepares again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patentops.runner import freshness
from patentops.runner.freshness import Prepared, files


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("core/migrations/0001_initial.py", "static/css/p.css"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_the_same_files_are_the_same(checkout: Path) -> None:
    assert list(files(checkout)) == list(files(checkout))
    assert len(list(files(checkout))) == 2


@pytest.mark.parametrize("name", ["core/migrations/0002_more.py", "static/js/p.js"])
def test_a_new_file_counts(checkout: Path, name: str) -> None:
    before = list(files(checkout))
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("y")
    assert list(files(checkout)) != before


def test_an_edited_file_counts(checkout: Path) -> None:
    before = list(files(checkout))
    os.utime(checkout / "static/css/p.css", ns=(1, 1))
    assert list(files(checkout)) != before


def test_compiled_files_do_not_count(checkout: Path) -> None:
    before = list(files(checkout))
    (checkout / "core/__pycache__").mkdir()
    (checkout / "core/__pycache__/a.pyc").write_text("z")
    assert list(files(checkout)) == before


def test_with_and_without_sample_differ() -> None:
    assert freshness.fingerprint(sample=True) != freshness.fingerprint(sample=False)


def test_the_note_is_forgotten_after_a_change_by_hand(tmp_path: Path) -> None:
    note = Prepared(tmp_path)
    assert not note.holds("a")
    note.note("a")
    assert note.holds("a")
    assert not note.holds("b")
    note.forget()
    assert not note.holds("a")
