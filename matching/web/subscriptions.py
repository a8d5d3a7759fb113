"""Pages of subscriptions."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Conflict
from core.idempotency.web import submitted
from core.permissions import Permission, allowed
from core.web.types import Request
from matching import selectors, services
from matching.types import Demand, DemandKind
from matching.web import words
from matching.web.doors import (
    for_demand_side,
    form_data,
    page_of,
    shown,
    wants_recommendations,
)
from matching.web.forms import SubscriptionForm

MOVES = {"pause": services.pause_subscription, "resume": services.resume_subscription}
DONE = {"pause": "订阅已暂停，不再推送。", "resume": "订阅已恢复，正在匹配。"}


@require_GET
@for_demand_side
def index(request: Request) -> HttpResponse:
    """The firm's subscriptions."""
    page = page_of(request, selectors.subscriptions(viewer=request.actor), size=20)
    context = {"page": page, "wanted": wants_recommendations(request)}
    return render(request, "matching/subscriptions.html", context)


@require_http_methods(["GET", "POST"])
@for_demand_side
def new(request: Request) -> HttpResponse:
    """Say what is to be pushed."""
    form = SubscriptionForm(form_data(request))
    if request.method == "POST":

        def run() -> str:
            row = services.subscribe(data=form.value(), by=request.actor, now=timezone.now())
            messages.success(request, _("订阅已建立，正在匹配。"))
            return reverse("matching:subscription", kwargs={"pk": row.pk})

        if answer := submitted(request, form, run):
            return answer
    status = 422 if form.is_bound else 200
    return render(request, "matching/subscription_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@for_demand_side
def edit(request: Request, pk: int) -> HttpResponse:
    """Change what is to be pushed."""
    row = selectors.subscription(pk, viewer=request.actor)
    kept = services.profile_of(row)
    initial = SubscriptionForm.initial_of(kept, row.version)
    form = SubscriptionForm(form_data(request), initial=initial)
    if request.method == "POST":

        def run() -> str:
            services.edit_subscription(
                subscription_id=pk,
                data=form.value(kept),
                version=form.cleaned_data["version"] or 0,
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("修改已保存，正在重新匹配。"))
            return reverse("matching:subscription", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    context = {"form": form, "row": row}
    status = 422 if form.is_bound else 200
    return render(request, "matching/subscription_form.html", context, status=status)


@require_GET
@for_demand_side
def detail(request: Request, pk: int) -> HttpResponse:
    """One subscription and what fits it."""
    row = selectors.subscription(pk, viewer=request.actor)
    rows = selectors.of_demand(Demand(DemandKind.SUBSCRIPTION, pk), viewer=request.actor)
    page = page_of(request, rows)
    context = {
        "row": row,
        "page": page,
        "rows": shown(request, selectors.cards(page, viewer=request.actor)),
        "waiting": row.status == "active" and row.matched_at is None,
        "rejections": words.REJECTIONS.items(),
        "may_rate": allowed(request.actor, Permission.RATE_MATCH),
    }
    fragment = request.htmx and not request.htmx.history_restore_request
    name = "matching/subscription.html"
    return render(request, f"{name}#rows" if fragment else name, context)


@require_POST
@for_demand_side
def move(request: Request, pk: int, move: str) -> HttpResponse:
    """Pause or resume."""
    command = MOVES.get(move)
    if command is None:
        raise Http404
    try:
        command(subscription_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _(DONE[move]))
    except Conflict as refusal:
        messages.error(request, refusal.message)
    return redirect("matching:subscriptions")
