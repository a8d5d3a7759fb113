"""Pages of open licences: the shelf, one offer, and an office's own declarations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Missing, NotAllowed
from core.idempotency.web import submitted
from core.people.types import Role
from core.permissions import Permission, allowed, require
from core.web.doors import for_roles, tabs_of
from core.web.types import Request
from licensing import selectors, services
from licensing.rules import effect, fees, moves
from licensing.selectors.co_owners import doubted, doubted_waiting, only_doubted
from licensing.types import Side
from licensing.web.calculator import calculator
from licensing.web.doors import answer_form, page_of, sent, status_of
from licensing.web.forms import AnnouncementForm, TermsForm, WithdrawForm
from listings import selectors as listings
from listings.types import Action, PatentCard, hard

HOLDERS = for_roles(Role.OFFICE, Role.BROKER)
DOUBTED = "doubted"


@require_GET
def shelf(request: Request) -> HttpResponse:
    """Every open licence on offer, like goods with their price."""
    q, mode = request.GET.get("q", "").strip()[:200], request.GET.get("mode", "")
    region = request.GET.get("region", "")
    region = region if region.isdigit() and len(region) in (2, 4, 6) else ""
    now = timezone.now()
    rows = page_of(request, selectors.shelf(at=now, mode=mode, region=region, q=q))
    counts = selectors.mode_counts(at=now, region=region, q=q)
    options = []
    for offered in fees.FeeMode:
        query = request.GET.copy()
        query.pop("page", None)
        query["mode"] = "" if mode == offered.value else offered.value
        if counts.get(offered.value) or mode == offered.value:
            options.append(
                {
                    "label": fees.MODE_LABELS[offered],
                    "count": counts.get(offered.value, 0),
                    "url": f"?{query.urlencode()}",
                    "selected": mode == offered.value,
                }
            )
    context = {
        "page_obj": rows,
        "cards": [selectors.declaration_card(row) for row in rows],
        "facets": [{"title": _("付费方式"), "options": options}],
        "clear_url": "?" if mode or region else "",
        "q": q,
        "mode": mode,
        "region": region,
        "may_declare": request.actor.has(Role.OFFICE, Role.BROKER),
    }
    htmx = bool(request.htmx)
    return render(request, "licensing/shelf.html#rows" if htmx else "licensing/shelf.html", context)


@require_GET
def declaration(request: Request, declaration_id: int) -> HttpResponse:
    """One open licence: what it costs, how to take it, and what stands against it today."""
    row = selectors.declaration(declaration_id, viewer=request.actor)
    card = selectors.declaration_card(row)
    terms = row.plan.terms()
    against = (
        hard(listings.can(row.patent_id, Action.LICENSE_ORDINARY, at=timezone.now()))
        if card.can_be_taken
        else []
    )
    mine = allowed(request.actor, Permission.DECLARE_OPEN, on=row)
    return render(
        request,
        "licensing/declaration.html",
        {
            "row": row,
            "card": card,
            "against": against,
            "document": getattr(row, "document", None),
            "is_mine": mine,
            "doubted": doubted(row) if mine else [],
            "may_take": not mine and allowed(request.actor, Permission.TAKE_LICENCE),
            "calculator": calculator(
                request.GET, terms, months=row.months, starts_on=timezone.localdate()
            ),
            "action": reverse("licensing:declaration", args=[row.pk]),
            "contest_days": effect.CONTEST_DAYS,
            "patent_visible": listings.cards([row.patent_id], viewer=request.actor),
        },
    )


@require_GET
def of_patent(request: Request, patent_id: int) -> HttpResponse:
    """The open licence of a patent: a piece of the patent's page, or a page of its own."""
    row = selectors.declaration_for(patent_id, viewer=request.actor)
    patent = listings.cards([patent_id], viewer=request.actor).get(patent_id)
    if row is None and patent is None:
        raise Missing(_("没有找到这件专利，或您无权查看。"))
    side = Side(patent.organisation_id, patent.region) if patent else None
    context = {
        "card": selectors.declaration_card(row) if row else None,
        "row": row,
        "patent": patent,
        "may_take": allowed(request.actor, Permission.TAKE_LICENCE)
        and (row is None or row.licensor_id not in request.actor.acts_for),
        "may_declare": side is not None
        and allowed(request.actor, Permission.DECLARE_OPEN, on=side),
    }
    htmx = bool(request.htmx)
    page = "licensing/_of_patent.html" if htmx else "licensing/of_patent.html"
    return render(request, page, context)


@require_GET
@HOLDERS
def mine(request: Request) -> HttpResponse:
    """The office's own declarations with what they brought."""
    labels: list[tuple[str, str]] = [*moves.DECLARATION_LABELS.items()]
    if request.GET.get("status") == DOUBTED or doubted_waiting(viewer=request.actor)[0]:
        labels.insert(0, (DOUBTED, _("共有人撤回同意")))
    chosen, tabs = tabs_of(request, labels)
    found = selectors.declarations_of(viewer=request.actor)
    if chosen == DOUBTED:
        found = only_doubted(found, viewer=request.actor)
    elif chosen:
        found = found.filter(status=chosen)
    rows = page_of(request, found)
    return render(
        request,
        "licensing/mine.html",
        {
            "page_obj": rows,
            "tabs": tabs,
            "chosen": chosen,
            "rows": [(row, selectors.declaration_card(row)) for row in rows],
        },
    )


@require_GET
@HOLDERS
def choose(request: Request) -> HttpResponse:
    """Screen 1: which patent. Each with what the law says about it today."""
    rows = listings.stock(viewer=request.actor)
    q = request.GET.get("q", "").strip()[:200]
    for word in q.split()[:8]:
        rows = rows.filter(title__icontains=word)
    patents = page_of(request, rows.filter(status="granted"))
    now = timezone.now()
    ids = [patent.pk for patent in patents]
    against = listings.can_many(ids, Action.DECLARE_OPEN, at=now)
    return render(
        request,
        "licensing/choose.html",
        {
            "page_obj": patents,
            "rows": [(patent, hard(against[patent.pk])) for patent in patents],
            "q": q,
        },
    )


def _own_patent(request: Request, patent_id: int) -> PatentCard:
    """The patent, when the actor's organisation manages it: seen by others, it is not theirs."""
    card = listings.card(patent_id, viewer=request.actor)
    require(request.actor, Permission.DECLARE_OPEN, on=Side(card.organisation_id, card.region))
    return card


@require_http_methods(["GET", "POST"])
def terms(request: Request, patent_id: int) -> HttpResponse:
    """Screen 2: the fee and the term, beside the live check."""
    card = _own_patent(request, patent_id)
    started = selectors.declaration_for(patent_id, viewer=request.actor)
    if started is not None and request.method == "GET":
        return redirect("licensing:declaration", started.pk)
    form = TermsForm(sent(request)[0], initial={"mode": fees.FeeMode.FIXED.value})

    def run() -> str:
        row = services.draft_declaration(
            patent_id=patent_id, terms=form.terms(), by=request.actor, now=timezone.now()
        )
        return reverse("licensing:declaration-check", args=[row.pk])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    checks = selectors.guards_for(patent_id, terms=None, at=timezone.now(), by=request.actor)
    return _terms_page(request, card, form, checks)


def _terms_page(
    request: Request, card: PatentCard, form: forms.Form, checks: list[selectors.Check]
) -> HttpResponse:
    return render(
        request,
        "licensing/terms.html",
        {
            "patent": card,
            "form": form,
            "checks": checks,
            "steps": steps(2),
            "compose_url": reverse("licensing:plan", args=["patent", card.id]),
        },
        status=status_of(form),
    )


def steps(current: int) -> list[dict[str, Any]]:
    """The four screens from choosing a patent to the declaration."""
    labels = [_("选择专利"), _("费用与期限"), _("核对内容"), _("声明生效")]
    return [
        {"label": label, "done": n < current, "current": n == current}
        for n, label in enumerate(labels, start=1)
    ]


@require_GET
def guards(request: Request, patent_id: int) -> HttpResponse:
    """The live check as a piece of the terms page, for what is filled in so far."""
    _own_patent(request, patent_id)
    form = TermsForm(request.GET)
    form.is_valid()
    checks = selectors.guards_for(
        patent_id, terms=form.terms(), at=timezone.now(), by=request.actor
    )
    return render(request, "licensing/_guards.html", {"checks": checks})


@require_http_methods(["GET", "POST"])
def edit(request: Request, declaration_id: int) -> HttpResponse:
    """Screen 2 again, for a draft."""
    row = selectors.declaration(declaration_id, viewer=request.actor)
    require(request.actor, Permission.DECLARE_OPEN, on=row)
    form = TermsForm(sent(request)[0], initial=TermsForm.initial_of(row))

    def run() -> str:
        services.revise_declaration(
            declaration_id=declaration_id,
            terms=form.terms(),
            revision=form.cleaned_data["revision"] or 0,
            by=request.actor,
            now=timezone.now(),
        )
        return reverse("licensing:declaration-check", args=[declaration_id])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    card = listings.card(row.patent_id, viewer=request.actor)
    checks = selectors.guards_for(
        row.patent_id, terms=selectors.terms_of(row), at=timezone.now(), by=request.actor
    )
    return _terms_page(request, card, form, checks)


@require_http_methods(["GET", "POST"])
def check_answers(request: Request, declaration_id: int) -> HttpResponse:
    """Screen 3: everything once more, the two days, and the declaration itself."""
    row = selectors.declaration(declaration_id, viewer=request.actor)
    require(request.actor, Permission.DECLARE_OPEN, on=row)
    if row.status != "draft" and request.method == "GET":
        return redirect("licensing:declaration", row.pk)
    today = timezone.localdate()
    form = AnnouncementForm(sent(request)[0], initial={"filed_on": today, "announced_on": today})
    revision = request.POST.get("revision", "")

    def run() -> str:
        known = form.cleaned_data
        done = services.declare(
            declaration_id=declaration_id,
            filed_on=known["filed_on"],
            announced_on=known["announced_on"],
            revision=int(revision) if revision.isascii() and revision.isdigit() else None,
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("开放许可声明 %(number)s 已生效。") % {"number": done.number})
        return reverse("licensing:declaration", args=[done.pk])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    checks = selectors.guards_for(
        row.patent_id, terms=selectors.terms_of(row), at=timezone.now(), by=request.actor
    )
    return render(
        request,
        "licensing/check_answers.html",
        {
            "row": row,
            "card": selectors.declaration_card(row),
            "checks": checks,
            "stopped": any(c.stops for c in checks),
            "form": form,
            "steps": steps(3),
        },
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
def withdraw(request: Request, declaration_id: int) -> HttpResponse:
    """Taking the offer back, with a reason."""
    row = selectors.declaration(declaration_id, viewer=request.actor)
    require(request.actor, Permission.DECLARE_OPEN, on=row)
    form = WithdrawForm(sent(request)[0])

    def run() -> str:
        services.withdraw_declaration(
            declaration_id=declaration_id,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("声明已撤回。此前取得的许可继续有效。"))
        return reverse("licensing:declaration", args=[declaration_id])

    return answer_form(request, form, run, "licensing/withdraw.html", {"row": row})


@require_POST
def discard(request: Request, declaration_id: int) -> HttpResponse:
    """Giving up a draft."""
    if request.actor.is_anonymous:
        raise NotAllowed(_("请先登录，再办理这项操作。"), code="login-required")
    services.discard_declaration(
        declaration_id=declaration_id, by=request.actor, now=timezone.now()
    )
    messages.success(request, _("草稿已作废。"))
    return redirect("licensing:declarations")
