"""Pages of outcomes 转化反馈: report, read, verify."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import Invalid
from core.people.types import Role
from core.permissions import Permission, allowed, require
from core.web.doors import for_roles, login_needed, tabs_of
from core.web.types import Request
from licensing import selectors, services
from licensing.rules import moves
from licensing.rules.outcomes import OUTCOMES
from licensing.selectors.outcome_handling import outcome_revisions
from licensing.types import Side
from licensing.web.doors import answer_form, page_of, sent
from licensing.web.forms import DecisionForm, OutcomeAgainForm, OutcomeForm
from listings import selectors as listings


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """Reported outcomes that the actor may see; a bureau starts with those waiting for it."""
    chosen, tabs = tabs_of(request, moves.OUTCOME_LABELS.items())
    rows = page_of(request, selectors.outcomes(viewer=request.actor, status=chosen))
    return render(
        request,
        "licensing/outcomes.html",
        {
            "page_obj": rows,
            "tabs": tabs,
            "may_report": allowed(request.actor, Permission.REPORT_OUTCOME),
            "has_queue": request.actor.has(Role.BUREAU),
        },
    )


@require_http_methods(["GET", "POST"])
@for_roles(Role.OFFICE, Role.BROKER)
def report(request: Request) -> HttpResponse:
    """Report an outcome of one of the office's patents."""
    form = OutcomeForm(
        *sent(request),
        initial={"patent": request.GET.get("patent", ""), "happened_on": timezone.localdate()},
    )

    def run() -> str:
        patent = listings.find(form.cleaned_data["patent"], viewer=request.actor)
        if patent is None:
            raise Invalid(fields={"patent": [_("没有找到这个号码的专利，请核对专利号。")]})
        done = services.report_outcome(
            report=form.report(patent.id),
            evidence=form.cleaned_data["evidence"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("转化反馈已提交，等待主管部门核验。"))
        return reverse("licensing:outcome", args=[done.pk])

    return answer_form(request, form, run, "licensing/outcome_report.html", {})


@require_GET
@login_needed
def outcome(request: Request, outcome_id: int) -> HttpResponse:
    """One outcome with its proof and what became of the report."""
    row = selectors.outcome(outcome_id, viewer=request.actor)
    own = Side(row.organisation_id, row.region)
    return render(
        request,
        "licensing/outcome.html",
        {
            "row": row,
            "kind": OUTCOMES.get(row.code),
            "may_decide": row.status == "reported"
            and allowed(request.actor, Permission.VERIFY_OUTCOME, on=row)
            and request.actor.user_id != row.reported_user_id,
            "may_mend": row.status == "rejected"
            and row.licence_id is None
            and allowed(request.actor, Permission.REPORT_OUTCOME, on=own),
            "may_correct": row.status in {"reported", "verified"}
            and not row.is_automatic
            and allowed(request.actor, Permission.REPORT_OUTCOME, on=own),
            "revisions": outcome_revisions(outcome_id, viewer=request.actor),
        },
    )


@require_http_methods(["GET", "POST"])
@login_needed
def decide(request: Request, outcome_id: int) -> HttpResponse:
    """The bureau verifies or sends back."""
    row = selectors.outcome(outcome_id, viewer=request.actor)
    require(request.actor, Permission.VERIFY_OUTCOME, on=row)
    form = DecisionForm(sent(request)[0])

    def run() -> str:
        command = (
            services.verify_outcome
            if form.cleaned_data["verdict"] == "verify"
            else services.reject_outcome
        )
        command(
            outcome_id=outcome_id,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("核验结果已登记，填报单位已收到通知。"))
        return reverse("licensing:outcome", args=[outcome_id])

    return answer_form(request, form, run, "licensing/outcome_decide.html", {"row": row})


@require_http_methods(["GET", "POST"])
@login_needed
def again(request: Request, outcome_id: int) -> HttpResponse:
    """The holder mends a report that was sent back."""
    row = selectors.outcome(outcome_id, viewer=request.actor)
    require(request.actor, Permission.REPORT_OUTCOME, on=Side(row.organisation_id, row.region))
    form = OutcomeAgainForm(
        *sent(request),
        initial={"contract_number": row.contract_number, "note": row.note},
    )

    def run() -> str:
        services.report_again(
            outcome_id=outcome_id,
            contract_number=form.cleaned_data["contract_number"],
            note=form.cleaned_data["note"],
            evidence=form.cleaned_data["evidence"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已重新提交，等待核验。"))
        return reverse("licensing:outcome", args=[outcome_id])

    return answer_form(request, form, run, "licensing/outcome_again.html", {"row": row})
