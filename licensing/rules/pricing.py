"""What comparable deals were concluded at 同类成交: fixed cells, quartiles, and nobody's own price.

Nothing here can be asked of freely chosen rows. There is one ladder of cells (the patent's IPC
class, its section, all), one set of ways (open, ordinary, exclusive, transfer) and two measures
(the sums agreed on, the rate on net sales). A cell is shown when at least `K` distinct licensors
and `K` distinct licensees are in it and none of them is in more than half of its deals, and when
what its siblings leave over of the step above is empty or could be shown as well: so one cell less
another never leaves fewer than that. Deals enter in batches, at the end of a quarter and only once
`K` new parties of either side have come: the answer of today less that of yesterday is no deal.
Figures are rounded to two digits, counts are bands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

K = 5
BANDS = (5, 10, 20, 50, 100, 200, 500, 1000)
EVERYTHING = ""


class Way(StrEnum):
    """How the patent went: what a price is comparable with."""

    OPEN = "open"
    ORDINARY = "ordinary"
    EXCLUSIVE = "exclusive"
    TRANSFER = "transfer"


class Measure(StrEnum):
    """What is compared."""

    SUM = "sum"
    RATE = "rate"


WAY_LABELS: Mapping[Way, str] = {
    Way.OPEN: "开放许可",
    Way.ORDINARY: "普通许可",
    Way.EXCLUSIVE: "排他或独占许可",
    Way.TRANSFER: "转让",
}
MEASURE_LABELS: Mapping[Measure, str] = {
    Measure.SUM: "定额合计（元）",
    Measure.RATE: "净销售额提成（%）",
}


@dataclass(frozen=True, slots=True)
class Comparable:
    """One concluded deal, as far as it counts here."""

    id: int
    way: Way
    field: str  # the IPC class of its patent, such as H01; empty when unknown
    giver: int
    taker: int
    measure: Measure
    value: Decimal
    concluded_on: date


@dataclass(frozen=True, slots=True)
class Cell:
    """What may be said of a group of deals."""

    way: Way
    field: str
    measure: Measure
    low: Decimal
    middle: Decimal
    high: Decimal
    deals: str
    until: date

    @property
    def scope(self) -> str:
        """Which step of the ladder it stands on."""
        if not self.field:
            return "全部技术领域"
        return f"IPC 大类 {self.field}" if len(self.field) > 1 else f"IPC 部 {self.field}"


def quarter_end(day: date) -> date:
    """The last day of the latest quarter that is over before `day`."""
    first = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return first - timedelta(days=1)


def enough(rows: Sequence[Comparable]) -> bool:
    """Whether these are of so many parties that none shows through."""
    givers, takers = Counter(r.giver for r in rows), Counter(r.taker for r in rows)
    if len(givers) < K or len(takers) < K:
        return False
    return max(*givers.values(), *takers.values()) * 2 <= len(rows)


def released(rows: Iterable[Comparable], *, today: date) -> tuple[list[Comparable], date | None]:
    """The deals that entered by batches, and the day of the last batch."""
    waiting = sorted(rows, key=lambda row: (quarter_close(row.concluded_on), row.id))
    out: list[Comparable] = []
    batch: list[Comparable] = []
    until: date | None = None
    limit = quarter_end(today)
    for index, row in enumerate(waiting):
        close = quarter_close(row.concluded_on)
        if close > limit:
            break
        batch.append(row)
        follower = waiting[index + 1] if index + 1 < len(waiting) else None
        if follower is not None and quarter_close(follower.concluded_on) == close:
            continue
        if len({r.giver for r in batch}) >= K and len({r.taker for r in batch}) >= K:
            out, batch, until = out + batch, [], close
    return out, until


def quarter_close(day: date) -> date:
    """The last day of the quarter that this day lies in."""
    month = 3 * ((day.month - 1) // 3) + 4
    following = date(day.year + month // 13, (month - 1) % 12 + 1, 1)
    return following - timedelta(days=1)


def cells(rows: Iterable[Comparable], *, today: date) -> dict[tuple[Way, str, Measure], Cell]:
    """Every cell that may be shown today."""
    groups: dict[tuple[Way, Measure], list[Comparable]] = {}
    for row in rows:
        groups.setdefault((row.way, row.measure), []).append(row)
    found = {}
    for (way, measure), group in sorted(groups.items()):
        kept, until = released(group, today=today)
        if until is None:
            continue
        for field, members in _ladder(kept).items():
            cell = _cell(way, field, measure, members, until)
            if cell.low < cell.high:  # one price for all is everybody's price
                found[way, field, measure] = cell
    return found


def _ladder(rows: list[Comparable]) -> dict[str, list[Comparable]]:
    """The groups that may be shown, from all down to the class; siblings leave no small rest."""
    if not enough(rows):
        return {}
    found = {EVERYTHING: rows}
    for section, members in _safe(rows, 1).items():
        found[section] = members
        found |= _safe(members, 3)
    return found


def _safe(rows: list[Comparable], letters: int) -> dict[str, list[Comparable]]:
    groups: dict[str, list[Comparable]] = {}
    for row in rows:
        groups.setdefault(row.field[:letters], []).append(row)
    named = {name: part for name, part in groups.items() if len(name) == letters and enough(part)}
    while named:
        shown = {row.id for part in named.values() for row in part}
        rest = [row for row in rows if row.id not in shown]
        if not rest or enough(rest):
            break
        del named[min(named, key=lambda name: (len(named[name]), name))]
    return named


def _cell(way: Way, field: str, measure: Measure, rows: Sequence[Comparable], until: date) -> Cell:
    low, middle, high = (rounded(q) for q in quartiles([row.value for row in rows]))
    return Cell(way, field, measure, low, middle, high, band(len(rows)), until)


def quartiles(values: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """The quartiles, between neighbours in proportion."""
    ordered = sorted(values)
    return (_at(ordered, 1), _at(ordered, 2), _at(ordered, 3))


def _at(ordered: Sequence[Decimal], quarter: int) -> Decimal:
    place = Decimal((len(ordered) - 1) * quarter) / 4
    index = int(place)
    if index + 1 >= len(ordered):
        return ordered[-1]
    return ordered[index] + (ordered[index + 1] - ordered[index]) * (place - index)


def rounded(value: Decimal) -> Decimal:
    """Two digits that count: 48,730 → 49,000; 3.14 → 3.1."""
    if not value:
        return Decimal(0)
    step = Decimal(1).scaleb(value.adjusted() - 1)
    return ((value / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step).normalize() + 0


def band(count: int) -> str:
    """How many, no more exactly than one may know."""
    floor = max(b for b in BANDS if b <= count)
    above = next((b for b in BANDS if b > count), None)
    return f"{floor}–{above - 1} 笔" if above else f"{floor} 笔以上"


def best(
    found: Mapping[tuple[Way, str, Measure], Cell], *, way: Way, field: str, measure: Measure
) -> Cell | None:
    """The narrowest cell that may be shown for a patent of this field."""
    for step in (field[:3], field[:1], EVERYTHING):
        cell = found.get((way, step, measure))
        if cell is not None:
            return cell
    return None
