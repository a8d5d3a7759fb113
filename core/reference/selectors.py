"""Ask the reference tables: names, parents and fields of codes. Plain Python, no database."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from core.reference import tables
from core.reference.types import Industry, IpcEntry, Region, StrategicIndustry, WipoField

__all__ = [
    "Industry",
    "IpcEntry",
    "Region",
    "StrategicIndustry",
    "WipoField",
    "children_of",
    "in_region",
    "industries",
    "industry",
    "industry_known",
    "industry_name",
    "industry_parent",
    "ipc_class",
    "ipc_known",
    "ipc_sections",
    "ipc_subclass",
    "ipc_title",
    "provinces",
    "region",
    "region_known",
    "region_name",
    "region_path",
    "region_prefix",
    "regions",
    "strategic_branches",
    "strategic_industries",
    "wipo_field",
    "wipo_fields",
]

# Names of levels that are only bookkeeping: 310100 市辖区 lies between 上海市 and 浦东新区.
_FILLERS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
_SYMBOL = re.compile(r"^([A-H])(?:(\d{2})(?:([A-Z])(?:\s*0*(\d{1,4}).*)?)?)?$")


# Regions (GB/T 2260)


def regions(*, retired: bool = False) -> tuple[Region, ...]:
    """All divisions in code order; those withdrawn only when asked for."""
    return tuple(r for r in tables.regions().values() if retired or r.valid_to is None)


def region(code: str) -> Region | None:
    """The division of a code or prefix ("31", "3101", "310115"), or None."""
    code = code.strip()
    if len(code) not in (2, 4, 6) or not code.isdigit():
        return None
    return tables.regions().get(code.ljust(6, "0"))


def region_known(code: str) -> bool:
    """Whether the code or prefix stands in the table, retired or not."""
    return region(code) is not None


def region_path(code: str) -> tuple[Region, ...]:
    """The divisions from the province down to this one; empty for a code nobody knows."""
    found: list[Region] = []
    step = region(code)
    while step is not None:
        found.append(step)
        step = tables.regions().get(step.parent)
    return tuple(reversed(found))


def region_name(code: str) -> str:
    """The full name as people write it: "310115" -> "上海市浦东新区"; "" -> "全国"."""
    if not code:
        return "全国"
    path = region_path(code)
    names = [r.name for r in path if r.name not in _FILLERS]
    return "".join(names) or code


def region_prefix(code: str) -> str:
    """The code without its trailing 00 pairs: "310000" -> "31"; the prefix a bureau governs."""
    code = code.strip()
    while code.endswith("00") and len(code) > 2:
        code = code[:-2]
    return "" if code == "00" else code


def in_region(code: str, prefix: str) -> bool:
    """Whether `code` lies in the region of `prefix`; the empty prefix is the nation."""
    return code.startswith(region_prefix(prefix))


def provinces() -> tuple[Region, ...]:
    """The 34 divisions of the first level."""
    return tuple(r for r in regions() if r.level == 1)


def children_of(code: str) -> tuple[Region, ...]:
    """The divisions in force one level below ("31" -> its districts), 市辖区 rows skipped."""
    parent = region(code)
    if parent is None:
        return provinces() if not code else ()
    below: list[Region] = []
    for child in regions():
        if child.parent == parent.code:
            below.extend(children_of(child.code) if child.name in _FILLERS else (child,))
    return tuple(sorted(below, key=lambda r: r.code))


# Industries (GB/T 4754-2017)


def industries(*, level: int | None = None) -> tuple[Industry, ...]:
    """The classification in code order, or one level of it."""
    return tuple(i for i in tables.industries().values() if level is None or i.level == level)


def industry(code: str) -> Industry | None:
    """The class of a code, written "C", "39", "3973" or "C3973"; None if the table lacks it."""
    code = code.strip().upper()
    if len(code) > 1 and code[0].isalpha():
        letter, code = code[0], code[1:]
        found = tables.industries().get(code)
        return found if found is not None and _section_of(found) == letter else None
    return tables.industries().get(code)


def industry_known(code: str) -> bool:
    """Whether the standard has this class."""
    return industry(code) is not None


def industry_name(code: str) -> str:
    """The name of the class, or the code itself when the standard lacks it."""
    found = industry(code)
    return found.name if found else code


def industry_parent(code: str) -> str:
    """The code one level up ("3973" -> "397", "39" -> "C"), "" at the top or when unknown."""
    found = industry(code)
    return found.parent if found else ""


def _section_of(item: Industry) -> str:
    while item.parent:
        item = tables.industries()[item.parent]
    return item.code


# IPC


def ipc_subclass(symbol: str) -> str:
    """The subclass of any spelling of a symbol ("h01m 10/0525" -> "H01M"), "" if it has none."""
    parts = _parts(symbol)
    return "".join(parts[:3]) if parts and parts[2] else ""


def ipc_class(symbol: str) -> str:
    """The three-character class of a symbol ("H01M10/0525" -> "H01"), "" if it has none."""
    parts = _parts(symbol)
    return "".join(parts[:2]) if parts and parts[1] else ""


def ipc_known(symbol: str) -> bool:
    """Whether the subclass (or class, or section, if that is all there is) stands in the table."""
    parts = _parts(symbol)
    return parts is not None and "".join(parts[:3]) in tables.ipc()


def ipc_title(symbol: str, lang: str = "zh") -> str:
    """The title of the subclass, else of the class, else of the section, else ""."""
    parts = _parts(symbol)
    if parts is None:
        return ""
    for depth in (3, 2, 1):
        entry = tables.ipc().get("".join(parts[:depth]))
        title = entry and (entry.title_en if lang.startswith("en") else entry.title_zh)
        if title:
            return title
    return ""


def ipc_sections() -> tuple[IpcEntry, ...]:
    """The eight sections A to H."""
    return tuple(e for e in tables.ipc().values() if len(e.code) == 1)


def _parts(symbol: str) -> tuple[str, str, str, str] | None:
    """Section, class digits, subclass letter and main group of a symbol; None if it is none."""
    match = _SYMBOL.match(symbol.strip().upper())
    if match is None:
        return None
    section, digits, letter, group = match.groups()
    return section, digits or "", letter or "", group or ""


# WIPO fields and strategic industries


def wipo_fields() -> tuple[WipoField, ...]:
    """The 35 fields in order."""
    return tuple(tables.wipo_fields().values())


def wipo_field(symbol: str) -> WipoField | None:
    """The field of a symbol: main group before subclass before class; None where WIPO has none."""
    parts = _parts(symbol)
    if parts is None or not parts[1]:
        return None
    subclass, prefixes = "".join(parts[:3]), tables.wipo_prefixes()
    for key in (subclass + parts[3] if parts[2] else "", subclass, "".join(parts[:2])):
        if key in prefixes:
            return tables.wipo_fields()[prefixes[key]]
    usual = _usual_fields().get(subclass)
    return tables.wipo_fields()[usual] if usual else None


@cache
def _usual_fields() -> dict[str, int]:
    """For subclasses split by main group (A61K, B01D): the field most of their groups are in."""
    votes: dict[str, Counter[int]] = {}
    for prefix, number in tables.wipo_prefixes().items():
        if len(prefix) > 4:
            votes.setdefault(prefix[:4], Counter())[number] += 1
    return {subclass: min(count, key=lambda n: (-count[n], n)) for subclass, count in votes.items()}


def strategic_branches() -> tuple[StrategicIndustry, ...]:
    """All branches of the strategic emerging industries."""
    return tables.strategic()


def strategic_industries(ipc: str) -> tuple[StrategicIndustry, ...]:
    """The branches that lean on the symbol's subclass: many to many, a hint and no verdict."""
    subclass = ipc_subclass(ipc)
    return tuple(s for s in tables.strategic() if subclass and subclass in s.ipc)
