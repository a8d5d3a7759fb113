"""Pages of how a contract that grants no licence ends: proposed, noticed, answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
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
from core.idempotency.web import submit_once
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed
from core.web.forms import day_input
from core.web.types import Request
from licensing.rules import deal_endings as rules
from licensing.rules.deal_endings import DealGround
from licensing.selectors import deal_endings as questions
from licensing.selectors import deals as selectors
from licensing.services import deal_endings as services
from licensing.web.doors import answer_form, sent
from licensing.web.endings import REASON, AnswerForm
from licensing.web.forms import file_field


class DealEndingForm(forms.Form):
    """Why the contract shall end, from when, and what becomes of what was done."""

    ground = forms.ChoiceField(label="终止的理由", widget=forms.RadioSelect)
    wished_on = forms.DateField(
        label="商定的终止日",
        required=False,
        widget=day_input(),
        help_text="双方协商的填写；通知终止的，终止日由平台按送达日和补救期计算。",
    )
    reason = forms.CharField(label="事实和理由", max_length=2000, widget=REASON)
    handling = forms.CharField(
        label="款项、成果和资料怎样处理",
        required=False,
        max_length=2000,
        widget=REASON,
        help_text="双方协商的必填：已付的退多少、何时退，样品和资料怎样交还。",
    )
    evidence = file_field(
        "证明材料", "以违约或技术已公开为由的必须上传：PDF、PNG 或 JPG，不超过 10 MB。"
    )
    optional_words: ClassVar[dict[str, str]] = {
        "wished_on": "协商的填写",
        "handling": "协商的填写",
        "evidence": "通知的上传",
    }
    examples: ClassVar[dict[str, Any]] = {
        "reason": "项目调整，双方同意不再继续。",
        "handling": "首付款 50,000 元不退；样机归需求方，技术资料在 2026-12-31 前交还。",
    }

    def __init__(self, *args: Any, grounds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ground"].choices = grounds  # type: ignore[attr-defined]


def _back(deal_id: int) -> str:
    return reverse("licensing:deal-endings", args=[deal_id])


@require_GET
@login_needed
def overview(request: Request, deal_id: int) -> HttpResponse:
    """How the contract ends, and all that was said about it."""
    deal = selectors.deal(deal_id, viewer=request.actor)
    side = selectors.side_of(deal, request.actor)
    may = bool(side) and allowed(request.actor, Permission.NEGOTIATE_DEAL, on=deal)
    context = {
        "row": deal,
        "side": side if may else "",
        "endings": questions.deal_endings(viewer=request.actor, deal_id=deal.pk),
        "may_end": may and questions.grounds_of(deal) and questions.open_ending(deal) is None,
        "against": _why_not(deal),
    }
    return render(request, "licensing/deal_endings.html", context)


def _why_not(deal: Any) -> str:
    """Why nothing can be ended here today."""
    barred = rules.why_not(deal.effect, deal.status)
    return barred[1] if barred else ""


def _step(
    request: Request,
    deal: Any,
    form: forms.Form,
    command: Callable[[datetime], object],
    told: str,
    context: dict[str, Any],
) -> HttpResponse:
    """A form with one command that leads back to the overview."""

    def run() -> str:
        command(timezone.now())
        messages.success(request, told)
        return _back(deal.pk)

    return answer_form(
        request, form, run, "licensing/deal_ending_step.html", {"row": deal, **context}
    )


@require_http_methods(["GET", "POST"])
@login_needed
def terminate(request: Request, deal_id: int) -> HttpResponse:
    """Propose to end the contract, or give notice of it."""
    deal = selectors.deal(deal_id, viewer=request.actor)
    require(request.actor, Permission.NEGOTIATE_DEAL, on=deal)
    grounds = questions.grounds_of(deal)
    if not grounds:
        messages.error(request, _why_not(deal))
        return redirect(_back(deal_id))
    form = DealEndingForm(*sent(request), grounds=grounds)

    def command(now: datetime) -> object:
        known = dict(form.cleaned_data)
        evidence = known.pop("evidence")
        wanted = services.Wanted(DealGround(known.pop("ground")), **known)
        return services.open_deal_ending(
            deal_id=deal_id, wanted=wanted, evidence=evidence, by=request.actor, now=now
        )

    context = {
        "title": "终止合同",
        "lead": "协商的由对方答复；通知的由平台计算终止日，期间补救的不终止。",
        "note": rules.effects(deal.effect, deal.status),
        "submit": "提交",
    }
    return _step(request, deal, form, command, "已提交，对方会收到通知。", context)


CHOICES = {
    "proposed": [("agree", "同意终止"), ("refuse", "不同意")],
    "noticed": [("object", "对终止通知有异议")],
    "objected": [("drop", "撤回异议")],
}


@require_http_methods(["GET", "POST"])
@login_needed
def answer(request: Request, ending_id: int) -> HttpResponse:
    """Agree, refuse, object, or drop the objection."""
    found = questions.deal_ending(ending_id, viewer=request.actor)
    require(request.actor, Permission.NEGOTIATE_DEAL, on=found.deal)
    choices = CHOICES.get(found.status)
    if choices is None:
        raise Missing("这项终止已经办结，不需要答复。")
    form = AnswerForm(sent(request)[0], verdicts=choices)

    def command(now: datetime) -> object:
        return services.answer_deal_ending(
            ending_id=ending_id, by=request.actor, now=now, **form.cleaned_data
        )

    context = {
        "title": "答复终止合同",
        "lead": f"{found.get_ground_display()}。{found.explanation}",
        "note": "\n".join(t for t in (found.reason, found.handling, found.effects) if t),
        "submit": "提交答复",
    }
    return _step(request, found.deal, form, command, "已答复，对方会收到通知。", context)


@require_POST
@login_needed
def stop(request: Request, ending_id: int, how: str) -> HttpResponse:
    """Take it back, or note that the breach was mended."""
    seen = questions.deal_ending(ending_id, viewer=request.actor)

    def run() -> str:
        row = services.withdraw_deal_ending(
            ending_id=ending_id, mended=how == "mended", by=request.actor, now=timezone.now()
        )
        messages.success(request, f"终止{row.get_status_display()}，合同照常履行。")
        return _back(seen.deal_id)

    return submit_once(request, run)


@require_GET
@login_needed
def evidence(request: Request, ending_id: int) -> HttpResponse:
    """What it rests on."""
    found = questions.deal_ending(ending_id, viewer=request.actor).evidence
    if found is None:
        raise Missing("这项终止没有附证明材料。")
    return download(found)


urlpatterns = [
    path("deals/<int:deal_id>/endings/", overview, name="deal-endings"),
    path("deals/<int:deal_id>/terminate/", terminate, name="deal-terminate"),
    path("deal-endings/<int:ending_id>/answer/", answer, name="deal-ending-answer"),
    path("deal-endings/<int:ending_id>/withdraw/", stop, {"how": "withdrawn"},
         name="deal-ending-withdraw"),
    path("deal-endings/<int:ending_id>/mended/", stop, {"how": "mended"},
         name="deal-ending-mended"),
    path("deal-endings/<int:ending_id>/evidence/", evidence, name="deal-ending-evidence"),
]  # fmt: skip
