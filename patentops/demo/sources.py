"""Read the files of real data as they come: one JSON object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATENT_FILES = ("patents_zh.jsonl", "patents_en.jsonl")
NEED_FILES = ("needs_zh.jsonl", "needs_en.jsonl")
_HEADING = re.compile(r"\s+")


class NoData(Exception):
    """The folder does not hold what the demo shows; the message is for the person who named it."""


@dataclass(frozen=True, slots=True)
class RealPatent:
    """A patent as published, without number, dates or classes."""

    id: str
    title: str
    abstract: str
    applicant: str
    lang: str


@dataclass(frozen=True, slots=True)
class RealNeed:
    """A need in a firm's own words."""

    id: str
    title: str
    text: str
    lang: str


def patents(folder: Path, *, limit: int | None = None, lang: str | None = None) -> list[RealPatent]:
    """The patents of all files, or of one language; `limit` takes the first of each file."""
    return [
        RealPatent(
            id=str(row["id"]),
            title=_line(row.get("title", ""))[:500],
            abstract=str(row.get("abstract", "")).strip(),
            applicant=_line(row.get("applicant", ""))[:200],
            lang=str(row.get("lang", "zh")),
        )
        for row in _rows(folder, PATENT_FILES, limit, lang)
        if str(row.get("title", "")).strip()
    ]


def needs(folder: Path, *, limit: int | None = None, lang: str | None = None) -> list[RealNeed]:
    """The needs of all files, or of one language; one without a title takes its first words."""
    found = []
    for row in _rows(folder, NEED_FILES, limit, lang):
        title, text = _line(row.get("title", "")), str(row.get("text", "")).strip()
        if title or text:
            found.append(
                RealNeed(
                    id=str(row["id"]),
                    title=(title or _line(text)[:60])[:200],
                    text=text,
                    lang=str(row.get("lang", "zh")),
                )
            )
    return found


def _line(value: Any) -> str:
    return _HEADING.sub(" ", str(value)).strip()


def _rows(
    folder: Path, names: tuple[str, ...], limit: int | None, lang: str | None
) -> Iterator[dict[str, Any]]:
    wanted = [name for name in names if lang is None or f"_{lang}." in name]
    present = [folder / name for name in wanted if (folder / name).is_file()]
    if not present:
        raise NoData(f"{folder} 中没有 {'、'.join(wanted)}，请核对 --data 指向的文件夹。")
    for path in present:
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines if line.strip()]
        yield from rows[:limit]
