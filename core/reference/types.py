"""What the reference tables answer with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A division of GB/T 2260: 1 province, 2 prefecture, 3 county.

    Codes are never reused, so a retired one keeps its row: `valid_to` is the year it was
    withdrawn and `successor` the division that took it over.
    """

    code: str
    name: str
    level: int
    parent: str
    valid_from: int | None = None
    valid_to: int | None = None
    successor: str = ""


@dataclass(frozen=True, slots=True)
class Industry:
    """A class of GB/T 4754-2017: 1 门类, 2 大类, 3 中类, 4 小类."""

    code: str
    name: str
    level: int
    parent: str


@dataclass(frozen=True, slots=True)
class IpcEntry:
    """A section, class or subclass of the International Patent Classification."""

    code: str
    title_zh: str
    title_en: str
    valid_from: int | None = None
    valid_to: int | None = None


@dataclass(frozen=True, slots=True)
class WipoField:
    """One of WIPO's 35 fields of technology."""

    number: int
    name_zh: str
    name_en: str
    sector_zh: str
    sector_en: str


@dataclass(frozen=True, slots=True)
class StrategicIndustry:
    """A branch of a strategic emerging industry (战略性新兴产业) with the IPC it leans on."""

    code: str
    industry: str
    branch: str
    ipc: frozenset[str]
