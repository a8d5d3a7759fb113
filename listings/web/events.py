"""Legal events: what came lately, what waits, what does not fit, and the files they come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.idempotency.web import submit_once
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import for_roles
from core.web.forms import attempt
from core.web.types import Request
from listings import services
from listings.imports import columns, intake, limits, sheets
from listings.imports.gazette import FIELDS
from listings.selectors.register import events as selectors
from listings.services import gazette
from listings.uploads import take_in_events
from listings.web.presenting import SOURCES

A_PAGE = 30
KEEPERS = (Role.OFFICE, Role.BROKER)
senders = for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU, Role.SYSADMIN)
readers = for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU, Role.SYSADMIN, Role.AUDITOR)
holders = for_roles(Role.OFFICE, Role.BROKER)
TONES = {"fits": "ok", "known": "muted", "waiting": "wait", "rejected": "danger", "pending": "wait"}
WORDS = {
    "fits": lazy("可登记"),
    "known": lazy("已登记过"),
    "waiting": lazy("等待专利入库"),
    "rejected": lazy("不能登记"),
    "pending": lazy("待检查"),
}


class EventFileForm(forms.Form):
    """A file of legal events."""

    file = forms.FileField(
        label=lazy("法律事件文件"),
        help_text=lazy("Excel（.xlsx）、CSV 或 JSONL，每行一条公报事件。"),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt,.jsonl"}),
        error_messages={"required": lazy("请选择要上传的文件。"), "empty": lazy("文件是空的。")},
        allow_empty_file=True,
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > limits.UPLOAD_BYTES:
            reason, mend = intake.REASONS["too-large"]
            raise forms.ValidationError(f"{reason}{mend}")
        return upload


class SettleForm(forms.Form):
    """Why the record stays as it is."""

    reason = forms.CharField(
        label=lazy("核对结果"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy("例如：已查登记簿副本，Y2022980001234 已于 2024-03-01 注销，公报漏登。"),
    )


def _tabs(request: Request, current: str) -> list[dict[str, Any]]:
    counts = selectors.counts(viewer=request.actor)
    return [
        {
            "label": label,
            "url": reverse(f"listings:{name}"),
            "current": name == current,
            "count": counts.get(key, ""),
        }
        for name, label, key in (
            ("events", _("最近的事件"), ""),
            ("event-doubts", _("与公报不一致"), "doubts"),
            ("events-waiting", _("等待专利入库"), "waiting"),
            ("event-files", _("文件记录"), ""),
        )
    ]


def _page(request: Request, template: str, current: str, **context: Any) -> HttpResponse:
    may_send = allowed(request.actor, Permission.LOAD_GAZETTE)
    return render(
        request,
        f"listings/{template}.html",
        {"tabs": _tabs(request, current), "may_send": may_send, **context},
    )


@require_GET
@readers
def events(request: Request) -> HttpResponse:
    """What the gazette said lately of the patents one keeps or oversees."""
    page = Paginator(selectors.recent(viewer=request.actor), A_PAGE).get_page(
        request.GET.get("page")
    )
    return _page(
        request,
        "events",
        "events",
        rows=[
            {"card": card, "source": SOURCES.get(card.source, card.source)}
            for card in selectors.recent_cards(list(page))
        ],
        page=page,
        keeps=request.actor.has(Role.OFFICE, Role.BROKER),
    )


@require_GET
@readers
def doubts(request: Request) -> HttpResponse:
    """What does not fit the record: who has to look, and what can be done."""
    rows = selectors.doubts(viewer=request.actor).open()
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    shown = [
        {
            "row": row,
            "may": allowed(request.actor, Permission.RECORD_LEGAL_EVENT, on=row),
            "form": SettleForm(prefix=f"doubt{row.pk}"),
            "patent": row.patent,
        }
        for row in page
    ]
    return _page(request, "events_doubts", "event-doubts", rows=shown, page=page)


@require_POST
@holders
def settle(request: Request, pk: int) -> HttpResponse:
    """A person has looked, and says why the record stays."""
    found = selectors.doubt(pk, viewer=request.actor)
    form = SettleForm(request.POST, prefix=f"doubt{pk}")
    form.is_valid()

    def command() -> str:
        services.settle_contradiction(
            contradiction_id=pk,
            reason=form.cleaned_data.get("reason", ""),
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已记录核对结果。"))
        return reverse("listings:event-doubts")

    done = attempt(form, lambda: submit_once(request, command))
    if done is not None:
        return done
    context = {"row": found, "form": form, "patent": found.patent}
    return render(request, "listings/events_settle.html", context, status=422)


@require_GET
@readers
def waiting(request: Request) -> HttpResponse:
    """Events whose patent is not here yet."""
    rows = selectors.waiting(viewer=request.actor)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    shown = [
        {"row": row, "label": _label(row.code), "told": selectors.in_words(row.detail)}
        for row in page
    ]
    return _page(request, "events_waiting", "events-waiting", rows=shown, page=page)


def _label(code: str) -> str:
    return f"{code} {selectors.label_of(code)}"


@require_POST
@senders
def drop(request: Request, pk: int) -> HttpResponse:
    """No longer wait for its patent."""

    def command() -> str:
        gazette.drop_waiting(waiting_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已移除。"))
        return reverse("listings:events-waiting")

    return submit_once(request, command)


@require_GET
@readers
def files(request: Request) -> HttpResponse:
    """Every file that the organisation sent."""
    page = Paginator(selectors.files(viewer=request.actor), 20).get_page(request.GET.get("page"))
    return _page(request, "event_files", "event-files", rows=list(page), page=page)


@require_http_methods(["GET", "POST"])
@senders
def upload(request: Request) -> HttpResponse:
    """Choose a file; it is judged before anything is recorded."""
    too_big = int(request.headers.get("Content-Length") or 0) > limits.UPLOAD_BYTES + limits.MIB
    context: dict[str, Any] = {"fields": FIELDS, "is_region": not request.actor.has(*KEEPERS)}
    if request.method == "POST" and too_big:
        reason, mend = intake.REASONS["too-large"]
        context |= {"form": EventFileForm(), "refused": f"{reason}{mend}"}
        return render(request, "listings/event_upload.html", context, status=413)
    form = EventFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():

        def take() -> str:
            upload = form.cleaned_data["file"]
            file_id = take_in_events(upload, by=request.actor, now=timezone.now())
            return reverse("listings:event-file", kwargs={"pk": file_id})

        done = attempt(form, lambda: submit_once(request, take))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(request, "listings/event_upload.html", context | {"form": form}, status=status)


@require_GET
@readers
def file(request: Request, pk: int) -> HttpResponse:
    """What would become, or became, of each row."""
    found = selectors.file(pk, viewer=request.actor)
    verdict = request.GET.get("verdict", "")
    page = Paginator(selectors.rows(found, verdict=verdict), 50).get_page(request.GET.get("page"))
    total = found.about.get("rows", 0)
    is_done = found.state == "done"
    words = {**WORDS, "fits": _("已登记")} if is_done else WORDS
    here = reverse("listings:event-file", kwargs={"pk": pk})
    tabs = [{"label": _("全部"), "url": here, "current": not verdict, "count": total}]
    tabs += [
        {
            "label": words[code],
            "url": f"{here}?verdict={code}",
            "current": verdict == code,
            "count": found.counts.get(code, 0),
        }
        for code in ("fits", "known", "waiting", "rejected")
    ]
    labels = columns.labels(found.about["header"])
    used = {index: name for name, index in found.about["mapping"].items()}
    by_name = {field.name: field.label for field in FIELDS}
    context = {
        "file": found,
        "working": selectors.is_working(found),
        "total": total,
        "percent": 100 * found.progress // max(1, total),
        "verdict_tabs": tabs,
        "rows": [
            {
                "row": row,
                "verdict": words[row.verdict],
                "tone": TONES[row.verdict],
                "text": " · ".join(
                    sheets.written(cell) for cell in row.raw if cell not in (None, "")
                )[:100],
            }
            for row in page
        ],
        "page": page,
        "read": [f"{label} → {by_name[used[i]]}" for i, label in enumerate(labels) if i in used],
        "unused": [label for i, label in enumerate(labels) if i not in used],
        "may_start": found.organisation_id in request.actor.acts_for,
        "steps": [
            {"label": _("上传"), "done": True},
            {
                "label": _("预检"),
                "done": found.state != "checking",
                "current": found.state == "checking",
            },
            {"label": _("登记"), "done": is_done, "current": found.state in {"checked", "running"}},
        ],
    }
    template = "listings/event_file.html"
    return render(request, f"{template}#progress" if request.htmx else template, context)


@require_POST
@senders
def start(request: Request, pk: int) -> HttpResponse:
    """Record the good rows."""

    def command() -> str:
        gazette.start(file_id=pk, by=request.actor, now=timezone.now())
        return reverse("listings:event-file", kwargs={"pk": pk})

    return submit_once(request, command)


@require_GET
@readers
def to_mend(request: Request, pk: int) -> HttpResponse:
    """The refused rows with the reasons, in the format they came in, to be mended."""
    found = selectors.file(pk, viewer=request.actor)
    labels = columns.labels(found.about["header"])
    body, ending = sheets.mendable(
        labels, selectors.to_mend(found), about=found.about, title=sheets.REASON_HEADER
    )
    stem = Path(found.filename).stem[:80] or "events"
    return _download(body, f"{stem}-待修改.{ending}", sheets.MIME[ending])


@require_GET
@readers
def template(request: Request) -> HttpResponse:
    """An empty file to fill in."""
    body = sheets.template(FIELDS, _("法律事件"))
    return _download(body, "法律事件模板.xlsx", sheets.MIME["xlsx"])


def _download(body: bytes, filename: str, content_type: str) -> HttpResponse:
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, filename)
    return response


urlpatterns = [
    path("library/events/", events, name="events"),
    path("library/events/doubts/", doubts, name="event-doubts"),
    path("library/events/doubts/<int:pk>/settle/", settle, name="event-doubt-settle"),
    path("library/events/waiting/", waiting, name="events-waiting"),
    path("library/events/waiting/<int:pk>/drop/", drop, name="event-waiting-drop"),
    path("library/events/files/", files, name="event-files"),
    path("library/events/files/new/", upload, name="event-file-new"),
    path("library/events/files/template/", template, name="event-file-template"),
    path("library/events/files/<int:pk>/", file, name="event-file"),
    path("library/events/files/<int:pk>/start/", start, name="event-file-start"),
    path("library/events/files/<int:pk>/rows-to-mend/", to_mend, name="event-file-to-mend"),
]
