"""An offer sheet on paper: the page to print, the PDF, and the files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.attachments.web import download
from core.days import legal_day
from core.reference import selectors as reference
from core.web.export import pdf_shown
from core.web.types import Request
from core.web.typesetting import qr_code, typeset
from listings import filters, selectors
from listings.selectors.offering import sheets as reading
from listings.types import PatentCard
from listings.web import presenting
from listings.web.offering.sheet_words import gain_amount

SOURCE = Path(__file__).resolve().parents[3] / "templates" / "listings" / "sheet.typ"


def _contact(request: Request, card: PatentCard) -> str:
    """Who to call: for people who are logged in, not for harvesters of addresses."""
    if not card.contact:
        return ""
    return _("登录平台后可见") if request.actor.is_anonymous else card.contact


def of_card(request: Request, card: PatentCard) -> dict[str, Any]:
    """A sheet as page and paper show it."""
    address = request.build_absolute_uri(reverse("listings:patent", kwargs={"pk": card.id}))
    place = reference.region_name(card.region) if card.region else ""
    texts = [
        (_("解决什么问题"), card.problem),
        (_("怎样解决"), card.how),
        (_("效果与数据"), card.benefit),
        (_("应用场景"), "、".join(card.scenes)),
        (_("成熟程度"), card.maturity),
    ]
    if not any(words for _label, words in texts):
        texts.append((_("摘要"), card.abstract))
    facts = [
        (_("技术成熟度"), _("%(n)s 级（共 9 级）") % {"n": card.trl} if card.trl else ""),
        (_("转化方式"), "、".join(presenting.modes_of(card))),
        (_("意向价格"), presenting.price_of(card)),
        (_("权利人"), "、".join(card.holder_names)),
        (_("申请号/专利号"), card.printed or _("待核实")),
        (_("法律状态"), str(filters.word_for("status", card.status))),
        (_("地区"), place),
        (_("联系方式"), _contact(request, card)),
    ]
    return {
        "title": card.title,
        "headline": card.summary or card.title,
        "meta": " · ".join(part for part in ("、".join(card.holder_names), card.printed) if part),
        "texts": [(label, words) for label, words in texts if words],
        "gains": [(g.quantity, gain_amount(g), g.against or "—") for g in card.gains],
        "contrasts": [(c.aspect, c.usual, c.ours) for c in card.contrasts],
        "facts": [(label, words) for label, words in facts if words],
        "address": address,
        "sample": card.is_sample,
        "qr": qr_code(address),
    }


@require_GET
def show(request: Request, pk: int) -> HttpResponse:
    """The sheet on one page, made to be printed."""
    card = selectors.card(pk, viewer=request.actor)
    paper = of_card(request, card)
    context = {
        "card": card,
        "paper": paper,
        "qr": mark_safe(paper["qr"]),  # ours: drawn from our own address
        "files": reading.public_files(pk, viewer=request.actor),
        "now": timezone.now(),
    }
    return render(request, "listings/sheet_print.html", context)


@require_GET
def pdf(request: Request, pk: int) -> HttpResponse:
    """The sheet as a PDF."""
    card = selectors.card(pk, viewer=request.actor)
    notice = _("价格和法律状态会变化，以公开页面当日所示为准。")
    if not card.is_public:
        notice = _("内部预览：这件专利没有公开挂牌，请勿外传。") + notice
    data = of_card(request, card) | {
        "footer": _("专利转化运用平台 · 专利推介表"),
        "printed_on": legal_day(timezone.now()).isoformat(),
        "notice": notice,
        "words": {
            "sample": _("示例 · 演示数据"),
            "scan": _("扫码看公开页面"),
            "gains": _("量化收益"),
            "quantity": _("指标"),
            "value": _("数值"),
            "against": _("和什么比"),
            "contrasts": _("与常规方案对比"),
            "aspect": _("比什么"),
            "usual": _("常规方案"),
            "ours": _("本方案"),
            "terms": _("合作与权利"),
        },
    }
    name = _("推介表 %(title)s.pdf") % {"title": card.title[:60]}
    return pdf_shown(typeset(SOURCE, data), name, Vary="Cookie")


@require_GET
def file(request: Request, pk: int, file_id: int) -> HttpResponse:
    """A file beside the sheet as a download; never shown in place, whatever it claims to be."""
    return download(reading.attachment(pk, file_id, viewer=request.actor))


urlpatterns = [
    path("patents/<int:pk>/sheet/", show, name="sheet-print"),
    path("patents/<int:pk>/sheet.pdf", pdf, name="sheet-pdf"),
    path("patents/<int:pk>/files/<int:file_id>/", file, name="sheet-file"),
]
