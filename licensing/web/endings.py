"""Pages of how a licence goes on or ends: renewals, terminations, the other side's answer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
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
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed
from core.web.forms import day_input
from core.web.types import Request
from licensing import selectors
from licensing.rules import renewals, terminations
from licensing.rules.claims import Side
from licensing.selectors import claims, endings
from licensing.services import renewals as renewing
from licensing.services import terminations as terminating
from licensing.web.doors import answer_form, sent
from licensing.web.forms import file_field

REASON = forms.Textarea(attrs={"rows": 3})


class RenewalForm(forms.Form):
    """For how long, and at what price where that is not announced."""

    months = forms.IntegerField(label="续展月数", min_value=1, max_value=renewals.LONGEST)
    fee = forms.DecimalField(
        label="续展期费用（元）",
        required=False,
        min_value=Decimal(0),
        max_digits=18,
        decimal_places=2,
        help_text="续展期一次支付的费用，没有的填 0。合同约定的提成照旧。",
    )
    note = forms.CharField(label="说明", required=False, max_length=2000, widget=REASON)
    examples: ClassVar[dict[str, Any]] = {"months": 12, "fee": "30000"}

    def __init__(self, *args: Any, is_open: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_open:
            del self.fields["fee"]


class AnswerForm(forms.Form):
    """One side's word on what the other asked."""

    verdict = forms.ChoiceField(label="答复", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="理由",
        required=False,
        max_length=2000,
        widget=REASON,
        help_text="不同意或有异议时必填，对方会看到。",
    )

    def __init__(self, *args: Any, verdicts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verdict"].choices = verdicts  # type: ignore[attr-defined]


class TerminationForm(forms.Form):
    """Why the licence shall end, and from when where both agree."""

    ground = forms.ChoiceField(label="终止的理由", widget=forms.RadioSelect)
    wished_on = forms.DateField(
        label="商定的终止日",
        required=False,
        widget=day_input(),
        help_text="只在双方协商时填写；其他理由的终止日由平台按送达日和补救期计算。",
    )
    keeps = forms.BooleanField(
        label="终止日以后到期的款项仍然支付（只在双方协商时可选）", required=False
    )
    reason = forms.CharField(label="事实和理由", max_length=2000, widget=REASON)
    evidence = file_field("证明材料", "违约的必须上传：PDF、PNG 或 JPG，不超过 10 MB。")
    examples: ClassVar[dict[str, Any]] = {"reason": "产品停产，不再实施。"}

    def __init__(self, *args: Any, grounds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ground"].choices = grounds  # type: ignore[attr-defined]


@require_GET
@login_needed
def overview(request: Request, licence_id: int) -> HttpResponse:
    """How a licence goes on or ends, and all that was said about it."""
    row = selectors.licence(licence_id, viewer=request.actor)
    today = timezone.localdate()
    may = allowed(request.actor, Permission.END_LICENCE, on=row)
    side = claims.side_of(row, request.actor) if may else None
    against = endings.why_not_renewable(row, today=today)
    context = {
        "row": row,
        "side": side,
        "against": against,
        "may_renew": side == Side.LICENSEE and not against,
        "may_end": side and row.in_force and endings.open_termination(row) is None,
        "renewals": endings.renewals_of(viewer=request.actor, licence_id=row.pk),
        "terminations": endings.terminations_of(viewer=request.actor, licence_id=row.pk),
    }
    return render(request, "licensing/endings.html", context)


def _step(
    request: Request,
    licence_id: int,
    form: forms.Form,
    command: Callable[[], object],
    told: str,
    context: dict[str, Any],
) -> HttpResponse:
    """A form with one command that leads back to the overview."""

    def run() -> str:
        command()
        messages.success(request, told)
        return reverse("licensing:endings", args=[licence_id])

    return answer_form(request, form, run, "licensing/ending_step.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def renew(request: Request, licence_id: int) -> HttpResponse:
    """Ask for a further term."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.END_LICENCE, on=row)
    form = RenewalForm(sent(request)[0], is_open=row.declaration_id is not None)
    lead = "按声明现行公布的条件续展。" if row.declaration_id else "费用由双方商定，其余条款照旧。"
    return _step(
        request,
        licence_id,
        form,
        lambda: renewing.ask_renewal(
            licence_id=licence_id, by=request.actor, now=timezone.now(), **form.cleaned_data
        ),
        "续展已提出，许可人会收到通知。",
        {"row": row, "title": "提出续展", "lead": lead, "submit": "提出续展"},
    )


@require_http_methods(["GET", "POST"])
@login_needed
def answer_renewal(request: Request, renewal_id: int) -> HttpResponse:
    """Agree to the further term, or say why not."""
    renewal = endings.renewal(renewal_id, viewer=request.actor)
    require(request.actor, Permission.END_LICENCE, on=renewal.licence)
    choices = [("accept", "同意续展"), ("refuse", "不同意")]
    form = AnswerForm(sent(request)[0], verdicts=choices)

    def command() -> object:
        known: dict[str, Any] = {
            "renewal_id": renewal_id,
            "by": request.actor,
            "now": timezone.now(),
        }
        reason = form.cleaned_data["reason"]
        if form.cleaned_data["verdict"] == "accept":
            return renewing.accept_renewal(**known, answer=reason)
        return renewing.refuse_renewal(**known, reason=reason)

    context = {
        "row": renewal.licence,
        "title": "答复续展",
        "lead": renewal.explanation,
        "note": renewal.note,
        "submit": "提交答复",
    }
    return _step(request, renewal.licence_id, form, command, "已答复，对方会收到通知。", context)


@require_POST
@login_needed
def withdraw_renewal(request: Request, renewal_id: int) -> HttpResponse:
    """Take the request back."""
    row = renewing.withdraw_renewal(renewal_id=renewal_id, by=request.actor, now=timezone.now())
    messages.success(request, "续展申请已撤回。")
    return redirect("licensing:endings", row.licence_id)


@require_http_methods(["GET", "POST"])
@login_needed
def terminate(request: Request, licence_id: int) -> HttpResponse:
    """Propose to end the licence, or give notice of it."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.END_LICENCE, on=row)
    grounds = [
        (g.value, terminations.GROUND_LABELS[g])
        for g in terminations.Ground
        if g is not terminations.Ground.NON_PAYMENT
        or claims.side_of(row, request.actor) == Side.LICENSOR
    ]
    form = TerminationForm(*sent(request), grounds=grounds)

    def command() -> object:
        known = form.cleaned_data
        wanted = terminating.Wanted(
            terminations.Ground(known["ground"]),
            known["reason"],
            wished_on=known["wished_on"],
            releases=not known["keeps"],
        )
        return terminating.open_one(
            licence_id=licence_id,
            wanted=wanted,
            evidence=known["evidence"],
            by=request.actor,
            now=timezone.now(),
        )

    context = {
        "row": row,
        "title": "终止许可",
        "lead": "协商的由对方答复；通知的由平台计算终止日，期间补救的不终止。",
        "submit": "提交",
    }
    return _step(request, licence_id, form, command, "已提交，对方会收到通知。", context)


@require_http_methods(["GET", "POST"])
@login_needed
def answer_termination(request: Request, termination_id: int) -> HttpResponse:
    """Agree, refuse, object, or drop the objection."""
    found = endings.termination(termination_id, viewer=request.actor)
    require(request.actor, Permission.END_LICENCE, on=found.licence)
    choices = {
        "proposed": [("agree", "同意终止"), ("refuse", "不同意")],
        "noticed": [("object", "对终止通知有异议")],
        "objected": [("drop", "撤回异议")],
    }.get(found.status)
    if choices is None:
        raise Missing("这项终止已经办结，不需要答复。")
    form = AnswerForm(sent(request)[0], verdicts=choices)
    context = {
        "row": found.licence,
        "title": "答复终止",
        "lead": f"{found.get_ground_display()}。{found.explanation}",
        "note": f"{found.reason} {found.money}",
        "submit": "提交答复",
    }
    return _step(
        request,
        found.licence_id,
        form,
        lambda: terminating.answer_termination(
            termination_id=termination_id, by=request.actor, now=timezone.now(), **form.cleaned_data
        ),
        "已答复，对方会收到通知。",
        context,
    )


@require_POST
@login_needed
def stop_termination(request: Request, termination_id: int, how: str) -> HttpResponse:
    """Take it back, or note that the breach was mended."""
    row = terminating.withdraw_termination(
        termination_id=termination_id,
        mended=how == "mended",
        by=request.actor,
        now=timezone.now(),
    )
    messages.success(request, f"终止{row.get_status_display()}，许可照常有效。")
    return redirect("licensing:endings", row.licence_id)


@require_GET
@login_needed
def evidence(request: Request, termination_id: int) -> HttpResponse:
    """What a termination rests on."""
    found = endings.termination(termination_id, viewer=request.actor).evidence
    if found is None:
        raise Missing("这项终止没有附证明材料。")
    return download(found)


urlpatterns = [
    path("licences/<int:licence_id>/endings/", overview, name="endings"),
    path("licences/<int:licence_id>/renew/", renew, name="renew"),
    path("licences/<int:licence_id>/terminate/", terminate, name="terminate"),
    path("renewals/<int:renewal_id>/answer/", answer_renewal, name="renewal-answer"),
    path("renewals/<int:renewal_id>/withdraw/", withdraw_renewal, name="renewal-withdraw"),
    path("terminations/<int:termination_id>/answer/", answer_termination,
         name="termination-answer"),
    path("terminations/<int:termination_id>/withdraw/", stop_termination, {"how": "withdrawn"},
         name="termination-withdraw"),
    path("terminations/<int:termination_id>/mended/", stop_termination, {"how": "mended"},
         name="termination-mended"),
    path("terminations/<int:termination_id>/evidence/", evidence, name="termination-evidence"),
]  # fmt: skip
