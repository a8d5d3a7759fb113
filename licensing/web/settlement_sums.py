"""Pages of what a settled dispute gives a party to pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.attachments.web import download
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed
from core.web.forms import day_input
from core.web.types import Request
from licensing.rules.offsets import ARTICLE
from licensing.selectors import offsets
from licensing.selectors import settlement_sums as questions
from licensing.selectors.disputes import side_of
from licensing.services import offsets as offset_services
from licensing.services import settlement_sums as services
from licensing.types import Side
from licensing.web.doors import answer_form, sent
from licensing.web.forms import file_field, yuan_field
from licensing.web.papers import paper_pdf

if TYPE_CHECKING:
    from licensing.models import SettlementOffset, SettlementSum


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
    own = _own_side(request, row)
    return {
        "offsets": [_offset_line(o, own) for o in row.offsets.all()],
        "may_offset": row.open_sum > 0 and bool(own) and offsets.dues_for(row).exists(),
        "sum": row,
        "who": questions.who_pays(row),
        "late": row.open_sum > 0 and row.due_on < timezone.localdate(),
        "may_pay": row.open_sum > 0
        and row.payer_id in request.actor.acts_for
        and allowed(request.actor, Permission.RUN_DISPUTE, on=side),
    }


def _own_side(request: Request, row: SettlementSum) -> str:
    """The side for which this actor may speak; "" for none."""
    side = side_of(row.dispute, request.actor)
    return side if allowed(request.actor, Permission.RUN_DISPUTE, on=row.dispute) else ""


TONES = {
    "proposed": "wait",
    "accepted": "ok",
    "refused": "warn",
    "withdrawn": "muted",
    "lapsed": "muted",
}


def _offset_line(row: SettlementOffset, own: str) -> dict[str, Any]:
    return {
        "row": row,
        "words": offsets.in_words(row),
        "tone": TONES[row.status],
        "may_answer": row.waits and bool(own) and own != row.side,
        "may_withdraw": row.waits and own == row.side,
    }


class OffsetForm(forms.Form):
    """How much is set off against which fee."""

    due_id = forms.TypedChoiceField(label="抵销哪一笔许可费", coerce=int)
    amount = yuan_field("抵销金额")

    def __init__(self, *args: Any, dues: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_id"].choices = dues  # type: ignore[attr-defined]
        self.fields["amount"].required = True


class OffsetAnswerForm(forms.Form):
    """Yes or no to a set-off."""

    verdict = forms.ChoiceField(
        label="答复",
        widget=forms.RadioSelect,
        choices=[("accept", "同意，两笔款项各减少这个数"), ("refuse", "不同意")],
    )
    reason = forms.CharField(
        label="理由",
        required=False,
        max_length=2000,
        help_text="不同意时必填。",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_http_methods(["GET", "POST"])
@login_needed
def offset(request: Request, sum_id: int) -> HttpResponse:
    """Propose to set a part of the sum off against a fee that the other side owes."""
    row = questions.settlement_sum(sum_id, viewer=request.actor)
    require(request.actor, Permission.RUN_DISPUTE, on=row.dispute)
    found = list(offsets.dues_for(row))
    most = min(row.open_sum, found[0].open_sum) if found else None
    form = OffsetForm(*sent(request), dues=offsets.choices_for(row), initial={"amount": most})
    back = reverse("licensing:dispute", args=[row.dispute_id])

    def run() -> str:
        offset_services.propose_offset(
            sum_id=sum_id, by=request.actor, now=timezone.now(), **form.cleaned_data
        )
        messages.success(request, "已提出，对方同意后两笔款项各减少这个数。")
        return back

    context = {
        "row": row, "back": back, "title": "与许可费抵销", "who": questions.who_pays(row),
        "nothing": not found,
        "lead": f"双方同意才抵销；抵销的数不超过任何一笔未付的款项（{ARTICLE}）。",
        "submit": "提出抵销",
    }  # fmt: skip
    return answer_form(request, form, run, "licensing/settlement_offset.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def offset_answer(request: Request, offset_id: int) -> HttpResponse:
    """Agree, or say why not."""
    made = offsets.offset(offset_id, viewer=request.actor)
    row = questions.settlement_sum(made.sum_id, viewer=request.actor)
    require(request.actor, Permission.RUN_DISPUTE, on=row.dispute)
    form = OffsetAnswerForm(*sent(request))
    back = reverse("licensing:dispute", args=[row.dispute_id])

    def run() -> str:
        known: dict[str, Any] = {
            "offset_id": offset_id, "by": request.actor, "now": timezone.now()
        }  # fmt: skip
        if form.cleaned_data["verdict"] == "accept":
            offset_services.accept_offset(**known)
        else:
            offset_services.refuse_offset(**known, reason=form.cleaned_data["reason"])
        messages.success(request, "已答复，对方会收到通知。")
        return back

    context = {
        "row": row, "back": back, "title": "答复抵销", "who": questions.who_pays(row),
        "lead": offsets.in_words(made), "submit": "提交答复",
    }  # fmt: skip
    return answer_form(request, form, run, "licensing/settlement_offset.html", context)


@require_POST
@login_needed
def offset_withdraw(request: Request, offset_id: int) -> HttpResponse:
    """Take one's own proposal back."""
    made = offset_services.withdraw_offset(
        offset_id=offset_id, by=request.actor, now=timezone.now()
    )
    messages.success(request, "已撤回，对方会收到通知。")
    return redirect("licensing:dispute", made.sum.dispute_id)


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
    path("settlement-sums/<int:sum_id>/set-off/", offset, name="settlement-offset"),
    path(
        "settlement-offsets/<int:offset_id>/answer/", offset_answer, name="settlement-offset-answer"
    ),
    path(
        "settlement-offsets/<int:offset_id>/withdraw/",
        offset_withdraw,
        name="settlement-offset-withdraw",
    ),
    path("settlement-sums/<int:sum_id>/papers/<int:document_id>/", paper, name="settlement-paper"),
    path("settlement-sums/<int:sum_id>/pay/", pay, name="settlement-pay"),
    path("settlement-payments/<int:payment_id>/proof/", proof, name="settlement-proof"),
]
