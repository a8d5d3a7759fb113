"""Pages of service guides 办事指南 and of the rules behind them 政策."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from core.web.service_guides import GUIDES, POLICIES
from core.web.types import Request


@require_GET
def guides(request: Request) -> HttpResponse:
    """Every service that can be asked for here."""
    return render(request, "core/services/index.html", {"guides": GUIDES.values()})


@require_GET
def guide(request: Request, slug: str) -> HttpResponse:
    """One service with all its elements."""
    found = GUIDES.get(slug)
    if found is None:
        raise Http404
    context = {"guide": found, "guides": GUIDES.values(), "contact": settings.SITE_CONTACT}
    return render(request, "core/services/guide.html", context)


@require_GET
def policies(request: Request) -> HttpResponse:
    """The laws and policies that the platform works by, each with the page where it does."""
    return render(request, "core/services/policies.html", {"groups": POLICIES})


urlpatterns = [
    path("services/", guides, name="services"),
    path("services/<slug:slug>/", guide, name="service"),
    path("policies/", policies, name="policies"),
]
