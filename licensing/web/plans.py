"""The page on which a fee plan is composed: for a new declaration, a draft, or a deal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.errors import Missing
from core.idempotency.web import submitted
from core.permissions import Permission, require
from core.web.doors import login_needed
from core.web.types import Request
from licensing import selectors, services
from licensing.rules import deals as deal_rules
from licensing.rules import fees, plans
from licensing.rules.fees import FeePart, PartKind
from licensing.rules.forecast import USUAL_MONTHS, forecast
from licensing.rules.moves import DeclarationStatus
from licensing.selectors import bundle_deals
from licensing.selectors import deals as deal_selectors
from licensing.services import deals
from licensing.types import DeclarationTerms, Side
from licensing.web import plan_forms
from licensing.web.calculator import calculator
from licensing.web.plan_forms import PlanForm, VolumeForm
from listings import selectors as listings

SHARES = (Decimal("0.5"), Decimal(1), Decimal(2))


@dataclass(frozen=True)
class Subject:
    """What a plan is composed for: whose it is, what it holds now, and what keeps it."""

    patent_id: int
    title: str
    number: str
    parts: tuple[FeePart, ...]
    months: int | None
    back: str
    submit: str
    save: Callable[[Sequence[FeePart], int], str]
    seen: int = 0
    closed: str = ""


def _of_patent(request: Request, pk: int) -> Subject:
    card = listings.card(pk, viewer=request.actor)
    require(request.actor, Permission.DECLARE_OPEN, on=Side(card.organisation_id, card.region))
    started = selectors.declaration_for(pk, viewer=request.actor)
    if started is not None:
        return _of_declaration(request, started.pk)

    def save(parts: Sequence[FeePart], _seen: int) -> str:
        row = services.draft_declaration(
            patent_id=pk,
            terms=DeclarationTerms(parts=tuple(parts)),
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "付费方案已存为草稿。请补充许可期限，再核对内容。")
        return reverse("licensing:declaration-edit", args=[row.pk])

    back = reverse("licensing:declare", args=[pk])
    return Subject(pk, card.title, card.printed, (), None, back, "存为草稿，下一步", save)


def _of_declaration(request: Request, pk: int) -> Subject:
    row = selectors.declaration(pk, viewer=request.actor)
    require(request.actor, Permission.DECLARE_OPEN, on=row)
    terms = selectors.terms_of(row)

    def save(parts: Sequence[FeePart], seen: int) -> str:
        services.revise_declaration(
            declaration_id=pk,
            terms=replace(terms, parts=tuple(parts)),
            revision=seen,
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "付费方案已保存。")
        return reverse("licensing:declaration-check", args=[pk])

    draft = row.status == DeclarationStatus.DRAFT
    return Subject(
        row.patent_id,
        row.patent_title,
        row.patent_number,
        terms.parts,
        row.months,
        reverse("licensing:declaration-edit" if draft else "licensing:declaration", args=[pk]),
        "保存方案，去核对",
        save,
        row.revision,
        "" if draft else "只有草稿可以修改。已公告的声明请先撤回，再重新声明。",
    )


def _of_deal(request: Request, pk: int) -> Subject:
    row = deal_selectors.deal(pk, viewer=request.actor)
    require(request.actor, Permission.NEGOTIATE_DEAL, on=row)
    versions = deal_selectors.versions_for(row, request.actor)
    last = versions[-1] if versions else None
    terms = (
        last.as_rule()
        if last
        else deal_rules.Terms(
            kind=deal_rules.DealKind(row.kind), patents=(row.patent_id,), parts=()
        )
    )
    if row.bundle_id:  # another price is split anew
        terms = replace(terms, patents=bundle_deals.standing_ids(row), shares=())

    def save(parts: Sequence[FeePart], seen: int) -> str:
        deals.propose_terms(
            deal_id=pk,
            terms=replace(terms, parts=tuple(parts)),
            seen_version=seen,
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "这一版条款已送达对方，等待答复。")
        return reverse("licensing:deal", args=[pk])

    negotiating = row.status == deal_rules.DealStatus.NEGOTIATING
    return Subject(
        row.patent_id,
        row.patent_title,
        row.patent_number,
        terms.parts,
        terms.months,
        reverse("licensing:deal", args=[pk]),
        "按这份方案提出一版条款",
        save,
        last.version if last else 0,
        "" if negotiating else "洽谈中才能提出条款；已谈妥的，请先重新打开条款。",
    )


SUBJECTS: dict[str, Callable[[Request, int], Subject]] = {
    "patent": _of_patent,
    "declaration": _of_declaration,
    "deal": _of_deal,
}


@require_http_methods(["GET", "POST"])
@login_needed
def compose(request: Request, subject: str, pk: int) -> HttpResponse:
    """Put the parts together; every button is a submit, so that it works without JavaScript."""
    if subject not in SUBJECTS:
        raise Missing("没有找到这一页。")
    found = SUBJECTS[subject](request, pk)
    if found.closed and request.method == "GET":
        messages.warning(request, found.closed)
        return redirect(found.back)
    do = request.POST.get("do", "")
    sent = request.method == "POST"
    raws = plan_forms.raw_from(request.POST) if sent else plan_forms.raw_of(found.parts)
    judged = do in ("save", "preview")
    form = PlanForm(plan_forms.changed(raws, do), judged=judged)
    seen = request.POST.get("seen", "")
    number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else found.seen
    if do == "save" and (
        done := submitted(request, form, lambda: found.save(form.parts(), number))
    ):
        return done
    context = {"subject": found, "form": form, "seen": number} | _shown(request, form, found)
    if request.htmx and do == "preview":
        return render(request, "licensing/_plan_result.html", context)
    status = 422 if do == "save" else 200
    return render(request, "licensing/plan.html", context, status=status)


def _shown(request: Request, form: PlanForm, found: Subject) -> dict[str, Any]:
    """The plan in a sentence and its cost on the reader's figures; None while parts are open."""
    sent = request.method == "POST"
    parts = form.parts() if form.is_bound and form.is_valid() else ()
    if not sent:
        parts = found.parts
    shown: dict[str, Any] = {
        "kinds": [(k.value, fees.PART_LABELS[k], plans.MEANINGS[k]) for k in PartKind],
        "volumes": VolumeForm(request.POST if sent else None),
        "full": len(form.parts_forms) >= plans.MOST_PARTS,
    }
    if not parts:
        return shown
    found_costs = calculator(
        request.POST, parts, months=found.months, starts_on=timezone.localdate()
    )
    shown |= {
        "sentence": plans.sentence(parts, months=found.months),
        "standard": fees.standard_lines(parts),
        "calculator": found_costs,
    }
    if found_costs.result and found_costs.has_royalty:
        shown["scenarios"] = [_scenario(parts, found_costs, share) for share in SHARES]
    return shown


def _scenario(parts: Sequence[FeePart], costs: Any, share: Decimal) -> dict[str, Any]:
    """The same with so many times the sales."""
    years = costs.result.years
    base = fees.yuan(years[0].base * share)
    growth = costs.form.cleaned_data.get("growth") or Decimal(0)
    result = forecast(
        parts,
        base=base,
        starts_on=years[0].starts_on,
        months=costs.months or USUAL_MONTHS,
        growth=growth,
    )
    whole = sum((year.base for year in result.years), Decimal(0))
    return {
        "share": f"{share * 100:.0f}%",
        "base": base,
        "total": result.total,
        "burden": result.total * 100 / whole if whole else None,
    }


urlpatterns = [path("fee-plans/<slug:subject>/<int:pk>/", compose, name="plan")]
