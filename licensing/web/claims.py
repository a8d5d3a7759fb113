"""Pages of milestones: what waits for an event, the claim, the other side's answer."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.attachments.web import download
from core.errors import Missing
from core.idempotency.web import submitted
from core.permissions import Permission, require
from core.web.doors import login_needed
from core.web.forms import day_input
from core.web.types import Request
from licensing import selectors
from licensing.rules import claims as rules
from licensing.selectors import claims
from licensing.services import claims as services
from licensing.web.doors import sent, status_of
from licensing.web.forms import file_field


class ClaimForm(forms.Form):
    """That the event came, and what shows it."""

    reached_on = forms.DateField(label="达到日期", widget=day_input())
    evidence = file_field("证明材料", "例如验收报告、首张销售发票：PDF、PNG 或 JPG，不超过 10 MB。")
    note = forms.CharField(
        label="说明", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class ClaimAnswerForm(forms.Form):
    """The other side's word."""

    verdict = forms.ChoiceField(
        label="答复",
        choices=[("confirm", "确认，款项按方案到期"), ("dispute", "有争议")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="争议理由",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="有争议时必填：哪里不符，需要什么材料。",
    )
    examples: ClassVar[dict[str, Any]] = {"reason": "验收报告缺第三方盖章，请补。"}


@require_GET
@login_needed
def overview(request: Request, licence_id: int) -> HttpResponse:
    """All events of a licence's plan with what was said about them."""
    row = selectors.licence(licence_id, viewer=request.actor)
    side = claims.side_of(row, request.actor)
    context = {"row": row, "events": claims.event_rows(row), "side": side}
    return render(request, "licensing/milestones.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def report(request: Request, licence_id: int, part_id: int) -> HttpResponse:
    """Say that an event came."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.CLAIM_MILESTONE, on=row)
    event = next((e for e in claims.event_rows(row) if e.part.pk == part_id), None)
    if event is None:
        raise Missing("付费方案里没有这一事件。")
    form = ClaimForm(*sent(request))

    def run() -> str:
        known = form.cleaned_data
        services.claim_milestone(
            licence_id=licence_id,
            part_id=part_id,
            reached_on=known["reached_on"],
            evidence=known["evidence"],
            note=known["note"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "已申报，对方会收到通知。")
        return reverse("licensing:milestones", args=[licence_id])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    own = claims.side_of(row, request.actor) == rules.Side.LICENSEE
    context = {
        "row": row,
        "form": form,
        "title": f"申报：{event.part.trigger}",
        "lead": event.standard,
        "note": "对方逾期未答复的，视为确认。" if own else "对方逾期未答复的，平台不代为认定。",
        "submit": "提交申报",
    }
    return render(request, "licensing/milestone_step.html", context, status=status_of(form))


@require_http_methods(["GET", "POST"])
@login_needed
def answer(request: Request, claim_id: int) -> HttpResponse:
    """Confirm or dispute what the other side claims."""
    claim = claims.milestone_claim(claim_id, viewer=request.actor)
    require(request.actor, Permission.CLAIM_MILESTONE, on=claim.licence)
    form = ClaimAnswerForm(sent(request)[0])

    def run() -> str:
        known: dict[str, Any] = {"claim_id": claim_id, "by": request.actor, "now": timezone.now()}
        if form.cleaned_data["verdict"] == "confirm":
            services.confirm_milestone(**known)
            messages.success(request, "已确认，双方都收到了通知。")
        else:
            services.dispute_milestone(**known, reason=form.cleaned_data["reason"])
            messages.success(request, "争议已告知对方。")
        return reverse("licensing:milestones", args=[claim.licence_id])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    said = f"{claim.get_side_display()}申报已于 {claim.reached_on:%Y-%m-%d} 达到。{claim.note}"
    context = {
        "row": claim.licence,
        "claim": claim,
        "form": form,
        "title": f"答复：{claim.part.trigger}",
        "lead": said,
        "submit": "提交答复",
    }
    return render(request, "licensing/milestone_step.html", context, status=status_of(form))


@require_POST
@login_needed
def withdraw(request: Request, claim_id: int) -> HttpResponse:
    """Take one's own claim back."""
    claim = services.withdraw_milestone(claim_id=claim_id, by=request.actor, now=timezone.now())
    messages.success(request, "申报已撤回，可以补充材料后重新申报。")
    return redirect("licensing:milestones", claim.licence_id)


@require_GET
@login_needed
def evidence(request: Request, claim_id: int) -> HttpResponse:
    """What a claim rests on."""
    return download(claims.milestone_claim(claim_id, viewer=request.actor).evidence)


urlpatterns = [
    path("licences/<int:licence_id>/milestones/", overview, name="milestones"),
    path(
        "licences/<int:licence_id>/milestones/<int:part_id>/report/",
        report,
        name="milestone-report",
    ),
    path("milestones/<int:claim_id>/answer/", answer, name="milestone-answer"),
    path("milestones/<int:claim_id>/withdraw/", withdraw, name="milestone-withdraw"),
    path("milestones/<int:claim_id>/evidence/", evidence, name="milestone-evidence"),
]
