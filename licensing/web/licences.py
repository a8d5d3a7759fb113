"""Pages of licences: take, pay, object, file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.days import legal_day
from core.errors import NotAllowed
from core.idempotency.web import submitted
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed, tabs_of
from core.web.types import Request
from licensing import selectors, services
from licensing.rules import effect, fees, moves
from licensing.rules.claims import event_parts
from licensing.rules.royalties import running_part
from licensing.selectors import disputes
from licensing.selectors import registrations as records
from licensing.selectors.claims import side_of
from licensing.selectors.disputed import disputed_lines
from licensing.types import Side
from licensing.web.doors import answer_form, may_dispute, page_of, sent, status_of
from licensing.web.forms import (
    ContestForm,
    FilingForm,
    PaymentForm,
    ResolveForm,
    TakeForm,
)
from listings import selectors as listings
from listings.types import Action, hard


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """The licences of both sides that the actor may see."""
    parts = [*moves.LICENCE_LABELS.items(), ("contested", _("异议待处理"))]
    chosen, tabs = tabs_of(request, parts)
    rows = page_of(request, selectors.licences(viewer=request.actor, status=chosen))
    return render(request, "licensing/licences.html", {"page_obj": rows, "tabs": tabs})


@require_http_methods(["GET", "POST"])
def take(request: Request, declaration_id: int) -> HttpResponse:
    """The terms once more; accepting them is the written notice."""
    if request.actor.is_anonymous:
        raise NotAllowed(_("请先登录，再取得许可。"), code="login-required")
    row = selectors.declaration(declaration_id, viewer=request.actor)
    require(request.actor, Permission.TAKE_LICENCE)
    form = TakeForm(*sent(request))

    def run() -> str:
        licence = services.take_open_licence(
            declaration_id=declaration_id,
            served_at=form.cleaned_data["served_at"],
            served_proof=form.cleaned_data["served_proof"],
            by=request.actor,
            now=timezone.now(),
        )
        if licence.status == moves.LicenceStatus.NOTICED:
            messages.success(request, _("通知已送达专利权人。请支付到期款项并登记付款。"))
            return reverse("licensing:pay", args=[licence.pk])
        messages.success(request, _("许可已生效。"))
        return reverse("licensing:licence", args=[licence.pk])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    card = selectors.declaration_card(row)
    now = timezone.now()
    dues = fees.schedule(row.plan.terms(), served_on=legal_day(now))
    return _page(
        request,
        "licensing/take.html",
        form,
        {
            "card": card,
            "dues": dues,
            "due_now": fees.due_at_conclusion(dues),
            "against": hard(listings.can(row.patent_id, Action.LICENSE_ORDINARY, at=now)),
        },
    )


def _page(
    request: Request, template: str, form: forms.Form, context: dict[str, Any]
) -> HttpResponse:
    return render(request, template, context | {"form": form}, status=status_of(form))


@require_GET
@login_needed
def licence(request: Request, licence_id: int) -> HttpResponse:
    """One licence: where it stands, what is next, and the clock."""
    row = selectors.licence(licence_id, viewer=request.actor)
    today = timezone.localdate()
    lines = selectors.schedule_of(row)
    contest = selectors.pending_contest(row)
    deadline = selectors.contest_deadline(row)
    live = row.status in moves.LIVE_LICENCES
    licensee = allowed(request.actor, Permission.TAKE_LICENCE, on=row.licensee_side())
    licensor = allowed(request.actor, Permission.CONTEST_LICENCE, on=row.licensor_side())
    filing_due = effect.filing_deadline(row.starts_on) if row.starts_on else None
    return render(
        request,
        "licensing/licence.html",
        {
            "row": row,
            "lines": [(line, line.is_late(today)) for line in lines],
            "standard": fees.standard_lines(row.plan.terms()),
            "has_events": bool(event_parts(row.plan.terms())) and row.in_force_ever,
            "has_royalty": running_part(row.plan.terms()) is not None and row.in_force_ever,
            "contest": contest,
            "contests": row.contests.all(),
            "sublicences": row.sublicences.all(),
            "contest_deadline": deadline,
            "filing_due": filing_due,
            "filing_days": (filing_due - today).days if filing_due else None,
            "may_pay": row.status != "void"
            and licensee
            and any(line.outstanding > 0 for line in lines),
            "may_cancel": licensee and row.status == "noticed" and not any(x.paid for x in lines),
            "may_contest": live
            and row.declaration_id
            and licensor
            and contest is None
            and today <= deadline,
            "may_drop": licensor and contest is not None,
            "may_resolve": contest is not None
            and allowed(request.actor, Permission.RESOLVE_CONTEST, on=row.licensor_side()),
            "may_file": row.status == "effective"
            and contest is None
            and allowed(request.actor, Permission.FILE_LICENCE, on=row),
            "disputes": disputes.on_contract(viewer=request.actor, licence_id=row.pk),
            "disputed": disputed_lines(row),
            "may_dispute": row.in_force_ever
            and may_dispute(request, row, side_of(row, request.actor)),
            "may_look": row.status in moves.LIVE_LICENCES
            and bool(side_of(row, request.actor))
            and allowed(request.actor, Permission.ANSWER_CONDUCT),
            "may_state": row.in_force_ever
            and allowed(request.actor, Permission.STATE_CONDUCT, on=Side(None, row.region)),
            "outcomes": row.outcomes.all(),
            "document": getattr(row, "document", None),
            "records": records.of_contract(row.number or "", viewer=request.actor),
            "may_certify": row.declaration_id
            and row.status in moves.IN_FORCE
            and allowed(request.actor, Permission.REGISTER_CONTRACT, on=row),
        },
    )


@require_http_methods(["GET", "POST"])
@login_needed
def pay(request: Request, licence_id: int) -> HttpResponse:
    """A payment with its proof."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.TAKE_LICENCE, on=row.licensee_side())
    now = timezone.localtime()
    form = PaymentForm(*sent(request), licence=row, initial={"paid_at": now})

    def run() -> str:
        known = form.cleaned_data
        services.record_payment(
            licence_id=licence_id,
            due_id=int(known["due"]),
            amount=known["amount"],
            paid_at=known["paid_at"],
            reference=known["reference"],
            proof=known["proof"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("付款已登记。"))
        return reverse("licensing:licence", args=[licence_id])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    lines = selectors.schedule_of(row)
    return _page(
        request,
        "licensing/pay.html",
        form,
        {
            "row": row,
            "lines": [line for line in lines if line.outstanding > 0],
            "contest_days": effect.CONTEST_DAYS,
        },
    )


def _act(
    request: Request,
    licence_id: int,
    form: forms.Form,
    template: str,
    command: Callable[[], object],
    told: str,
    context: dict[str, Any],
) -> HttpResponse:
    """A form with one command that leads back to the licence."""

    def run() -> str:
        command()
        messages.success(request, told)
        return reverse("licensing:licence", args=[licence_id])

    return answer_form(request, form, run, template, context)


@require_http_methods(["GET", "POST"])
@login_needed
def contest(request: Request, licence_id: int) -> HttpResponse:
    """The patentee objects."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.CONTEST_LICENCE, on=row.licensor_side())
    form = ContestForm(sent(request)[0])
    return _act(
        request,
        licence_id,
        form,
        "licensing/contest.html",
        lambda: services.contest_licence(
            licence_id=licence_id,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        ),
        _("异议已提出，被许可人和主管部门已收到通知。"),
        {"row": row, "deadline": selectors.contest_deadline(row)},
    )


@require_http_methods(["GET", "POST"])
@login_needed
def resolve(request: Request, licence_id: int) -> HttpResponse:
    """The bureau decides on an objection."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.RESOLVE_CONTEST, on=row.licensor_side())
    form = ResolveForm(sent(request)[0])
    return _act(
        request,
        licence_id,
        form,
        "licensing/resolve.html",
        lambda: services.resolve_contest(
            licence_id=licence_id,
            uphold=form.cleaned_data["verdict"] == "uphold",
            resolution=form.cleaned_data["resolution"],
            by=request.actor,
            now=timezone.now(),
        ),
        _("异议已处理，双方已收到通知。"),
        {"row": row, "contest": selectors.pending_contest(row)},
    )


@require_http_methods(["GET", "POST"])
@login_needed
def file(request: Request, licence_id: int) -> HttpResponse:
    """The filing of a licence."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.FILE_LICENCE, on=row)
    form = FilingForm(sent(request)[0], initial={"filed_on": timezone.localdate()})
    return _act(
        request,
        licence_id,
        form,
        "licensing/file.html",
        lambda: services.file_licence(
            licence_id=licence_id,
            filing_number=form.cleaned_data["filing_number"],
            filed_on=form.cleaned_data["filed_on"],
            by=request.actor,
            now=timezone.now(),
        ),
        _("备案已登记。"),
        {
            "row": row,
            "filing_due": effect.filing_deadline(row.starts_on) if row.starts_on else None,
        },
    )


@require_POST
@login_needed
def drop(request: Request, licence_id: int) -> HttpResponse:
    """The patentee takes the objection back."""
    services.drop_contest(licence_id=licence_id, by=request.actor, now=timezone.now())
    messages.success(request, _("异议已撤回。"))
    return redirect("licensing:licence", licence_id)


@require_POST
@login_needed
def cancel(request: Request, licence_id: int) -> HttpResponse:
    """The licensee takes its notice back before paying."""
    services.cancel_notice(licence_id=licence_id, reason="", by=request.actor, now=timezone.now())
    messages.success(request, _("通知已撤回。"))
    return redirect("licensing:licence", licence_id)
