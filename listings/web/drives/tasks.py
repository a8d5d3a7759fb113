"""Pages of an invited institution: what to do, what is left, done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Conflict
from core.idempotency.web import submitted
from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from listings.rules import drives as rules
from listings.rules.drives import OUTSTANDING, Stock
from listings.selectors import drives as ask
from listings.services import drive_tasks as services
from listings.web.drives.forms import ConfirmForm, DeclareForm, ReasonForm, form_data

if TYPE_CHECKING:
    from listings.models import DriveTask

invited = for_roles(Role.OFFICE, Role.BROKER)
either = for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU)


@require_http_methods(["GET", "POST"])
@invited
def task(request: Request, pk: int) -> HttpResponse:
    """What one's institution was asked to do; the declared total is filled in here."""
    row = ask.task(pk, viewer=request.actor)
    form = DeclareForm(form_data(request), initial={"declared": row.declared})
    if request.method == "POST":

        def run() -> str:
            services.declare(
                task_id=pk,
                declared=form.cleaned_data["declared"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已申报。"))
            return reverse("listings:drive-task", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    stock = ask.stock_of([row.organisation_id]).get(row.organisation_id, Stock())
    is_open = row.drive.state == "open" and row.state in OUTSTANDING
    context = {
        "row": row,
        "drive": row.drive,
        "form": form,
        "stock": stock,
        "undecided": stock.undecided,
        "coverage": rules.coverage(stock, row.declared),
        "left": rules.left(stock, row.declared),
        "steps": _steps(row, stock),
        "is_open": is_open,
    }
    status = 422 if form.is_bound else 200
    return render(request, "listings/drive_task.html", context, status=status)


def _steps(row: DriveTask, stock: Stock) -> list[dict[str, object]]:
    declared, done = row.declared is not None, row.state == "done"
    taken = declared and not rules.left(stock, row.declared)
    return [
        {"label": _("申报总数"), "done": declared, "current": not declared},
        {"label": _("导入并定结论"), "done": taken or done, "current": declared and not taken},
        {"label": _("确认完成"), "done": done, "current": bool(taken and not done)},
    ]


@require_http_methods(["GET", "POST"])
@invited
def confirm(request: Request, pk: int) -> HttpResponse:
    """盘点完成, with the counts as they are."""
    row = ask.task(pk, viewer=request.actor)
    form = ConfirmForm(form_data(request))
    if request.method == "POST":

        def run() -> str:
            services.confirm(
                task_id=pk,
                shortfall=form.cleaned_data["shortfall"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("盘点完成，组织单位已收到通知。"))
            return reverse("listings:drive-task", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    stock = ask.stock_of([row.organisation_id]).get(row.organisation_id, Stock())
    context = {"row": row, "form": form, "stock": stock, "declared": row.declared or 0}
    status = 422 if form.is_bound else 200
    return render(request, "listings/drive_confirm.html", context, status=status)


@require_http_methods(["GET", "POST"])
@either
def excuse(request: Request, pk: int) -> HttpResponse:
    """Why an institution takes no part: said by itself, or by whoever runs the drive."""
    row = ask.either(pk, viewer=request.actor)
    back = _back(row, request)
    form = ReasonForm(form_data(request))
    if request.method == "POST":

        def run() -> str:
            services.excuse(
                task_id=pk,
                reason=form.cleaned_data["reason"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已记录为不参加。"))
            return back

        if answer := submitted(request, form, run):
            return answer
    context = {"row": row, "form": form, "back": back}
    status = 422 if form.is_bound else 200
    return render(request, "listings/drive_excuse.html", context, status=status)


@require_POST
@either
def reopen(request: Request, pk: int) -> HttpResponse:
    """Back to stock-taking."""
    row = ask.either(pk, viewer=request.actor)
    try:
        services.reopen(task_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已重新打开，请继续盘点。"))
    except Conflict as refusal:
        messages.error(request, refusal.message)
    return redirect(_back(row, request))


def _back(row: DriveTask, request: Request) -> str:
    if row.organisation_id in request.actor.acts_for:
        return reverse("listings:drive-task", kwargs={"pk": row.pk})
    return reverse("listings:drive", kwargs={"pk": row.drive_id})


urlpatterns = [
    path("drives/tasks/<int:pk>/", task, name="drive-task"),
    path("drives/tasks/<int:pk>/confirm/", confirm, name="drive-confirm"),
    path("drives/tasks/<int:pk>/excuse/", excuse, name="drive-excuse"),
    path("drives/tasks/<int:pk>/reopen/", reopen, name="drive-reopen"),
]
