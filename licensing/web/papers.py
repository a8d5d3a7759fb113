"""Papers: PDFs of what was issued, proofs that were handed in, and the check page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.attachments.web import download
from core.errors import Missing
from core.web.doors import login_needed
from core.web.export import pdf_shown
from core.web.types import Request
from licensing import selectors
from licensing.web.typesetting import typeset

if TYPE_CHECKING:
    from licensing.models import Document


def paper_pdf(
    request: Request, document: Document | None, more: Sequence[tuple[str, Any]] = ()
) -> HttpResponse:
    """A paper as it was issued, and what it vouches for; Missing when there is none."""
    if document is None:
        raise Missing(_("文书尚未生成：声明公告后、许可生效后才有文书。"))
    address = request.build_absolute_uri(reverse("licensing:check", args=[document.content_hash]))
    name = f"{document.get_kind_display()}{document.number}.pdf"
    paper = typeset(
        title=document.get_kind_display(),
        content=[*document.content, *more],
        content_hash=document.content_hash,
        address=address,
    )
    return pdf_shown(paper, name)


@require_GET
def declaration_pdf(request: Request, declaration_id: int) -> HttpResponse:
    """The declaration as announced, for anyone."""
    row = selectors.declaration(declaration_id, viewer=request.actor)
    return paper_pdf(request, getattr(row, "document", None))


@require_GET
@login_needed
def contract_pdf(request: Request, licence_id: int) -> HttpResponse:
    """The licence contract, for its parties and overseers."""
    row = selectors.licence(licence_id, viewer=request.actor)
    return paper_pdf(request, getattr(row, "document", None))


@require_GET
def check(request: Request, content_hash: str = "") -> HttpResponse:
    """Anyone with a paper in hand compares it with what was issued."""
    asked = request.GET.get("hash", "").strip().replace(" ", "")
    if asked and not asked.isalnum():  # no hash, nor always an address
        content_hash = asked
    elif asked:
        return HttpResponseRedirect(reverse("licensing:check", args=[asked[:64]]))
    if not content_hash:
        return render(request, "licensing/check.html", {"document": None})
    try:
        document = selectors.document(content_hash)
    except Missing as problem:
        context = {"document": None, "problem": problem.message, "asked": content_hash[:64]}
        return render(request, "licensing/check.html", context, status=404)
    return render(request, "licensing/check.html", {"document": document})


@require_GET
@login_needed
def payment_proof(request: Request, licence_id: int, payment_id: int) -> HttpResponse:
    """The proof of one payment."""
    row = selectors.licence(licence_id, viewer=request.actor)
    payment = row.payments.select_related("proof").filter(pk=payment_id).first()
    return download(payment.proof if payment else None)


@require_GET
@login_needed
def notice_proof(request: Request, licence_id: int) -> HttpResponse:
    """The proof that a notice was served."""
    return download(selectors.licence(licence_id, viewer=request.actor).served_proof)


@require_GET
@login_needed
def outcome_evidence(request: Request, outcome_id: int) -> HttpResponse:
    """What proves an outcome."""
    return download(selectors.outcome(outcome_id, viewer=request.actor).evidence)
