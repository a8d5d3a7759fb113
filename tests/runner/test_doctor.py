"""What the doctor says of a machine."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator

import psycopg
import pytest

from patentops.keeping import doctor
from patentops.keeping.doctor import State
from patentops.runner.places import Places, places

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free", "state"), [(1e9, State.BAD), (5e9, State.LOOK), (500e9, State.GOOD)]
)
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, free: float, state: State) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage(1e12, 1e12 - free, free))
    disk = next(line for line in doctor.machine(places()) if "数据目录" in line.what)
    assert disk.state is state
    assert bool(disk.todo) == (state is not State.GOOD)


def test_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "memory", lambda: 2e8)
    assert any(
        line.state is State.LOOK and "内存" in line.what for line in doctor.machine(places())
    )


def test_a_check_that_fails_does_not_end_the_others() -> None:
    def broken(_: Places) -> Iterator[doctor.Line]:
        yield doctor.good("有一项")
        raise psycopg.OperationalError("connection refused\nmore")

    said = [*doctor.findings(broken, places())]
    assert [line.state for line in said] == [State.GOOD, State.BAD]
    assert "connection refused" in said[1].what
    assert "more" not in said[1].what


@pytest.mark.django_db
def test_the_database_of_the_tests_is_sound() -> None:
    """Locale, extensions, clock and tables; the account is a superuser's in no test."""
    assert [str(line) for line in doctor.postgres(places()) if line.state is State.BAD] == []


def test_a_finding_reads_with_its_remedy() -> None:
    assert str(doctor.bad("坏了", "修好")) == " ✗ 坏了\n   → 修好"
