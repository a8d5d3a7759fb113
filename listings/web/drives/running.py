"""Pages of drives: who runs them sees how far everyone is; who is invited sees what is left."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Conflict
from core.idempotency.web import submit_once, submitted
from core.people.types import Role
from core.permissions import Permission, allowed, require
from core.reference import selectors as reference
from core.templatetags.ui import percent
from core.web.doors import for_roles
from core.web.export import csv_download
from core.web.types import Request
from listings.selectors import drives as ask
from listings.services import drives as services
from listings.web.drives.forms import DriveForm, InviteForm, form_data

A_PAGE = 30
people_of_drives = for_roles(Role.BUREAU, Role.BROKER, Role.OFFICE, Role.AUDITOR)
overseers = for_roles(Role.BUREAU, Role.BROKER, Role.AUDITOR)
organisers = for_roles(Role.BUREAU, Role.BROKER)
HEADER = (
    "单位", "类型", "状态", "申报有效专利", "库中有效专利", "有盘点结论", "覆盖率", "还差", "备注",
    "完成时间",
)  # fmt: skip


@require_GET
@people_of_drives
def index(request: Request) -> HttpResponse:
    """Drives that one runs or oversees; and what one's own institutions were asked to do."""
    run = Paginator(ask.run_by(viewer=request.actor), A_PAGE).get_page(request.GET.get("page"))
    mine = Paginator(ask.tasks(viewer=request.actor), A_PAGE).get_page(request.GET.get("mine"))
    stocks = ask.stock_of({row.organisation_id for row in mine})
    context = {
        "drives": run,
        "tasks": [{"row": row, "stock": stocks.get(row.organisation_id)} for row in mine],
        "page": run,
        "may_open": allowed(request.actor, Permission.RUN_DRIVE),
        "runs": request.actor.has(Role.BUREAU, Role.BROKER, Role.AUDITOR),
    }
    return render(request, "listings/drives.html", context)


@require_http_methods(["GET", "POST"])
@organisers
def new(request: Request) -> HttpResponse:
    """Open a drive: what, until when, whom."""
    require(request.actor, Permission.RUN_DRIVE)
    form = DriveForm(form_data(request), by=request.actor)
    if request.method == "POST":

        def run() -> str:
            pk = services.open_drive(
                data=form.value(),
                organisations=form.organisations(),
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("动员已发起，受邀单位已收到通知。"))
            return reverse("listings:drive", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    context = {"form": form, "back": reverse("listings:drives")}
    status = 422 if form.is_bound else 200
    return render(request, "listings/drive_form.html", context, status=status)


@require_GET
@overseers
def detail(request: Request, pk: int) -> HttpResponse:
    """How far everyone is."""
    row = ask.drive(pk, viewer=request.actor)
    lines = ask.lines(row)
    only = request.GET.get("only", "")
    shown = [line for line in lines if not only or line.state == only]
    page = Paginator(shown, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "row": row,
        "where": reference.region_name(row.region) if row.region else row.organiser.name,
        "sums": ask.totals(lines),
        "tabs": _tabs(row.pk, lines, only),
        "lines": page,
        "page": page,
        "may_run": ask.may_run(row, by=request.actor),
        "outstanding": sum(line.outstanding for line in lines),
    }
    return render(request, "listings/drive.html", context)


def _tabs(pk: int, lines: list[ask.Line], only: str) -> list[dict[str, Any]]:
    path = reverse("listings:drive", kwargs={"pk": pk})
    tabs = [{"label": _("全部"), "url": path, "current": not only, "count": len(lines)}]
    return tabs + [
        {
            "label": label,
            "url": f"{path}?only={code}",
            "current": only == code,
            "count": sum(line.state == code for line in lines),
        }
        for code, label in ask.STATES
    ]


@require_http_methods(["GET", "POST"])
@organisers
def edit(request: Request, pk: int) -> HttpResponse:
    """Say better what is wanted, or give it more time."""
    row = ask.drive(pk, viewer=request.actor)
    require(request.actor, Permission.RUN_DRIVE, on=row)
    form = DriveForm(form_data(request), by=None, initial=DriveForm.initial_of(row))
    if request.method == "POST":

        def run() -> str:
            services.edit_drive(
                drive_id=pk,
                data=form.value(),
                version=form.cleaned_data["version"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("修改已保存。"))
            return reverse("listings:drive", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    context = {"form": form, "row": row, "back": reverse("listings:drive", kwargs={"pk": pk})}
    status = 422 if form.is_bound else 200
    return render(request, "listings/drive_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@organisers
def invite(request: Request, pk: int) -> HttpResponse:
    """Ask further institutions."""
    row = ask.drive(pk, viewer=request.actor)
    require(request.actor, Permission.RUN_DRIVE, on=row)
    form = InviteForm(form_data(request), by=request.actor)
    if request.method == "POST":

        def run() -> str:
            n = services.invite(
                drive_id=pk,
                organisations=form.organisations(),
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("新邀请 %(n)s 家单位。") % {"n": n})
            return reverse("listings:drive", kwargs={"pk": pk})

        if form.is_valid() and not (form.cleaned_data["picked"] or form.cleaned_data["kinds"]):
            form.add_error("picked", _("请至少选择一家单位，或一种类型。"))
        elif answer := submitted(request, form, run):
            return answer
    context = {"form": form, "row": row, "back": reverse("listings:drive", kwargs={"pk": pk})}
    status = 422 if form.is_bound else 200
    return render(request, "listings/drive_form.html", context, status=status)


@require_POST
@organisers
def remind(request: Request, pk: int) -> HttpResponse:
    """Remind everyone who has yet to finish."""
    try:
        n = services.remind(drive_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已提醒 %(n)s 家还没有完成的单位。") % {"n": n})
    except Conflict as refusal:
        messages.error(request, refusal.message)
    return redirect("listings:drive", pk=pk)


@require_http_methods(["GET", "POST"])
@organisers
def close(request: Request, pk: int) -> HttpResponse:
    """End it with its result, after asking."""
    row = ask.drive(pk, viewer=request.actor)
    require(request.actor, Permission.RUN_DRIVE, on=row)
    if request.method == "POST":

        def run() -> str:
            services.close_drive(drive_id=pk, by=request.actor, now=timezone.now())
            messages.success(request, _("动员已结束，结果已存档。"))
            return reverse("listings:drive", kwargs={"pk": pk})

        return submit_once(request, run)
    waiting = sum(line.outstanding for line in ask.lines(row))
    return render(request, "listings/drive_close.html", {"row": row, "waiting": waiting})


@require_GET
@overseers
def export(request: Request, pk: int) -> HttpResponse:
    """The table as a file: exactly what the page shows."""
    row = ask.drive(pk, viewer=request.actor)
    rows = [
        (
            line.name,
            line.kind,
            line.state_label,
            "" if line.declared is None else line.declared,
            line.stock.valid,
            line.stock.decided,
            "" if line.coverage is None else percent(line.coverage),
            line.left,
            line.note,
            line.done_at,
        )
        for line in ask.lines(row)
    ]
    return csv_download(f"drive-{row.pk}", HEADER, rows)


urlpatterns = [
    path("drives/", index, name="drives"),
    path("drives/new/", new, name="drive-new"),
    path("drives/<int:pk>/", detail, name="drive"),
    path("drives/<int:pk>/edit/", edit, name="drive-edit"),
    path("drives/<int:pk>/invite/", invite, name="drive-invite"),
    path("drives/<int:pk>/remind/", remind, name="drive-remind"),
    path("drives/<int:pk>/close/", close, name="drive-close"),
    path("drives/<int:pk>/export/", export, name="drive-export"),
]
