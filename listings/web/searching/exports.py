"""Pages of exports: ask for a result set as a file, watch it being written, fetch it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django import forms
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.days import legal_day
from core.errors import Conflict
from core.idempotency.web import submitted
from core.permissions import Permission, require
from core.web.doors import login_needed
from core.web.types import Request
from listings import filters
from listings.rules.exports import KEPT_FOR, MOST_ROWS, OPEN, ExportState, Form, extent
from listings.selectors.searching import exports
from listings.services.searching import exports as services
from listings.web.searching.describing import asked, described, parts

if TYPE_CHECKING:
    from listings.models import ResultExport

A_PAGE = 20
FORMS = [
    (Form.XLSX.value, lazy("Excel（XLSX）：直接用 Excel、WPS 打开")),
    (Form.CSV.value, lazy("CSV（UTF-8）：给程序或其他软件用")),
]
TYPES = {
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.CSV: "text/csv; charset=utf-8",
}

NO_FILE = {
    ExportState.EXPIRED: "文件已过期并删除，请重新导出。",
    ExportState.FAILED: "这次导出没有成功，没有文件可下载。请重新导出。",
}


class ExportForm(forms.Form):
    """Which kind of file."""

    form = forms.ChoiceField(
        label=lazy("文件格式"), choices=FORMS, widget=forms.RadioSelect, initial=Form.XLSX.value
    )


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """What this person exported."""
    page = Paginator(exports.own(viewer=request.actor), A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "days": KEPT_FOR.days}
    return render(request, "listings/exports.html", context)


@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """How large the result is, what the file will hold, and go."""
    require(request.actor, Permission.EXPORT_RESULTS)
    query = asked(request.GET)
    form = ExportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":

        def run() -> str:
            pk = services.ask_for_export(
                query=query,
                form=Form(form.cleaned_data["form"]),
                described=described(query),
                by=request.actor,
                now=timezone.now(),
            )
            return reverse("listings:export", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    total = exports.count(query, viewer=request.actor)
    context = {
        "form": form,
        "parts": parts(query),
        "total": total,
        "most": MOST_ROWS,
        "extent": extent(total),
        "board_url": filters.url_of(query, reverse("listings:board")),
        "days": KEPT_FOR.days,
    }
    status = 422 if form.is_bound else 200
    return render(request, "listings/export_new.html", context, status=status)


@require_GET
@login_needed
def detail(request: Request, pk: int) -> HttpResponse:
    """How far it is, and the file when it is there."""
    row = exports.one(pk, viewer=request.actor)
    context = {
        "row": row,
        "working": row.state in OPEN,
        "percent": 100 * row.progress // max(1, row.rows),
        "extent": extent(row.total),
        "again_url": filters.url_of(exports.query_of(row), reverse("listings:export-new")),
    }
    page = "listings/export.html"
    return render(request, f"{page}#state" if request.htmx else page, context)


@require_GET
@login_needed
def file(request: Request, pk: int) -> HttpResponse:
    """The file, for whoever asked for it."""
    return answer_file(exports.one(pk, viewer=request.actor))


def answer_file(row: ResultExport) -> HttpResponse:
    """The file as a download, or a Conflict that says why there is none."""
    if row.state != ExportState.READY:
        said = NO_FILE.get(ExportState(row.state), "文件还没有生成，请回到导出页面查看进度。")
        raise Conflict(said, code="export-not-ready")
    name = f"专利检索结果-{legal_day(row.asked_at):%Y%m%d}-{row.pk}.{row.form}"
    try:
        stored = row.file.open("rb")
    except FileNotFoundError as gone:  # it expired after the row was read
        raise Conflict(NO_FILE[ExportState.EXPIRED], code="export-not-ready") from gone
    file = FileResponse(
        stored, as_attachment=True, filename=name, content_type=TYPES[Form(row.form)]
    )
    return cast("HttpResponse", file)


urlpatterns = [
    path("searches/exports/", index, name="exports"),
    path("searches/exports/new/", new, name="export-new"),
    path("searches/exports/<int:pk>/", detail, name="export"),
    path("searches/exports/<int:pk>/file/", file, name="export-file"),
]
