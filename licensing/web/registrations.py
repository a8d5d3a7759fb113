"""Pages of the registration of technology contracts 技术合同认定登记."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from core.attachments.web import download
from core.days import legal_day
from core.permissions import Permission
from core.web.doors import login_needed, tabs_of
from core.web.forms import day_input
from core.web.types import Request
from licensing.rules import registrations as rules
from licensing.rules.registrations import RegistrationStatus
from licensing.selectors import registrations as questions
from licensing.services import registrations as services
from licensing.web.contract_steps import (
    ContractStep,
    WhyForm,
    of_bureau,
    of_seller,
    open_steps,
    take_step,
)
from licensing.web.doors import page_of
from licensing.web.forms import file_field

_S = RegistrationStatus


def _yuan(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        max_digits=18,
        decimal_places=2,
        help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )


class ApplyForm(forms.Form):
    """What the application says."""

    kind = forms.ChoiceField(
        label=_("合同类型"),
        choices=[(k.value, rules.KIND_LABELS[k]) for k in rules.ContractKind],
    )
    amount = _yuan(_("合同金额（元）"), _("合同没有定额的，填写预计金额。"))
    technical = _yuan(
        _("其中技术交易额（元）"), _("扣除设备、原材料等以后，属于技术的部分；税收优惠按它核定。")
    )


class RegisterForm(forms.Form):
    """What the registry gave."""

    number = forms.CharField(label=_("登记编号"), max_length=60)
    registered_on = forms.DateField(label=_("登记日"), widget=day_input())
    paper = file_field(_("登记证明"))


STEPS: dict[str, ContractStep] = {
    step.name: step
    for step in (
        ContractStep(
            "apply", "申请登记", "已申请，主管部门会办理登记。", ApplyForm,
            services.apply_for_registration, frozenset({_S.DUE, _S.RETURNED}),
            Permission.REGISTER_CONTRACT, of_seller,
            lead="由转让方、许可方或受托方申请，一份合同只登记一次（管理办法第七条）。",
        ),
        ContractStep(
            "register", "予以登记", "已登记，双方和对接的交易机构会收到通知。", RegisterForm,
            services.register_contract, frozenset({_S.APPLIED}),
            Permission.DECIDE_REGISTRATION, of_bureau,
        ),
        ContractStep(
            "return", "退回补正", "已退回，申请方会收到理由。", WhyForm,
            services.send_back_registration, frozenset({_S.APPLIED}),
            Permission.DECIDE_REGISTRATION, of_bureau,
        ),
        ContractStep(
            "waive", "不办理登记", "已记录，不再提醒。", WhyForm,
            services.waive_registration, frozenset({_S.DUE, _S.RETURNED}),
            Permission.REGISTER_CONTRACT, of_seller,
            lead="未登记的合同不能享受技术交易的税收优惠；以后仍可恢复办理。", danger=True,
        ),
        ContractStep(
            "reopen", "恢复办理", "已恢复，请在期限内申请。", forms.Form,
            services.take_up_registration, frozenset({_S.WAIVED}),
            Permission.REGISTER_CONTRACT, of_seller,
        ),
    )
}  # fmt: skip


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """The registrations the actor may see, by status; the most urgent first."""
    chosen, tabs = tabs_of(request, rules.REGISTRATION_LABELS.items())
    rows = questions.registrations(viewer=request.actor, status=chosen)
    context = {
        "page_obj": page_of(request, rows),
        "tabs": tabs,
        "today": legal_day(timezone.now()),
        "to_do": {s.value for s in rules.TO_DO},
    }
    return render(request, "licensing/registrations.html", context)


@require_GET
@login_needed
def detail(request: Request, registration_id: int) -> HttpResponse:
    """One registration: the contract, its sums, where it stands, what it brings."""
    row = questions.registration(registration_id, viewer=request.actor)
    today = legal_day(timezone.now())
    context = {
        "row": row,
        "steps": open_steps(STEPS, request, row),
        "waits": row.status in rules.TO_DO,
        "late": row.status in rules.TO_DO and row.due_on < today,
        "article": rules.ARTICLE,
        "reports": questions.reports_on(row.contract_number, viewer=request.actor),
    }
    return render(request, "licensing/registration.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def step(request: Request, registration_id: int, name: str) -> HttpResponse:
    """One step of it; what an exchange reported fills the bureau's form."""
    row = questions.registration(registration_id, viewer=request.actor)
    initial: dict[str, Any] = {
        "kind": row.kind,
        "amount": row.amount,
        "technical": row.technical,
        "registered_on": legal_day(timezone.now()),
    }
    for told in questions.reports_on(row.contract_number, viewer=request.actor):
        if told.sort == rules.ReportSort.REGISTRATION:
            initial |= {"number": told.number, "registered_on": told.on}
    back = reverse("licensing:registration", args=[row.pk])
    return take_step(request, STEPS, name, row, key="registration_id", back=back, initial=initial)


@require_GET
@login_needed
def paper(request: Request, registration_id: int) -> HttpResponse:
    """The registry's paper."""
    return download(questions.registration(registration_id, viewer=request.actor).paper)


ID = "registrations/<int:registration_id>/"
urlpatterns = [
    path("registrations/", index, name="registrations"),
    path(ID, detail, name="registration"),
    path(f"{ID}paper/", paper, name="registration-paper"),
    path(f"{ID}<slug:name>/", step, name="registration-step"),
]
