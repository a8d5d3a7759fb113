"""Asking co-owners and answering them; what was given on paper."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from core.attachments.web import download
from core.errors import Missing
from core.idempotency.web import submitted
from core.people import selectors as people
from core.permissions import Permission, allowed
from core.web.doors import login_needed
from core.web.types import Request
from listings import selectors, services
from listings.rules.consents import ConsentStatus
from listings.selectors.ownership import consents as reading
from listings.services.ownership import consents
from listings.types import Consent
from listings.web.doors import keepers, own_patent
from listings.web.ownership.forms import AnswerForm, AskForm, EndForm, PaperForm

A_PAGE = 30
STATUSES = {
    ConsentStatus.ASKED: (lazy("等待答复"), "wait"),
    ConsentStatus.AGREED: (lazy("已同意"), "ok"),
    ConsentStatus.REFUSED: (lazy("不同意"), "danger"),
    ConsentStatus.WITHDRAWN: (lazy("已撤回"), "muted"),
    ConsentStatus.CANCELLED: (lazy("已取消"), "muted"),
}


def line(row: Any) -> dict[str, Any]:
    label, tone = STATUSES[ConsentStatus(row.status)]
    return {"row": row, "label": label, "tone": tone}


def _names(rows: Iterable[Any]) -> dict[str, str]:
    """Who asked, answered and ended, in one query."""
    return people.names_of(
        key for row in rows for key in (row.asked_by, row.answered_by, row.ended_by)
    )


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """What we are asked and what we asked."""
    page = Paginator(reading.consents(viewer=request.actor), A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "rows": [line(row) for row in page]}
    return render(request, "listings/consents.html", context)


@require_GET
@login_needed
def consent(request: Request, pk: int) -> HttpResponse:
    """One question: to be answered, taken back or cancelled."""
    return _shown(request, pk)


def _shown(request: Request, pk: int, **forms: Any) -> HttpResponse:
    row = reading.consent(pk, viewer=request.actor)
    ours = allowed(request.actor, Permission.ANSWER_CONSENT, on=row)
    theirs = allowed(request.actor, Permission.EDIT_PATENT, on=row.patent)
    context = {
        **line(row),
        "names": _names([row]),
        "may_answer": ours and row.status == ConsentStatus.ASKED,
        "may_withdraw": ours and row.status == ConsentStatus.AGREED,
        "may_cancel": theirs and row.status == ConsentStatus.ASKED,
        "answer_form": AnswerForm(initial={"scope": row.asked_scope}),
        "end_form": EndForm(),
    } | forms
    failed = any(form.errors for form in forms.values())
    return render(request, "listings/consent.html", context, status=422 if failed else 200)


@require_POST
@login_needed
def answer(request: Request, pk: int) -> HttpResponse:
    """Agree or refuse."""
    reading.consent(pk, viewer=request.actor)
    form = AnswerForm(request.POST, request.FILES)

    def command() -> str:
        data = form.cleaned_data
        consents.answer_consent(
            consent_id=pk,
            agreed=data["decision"] == "agree",
            scope=Consent(data["scope"] or Consent.NONE),
            answer=data["answer"],
            proof=data["proof"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已答复，对方会收到通知。"))
        return reverse("listings:consent", kwargs={"pk": pk})

    return submitted(request, form, command) or _shown(request, pk, answer_form=form)


@require_POST
@login_needed
def end(request: Request, pk: int, move: str) -> HttpResponse:
    """Take a consent back, or the question."""
    commands = {"withdraw": consents.withdraw_consent, "cancel": consents.cancel_consent}
    if move not in commands:
        raise Missing("没有这个操作。")
    reading.consent(pk, viewer=request.actor)
    form = EndForm(request.POST)

    def command() -> str:
        commands[move](
            consent_id=pk,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已办理。"))
        return reverse("listings:consent", kwargs={"pk": pk})

    return submitted(request, form, command) or _shown(request, pk, end_form=form)


@require_GET
@login_needed
def proof(request: Request, pk: int) -> HttpResponse:
    """The paper behind a consent."""
    return download(reading.consent(pk, viewer=request.actor).proof)


@require_GET
@keepers
def of_patent(request: Request, pk: int) -> HttpResponse:
    """Every co-owner of a patent: what it has agreed to, who asked when, what was answered."""
    return _of_patent(request, pk)


def _of_patent(request: Request, pk: int, *, failed: dict[int, django_forms.Form] | None = None,
               form_name: str = "") -> HttpResponse:  # fmt: skip
    card = own_patent(request, pk)
    failed = failed or {}
    rows = reading.history(pk, viewer=request.actor)
    waiting = {row.holder_name for row in rows if row.status == ConsentStatus.ASKED}
    holders = []
    for holder in selectors.holders(pk, viewer=request.actor):
        if holder.organisation_id is not None and holder.organisation_id == card.organisation_id:
            continue
        sent = failed.get(holder.id)
        ask_form = sent if sent and form_name == "ask" else AskForm(prefix=f"a{holder.id}")
        paper_form = PaperForm(prefix=f"p{holder.id}", initial={"consent": holder.consent})
        holders.append(
            {
                "holder": holder,
                "ask": ask_form,
                "paper": sent if sent and form_name == "paper" else paper_form,
                "waits": holder.name in waiting,
            }
        )
    context = {
        "card": card,
        "holders": holders,
        "history": [line(row) for row in rows],
        "names": _names(rows),
    }
    status = 422 if failed else 200
    return render(request, "listings/consents_of_patent.html", context, status=status)


@require_POST
@keepers
def ask(request: Request, pk: int, holder_id: int) -> HttpResponse:
    """Ask a co-owner that has an account."""
    own_patent(request, pk)
    form = AskForm(request.POST, prefix=f"a{holder_id}")

    def command() -> str:
        consents.ask_consent(
            patent_id=pk,
            holder_id=holder_id,
            scope=Consent(form.cleaned_data["scope"]),
            message=form.cleaned_data["message"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已发出，对方答复后会通知您。"))
        return reverse("listings:patent-consents", kwargs={"pk": pk})

    done = submitted(request, form, command)
    return done or _of_patent(request, pk, failed={holder_id: form}, form_name="ask")


@require_POST
@keepers
def paper(request: Request, pk: int, holder_id: int) -> HttpResponse:
    """Note a consent given on paper."""
    own_patent(request, pk)
    form = PaperForm(request.POST, request.FILES, prefix=f"p{holder_id}")

    def command() -> str:
        services.set_consent(
            patent_id=pk,
            holder_id=holder_id,
            consent=Consent(form.cleaned_data["consent"]),
            proof=form.cleaned_data["proof"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已记录共有人的意见。"))
        return reverse("listings:patent-consents", kwargs={"pk": pk})

    done = submitted(request, form, command)
    return done or _of_patent(request, pk, failed={holder_id: form}, form_name="paper")


urlpatterns = [
    path("consents/", index, name="consents"),
    path("consents/<int:pk>/", consent, name="consent"),
    path("consents/<int:pk>/answer/", answer, name="consent-answer"),
    path("consents/<int:pk>/proof/", proof, name="consent-proof"),
    path("consents/<int:pk>/<slug:move>/", end, name="consent-end"),
    path("library/patents/<int:pk>/consents/", of_patent, name="patent-consents"),
    path("library/patents/<int:pk>/consents/<int:holder_id>/ask/", ask, name="consent-ask"),
    path("library/patents/<int:pk>/consents/<int:holder_id>/paper/", paper, name="consent-paper"),
]
