"""What the runner makes of the words after `manage.py`."""

from __future__ import annotations

import pytest

from patentops.runner import checks, testing
from patentops.runner.main import COMMANDS, ours
from patentops.runner.screen import box, width


@pytest.mark.parametrize(
    ("arguments", "browser", "expected"),
    [
        ([], False, ["-n", "2", "--dist", "worksteal", "-m", "not browser"]),
        (["-k", "urls"], False, ["-n", "2", "--dist", "worksteal", "-m", "not browser"]),
        (["tests/core"], False, ["tests/core"]),
        (["-n", "0"], False, ["-m", "not browser", "-n", "0"]),
        (["-m", "slow"], False, ["-n", "2", "--dist", "worksteal", "-m", "slow"]),
        ([], True, ["-m", "browser"]),
        (["tests/browser"], True, ["-m", "browser", "tests/browser"]),
    ],
)
def test_selection(arguments: list[str], browser: bool, expected: list[str]) -> None:
    chosen = testing.selection(arguments, browser=browser)
    assert chosen[: len(expected)] == expected
    assert [a for a in arguments if a not in chosen] == []


def test_no_arguments_list_our_commands_first() -> None:
    listed = ours()
    assert all(name in listed for name in COMMANDS)


def test_a_box_is_straight_with_chinese_in_it() -> None:
    lines = box("标题", ["网址 http://127.0.0.1:8000", "短", ""]).splitlines()
    assert len({width(line) for line in lines}) == 1


def test_check_all_fails_when_one_check_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [checks.Check("good", ["true"]), checks.Check("bad", ["sh", "-c", "echo why; exit 2"])]
    monkeypatch.setattr(checks, "checks", lambda: made)
    assert checks.run([]) == 1
    out = capsys.readouterr().out
    assert "✓ good" in out
    assert "✗ bad" in out
    assert "why" in out
    assert checks.run(["good"]) == 0
