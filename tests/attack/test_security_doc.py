"""docs/security.md says what is so: every test it names is there, every requirement is answered."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from patentops.management.commands import security_doc

ROOT = Path(__file__).resolve().parents[2]
ASVS: dict[str, Any] = security_doc.load("asvs.toml")
TESTS: dict[str, str] = ASVS.pop("tests")
TOP10: dict[str, Any] = security_doc.load("api_top10.toml")
ROWS = {number: row for chapter in ASVS.values() for number, row in chapter.items()}


@pytest.mark.parametrize("name", sorted(TESTS))
def test_a_named_test_exists(name: str) -> None:
    path, _, function = TESTS[name].partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert function in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


def test_all_of_level_1_and_2_is_answered_once() -> None:
    by_level = {level: [n for n, row in ROWS.items() if row["l"] == level] for level in (1, 2)}
    assert (len(by_level[1]), len(by_level[2])) == (70, 183)
    assert len(ROWS) == sum(len(chapter) for chapter in ASVS.values())
    for chapter, rows in ASVS.items():
        assert all(f"V{number}".startswith(f"{chapter}.") for number in rows)


def test_every_answer_has_evidence_or_a_reason() -> None:
    named = set()
    for number, row in ROWS.items():
        assert row.keys() <= {"l", "s", "w", "by", "why"}, number
        assert row["s"] in security_doc.STATES, number
        assert row.get("by") or row["s"] in {"none", "open", "partly"}, number
        assert row.get("why") or row["s"] == "met", number
        for evidence in row.get("by", []):
            assert evidence in TESTS or (ROOT / evidence).exists(), (number, evidence)
            named.add(evidence)
    for entry in TOP10.values():
        named |= set(entry["by"])
    assert TESTS.keys() <= named, "named and not used"


def test_each_of_the_ten_attacks_is_tried() -> None:
    assert list(TOP10) == [f"API{n}" for n in range(1, 11)]
    for entry in TOP10.values():
        assert entry["by"]
        assert set(entry["by"]) <= TESTS.keys()


def test_the_page_is_what_the_tables_say() -> None:
    call_command("security_doc", check=True)
