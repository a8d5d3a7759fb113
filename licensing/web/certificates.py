"""Pages of certificates 鉴证: a party asks, the exchange issues or declines."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import Missing
from core.permissions import Permission, require
from core.web.doors import login_needed, tabs_of
from core.web.types import Request
from licensing import selectors
from licensing.rules import registrations as rules
from licensing.rules.registrations import CertificateStatus
from licensing.selectors import deals
from licensing.selectors import registrations as questions
from licensing.services import certificates as services
from licensing.web.contract_steps import (
    ContractStep,
    WhyForm,
    of_exchange,
    of_parties,
    open_steps,
    take_step,
)
from licensing.web.doors import answer_form, page_of, sent
from licensing.web.papers import paper_pdf

_S = CertificateStatus
SORTS = ("deal", "licence")


class RequestForm(forms.Form):
    """Whom to ask."""

    exchange_id = forms.TypedChoiceField(label=lazy("交易机构"), coerce=int)
    note = forms.CharField(
        label=lazy("申请说明"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class StatementForm(forms.Form):
    """What was looked at, and what came of it."""

    statement = forms.CharField(
        label=lazy("鉴证意见"),
        max_length=2000,
        help_text=lazy(
            "写明核对了哪些材料和结论，例如主体资格、权属、价款、公示，会印在鉴证书上。"
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


STEPS: dict[str, ContractStep] = {
    step.name: step
    for step in (
        ContractStep(
            "issue", "出具鉴证书", "鉴证书已出具，双方和对接的机构会收到通知。", StatementForm,
            services.issue_certificate, frozenset({_S.REQUESTED}),
            Permission.CERTIFY_DEAL, of_exchange,
        ),
        ContractStep(
            "decline", "不予鉴证", "已答复，双方会收到理由。", WhyForm,
            services.decline_certificate, frozenset({_S.REQUESTED}),
            Permission.CERTIFY_DEAL, of_exchange,
        ),
        ContractStep(
            "withdraw", "撤回申请", "已撤回，可以向其他机构申请。", forms.Form,
            services.withdraw_certificate, frozenset({_S.REQUESTED}),
            Permission.REGISTER_CONTRACT, of_parties, danger=True,
        ),
        ContractStep(
            "revoke", "撤销鉴证", "已撤销，核对页会注明。", WhyForm,
            services.revoke_certificate, frozenset({_S.ISSUED}),
            Permission.CERTIFY_DEAL, of_exchange, danger=True,
        ),
    )
}  # fmt: skip


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """The certificates the actor may see: an exchange's queue, a party's own."""
    chosen, tabs = tabs_of(request, rules.CERTIFICATE_LABELS.items())
    rows = questions.certificates(viewer=request.actor, status=chosen)
    context = {"page_obj": page_of(request, rows), "tabs": tabs}
    return render(request, "licensing/certificates.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def ask(request: Request, sort: str, contract_id: int) -> HttpResponse:
    """A party asks an exchange to certify a deal or a licence."""
    if sort not in SORTS:
        raise Missing(_("没有这种合同。"))
    found = deals.deal if sort == "deal" else selectors.licence
    row = found(contract_id, viewer=request.actor)
    require(request.actor, Permission.REGISTER_CONTRACT, on=row)
    form = RequestForm(sent(request)[0])
    parties = row.governed_by().organisations
    form.fields["exchange_id"].choices = [  # type: ignore[attr-defined]
        (card.id, card.name) for card in questions.exchanges(but=parties)
    ]

    def run() -> str:
        made = services.request_certificate(
            deal_id=contract_id if sort == "deal" else None,
            licence_id=contract_id if sort == "licence" else None,
            **form.cleaned_data,
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已提交，交易机构答复后会通知您。"))
        return reverse("licensing:certificate", args=[made.pk])

    context = {"row": row, "back": reverse(f"licensing:{sort}", args=[contract_id])}
    return answer_form(request, form, run, "licensing/certificate_ask.html", context)


@require_GET
@login_needed
def detail(request: Request, certificate_id: int) -> HttpResponse:
    """One certificate, with the way to its paper and its check page."""
    row = questions.certificate(certificate_id, viewer=request.actor)
    party = request.actor.acts_for & {row.holder_id, row.taker_id}
    context = {
        "row": row,
        "steps": open_steps(STEPS, request, row),
        "party": party,
        "price": services.price_lines(row),
    }
    return render(request, "licensing/certificate.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def step(request: Request, certificate_id: int, name: str) -> HttpResponse:
    """One step of it."""
    row = questions.certificate(certificate_id, viewer=request.actor)
    back = reverse("licensing:certificate", args=[row.pk])
    return take_step(request, STEPS, name, row, key="certificate_id", back=back)


@require_GET
@login_needed
def pdf(request: Request, certificate_id: int) -> HttpResponse:
    """The certificate as issued."""
    row = questions.certificate(certificate_id, viewer=request.actor)
    if row.document is None:
        raise Missing(_("鉴证书还没有出具。"))
    return paper_pdf(request, row.document)


ID = "certificates/<int:certificate_id>/"
urlpatterns = [
    path("certificates/", index, name="certificates"),
    path("certificates/ask/<slug:sort>/<int:contract_id>/", ask, name="certificate-ask"),
    path(ID, detail, name="certificate"),
    path(f"{ID}certificate.pdf", pdf, name="certificate-pdf"),
    path(f"{ID}<slug:name>/", step, name="certificate-step"),
]
