"""Pages of credit: money that came in for whatever, and credit that is paid back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.permissions import Permission, require
from core.web.doors import login_needed
from core.web.forms import day_input
from core.web.types import Request
from licensing import selectors
from licensing.rules import fees
from licensing.selectors.credits import credits_left
from licensing.services import credits
from licensing.web.calculator import Figure
from licensing.web.doors import answer_form, sent
from licensing.web.forms import file_field, moment_input


class ReceiptForm(forms.Form):
    """Money that was paid: too much, twice, in advance, or in another currency."""

    amount = Figure("金额", fees.LARGEST)
    currency = forms.ChoiceField(
        label="付款币种", choices=[(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency]
    )
    exchange_rate = forms.DecimalField(
        label="汇率",
        required=False,
        max_digits=14,
        decimal_places=6,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text="与合同币种不同时填写：1 单位付款币种折合多少合同币种。",
    )
    rate_source = forms.CharField(
        label="汇率来源",
        required=False,
        max_length=120,
        help_text="例如：中国外汇交易中心人民币汇率中间价。",
    )
    rate_on = forms.DateField(label="汇率日期", required=False, widget=day_input())
    received_at = forms.DateTimeField(label="付款时间", widget=moment_input())
    reference = forms.CharField(
        label="付款凭证号",
        required=False,
        max_length=80,
        help_text="凭证号和凭证文件至少提供一项。",
    )
    proof = file_field("付款凭证")
    note = forms.CharField(label="说明", required=False, max_length=500)
    groups: ClassVar[Any] = [
        ("", "", ["amount", "currency", "received_at", "reference", "proof", "note"]),
        ("外币付款时填写", "", ["exchange_rate", "rate_source", "rate_on"]),
    ]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["amount"].required = True


class RefundForm(forms.Form):
    """Credit that was paid back."""

    amount = Figure("退款金额", fees.LARGEST)
    refunded_on = forms.DateField(label="退款日", widget=day_input())
    reference = forms.CharField(
        label="退款凭证号",
        required=False,
        max_length=80,
        help_text="凭证号和凭证文件至少提供一项。",
    )
    proof = file_field("退款凭证")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["amount"].required = True


@require_http_methods(["GET", "POST"])
@login_needed
def receive(request: Request, licence_id: int) -> HttpResponse:
    """Note money that came in; what no sum due takes up stays credit."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.TAKE_LICENCE, on=row.licensee_side())
    first = {"received_at": timezone.localtime(), "currency": row.plan.currency}
    form = ReceiptForm(*sent(request), initial=first)

    def run() -> str:
        credits.receive(
            licence_id=licence_id, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, "付款已登记：先抵到期款项，余下的记为预存款。")
        return reverse("licensing:statement", args=[licence_id])

    context = {
        "row": row,
        "title": "登记多付、预付或外币付款",
        "note": "到账先抵最早到期的款项（三十天内到期的一并抵扣），余下的留在账上，抵以后的款项或由"
        "许可人退回。外币按填写的汇率折算，按分四舍五入。",
        "submit": "登记",
    }
    return answer_form(request, form, run, "licensing/credit_step.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def refund(request: Request, licence_id: int) -> HttpResponse:
    """Note that credit was paid back."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.ACCEPT_ROYALTY, on=row.licensor_side())
    balance = sum((left for _c, left in credits_left(row)), Decimal(0))
    first = {"amount": balance or None, "refunded_on": timezone.localdate()}
    form = RefundForm(*sent(request), initial=first)

    def run() -> str:
        credits.refund_credit(
            licence_id=licence_id, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, "退款已登记，被许可人会收到通知。")
        return reverse("licensing:statement", args=[licence_id])

    context = {
        "row": row,
        "title": "登记退款",
        "note": f"账上预存款 {fees.exact_text(balance, row.plan.currency)}。",
        "submit": "登记退款",
    }
    return answer_form(request, form, run, "licensing/credit_step.html", context)


urlpatterns = [
    path("licences/<int:licence_id>/receipts/new/", receive, name="receipt"),
    path("licences/<int:licence_id>/refunds/new/", refund, name="refund"),
]
