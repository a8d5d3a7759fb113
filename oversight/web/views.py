"""The bureau's page, the rows behind each of its numbers, and their download."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.people.types import Role
from core.templatetags import ui
from core.web.doors import for_roles
from core.web.export import csv_download
from core.web.types import Request
from oversight import rules, selectors
from oversight.types import Dashboard, Value
from oversight.web.forms import PeriodForm, read

ROWS_A_PAGE = 50
EXPORT_LIMIT = 10_000
overseers = for_roles(Role.BUREAU, Role.AUDITOR, Role.SYSADMIN)


def _query(prefix: str, period: rules.Period) -> str:
    return urlencode({"region": prefix, "since": period.since, "until": period.until})


@require_GET
@overseers
def dashboard(request: Request) -> HttpResponse:
    """Five numbers by region, each leading to its rows."""
    own = selectors.scope(request.actor)
    prefix, period = read(request.GET, own=own, today=timezone.localdate())
    page = selectors.dashboard(viewer=request.actor, prefix=prefix, period=period)
    context = {
        "page": page,
        "form": PeriodForm(initial={"region": prefix, **_dates(period)}),
        "period": period,
        "query": _query(prefix, period),
        "lines": _lines(page, period),
        "parent": prefix[:-2] if len(prefix) > len(own) else None,
        "parent_query": _query(prefix[:-2], period),
    }
    return render(request, "oversight/dashboard.html", context)


def _dates(period: rules.Period) -> dict[str, object]:
    return {"since": period.since, "until": period.until}


def _lines(page: Dashboard, period: rules.Period) -> list[dict[str, object]]:
    """Each division with a link for itself and one for each of its numbers."""
    return [
        {
            "name": line.name,
            "query": None if line.prefix is None else _query(line.prefix, period),
            "counts": tuple(zip(rules.METRICS, line.counts, strict=True)),
        }
        for line in page.lines
    ]


def _shown(value: Value) -> str:
    """A cell as people read it."""
    match value:
        case datetime():
            return ui.zhdatetime(value)
        case date():
            return ui.zhdate(value)
        case Decimal() | int():
            return ui.number(value)
        case _:
            return value or ui.NOTHING


@require_GET
@overseers
def metric(request: Request, code: str) -> HttpResponse:
    """Exactly the rows behind one number."""
    prefix, period = read(
        request.GET, own=selectors.scope(request.actor), today=timezone.localdate()
    )
    text = request.GET.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    found = selectors.rows(
        viewer=request.actor,
        code=code,
        prefix=prefix,
        period=period,
        offset=(max(number, 1) - 1) * ROWS_A_PAGE,
        limit=ROWS_A_PAGE,
    )
    pages = Paginator(range(found.count), ROWS_A_PAGE)
    context = {
        "found": found,
        "rows": [
            (row.url, tuple(zip(found.metric.columns, map(_shown, row.values), strict=True)))
            for row in found.rows
        ],
        "page": pages.get_page(number),
        "region_name": selectors.region_name(prefix),
        "period": period,
        "query": _query(prefix, period),
    }
    return render(request, "oversight/metric.html", context)


@require_GET
@overseers
def export(request: Request, code: str) -> HttpResponse:
    """The same rows as CSV, at most 10,000."""
    prefix, period = read(
        request.GET, own=selectors.scope(request.actor), today=timezone.localdate()
    )
    found = selectors.rows(
        viewer=request.actor, code=code, prefix=prefix, period=period, limit=EXPORT_LIMIT
    )
    name = f"{code}-{prefix or 'cn'}-{period.since}-{period.until}"
    return csv_download(name, found.metric.columns, [row.values for row in found.rows])
