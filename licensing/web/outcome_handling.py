"""Pages around outcomes: the bureau's queue, correction with history, lists of many."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.attachments.web import download
from core.errors import DomainError, Missing
from core.idempotency.web import submitted
from core.people.types import Role
from core.permissions import Permission, require
from core.web.doors import for_roles, login_needed
from core.web.types import Request
from licensing import selectors
from licensing.rules import outcome_imports as rules
from licensing.rules.outcomes import OUTCOMES
from licensing.selectors import outcome_handling as questions
from licensing.services import outcome_corrections as corrections
from licensing.services import outcome_imports as imports
from licensing.services import outcome_queue
from licensing.types import Side
from licensing.web.doors import answer_form, page_of, sent, status_of
from licensing.web.forms import OutcomeForm, file_field
from listings.selectors import tables

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TONES = {"new": "info", "same": "muted", "refused": "danger", "taken": "ok"}
holders = for_roles(Role.OFFICE, Role.BROKER)


class CorrectionForm(OutcomeForm):
    """What is right, and why it was wrong."""

    reason = forms.CharField(
        label=lazy("更正理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["patent"]


class WithdrawForm(forms.Form):
    """Why it did not happen."""

    reason = forms.CharField(
        label=lazy("撤回理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class UploadForm(forms.Form):
    """A list, and perhaps what proves it."""

    file = forms.FileField(
        label=lazy("反馈清单文件"),
        help_text=lazy(
            "CSV 或 Excel（.xlsx），一次最多 1,000 行。先预检，确认之前什么都不会写入。"
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx"}),
    )
    evidence = file_field(
        lazy("证明材料"), lazy("没有合同编号的行用它作证明，如加盖公章的清单。PDF、PNG 或 JPG。")
    )


@require_http_methods(["GET", "POST"])
@for_roles(Role.BUREAU)
def queue(request: Request) -> HttpResponse:
    """What waits for the bureau, many decided at once."""
    if request.method == "POST":
        return _decide(request)
    return _queue(request)


def _queue(
    request: Request, *, problems: list[str] | None = None, ids: tuple[int, ...] = ()
) -> HttpResponse:
    code, q = request.GET.get("code", ""), request.GET.get("q", "")[:60]
    counts = questions.queue_codes(viewer=request.actor)
    code = code if code in counts else ""
    page = page_of(request, questions.queue(viewer=request.actor, code=code, q=q), size=50)
    tabs = [
        {"url": "?", "label": _("全部"), "count": sum(counts.values()), "current": not code},
        *(
            {"url": f"?code={c}", "label": _kind(c), "count": n, "current": code == c}
            for c, n in counts.items()
        ),
    ]
    context = {
        "page_obj": page, "tabs": tabs, "q": q, "code": code, "problems": problems,
        "chosen": ids, "reason": request.POST.get("reason", ""), "me": request.actor.user_id,
    }  # fmt: skip
    return render(request, "licensing/outcome_queue.html", context, status=422 if problems else 200)


def _kind(code: str) -> str:
    return OUTCOMES[code].label if code in OUTCOMES else code


def _decide(request: Request) -> HttpResponse:
    ids = tuple(int(i) for i in request.POST.getlist("outcome") if i.isdecimal() and len(i) < 19)
    verified = request.POST.get("verdict") == "verify"
    try:
        decided = outcome_queue.decide_outcomes(
            outcome_ids=ids,
            verified=verified,
            reason=request.POST.get("reason", "")[:2000],
            by=request.actor,
            now=timezone.now(),
        )
    except DomainError as refusal:
        if refusal.status == 403:
            raise
        found = [m for texts in getattr(refusal, "fields", {}).values() for m in texts]
        return _queue(request, problems=found or [refusal.message], ids=ids)
    done = sum(one.done for one in decided)
    if done:
        word = _("核验通过") if verified else _("退回")
        messages.success(
            request, _("已%(word)s %(n)d 条，填报单位会收到通知。") % {"word": word, "n": done}
        )
    if failed := [one.problem for one in decided if not one.done]:
        said = "；".join(dict.fromkeys(failed))
        messages.error(request, _("有 %(n)d 条没有办理：%(why)s") % {"n": len(failed), "why": said})
    return redirect(f"{reverse('licensing:outcome-queue')}?{request.GET.urlencode()}".rstrip("?"))


@require_http_methods(["GET", "POST"])
@login_needed
def correct(request: Request, outcome_id: int) -> HttpResponse:
    """The holder puts a report right; the earlier wording stays in its history."""
    row = selectors.outcome(outcome_id, viewer=request.actor)
    require(request.actor, Permission.REPORT_OUTCOME, on=Side(row.organisation_id, row.region))
    names = ("code", "happened_on", "contract_number", "counterparty", "amount", "note")
    form = CorrectionForm(*sent(request), initial={name: getattr(row, name) for name in names})

    def run() -> str:
        corrections.correct_outcome(
            outcome_id=outcome_id,
            report=form.report(row.patent_id),
            reason=form.cleaned_data["reason"],
            evidence=form.cleaned_data["evidence"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已更正，原内容保留在历史中；主管部门重新核验后计入统计。"))
        return reverse("licensing:outcome", args=[outcome_id])

    return _asked(request, "licensing/outcome_correct.html", row, form, run)


@require_http_methods(["GET", "POST"])
@login_needed
def withdraw(request: Request, outcome_id: int) -> HttpResponse:
    """The holder takes back what did not happen."""
    row = selectors.outcome(outcome_id, viewer=request.actor)
    require(request.actor, Permission.REPORT_OUTCOME, on=Side(row.organisation_id, row.region))
    form = WithdrawForm(sent(request)[0])

    def run() -> str:
        corrections.withdraw_outcome(
            outcome_id=outcome_id,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已撤回，不再计入统计；原内容保留在历史中。"))
        return reverse("licensing:outcome", args=[outcome_id])

    return _asked(request, "licensing/outcome_withdraw.html", row, form, run)


def _asked(request: Request, page: str, row: Any, form: forms.Form, run: Any) -> HttpResponse:
    return answer_form(request, form, run, page, {"row": row})


@require_GET
@login_needed
def revision_evidence(request: Request, outcome_id: int, number: int) -> HttpResponse:
    """What proved an earlier wording."""
    found = questions.outcome_revisions(outcome_id, viewer=request.actor)
    row = next((r for r in found if r.number == number), None)
    if row is None:
        raise Missing(_("没有这一版。"))
    return download(row.evidence)


@require_http_methods(["GET", "POST"])
@holders
def upload(request: Request) -> HttpResponse:
    """Upload a list, and what was uploaded before."""
    form = UploadForm(*sent(request))

    def run() -> str:
        file: UploadedFile[Any] = form.cleaned_data["file"]
        batch = imports.check_outcomes(
            content=file.read(rules.MOST_BYTES + 1),
            file_name=file.name or "",
            evidence=form.cleaned_data["evidence"],
            by=request.actor,
            now=timezone.now(),
        )
        return reverse("licensing:outcome-import", args=[batch.pk])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    page = page_of(request, questions.outcome_imports(viewer=request.actor))
    context = {"form": form, "page_obj": page, "columns": rules.COLUMNS.values()}
    return render(request, "licensing/outcome_imports.html", context, status=status_of(form))


@require_GET
@holders
def template(request: Request) -> HttpResponse:
    """An empty list with every column that is read, and one example."""
    head = [title for title, *_rest in rules.COLUMNS.values()]
    example = [rules.EXAMPLE[name] for name in rules.COLUMNS]
    return _workbook(tables.workbook(head, [example], title="转化反馈"), "转化反馈模板.xlsx")


def _workbook(content: bytes, name: str) -> HttpResponse:
    said = {"Content-Disposition": content_disposition_header(True, name) or ""}
    return HttpResponse(content, content_type=SHEET, headers=said)


@require_GET
@login_needed
def uploaded(request: Request, import_id: int) -> HttpResponse:
    """What each row is, or became."""
    batch = questions.outcome_import(import_id, viewer=request.actor)
    counts = questions.import_counts(batch)
    asked = request.GET.get("verdict", "")
    verdict = asked if counts.get(asked) else ""
    total = sum(counts.values())
    tabs = [{"url": "?", "label": _("全部"), "count": total, "current": not verdict}]
    tabs += [
        {"url": f"?verdict={v}", "label": rules.VERDICT_LABELS[rules.RowVerdict(v)], "count": n,
         "current": verdict == v}
        for v, n in counts.items() if n
    ]  # fmt: skip
    page = page_of(request, questions.import_rows(batch, verdict), size=50)
    rows = [
        {"row": r, "tone": TONES[r.verdict], "kind": _kind(r.values.get("code", ""))} for r in page
    ]
    context = {"batch": batch, "counts": counts, "page_obj": page, "tabs": tabs, "rows": rows}
    return render(request, "licensing/outcome_import.html", context | {"total": total})


@require_GET
@login_needed
def to_mend(request: Request, import_id: int) -> HttpResponse:
    """The refused rows with what to do, to be mended and uploaded again."""
    batch = questions.outcome_import(import_id, viewer=request.actor)
    return _workbook(questions.import_to_mend(batch), f"待修改的反馈-{import_id}.xlsx")


@require_POST
@login_needed
def take(request: Request, import_id: int) -> HttpResponse:
    """Report what can be reported."""
    try:
        imports.take_outcomes(import_id=import_id, by=request.actor, now=timezone.now())
        messages.success(request, _("已反馈，等待主管部门核验。再传同一份清单不会重复。"))
    except DomainError as refusal:
        if refusal.status != 409:
            raise
        messages.error(request, refusal.message)
    return redirect("licensing:outcome-import", import_id=import_id)


urlpatterns = [
    path("outcomes/queue/", queue, name="outcome-queue"),
    path("outcomes/imports/", upload, name="outcome-imports"),
    path("outcomes/imports/template/", template, name="outcome-import-template"),
    path("outcomes/imports/<int:import_id>/", uploaded, name="outcome-import"),
    path("outcomes/imports/<int:import_id>/mend/", to_mend, name="outcome-import-mend"),
    path("outcomes/imports/<int:import_id>/take/", take, name="outcome-import-take"),
    path("outcomes/<int:outcome_id>/correct/", correct, name="outcome-correct"),
    path("outcomes/<int:outcome_id>/withdraw/", withdraw, name="outcome-withdraw"),
    path(
        "outcomes/<int:outcome_id>/history/<int:number>/evidence/",
        revision_evidence,
        name="outcome-revision-evidence",
    ),
]
