"""What crosses this room's floors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from oversight.rules import Metric

Value = str | int | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One thing a metric counts: its values in the order of the metric's columns, and its page.

    No page ("") where the viewer sees the row but may not open it.
    """

    values: tuple[Value, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Rows:
    """A number and a page of exactly the rows it counts."""

    metric: Metric
    count: int
    rows: Sequence[Row]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric's number for a region."""

    metric: Metric
    count: int


@dataclass(frozen=True, slots=True)
class RegionLine:
    """The numbers of one division below the region looked at; `prefix` is None for the rest."""

    prefix: str | None
    name: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The bureau's page."""

    prefix: str
    name: str
    figures: tuple[Figure, ...]
    lines: tuple[RegionLine, ...]
