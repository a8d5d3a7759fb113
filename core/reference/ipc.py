"""IPC symbols 国际专利分类号 (WIPO ST.8) and Locarno classes 洛迦诺分类 of designs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import lru_cache

FIRST_INDEXING_GROUP = 2000

_SYMBOL = re.compile(
    r"^(?P<subclass>[A-H](?:0[1-9]|[1-9]\d)[A-Z])"
    r"(?:(?P<group>[1-9]\d{0,3})/(?P<subgroup>\d{2,6}))?"
    r"(?:\(\d{4}\.\d{2}\)[A-Z]{0,3})?$",
    re.ASCII,
)
_FIXED = re.compile(r"^([A-H](?:0[1-9]|[1-9]\d)[A-Z])(\d{4})(\d{6})$", re.ASCII)
_LOCARNO = re.compile(r"^(?:LOC)?(?:\(\d{1,2}\))?(?:CL\.?)?(\d{2})-(\d{2})$", re.ASCII)
_SEPARATORS = re.compile(r"[;；,，、\n|]+")


class IpcError(Exception):
    """A classification that cannot be read: what is wrong, and how to mend it. All Chinese."""

    def __init__(self, code: str, message: str, mend: str) -> None:
        super().__init__(f"{message}{mend}")
        self.code, self.message, self.mend = code, message, mend


@dataclass(frozen=True, slots=True)
class Symbol:
    """One classification symbol: as printed, and as it sorts (fourteen characters)."""

    printed: str
    sort_key: str
    is_indexing: bool = False

    @property
    def subclass(self) -> str:
        return self.printed[:4]

    @property
    def main_group(self) -> str:
        """As "H01M 10"; of a bare subclass, the subclass."""
        return self.printed.partition("/")[0]


@lru_cache(maxsize=16384)  # lists name the same symbols again and again
def parse(text: str) -> Symbol:
    """The symbol behind any of the spellings in use, or IpcError.

    `H01M10/0525`, `H01M 10/0525`, `H01M0010052500` and `H01M10/0525(2010.01)I` are one; a bare
    subclass is a symbol too.
    """
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
    if fixed := _FIXED.match(plain):
        subclass, group, subgroup = fixed.groups()
        if int(group) == 0:
            return _symbol(subclass, "", "")
        kept = subgroup.rstrip("0")
        return _symbol(subclass, str(int(group)), kept.ljust(2, "0"))
    if found := _SYMBOL.match(plain):
        return _symbol(found["subclass"], found["group"] or "", found["subgroup"] or "")
    raise IpcError(
        "ipc-shape",
        f"IPC 分类号“{text[:40]}”格式不对。",
        "请按 H01M 10/0525 的样式填写：部（A–H）、大类两位、小类一个字母、大组/小组。",
    )


def _symbol(subclass: str, group: str, subgroup: str) -> Symbol:
    if not group:
        return Symbol(subclass, subclass + "0" * 10)
    # Subgroups are decimals: 10/05 and 10/0500 are the same place, and 10/0525 lies below it.
    kept = subgroup.rstrip("0").ljust(2, "0")
    return Symbol(
        f"{subclass} {group}/{kept}",
        f"{subclass}{int(group):04d}{kept.ljust(6, '0')}",
        is_indexing=int(group) >= FIRST_INDEXING_GROUP,
    )


def split(text: str) -> list[str]:
    """The symbols of one cell, which people part by semicolons, commas or lines."""
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]


def parse_many(texts: Iterable[str]) -> list[Symbol]:
    """All symbols, each once, in the order given: the first is the main one."""
    return list(dict.fromkeys(parse(text) for text in texts))


def warning(symbol: Symbol, known: Container[str]) -> str | None:
    """A Chinese warning when the symbol is well-formed but its subclass is in no table of ours."""
    if symbol.subclass in known:
        return None
    return f"IPC 小类 {symbol.subclass} 不在分类表中，可能是旧版或抄写错误，请核对；已按原样保存。"


def locarno(text: str) -> str:
    """The Locarno class of a design, as 10-05, or IpcError."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
    found = _LOCARNO.match(plain)
    if not found or not 1 <= int(found[1]) <= 32:
        raise IpcError(
            "locarno-shape",
            f"外观设计分类号“{text[:40]}”格式不对。",
            "外观设计用洛迦诺分类，请按 10-05 的样式填写，大类为 01–32。",
        )
    return f"{found[1]}-{found[2]}"
