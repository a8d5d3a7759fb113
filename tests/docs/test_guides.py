"""Whatever a guide names in quotation marks, a button, a page, a state, stands on the platform."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from patentops.runner.places import ROOT

GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))
PLACEHOLDER = re.compile(r"\{\{.*?\}\}|%\(\w+\)s|\{\w+[^}]*\}")
STEPS = re.compile(r"\s*→\s*|、|…+")


@cache
def said() -> str:
    """All that pages can say: templates and code, with N for whatever is filled in."""
    rooms = (path.parent for path in ROOT.glob("*/apps.py"))
    files = [*(ROOT / "templates").rglob("*.html")]
    for room in (*rooms, ROOT / "patentops", ROOT / "static" / "js"):
        files += [f for f in room.rglob("*") if f.suffix in {".py", ".js", ".toml"}]
    text = "\n".join(f.read_text("utf-8") for f in files if "migrations" not in f.parts)
    return PLACEHOLDER.sub("N", text)


def names(text: str) -> list[str]:
    """What is named, each step of a way (A → B) and each item of a list by itself."""
    quoted = re.findall(r"“([^”\n]{1,60})”", text)
    return sorted({part for name in quoted for part in STEPS.split(name) if part})


def missing(text: str) -> list[str]:
    return [name for name in names(text) if name not in said()]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_what_a_guide_names_is_there(guide: Path) -> None:
    assert missing(guide.read_text("utf-8")) == []


def test_the_check_sees_a_name_that_nobody_finds() -> None:
    assert missing("点“发布”，再点“消息 → 立即腾飞”。") == ["立即腾飞"]
