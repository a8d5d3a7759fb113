"""Where browsers say what the content security policy refused, and the page that shows it."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from core.guard import rules, selectors, services
from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request

A_PAGE = 50


@require_POST
@csrf_exempt  # a browser sends it by itself, without a token; it changes nothing but these counts
def receive(request: Request) -> HttpResponse:
    """Take a browser's report in: 204, or why not."""
    if request.content_type not in rules.KINDS:
        return HttpResponse(status=415)
    if int(request.META.get("CONTENT_LENGTH") or 0) > rules.LONGEST_BODY:
        return HttpResponse(status=413)
    try:
        told = rules.reports(request.body)
    except ValueError:
        return HttpResponse(status=400)
    services.keep_reports(told, now=timezone.now())
    return HttpResponse(status=204)


@require_GET
@for_roles(Role.AUDITOR, Role.SYSADMIN)
def index(request: Request) -> HttpResponse:
    """What was refused in the last thirty days, each thing once."""
    pages = Paginator(selectors.policy_reports(viewer=request.actor), A_PAGE)
    context = {"page": pages.get_page(request.GET.get("page"))}
    return render(request, "core/policy_reports.html", context)


urlpatterns = [
    path("csp-reports/", receive, name="policy-report"),
    path("audit/policy-reports/", index, name="policy-reports"),
]
