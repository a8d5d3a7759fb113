"""Pages of what a settled dispute gives a party to pay."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.attachments.web import download
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed
from core.web.forms import day_input
from core.web.types import Request
from licensing.selectors import settlement_sums as questions
from licensing.services import settlement_sums as services
from licensing.types import Side
from licensing.web.doors import answer_form, sent
from licensing.web.forms import file_field, yuan_field
from licensing.web.papers import paper_pdf


class SettlementPaymentForm(forms.Form):
    """What was paid, when, and its proof."""

    amount = yuan_field("金额")
    paid_on = forms.DateField(label="付款日", widget=day_input(), initial=timezone.localdate)
    reference = forms.CharField(
        label="付款凭证号",
        required=False,
        max_length=80,
        help_text="银行回单号；凭证号和凭证文件至少提供一项。",
    )
    proof = file_field("付款凭证")
    examples: ClassVar[dict[str, Any]] = {"reference": "20261120000123"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = True


def shown(request: Request, **contract: int) -> list[dict[str, Any]]:
    """The sums of a contract that this actor may see, and whether it is for him to pay."""
    rows = questions.settlement_sums(viewer=request.actor, **contract)
    return [_line(request, row) for row in rows]


def shown_of(request: Request, dispute_id: int) -> list[dict[str, Any]]:
    """The same of one dispute."""
    rows = questions.settlement_sums(viewer=request.actor).filter(dispute_id=dispute_id)
    return [_line(request, row) for row in rows]


def _line(request: Request, row: Any) -> dict[str, Any]:
    side = Side(row.payer_id, row.dispute.region)
    return {
        "sum": row,
        "who": questions.who_pays(row),
        "late": row.open_sum > 0 and row.due_on < timezone.localdate(),
        "may_pay": row.open_sum > 0
        and row.payer_id in request.actor.acts_for
        and allowed(request.actor, Permission.RUN_DISPUTE, on=side),
    }


@require_http_methods(["GET", "POST"])
@login_needed
def pay(request: Request, sum_id: int) -> HttpResponse:
    """Note a payment."""
    row = questions.settlement_sum(sum_id, viewer=request.actor)
    require(request.actor, Permission.RUN_DISPUTE, on=Side(row.payer_id, row.dispute.region))
    form = SettlementPaymentForm(*sent(request), initial={"amount": row.open_sum})
    back = reverse("licensing:dispute", args=[row.dispute_id])

    def run() -> str:
        services.pay_settlement(
            sum_id=sum_id, by=request.actor, now=timezone.now(), **form.cleaned_data
        )
        messages.success(request, "付款已登记，对方会收到通知。")
        return back

    context = {"row": row, "who": questions.who_pays(row), "back": back}
    return answer_form(request, form, run, "licensing/settlement_pay.html", context)


@require_GET
@login_needed
def proof(request: Request, payment_id: int) -> HttpResponse:
    """The proof of a payment."""
    found = questions.proof_of(payment_id, viewer=request.actor)
    assert found.proof is not None  # the question asked for it
    return download(found.proof)


@require_GET
@login_needed
def paper(request: Request, sum_id: int, document_id: int) -> HttpResponse:
    """A payment notice or a reminder letter."""
    return paper_pdf(request, questions.paper_of(sum_id, document_id, viewer=request.actor))


urlpatterns = [
    path("settlement-sums/<int:sum_id>/papers/<int:document_id>/", paper, name="settlement-paper"),
    path("settlement-sums/<int:sum_id>/pay/", pay, name="settlement-pay"),
    path("settlement-payments/<int:payment_id>/proof/", proof, name="settlement-proof"),
]
