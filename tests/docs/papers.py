"""The documents, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from patentops.runner.places import ROOT

LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)


def papers() -> list[Path]:
    """README, change log and everything below docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def links(paper: Path) -> Iterator[tuple[bool, str]]:
    """Every link: whether it is a picture, and where it leads."""
    for mark, target in LINK.findall(FENCE.sub("", paper.read_text("utf-8"))):
        yield mark == "!", target


def anchors(paper: Path) -> set[str]:
    """The anchors of its headings, as they are made where it is shown."""
    found = set()
    for line in FENCE.sub("", paper.read_text("utf-8")).splitlines():
        if match := re.match(r"#+\s+(.*)", line):
            words = re.sub(r"[^\w\- ]", "", match[1].strip().lower())
            found.add(words.replace(" ", "-"))
    return found


def addresses(paper: Path) -> Iterator[str]:
    """Addresses of the platform: links that begin with a slash, and such words in code."""
    text = paper.read_text("utf-8")
    for _picture, target in links(paper):
        if target.startswith("/"):
            yield target
    for words in CODE.findall(FENCE.sub("", text)):
        for word in words.split():
            if re.fullmatch(r"/[a-z][\w\-/<>.{}]*", word) and not word.startswith(LOCAL):
                yield word
    for word in re.findall(r"\$PLATFORM(/[\w\-/]*)", text):
        yield word


LOCAL = ("/var/", "/etc/", "/tmp", "/dev/", "/run/", "/usr/", "/proc/", "/opt/", "/srv/", "/path")


def commands(paper: Path) -> Iterator[str]:
    """Every line or piece of code that calls manage.py, from the command on."""
    text = paper.read_text("utf-8")
    for block in FENCE.findall(text):
        for line in block.splitlines():
            if match := re.search(r"manage\.py ([a-z_].*)", line):
                yield match[1].split("#")[0].strip()
    for words in CODE.findall(FENCE.sub("", text)):
        if match := re.search(r"manage\.py ([a-z_].*)", words):
            yield match[1].strip()
