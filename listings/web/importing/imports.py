"""Pages of an import: upload, dry run, columns, carrying out, undoing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.idempotency.web import submit_once
from core.people.types import Role
from core.web.doors import for_roles
from core.web.forms import attempt
from core.web.types import Request
from listings.imports import changes, columns, intake, limits, sheets
from listings.selectors import imports as selectors
from listings.services import importing
from listings.uploads import take_in
from listings.web.doors import keepers
from listings.web.forms import ColumnsForm, UploadForm

ROWS_A_PAGE = 50
TONES = {
    "created": "ok",
    "updated": "info",
    "unchanged": "muted",
    "warning": "warn",
    "rejected": "danger",
    "pending": "wait",
}
readers = for_roles(Role.OFFICE, Role.BROKER, Role.AUDITOR)


@require_GET
@readers
def imports(request: Request) -> HttpResponse:
    """Every import of the organisation."""
    page = Paginator(selectors.batches(viewer=request.actor), 20).get_page(request.GET.get("page"))
    rows = [{"batch": batch, "state": selectors.state_word(batch)} for batch in page]
    may_write = request.actor.has(Role.OFFICE, Role.BROKER)
    context = {"rows": rows, "page": page, "may_write": may_write}
    return render(request, "listings/imports.html", context)


@require_http_methods(["GET", "POST"])
@keepers
def upload(request: Request) -> HttpResponse:
    """Choose a file; it is judged before anything lands."""
    too_big = int(request.headers.get("Content-Length") or 0) > limits.UPLOAD_BYTES + limits.MIB
    if request.method == "POST" and too_big:
        form = UploadForm()
        reason, mend = intake.REASONS["too-large"]
        context = {"form": form, "refused": f"{reason}{mend}"}
        return render(request, "listings/import_upload.html", context, status=413)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():

        def take() -> str:
            batch_id = take_in(
                form.cleaned_data["file"],
                complete=form.cleaned_data["complete"],
                by=request.actor,
                now=timezone.now(),
            )
            return reverse("listings:import", kwargs={"pk": batch_id})

        done = attempt(form, lambda: submit_once(request, take))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(request, "listings/import_upload.html", {"form": form}, status=status)


@require_GET
@readers
def batch(request: Request, pk: int) -> HttpResponse:
    """What would become, or became, of each row."""
    found = selectors.batch(pk, viewer=request.actor)
    verdict = request.GET.get("verdict", "")
    if selectors.is_working(found):
        return _progress(request, found)
    rows = Paginator(selectors.rows(found, verdict=verdict), ROWS_A_PAGE)
    page = rows.get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "batch": found,
        "state": selectors.state_word(found),
        "working": selectors.is_working(found),
        "total": selectors.total(found),
        "percent": 100 * found.progress // max(1, selectors.total(found)),
        "tabs": _tabs(request, found, verdict),
        "rows": [shown(row, landed=found.state == "done") for row in page],
        "page": page,
        "columns": _columns(found),
        "unmapped": _unmapped(found),
        "steps": _steps(found),
        "may_resume": selectors.may_resume(found),
        "may_undo": selectors.may_undo(found),
        "cut_off": found.about.get("cut_off"),
        "learned": [columns.BY_NAME[name].label for name in found.about.get("learned", [])],
        "absent": found.counts.get("absent", 0),
        "claimed": found.about.get("claimed", 0),
        "mended_in": selectors.mended_in(found),
        "may_write": request.actor.has(Role.OFFICE, Role.BROKER),
        "landing": sum(found.counts.get(v, 0) for v in ("created", "updated", "warning")),
    }
    if found.state == "done":
        context["unindexed"] = selectors.unindexed(found)
        context["claims_opened"] = selectors.claims_opened(found)
    return _shown_at(request, context)


def _progress(request: Request, found: Any) -> HttpResponse:
    """How far it is, and the first rows with something to mend."""
    total = selectors.total(found)
    context = {
        "batch": found,
        "state": selectors.state_word(found),
        "working": True,
        "total": total,
        "percent": 100 * found.progress // total if total else None,
        "steps": _steps(found),
        "rows": [shown(row) for row in selectors.first_errors(found)],
        "rejected": found.counts.get("rejected", 0),
        "may_write": request.actor.has(Role.OFFICE, Role.BROKER),
    }
    return _shown_at(request, context)


def _shown_at(request: Request, context: dict[str, Any]) -> HttpResponse:
    template = "listings/import_batch.html"
    return render(request, f"{template}#progress" if request.htmx else template, context)


def _tabs(request: Request, found: Any, verdict: str) -> list[dict[str, Any]]:
    path = reverse("listings:import", kwargs={"pk": found.pk})
    total = found.about.get("rows", 0)
    tabs = [{"label": _("全部"), "url": path, "current": not verdict, "count": total}]
    return tabs + [
        {
            "label": label,
            "url": f"{path}?verdict={code}",
            "current": verdict == code,
            "count": count,
        }
        for code, label, count in selectors.result_words(found)
    ]


def shown(row: Any, *, landed: bool = False) -> dict[str, Any]:
    is_undone = (row.before or {}).get("undone") == ""
    cells = sheets.without_reasons(row.batch.about.get("header", ()), row.raw)
    return {
        "number": row.number,
        "verdict": _("已撤销") if is_undone else row.get_verdict_display(),
        "tone": "muted" if is_undone else TONES[row.verdict],
        "problems": [_claimed(problem) for problem in row.problems] if landed else row.problems,
        "changes": changes.shown(row.changes),
        "stays": (row.before or {}).get("undone", ""),
        "patent": row.patent,
        "text": Truncator(
            " · ".join(sheets.written(cell) for cell in cells if cell not in (None, ""))
        ).chars(80, truncate="…"),
    }


def _claimed(problem: dict[str, Any]) -> dict[str, Any]:
    """What the dry run announced of another office's patent has happened once the file is in."""
    if problem["code"] != "number-taken":
        return problem
    return problem | {"mend": _("导入时已提出权属主张，由对方或主管部门处理，进展见“权属主张”。")}


def _unmapped(found: Any) -> list[str]:
    """Why its rows cannot be judged yet; a header that nobody can read is named as that."""
    problems = columns.problems(found.mapping, len(found.about["header"]))
    if problems and found.about.get("encoding") == "gb18030":
        problems.append(
            _(
                "文件是按 GBK 编码读取的。如果列名显示为乱码，是编码不对：请用 Excel 打开原文件，"
                "确认文字正常后另存为“CSV UTF-8（逗号分隔）”或 .xlsx，再重新上传。"
            )
        )
    return problems


def _columns(found: Any) -> dict[str, list[str]]:
    """How the file's columns were read, in their order, and those that were not used."""
    labels = columns.labels(found.about["header"])
    used = {index: columns.BY_NAME[name].label for name, index in found.mapping.items()}
    return {
        "read": [f"{label} → {used[i]}" for i, label in enumerate(labels) if i in used],
        "unused": [label for i, label in enumerate(labels) if i not in used],
    }


def _steps(found: Any) -> list[dict[str, Any]]:
    at = found.was or found.state
    done = at in {"done", "undone", "undoing"}
    checked = done or at in {"checked", "running"}
    return [
        {"label": _("上传"), "done": True},
        {"label": _("预检"), "done": checked, "current": not checked},
        {"label": _("导入"), "done": done, "current": checked and not done},
    ]


@require_http_methods(["GET", "POST"])
@keepers
def choose_columns(request: Request, pk: int) -> HttpResponse:
    """Correct which column is what; the rows are judged anew."""
    found = selectors.batch(pk, viewer=request.actor)
    form = ColumnsForm(request.POST or None, header=found.about["header"], mapping=found.mapping)
    if request.method == "POST" and form.is_valid():

        def command() -> bool:
            importing.choose_columns(
                batch_id=pk, mapping=form.mapping(), by=request.actor, now=timezone.now()
            )
            return True

        if attempt(form, command):
            messages.success(request, _("已按新的对应关系重新预检。"))
            return redirect("listings:import", pk=pk)
    context = {
        "batch": found,
        "form": form,
        "header": columns.labels(found.about["header"]),
        "samples": [
            [sheets.written(cell)[:40] for cell in row] for row in selectors.sample_rows(found)
        ],
    }
    status = 422 if form.errors else 200
    return render(request, "listings/import_columns.html", context, status=status)


@require_GET
@readers
def to_mend(request: Request, pk: int) -> HttpResponse:
    """The refused rows with the reasons, in the format they came in, to be mended and sent back."""
    found = selectors.batch(pk, viewer=request.actor)
    labels = columns.labels(found.about["header"])
    body, ending = sheets.mendable(
        labels, selectors.to_mend(found), about=found.about, title=sheets.reason_header(pk)
    )
    stem = Path(found.filename).stem[:80] or "import"
    return _download(body, f"{stem}-待修改.{ending}", sheets.MIME[ending])


@require_GET
@readers
def template(request: Request) -> HttpResponse:
    """An empty list to fill in."""
    return _download(sheets.template(), "专利清单模板.xlsx", sheets.MIME["xlsx"])


def _download(body: bytes, filename: str, content_type: str) -> HttpResponse:
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, filename)
    return response
