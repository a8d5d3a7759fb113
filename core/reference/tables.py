"""Read the packaged tables once, on first use.

The tables are facts of public standards (GB/T 2260, GB/T 4754-2017, IPC, the WIPO technology
concordance, the 2021 crosswalk of strategic industries), small enough to live in memory: a few
thousand rows, loaded in some 20 ms.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from core.reference.types import Industry, IpcEntry, Region, StrategicIndustry, WipoField


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("core.reference") / "data" / f"{name}.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def _year(text: str) -> int | None:
    return int(text) if text else None


@cache
def regions() -> Mapping[str, Region]:
    """Every division ever listed here, by six-digit code, retired ones included."""
    return MappingProxyType(
        {
            row["code"]: Region(
                code=row["code"],
                name=row["name"],
                level=int(row["level"]),
                parent=row["parent"],
                valid_from=_year(row["valid_from"]),
                valid_to=_year(row["valid_to"]),
                successor=row["successor"],
            )
            for row in _rows("regions")
        }
    )


@cache
def industries() -> Mapping[str, Industry]:
    """GB/T 4754-2017 by bare code: "C", "39", "397", "3973"."""
    return MappingProxyType(
        {
            row["code"]: Industry(row["code"], row["name"], int(row["level"]), row["parent"])
            for row in _rows("industries")
        }
    )


@cache
def ipc() -> Mapping[str, IpcEntry]:
    """IPC sections, classes and subclasses; H01L is kept although abolished in 2026.01."""
    return MappingProxyType(
        {
            row["code"]: IpcEntry(
                code=row["code"],
                title_zh=row["title_zh"],
                title_en=row["title_en"],
                valid_from=_year(row["valid_from"]),
                valid_to=_year(row["valid_to"]),
            )
            for row in _rows("ipc")
        }
    )


@cache
def wipo_fields() -> Mapping[int, WipoField]:
    """The 35 fields of technology by number."""
    return MappingProxyType(
        {
            int(row["number"]): WipoField(
                number=int(row["number"]),
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                sector_zh=row["sector_zh"],
                sector_en=row["sector_en"],
            )
            for row in _rows("wipo_fields")
        }
    )


@cache
def wipo_prefixes() -> Mapping[str, int]:
    """IPC subclass, class or subclass + main group, to the number of its field."""
    return MappingProxyType({row["prefix"]: int(row["field"]) for row in _rows("wipo_prefixes")})


@cache
def strategic() -> tuple[StrategicIndustry, ...]:
    """The branches of the strategic emerging industries with their IPC subclasses."""
    return tuple(
        StrategicIndustry(
            code=row["code"],
            industry=row["industry"],
            branch=row["branch"],
            ipc=frozenset(row["ipc"].split()),
        )
        for row in _rows("strategic")
    )
