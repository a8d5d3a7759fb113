"""The certificate 公示证明 of a posting that stood its days: the page to print, and the PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.days import legal_day
from core.errors import Missing
from core.web.export import pdf_shown
from core.web.types import Request
from core.web.typesetting import qr_code, typeset
from listings.rules.postings import PostingStatus, digest
from listings.selectors.cards import printed
from listings.selectors.trading import auctions as objection_questions
from listings.selectors.trading import price_postings as asked
from listings.web.trading.price_postings import facts

SOURCE = Path(__file__).resolve().parents[3] / "templates" / "listings" / "posting.typ"


def _certified(request: Request, pk: int) -> Any:
    row = asked.posting(pk, viewer=request.actor)
    if row.status != PostingStatus.COMPLETED:
        raise Missing(_("这项公示还没有期满，没有证明。期满且异议都已答复后自动出具。"))
    return row


def _sentence(row: Any) -> str:
    """What is certified, in words."""
    raised = objection_questions.objection_count(row.objections.all()).raised
    words = {"a": row.starts_on, "b": row.ends_on, "n": raised}
    if not raised:
        return _("下列成果转化事项自 %(a)s 起公示，至 %(b)s 期满；期间没有收到异议。") % words
    return (
        _(
            "下列成果转化事项自 %(a)s 起公示，至 %(b)s 期满；"
            "期间收到异议 %(n)s 条，均已答复，没有成立的异议。"
        )
        % words
    )


def _is_intact(row: Any) -> bool:
    return bool(digest(asked.said(row)) == row.digest)


@require_GET
def certificate(request: Request, pk: int) -> HttpResponse:
    """The certificate on a page, checked by its digest: where the code on the paper leads."""
    row = _certified(request, pk)
    context = {
        "row": row,
        "facts": facts(row),
        "number": asked.certificate_number(row),
        "sentence": _sentence(row),
        "is_intact": _is_intact(row),
    }
    return render(request, "listings/posting_certificate.html", context)


@require_GET
def pdf(request: Request, pk: int) -> HttpResponse:
    """The certificate on paper; one whose content was tampered with says so."""
    row = _certified(request, pk)
    number = asked.certificate_number(row)
    address = request.build_absolute_uri(
        reverse("listings:posting-certificate", kwargs={"pk": row.pk})
    )
    rows = [(fact["label"], str(fact["value"])) for fact in facts(row)]
    rows.insert(1, (_("申请号/专利号"), printed(row.patent) or _("待核实")))
    data = {
        "title": _("公示证明"),
        "number": _("编号 %(number)s") % {"number": number},
        "sentence": _sentence(row),
        "rows": [(label, value) for label, value in rows if value],
        "summary": row.summary,
        "digest": row.digest,
        "issued_on": legal_day(row.ended_at).isoformat(),
        "printed_on": legal_day(timezone.now()).isoformat(),
        "address": address,
        "qr": qr_code(address),
        "sample": row.patent.is_sample,
        "intact": _is_intact(row),
        "words": {
            "sample": _("示例 · 演示数据"),
            "summary": _("简要情况"),
            "digest": _("校验码（SHA-256）"),
            "issued": _("出具日"),
            "printed": _("打印日"),
            "scan": _("扫码核验"),
            "changed": _("内容与出具时不一致，请联系持有单位"),
            "footer": _("专利转化运用平台 · 成果转化公示证明"),
            "basis": _("依据促进科技成果转化法第十八条公示；证明以核验页面所示为准。"),
        },
    }
    name = _("公示证明 %(number)s.pdf") % {"number": number}
    return pdf_shown(typeset(SOURCE, data), name, Vary="Cookie")


urlpatterns = [
    path("auctions/postings/<int:pk>/certificate/", certificate, name="posting-certificate"),
    path("auctions/postings/<int:pk>/certificate.pdf", pdf, name="posting-certificate-pdf"),
]
