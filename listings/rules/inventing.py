"""Inventors' names as a patent's papers print them: names only, nothing to reach them by."""

from __future__ import annotations

import re

MOST = 30
LONGEST = 60
_SPLIT = re.compile(r"[;；,，、\n\t]+")
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ ·.'’\-])*", re.UNICODE)


def names_of(text: str) -> tuple[str, ...]:
    """The names of a list that somebody typed or pasted, each once, in their order."""
    found = (" ".join(part.split()) for part in _SPLIT.split(text))
    return tuple(dict.fromkeys(name for name in found if name))


def wrong_with(names: tuple[str, ...]) -> list[str]:
    """What is not a list of names."""
    problems = []
    if len(names) > MOST:
        problems.append(f"最多 {MOST} 位发明人，现在是 {len(names)} 位，请核对。")
    if odd := [name for name in names if not _is_name(name)]:
        shown = "、".join(name[:20] for name in odd[:3])
        problems.append(f"这里只写姓名，不写电话、邮箱和说明，每位不超过 {LONGEST} 字：{shown}")
    return problems


def _is_name(name: str) -> bool:
    return 2 <= len(name) <= LONGEST and _NAME.fullmatch(name) is not None
