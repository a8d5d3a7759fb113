"""The bureau's numbers, each from one source that also gives exactly its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

from django.db.models import QuerySet

from core.errors import Missing
from core.people.types import Actor, Role
from core.permissions import Permission, require
from core.reference import selectors as reference
from licensing import selectors as licensing
from listings import selectors as listings
from matching import selectors as matching
from oversight import rules
from oversight.rules import Metric, Period
from oversight.types import Dashboard, Figure, RegionLine, Row, Rows
from pledges import selectors as pledges


class Asked(TypedDict):
    """How licensing and pledges are asked for a number and its rows."""

    region: str
    since: date
    until: date
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows: a region prefix, a period, and a page."""

    prefix: str
    period: Period
    offset: int = 0
    limit: int = 50

    def asked(self) -> Asked:
        """The same in the words in which the rooms below are asked."""
        return {
            "region": self.prefix,
            "since": self.period.since,
            "until": self.period.until,
            "after": self.offset,
            "limit": self.limit,
        }


def _patent_url(patent_id: int) -> str:
    return f"/patents/{patent_id}/"


def _listed(query: Query, viewer: Actor) -> tuple[int, list[Row], str]:
    cards = listings.stock_rows(
        query.prefix, "listed", viewer=viewer, offset=query.offset, limit=query.limit
    )
    rows = [
        Row(
            (card.title, card.printed, "、".join(card.holder_names), card.listed_at),
            _patent_url(card.id),
        )
        for card in cards
    ]
    return listings.stock_counts(query.prefix).listed, rows, ""


def _opens(visible: QuerySet[Any], rows: Iterable[Any]) -> set[int]:
    """Which of a room's rows open for the viewer: the room says what it shows to whom."""
    shown = visible.filter(pk__in=[row.id for row in rows]).order_by()
    return set(shown.values_list("pk", flat=True))


PROGRESS = (
    ("deal_at", "已成交"),
    ("contacted_at", "已联系"),
    ("rated_at", "已评价"),
    ("viewed_at", "已查看"),
    ("pushed_at", "已推送"),
)


def _leads(query: Query, viewer: Actor) -> tuple[int, list[Row], str]:
    since, before = query.period.moments()
    counted = matching.lead_count(query.prefix, moment="pushed", since=since, until=before)
    found = matching.leads(
        query.prefix,
        moment="pushed",
        since=since,
        until=before,
        after=query.offset,
        limit=query.limit,
    )
    cards = listings.cards([lead.patent_id for lead in found], viewer=Actor.system())
    rows = [
        Row(
            (
                cards[lead.patent_id].title,
                cards[lead.patent_id].printed,
                lead.pushed_at,
                next(word for moment, word in PROGRESS if getattr(lead, moment)),
            ),
            _patent_url(lead.patent_id),
        )
        for lead in found
    ]
    return counted, rows, "企业名称在双方联系之前不向第三方展示。"


def _licences(query: Query, viewer: Actor) -> tuple[int, list[Row], str]:
    counted = licensing.effective_licences(**query.asked())
    opens = _opens(licensing.licences(viewer=viewer), counted.rows)
    rows = [
        Row(
            (
                row.patent_title,
                row.patent_number,
                row.licensor_name,
                row.licensee_name,
                row.effective_at,
            ),
            f"/licences/{row.id}/" if row.id in opens else "",
        )
        for row in counted.rows
    ]
    return counted.count, rows, ""


def _outcomes(query: Query, viewer: Actor) -> tuple[int, list[Row], str]:
    counted = licensing.verified_outcomes(**query.asked())
    opens = _opens(licensing.outcomes(viewer=viewer), counted.rows)
    rows = [
        Row(
            (
                row.patent_title,
                row.patent_number,
                row.label,
                row.organisation_name,
                row.happened_on,
            ),
            f"/outcomes/{row.id}/" if row.id in opens else "",
        )
        for row in counted.rows
    ]
    return counted.count, rows, ""


def _pledges(query: Query, viewer: Actor) -> tuple[int, list[Row], str]:
    counted = pledges.recorded_pledges(**query.asked())
    opens = _opens(pledges.pledges(viewer=viewer), counted.rows)
    rows = [
        Row(
            (
                row.register_number,
                row.pledgor_name,
                row.pledgee_name,
                row.principal,
                row.registered_on,
            ),
            f"/pledges/{row.id}/" if row.id in opens else "",
        )
        for row in counted.rows
    ]
    return counted.count, rows, f"登记担保金额合计 {counted.total:,} 元。"


SOURCES: Mapping[str, Callable[[Query, Actor], tuple[int, list[Row], str]]] = {
    "listed": _listed,
    "leads": _leads,
    "licences": _licences,
    "outcomes": _outcomes,
    "pledges": _pledges,
}


def _by_region(metric: Metric, query: Query) -> dict[str, int]:
    """The metric's number by full region code."""
    since, until = query.period.since, query.period.until
    match metric.code:
        case "listed":
            return listings.stock_regions(query.prefix, "listed")
        case "leads":
            start, before = query.period.moments()
            return matching.lead_regions(query.prefix, moment="pushed", since=start, until=before)
        case "licences":
            return licensing.licence_regions(region=query.prefix, since=since, until=until)
        case "outcomes":
            return licensing.outcome_regions(region=query.prefix, since=since, until=until)
        case _:
            return pledges.pledge_regions(region=query.prefix, since=since, until=until)


def scope(viewer: Actor) -> str:
    """The prefix that a viewer oversees: a bureau's own, the nation for auditors and admins."""
    return viewer.region if viewer.has(Role.BUREAU) else ""


def _allow(viewer: Actor, prefix: str) -> None:
    require(viewer, Permission.SEE_DASHBOARD)
    known = not prefix or reference.region_known(prefix.ljust(6, "0"))
    if not known or not rules.within(prefix, scope(viewer)):
        raise Missing("没有这个区划，或不在您的管辖范围内。")


def dashboard(*, viewer: Actor, prefix: str, period: Period) -> Dashboard:
    """Five numbers for a region and for each division below it; Missing outside the scope."""
    _allow(viewer, prefix)
    query = Query(prefix, period)
    by_code = {metric.code: _by_region(metric, query) for metric in rules.METRICS}
    divisions = _divisions(prefix)
    sums = {code: rules.roll_up(counts, divisions) for code, counts in by_code.items()}
    lines = [
        RegionLine(below, name, tuple(sums[m.code][0][below] for m in rules.METRICS))
        for below, name in divisions.items()
    ]
    rest = tuple(sums[m.code][1] for m in rules.METRICS)
    shown = [line for line in lines if any(line.counts)]
    if any(rest):
        shown.append(RegionLine(None, "未细分到下级区划", rest))
    return Dashboard(
        prefix=prefix,
        name=region_name(prefix),
        figures=tuple(Figure(m, sum(by_code[m.code].values())) for m in rules.METRICS),
        lines=tuple(shown),
    )


def region_name(prefix: str) -> str:
    """What a prefix is called."""
    return reference.region_name(prefix.ljust(6, "0")) if prefix else "全国"


def _divisions(prefix: str) -> dict[str, str]:
    """The divisions just below a prefix: their prefixes and names."""
    code = prefix.ljust(6, "0")
    found = reference.children_of(code) if prefix else reference.provinces()
    return {reference.region_prefix(region.code): region.name for region in found}


def rows(
    *, viewer: Actor, code: str, prefix: str, period: Period, offset: int = 0, limit: int = 50
) -> Rows:
    """Exactly the rows behind one number; Missing for an unknown metric or region."""
    _allow(viewer, prefix)
    metric = rules.BY_CODE.get(code)
    if metric is None:
        raise Missing("没有这项指标。")
    count, found, note = SOURCES[code](Query(prefix, period, offset, limit), viewer)
    return Rows(metric, count, found, note)
