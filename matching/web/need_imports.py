"""Uploading a list of needs: template, verdicts row by row, taking in, taking back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.idempotency.web import submitted
from core.permissions import Permission, allowed
from core.web.types import Request
from matching.rules import need_imports as rules
from matching.selectors import need_imports as selectors
from matching.services import need_imports as services
from matching.types import ListType, RowVerdict
from matching.web import words
from matching.web.doors import for_askers, page_of

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TONES = {
    RowVerdict.NEW.value: "info",
    RowVerdict.SAME.value: "muted",
    RowVerdict.REFUSED.value: "danger",
    RowVerdict.TAKEN.value: "ok",
    RowVerdict.UNDONE.value: "muted",
    RowVerdict.STAYS.value: "warn",
}


class UploadForm(forms.Form):
    """A file and the list it belongs to."""

    file = forms.FileField(
        label=lazy("需求清单文件"),
        help_text=lazy(
            "CSV 或 Excel（.xlsx），一次最多 2,000 行、10 MB。先预检，确认之前什么都不会写入。"
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx"}),
    )
    list_type = forms.ChoiceField(
        label=lazy("列入哪张清单"),
        choices=list(words.LISTS.items()),
        widget=forms.RadioSelect,
        initial=ListType.FIRM.value,
    )

    def __init__(self, *args: Any, may_list: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_list:
            del self.fields["list_type"]


@require_http_methods(["GET", "POST"])
@for_askers
def index(request: Request) -> HttpResponse:
    """Upload a list, and what was uploaded before."""
    may_list = allowed(request.actor, Permission.PUBLISH_NEED_LIST)
    posted = request.method == "POST"
    form = UploadForm(
        request.POST if posted else None, request.FILES if posted else None, may_list=may_list
    )
    if posted:

        def run() -> str:
            upload: UploadedFile[Any] = form.cleaned_data["file"]
            batch = services.check_list(
                content=upload.read(rules.MOST_BYTES + 1),
                file_name=upload.name or "",
                list_type=ListType(form.cleaned_data.get("list_type") or ListType.FIRM),
                by=request.actor,
                now=timezone.now(),
            )
            return reverse("matching:need-import", kwargs={"pk": batch.pk})

        if answer := submitted(request, form, run):
            return answer
    page = page_of(request, selectors.need_imports(viewer=request.actor))
    context = {"form": form, "page": page, "columns": rules.COLUMNS.values()}
    status = 422 if form.is_bound else 200
    return render(request, "matching/need_imports.html", context, status=status)


@require_GET
@for_askers
def template(request: Request) -> HttpResponse:
    """An empty list with every column that is read, and one example."""
    head = [title for title, *_rest in rules.COLUMNS.values()]
    example = [rules.EXAMPLE.get(name, "") for name in rules.COLUMNS]
    return _workbook(selectors.template(head, example), "需求清单模板.xlsx")


def _workbook(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=SHEET)
    told = f"attachment; filename=needs.xlsx; filename*=UTF-8''{quote(name)}"
    response.headers["Content-Disposition"] = told
    return response


@require_GET
@for_askers
def detail(request: Request, pk: int) -> HttpResponse:
    """What each row is, or became."""
    batch = selectors.need_import(pk, viewer=request.actor)
    counts = selectors.import_counts(batch)
    asked = request.GET.get("verdict", "")
    verdict = asked if counts.get(asked) else ""
    page = page_of(request, selectors.import_rows(batch, verdict), size=50)
    base = reverse("matching:need-import", kwargs={"pk": pk})
    labels = selectors.VERDICTS
    context = {
        "batch": batch,
        "counts": counts,
        "total": sum(counts.values()),
        "page": page,
        "rows": [{"row": row, "tone": TONES[row.verdict]} for row in page],
        "tabs": [
            {"url": base, "label": _("全部"), "count": sum(counts.values()),
             "current": not verdict},
            *(
                {"url": f"{base}?verdict={v}", "label": labels[v], "count": n,
                 "current": verdict == v}
                for v, n in counts.items() if n
            ),
        ],
    }  # fmt: skip
    return render(request, "matching/need_import.html", context)


@require_GET
@for_askers
def mend(request: Request, pk: int) -> HttpResponse:
    """The refused rows with what to do, to be mended and uploaded again."""
    batch = selectors.need_import(pk, viewer=request.actor)
    return _workbook(selectors.import_to_mend(batch), f"待修改的需求-{pk}.xlsx")


@require_POST
@for_askers
def take(request: Request, pk: int) -> HttpResponse:
    """Take in what can be taken in."""
    open_now = "open" in request.POST

    def run() -> str:
        batch = services.take_list(
            import_id=pk, open_now=open_now, by=request.actor, now=timezone.now()
        )
        return _("已导入。") if batch.state == "taken" else _("正在导入，完成后会通知您。")

    return _done(request, pk, run)


@require_POST
@for_askers
def undo(request: Request, pk: int) -> HttpResponse:
    """Take back what nobody has touched since."""

    def run() -> str:
        services.undo_list(import_id=pk, by=request.actor, now=timezone.now())
        return _("已撤销。导入后改过或已开放的需求没有动。")

    return _done(request, pk, run)


def _done(request: Request, pk: int, run: Any) -> HttpResponse:
    try:
        messages.success(request, run())
    except DomainError as refusal:
        if refusal.status != 409:
            raise
        messages.error(request, refusal.message)
    return redirect("matching:need-import", pk=pk)


urlpatterns = [
    path("needs/imports/", index, name="need-imports"),
    path("needs/imports/template/", template, name="need-import-template"),
    path("needs/imports/<int:pk>/", detail, name="need-import"),
    path("needs/imports/<int:pk>/mend/", mend, name="need-import-mend"),
    path("needs/imports/<int:pk>/take/", take, name="need-import-take"),
    path("needs/imports/<int:pk>/undo/", undo, name="need-import-undo"),
]
