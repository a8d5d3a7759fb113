"""Pages of case files 尽职免责案卷: built by the office, read by it, its bureau and auditors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.days import CHINA
from core.idempotency.web import submitted
from core.people.types import Role
from core.permissions import Permission, allowed, require
from core.web.doors import for_roles
from core.web.types import Request
from licensing.rules.case_files import ENTRY_LABELS, EntryKind
from licensing.selectors import case_files as questions
from licensing.services import case_files as services
from licensing.web.doors import page_of, sent
from licensing.web.papers import paper_pdf

if TYPE_CHECKING:
    from licensing.models import CaseFile

readers = for_roles(Role.OFFICE, Role.BUREAU, Role.AUDITOR)


class BuildForm(forms.Form):
    """What the case file is about."""

    number = forms.CharField(
        label=lazy("专利号或洽谈编号"),
        max_length=60,
        help_text=lazy("专利号：这件专利在本单位的全部处置；洽谈编号：只收这一笔。"),
    )


@require_http_methods(["GET", "POST"])
@readers
def index(request: Request) -> HttpResponse:
    """Case files, and building one."""
    form = BuildForm(sent(request)[0], initial={"number": request.GET.get("number", "")[:60]})
    if request.method == "POST":
        require(request.actor, Permission.BUILD_CASE_FILE)

        def run() -> str:
            row = services.build_case_file(
                number=form.cleaned_data["number"], by=request.actor, now=timezone.now()
            )
            messages.success(request, _("案卷已编制，内容从此不变；以后的事另编一份。"))
            return reverse("licensing:case-file", args=[row.pk])

        if done := submitted(request, form, run):
            return done
    context = {
        "form": form,
        "page_obj": page_of(request, questions.case_files(viewer=request.actor)),
        "may": allowed(request.actor, Permission.BUILD_CASE_FILE),
    }
    status = 422 if form.is_bound else 200
    return render(request, "licensing/case_files.html", context, status=status)


@require_GET
@readers
def detail(request: Request, case_file_id: int) -> HttpResponse:
    """Its entries in the order of time."""
    row = questions.case_file(case_file_id, viewer=request.actor)
    entries = [
        {**e, "at": datetime.fromisoformat(e["at"]), "label": ENTRY_LABELS[EntryKind(e["kind"])]}
        for e in row.entries
    ]
    return render(request, "licensing/case_file.html", {"row": row, "entries": entries})


@require_GET
@readers
def pdf(request: Request, case_file_id: int) -> HttpResponse:
    """The whole file as a paper; its hash is checked like that of a licence."""
    row = questions.case_file(case_file_id, viewer=request.actor)
    return paper_pdf(request, row.document, _lines(row))


def _lines(row: CaseFile) -> list[tuple[str, list[str]]]:
    found = []
    for entry in row.entries:
        at = datetime.fromisoformat(entry["at"]).astimezone(CHINA)
        head = f"【{ENTRY_LABELS[EntryKind(entry['kind'])]}】{entry['what']}"
        who = [f"办理：{entry['who']}"] if entry["who"] else []
        found.append((f"{at:%Y-%m-%d %H:%M}", [head, *who, *entry["grounds"]]))
    return found


@require_GET
@readers
def export(request: Request, case_file_id: int) -> HttpResponse:
    """The whole file for machines, with the hashes that prove it."""
    row = questions.case_file(case_file_id, viewer=request.actor)
    data = {
        "number": row.number,
        "patent_number": row.patent_number,
        "document": row.document.content,
        "document_hash": row.document.content_hash,
        "entries": row.entries,
        "entries_sha256": row.entries_hash,
    }
    answer = JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 1})
    name = content_disposition_header(True, f"{row.number}.json")
    answer.headers["Content-Disposition"] = name or ""
    return answer


ID = "case-files/<int:case_file_id>/"
urlpatterns = [
    path("case-files/", index, name="case-files"),
    path(ID, detail, name="case-file"),
    path(f"{ID}file.pdf", pdf, name="case-file-pdf"),
    path(f"{ID}file.json", export, name="case-file-json"),
]
