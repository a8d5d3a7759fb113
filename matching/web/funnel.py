"""The page of the pushing funnel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from matching.selectors import funnel as asked
from matching.types import FUNNEL_STAGES, Funnel
from matching.web.doors import page_of

LABELS: dict[str, Any] = {
    "sent": lazy("推送"),
    "opened": lazy("打开"),
    "rated": lazy("评价"),
    "interested": lazy("感兴趣"),
    "contacted": lazy("联系"),
    "licensed": lazy("成交"),
}
PERIODS = ((30, lazy("近 30 天")), (90, lazy("近 90 天")), (365, lazy("近一年")))
CHANNELS = {"bell": lazy("站内消息"), "mail": lazy("邮件")}


@require_GET
@for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU, Role.SYSADMIN, Role.AUDITOR)
def pushes(request: Request) -> HttpResponse:
    """How far pushes went, by week and by patent."""
    days = next((n for n, _l in PERIODS if str(n) == request.GET.get("days")), 90)
    until = timezone.now()
    asking: dict[str, Any] = {
        "viewer": request.actor,
        "since": until - timedelta(days=days),
        "until": until,
    }
    page = page_of(request, asked.by_patent(**asking), size=20)
    exact = asked.oversees(request.actor)
    context = {
        "stages": [LABELS[name] for name in FUNNEL_STAGES],
        "total": cells(asked.funnel(**asking)),
        "bars": bars(asked.funnel(**asking)),
        "weeks": [(w.week, cells(w.funnel)) for w in asked.by_week(**asking)],
        "patents": [
            (row, cells(row.funnel)) for row in asked.patent_rows(list(page), viewer=request.actor)
        ],
        "page": page,
        "exact": exact,
        "channels": [(CHANNELS[c], n) for c, n in asked.by_channel(**asking)] if exact else [],
        "tabs": [
            {"url": f"?days={n}", "label": label, "current": n == days} for n, label in PERIODS
        ],
    }
    return render(request, "matching/funnel.html", context)


def cells(found: Funnel) -> list[tuple[Any, str]]:
    """Each stage with its count as people may read it."""
    return [(LABELS[name], shown(getattr(found, name))) for name in FUNNEL_STAGES]


def shown(count: int | None) -> str:
    return _("少于 5") if count is None else f"{count:,}"


def bars(found: Funnel) -> list[dict[str, Any]]:
    """The funnel as a chart; what is blurred is drawn as nothing and said in words."""
    return [{"label": LABELS[name], "value": getattr(found, name) or 0} for name in FUNNEL_STAGES]


urlpatterns = [path("pushes/", pushes, name="pushes")]
