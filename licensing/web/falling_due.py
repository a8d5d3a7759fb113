"""The calendar 许可日历 of an organisation's licences and deals, as a page and for calendars."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.text import calendars
from core.web.doors import login_needed, tabs_of
from core.web.types import Request
from licensing.selectors import falling_due as days

PAGE = 50


@require_GET
@login_needed
def calendar(request: Request) -> HttpResponse:
    """What falls due within a year, and what is late."""
    kind, tabs = tabs_of(request, days.KINDS.items(), by="kind")
    rows = days.falling_due(viewer=request.actor, today=timezone.localdate(), kind=kind)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "licensing/falling_due.html",
        {"page_obj": page, "tabs": tabs, "late": sum(row.late for row in rows)},
    )


@require_GET
@login_needed
def file(request: Request) -> HttpResponse:
    """The same as a file for calendar programs."""
    now = timezone.now()
    rows = days.falling_due(viewer=request.actor, today=timezone.localdate())
    entries = [
        calendars.Day(
            uid=f"licence-{row.key}@patentops",
            on=row.on,
            summary=f"{row.label}：{row.title}",
            description=row.text,
            url=request.build_absolute_uri(row.url),
            alarms=(30, 7),
        )
        for row in rows
    ]
    text = calendars.calendar("许可日历", entries, stamp=now)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="licences.ics"'
    return response


urlpatterns = [
    path("licences/calendar/", calendar, name="licence-calendar"),
    path("licences/calendar.ics", file, name="licence-calendar-file"),
]
