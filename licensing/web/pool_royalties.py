"""Pages of royalties of pool licences: what was earned, what it owes and why, what calls for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.attachments.web import download
from core.errors import Conflict, Missing
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed
from core.web.types import Request
from licensing.rules import fees
from licensing.rules.royalties import PAY_DAYS, REPORT_DAYS, ROUNDING
from licensing.selectors import pool_royalties as questions
from licensing.selectors import pools
from licensing.services import pool_interest
from licensing.services import pool_royalties as services
from licensing.services.earnings import Earned
from licensing.web.doors import may_dispute, sent
from licensing.web.papers import paper_pdf
from licensing.web.pools import step
from licensing.web.royalties import QuestionForm, report_form

if TYPE_CHECKING:
    from licensing.models import PoolLicence


def _row(request: Request, licence_id: int) -> PoolLicence:
    """The licence, for whoever may read what was sold."""
    row = pools.licence(licence_id, viewer=request.actor)
    if not questions.reads_reports(row, viewer=request.actor):
        raise Missing(pools.NOT_FOUND)
    return row


@require_GET
@login_needed
def overview(request: Request, licence_id: int) -> HttpResponse:
    """All periods of a pool licence: what was reported, what it owes and why, what is next."""
    row = _row(request, licence_id)
    plan = row.terms.plan
    context = {
        "row": row,
        "periods": questions.pool_period_rows(
            row, viewer=request.actor, today=timezone.localdate()
        ),
        "standard": fees.standard_lines(plan.terms()),
        "currency": fees.CURRENCY_LABELS[fees.Currency(plan.currency)],
        "may_report": allowed(
            request.actor, Permission.REPORT_ROYALTY, on=services.licensee_side(row)
        ),
        "may_accept": allowed(request.actor, Permission.RUN_POOL, on=row.pool),
        "disputed": questions.disputed_reports(row),
        "may_dispute": may_dispute(request, row, questions.side_of(row, request.actor)),
        "sort": "pool-licence",
        "line": "pool_report",
        "rounding": ROUNDING,
        "report_days": REPORT_DAYS,
        "pay_days": PAY_DAYS,
    }
    return render(request, "licensing/pool_royalties.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def report(request: Request, licence_id: int) -> HttpResponse:
    """Report a period, or correct what was reported."""
    row = _row(request, licence_id)
    require(request.actor, Permission.REPORT_ROYALTY, on=services.licensee_side(row))
    today = timezone.localdate()
    rows = questions.pool_period_rows(row, viewer=request.actor, today=today)
    form = report_form(request, rows, currency=row.terms.plan.currency)
    back = reverse("licensing:pool-royalties", args=[licence_id])

    def run() -> str:
        services.report_pool_royalty(
            pool_licence_id=licence_id,
            said=Earned(**form.said()),
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "申报已提交，管理人核对后会通知您应付金额。")
        return back

    lead = f"{row.number}，{row.pool.name}。金额由平台计算，您只报数字。"
    if not form.periods:
        lead = f"{row.number}，还没有结束的申报期；第一期结束后再来申报，届时会提醒您。"
    return step(request, form, run, row=row.pool, title="申报提成", lead=lead, submit="提交申报",
                back_to=back)  # fmt: skip


@require_POST
@login_needed
def accept(request: Request, report_id: int) -> HttpResponse:
    """The administrator agrees."""
    row = services.accept_pool_royalty(report_id=report_id, by=request.actor, now=timezone.now())
    messages.success(request, "申报已确认，应付金额已算出并通知对方。")
    return redirect("licensing:pool-royalties", row.licence_id)


@require_POST
@login_needed
def interest(request: Request, licence_id: int, due_id: int) -> HttpResponse:
    """The administrator asks for interest."""
    try:
        pool_interest.charge_pool_interest(
            pool_licence_id=licence_id, due_id=due_id, by=request.actor, now=timezone.now()
        )
        messages.success(request, "逾期利息已列入应付款，并通知被许可人。")
    except Conflict as refusal:
        messages.error(request, refusal.message)
    return redirect("licensing:pool-licence", licence_id)


@require_http_methods(["GET", "POST"])
@login_needed
def question(request: Request, report_id: int) -> HttpResponse:
    """The administrator asks back."""
    row = questions.pool_report(report_id, viewer=request.actor)
    require(request.actor, Permission.RUN_POOL, on=row.licence.pool)
    form = QuestionForm(sent(request)[0])
    back = reverse("licensing:pool-royalties", args=[row.licence_id])

    def run() -> str:
        services.question_pool_royalty(
            report_id=report_id,
            question=form.cleaned_data["question"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "疑问已发给被许可人。")
        return back

    return step(request, form, run, row=row.licence.pool, title="对申报提出疑问", lead=str(row),
                submit="发出疑问", back_to=back)  # fmt: skip


@require_GET
@login_needed
def evidence(request: Request, report_id: int) -> HttpResponse:
    """What a report rests on."""
    return download(questions.pool_report(report_id, viewer=request.actor).evidence)


@require_GET
@login_needed
def paper(request: Request, licence_id: int, document_id: int) -> HttpResponse:
    """A payment notice or a reminder letter."""
    row = _row(request, licence_id)
    return paper_pdf(request, questions.pool_letter(row, document_id, viewer=request.actor))


AT = "pool-licences/<int:licence_id>/"
urlpatterns = [
    path(f"{AT}royalties/", overview, name="pool-royalties"),
    path(f"{AT}royalties/report/", report, name="pool-royalty-report"),
    path(f"{AT}dues/<int:due_id>/interest/", interest, name="pool-due-interest"),
    path(f"{AT}papers/<int:document_id>/", paper, name="pool-paper"),
    path("pool-royalty-reports/<int:report_id>/accept/", accept, name="pool-royalty-accept"),
    path("pool-royalty-reports/<int:report_id>/question/", question, name="pool-royalty-question"),
    path("pool-royalty-reports/<int:report_id>/evidence/", evidence, name="pool-royalty-evidence"),
]
