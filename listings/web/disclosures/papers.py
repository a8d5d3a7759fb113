"""A disclosure on paper: the verdict as a PDF, and the supporting files."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.attachments.web import download
from core.days import legal_day
from core.errors import Missing
from core.people.types import Role
from core.web.doors import for_roles
from core.web.export import pdf_shown
from core.web.types import Request
from core.web.typesetting import typeset
from listings.rules.disclosures import PUBLICATION_WORDS
from listings.selectors import disclosures as reading
from listings.selectors.disclosures import DisclosureCard

SOURCE = Path(__file__).resolve().parents[3] / "templates" / "listings" / "verdict.typ"
members = for_roles(Role.INVENTOR, Role.OFFICE)


def _rows(card: DisclosureCard) -> list[tuple[str, str]]:
    verdict = card.verdict
    if verdict is None:
        raise Missing("还没有评估结论；办公室完成评估后才能下载。")
    people = "；".join(f"{p.name} {p.share:f}%" for p in card.data.contributors)
    public = "；".join(
        f"{p.on.isoformat()} {PUBLICATION_WORDS[p.kind]} {p.where}".strip()
        for p in card.data.publications
    )
    rows = [
        ("披露号", card.number),
        ("名称", card.data.title),
        ("单位", card.organisation_name),
        ("披露人", card.inventor),
        ("贡献人", people),
        ("资助项目", card.data.funding_project),
        ("公开情况", public or "申请前没有公开"),
        ("新颖性提示", "\n".join(note.message for note in card.notes)),
        ("总分与等级", f"{verdict.points} 分，{verdict.grade_label}"),
        ("建议路线", verdict.route_label),
        ("布局角色", verdict.role_label),
        ("审查方式", verdict.mode_label),
        ("依据", "\n".join(verdict.reasons)),
        ("评估人", f"{verdict.evaluated_by}（规则 {verdict.rule_version}）"),
        ("单位决定", card.decision_label or "尚未决定"),
        ("决定理由", card.decision_reason),
        ("决定人", card.decided_by),
        ("申请号", card.application_number),
    ]
    return [(label, words) for label, words in rows if words]


@require_GET
@members
def pdf(request: Request, pk: int) -> HttpResponse:
    """The verdict, for the inventor and the office."""
    now = timezone.now()
    card = reading.disclosure(pk, viewer=request.actor, now=now)
    rows = _rows(card)
    parts = card.verdict.parts if card.verdict else ()
    data = {
        "title": _("专利申请前评估意见"),
        "rows": rows,
        "parts": [
            [p["label"], f"{p['score']} / {p['highest']}", f"{p['points']} / {p['most']}"]
            for p in parts
        ],
        "sample": card.is_sample,
        "printed_on": legal_day(now).isoformat(),
        "address": request.build_absolute_uri(
            reverse("listings:disclosure", kwargs={"pk": card.id})
        ),
    }
    name = f"申请前评估 {card.number}.pdf"
    return pdf_shown(typeset(SOURCE, data), name, **{"Cache-Control": "no-store"})


@require_GET
@members
def file(request: Request, pk: int, file_id: int) -> HttpResponse:
    """A supporting file as a download."""
    response = download(reading.disclosure_file(pk, file_id, viewer=request.actor))
    response.headers["Cache-Control"] = "no-store"
    return response


urlpatterns = [
    path("disclosures/<int:pk>/verdict.pdf", pdf, name="disclosure-verdict"),
    path("disclosures/<int:pk>/files/<int:file_id>/", file, name="disclosure-file"),
]
