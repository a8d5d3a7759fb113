"""Pages of royalties and accounts: reports, statement, papers, what is due and overdue."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.attachments.web import download
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed
from core.web.export import csv_download, pdf_shown
from core.web.types import Request
from licensing import selectors, services
from licensing.rules import fees
from licensing.rules.royalties import PAY_DAYS, REPORT_DAYS, ROUNDING
from licensing.selectors.claims import side_of
from licensing.selectors.disputed import disputed_reports
from licensing.web import settlement_sums
from licensing.web.doors import answer_form, may_dispute, page_of, sent
from licensing.web.forms import file_field
from licensing.web.papers import paper_pdf
from licensing.web.typesetting import typeset

MOST = 5_000


class ReportForm(forms.Form):
    """What was earned in a period."""

    starts_on = forms.ChoiceField(label=_("申报期"))
    amount = forms.DecimalField(
        label=_("金额"),
        max_digits=18,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_("净销售额：开票金额减去退货、折扣、运费和税。没有销售也要申报，填 0。"),
    )
    currency = forms.ChoiceField(
        label=_("币种"), choices=[(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency]
    )
    exchange_rate = forms.DecimalField(
        label=_("汇率"),
        required=False,
        max_digits=14,
        decimal_places=6,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_("与合同币种不同时填写：1 单位外币折合多少，取期末中间价。"),
    )
    evidence = file_field(_("依据"), help_text=_("销售台账、审计报告等：PDF、PNG 或 JPG。"))
    note = forms.CharField(
        label=_("说明"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def offer(self, rows: Sequence[selectors.PeriodRow]) -> None:
        """The periods that are over, each by its first day."""
        self.periods = [(f"{r.period.starts_on:%Y-%m-%d}", _label(r)) for r in rows if r.over]
        self.fields["starts_on"].choices = self.periods  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        """As the services take it."""
        known = self.cleaned_data
        return {
            **known,
            "starts_on": date.fromisoformat(known["starts_on"]),
            "exchange_rate": known["exchange_rate"] or Decimal(0),
        }


class QuestionForm(forms.Form):
    """What the office asks back."""

    question = forms.CharField(
        label=_("疑问"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("写明哪里有疑问、需要补充什么；对方补正后重新申报。"),
    )


@require_GET
@login_needed
def overview(request: Request, licence_id: int) -> HttpResponse:
    """All periods of a licence: what was reported, what it owes and why, what is next."""
    row = selectors.licence(licence_id, viewer=request.actor)
    today = timezone.localdate()
    return render(
        request,
        "licensing/royalties.html",
        {
            "row": row,
            "periods": selectors.period_rows(row, today=today),
            "standard": fees.standard_lines(row.plan.terms()),
            "currency": fees.CURRENCY_LABELS[fees.Currency(row.plan.currency)],
            "may_report": allowed(request.actor, Permission.REPORT_ROYALTY, on=row.licensee_side()),
            "may_accept": allowed(request.actor, Permission.ACCEPT_ROYALTY, on=row.licensor_side()),
            "disputed": disputed_reports(row),
            "sort": "licence",
            "line": "report",
            "may_dispute": may_dispute(request, row, side_of(row, request.actor)),
            "rounding": ROUNDING,
            "report_days": REPORT_DAYS,
            "pay_days": PAY_DAYS,
        },
    )


@require_http_methods(["GET", "POST"])
@login_needed
def report(request: Request, licence_id: int) -> HttpResponse:
    """Report a period, or correct what was reported."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.REPORT_ROYALTY, on=row.licensee_side())
    rows = selectors.period_rows(row, today=timezone.localdate())
    form = report_form(request, rows, currency=row.plan.currency)

    def run() -> str:
        services.report_royalty(
            licence_id=licence_id, **form.said(), by=request.actor, now=timezone.now()
        )
        messages.success(request, _("申报已提交，许可人核对后会通知您应付金额。"))
        return reverse("licensing:royalties", args=[licence_id])

    context = {"row": row, "rows": form.periods}
    return answer_form(request, form, run, "licensing/royalty_report.html", context)


def report_form(
    request: Request, rows: Sequence[selectors.PeriodRow], *, currency: str
) -> ReportForm:
    """The form, on the period that was asked for, else the first of which nothing was said."""
    first = next((r for r in reversed(rows) if r.over and not r.reports), None)
    wanted = request.GET.get("period") or (f"{first.period.starts_on:%Y-%m-%d}" if first else None)
    form = ReportForm(*sent(request), initial={"currency": currency, "starts_on": wanted})
    form.offer(rows)
    return form


def _label(row: selectors.PeriodRow) -> str:
    text = f"{row.period.starts_on:%Y-%m-%d} 至 {row.period.ends_on:%Y-%m-%d}"
    return f"{text}（更正：{row.latest.get_status_display()}）" if row.latest else text


@require_POST
@login_needed
def accept(request: Request, report_id: int) -> HttpResponse:
    """The office agrees."""
    row = services.accept_royalty(report_id=report_id, by=request.actor, now=timezone.now())
    messages.success(request, _("申报已确认，应付金额已算出并通知对方。"))
    return redirect("licensing:royalties", row.licence_id)


@require_http_methods(["GET", "POST"])
@login_needed
def question(request: Request, report_id: int) -> HttpResponse:
    """The office asks back."""
    row = selectors.royalty_report(report_id, viewer=request.actor)
    require(request.actor, Permission.ACCEPT_ROYALTY, on=row.licence.licensor_side())
    form = QuestionForm(sent(request)[0])

    def run() -> str:
        services.question_royalty(
            report_id=report_id,
            question=form.cleaned_data["question"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("疑问已发给被许可人。"))
        return reverse("licensing:royalties", args=[row.licence_id])

    context = {"row": row.licence, "report": row}
    return answer_form(request, form, run, "licensing/royalty_question.html", context)


@require_GET
@login_needed
def evidence(request: Request, report_id: int) -> HttpResponse:
    """What a report rests on."""
    return download(selectors.royalty_report(report_id, viewer=request.actor).evidence)


@require_GET
@login_needed
def statement(request: Request, licence_id: int) -> HttpResponse:
    """The account of a licence."""
    row = selectors.licence(licence_id, viewer=request.actor)
    return render(
        request,
        "licensing/statement.html",
        {
            "row": row,
            "statement": selectors.statement(row, today=timezone.localdate()),
            "papers": selectors.papers_of(row),
            "may_charge": allowed(request.actor, Permission.ACCEPT_ROYALTY, on=row.licensor_side()),
            "may_dispute": row.in_force_ever
            and may_dispute(request, row, side_of(row, request.actor)),
            "may_receive": row.in_force_ever
            and allowed(request.actor, Permission.TAKE_LICENCE, on=row.licensee_side()),
            "rounding": ROUNDING,
            "sums": settlement_sums.shown(request, licence_id=row.pk),
        },
    )


@require_POST
@login_needed
def interest(request: Request, licence_id: int, due_id: int) -> HttpResponse:
    """The office asks for interest."""
    services.charge_interest(
        licence_id=licence_id, due_id=due_id, by=request.actor, now=timezone.now()
    )
    messages.success(request, _("逾期利息已列入应付款，并通知被许可人。"))
    return redirect("licensing:statement", licence_id)


HEADER = ("款项", "应付日", "应付", "已付", "未付", "逾期利息", "怎样算出")


def _cells(found: selectors.Statement) -> list[tuple[Any, ...]]:
    return [
        (
            line.due.get_kind_display(),
            line.due.due_on,
            line.due.amount,
            line.paid,
            line.outstanding,
            line.interest,
            "；".join(
                [f"{x['label']} {x['formula']}" for x in line.explanation]
                + [f"{x.label} {x.formula}" for x in line.interest_lines]
                + [f"抵销协议款项 {x.amount:,.2f}" for x in line.offsets]
            ),
        )
        for line in found.lines
    ] + [_credit_cells(row) for row in found.credits]


def _credit_cells(row: Any) -> tuple[Any, ...]:
    used = [
        f"抵{use.payment.due.get_kind_display()} {use.amount:,.2f}"
        if use.payment
        else f"{use.refunded_on:%Y-%m-%d} 退回 {use.amount:,.2f}"
        for use in row.uses.all()
    ]
    why = [f"{x['label']} {x['formula']} {x['basis']}".strip() for x in row.explanation]
    day = timezone.localtime(row.received_at).date()
    left = row.amount - sum((use.amount for use in row.uses.all()), Decimal(0))
    said = "；".join([*why, *used, f"余 {left:,.2f}"])
    return (f"预存款（{row.get_kind_display()}）", day, "", row.amount, "", "", said)


@require_GET
@login_needed
def statement_csv(request: Request, licence_id: int) -> HttpResponse:
    """The account for a spreadsheet."""
    row = selectors.licence(licence_id, viewer=request.actor)
    found = selectors.statement(row, today=timezone.localdate())
    return csv_download(f"statement-{row.number}", HEADER, _cells(found))


@require_GET
@login_needed
def statement_pdf(request: Request, licence_id: int) -> HttpResponse:
    """The account on paper, as it stands today."""
    row = selectors.licence(licence_id, viewer=request.actor)
    found = selectors.statement(row, today=timezone.localdate())
    content: list[tuple[str, Any]] = [
        ("许可编号", row.number),
        ("专利", f"{row.patent_number} {row.patent_title}"),
        ("许可人", row.licensor.name),
        ("被许可人", row.licensee.name),
        ("截至", f"{found.today:%Y-%m-%d}"),
        ("币种", found.currency),
    ]
    for cells in _cells(found):
        kind, due_on, due, paid, left, late, why = cells
        if due == "":
            content.append((f"{kind} {due_on:%Y-%m-%d}", [f"{paid:,.2f}", why]))
            continue
        sums = f"应付 {due:,.2f}，已付 {paid:,.2f}，未付 {left:,.2f}，逾期利息 {late:,.2f}"
        content.append((f"{kind} {due_on:%Y-%m-%d}", [sums, why] if why else [sums]))
    total = f"应付 {found.due:,.2f}，已付 {found.paid:,.2f}，未付 {found.outstanding:,.2f}"
    content.append(("合计", f"{total}，逾期利息 {found.interest:,.2f}，预存款 {found.credit:,.2f}"))
    content.append(("计算规则", ROUNDING))
    pdf = typeset(
        title="许可费对账单",
        content=content,
        content_hash=hashlib.sha256(repr(content).encode()).hexdigest(),
        address=request.build_absolute_uri(reverse("licensing:statement", args=[licence_id])),
    )
    return pdf_shown(pdf, f"对账单{row.number}.pdf")


@require_GET
@login_needed
def paper(request: Request, licence_id: int, document_id: int) -> HttpResponse:
    """A payment notice or a reminder letter."""
    row = selectors.licence(licence_id, viewer=request.actor)
    return paper_pdf(request, selectors.paper_of_due(row, document_id))


@require_GET
@login_needed
def dues(request: Request) -> HttpResponse:
    """Every sum due on the licences of one's own, both sides; open, overdue or all."""
    today = timezone.localdate()
    tabs = (("open", _("待付")), ("overdue", _("已逾期")), ("all", _("全部")))
    show = request.GET.get("show", "open")
    show = show if show in dict(tabs) else "open"
    rows = selectors.dues(viewer=request.actor, today=today, show=show)
    if request.GET.get("format") == "csv":
        return csv_download(
            "dues",
            ("许可", "专利", "许可人", "被许可人", *HEADER[:5], "币种"),
            (
                (d.licence.number, d.licence.patent_title, d.licence.licensor.name,
                 d.licence.licensee.name, d.get_kind_display(), d.due_on, d.amount, d.paid_sum,
                 d.open_sum, d.licence.plan.currency)
                for d in rows[:MOST]
            ),
        )  # fmt: skip
    return render(
        request,
        "licensing/dues.html",
        {
            "page_obj": page_of(request, rows),
            "today": today,
            "show": show,
            "tabs": [
                {"label": label, "url": f"?show={code}", "current": code == show}
                for code, label in tabs
            ],
        },
    )


urlpatterns = [
    path("licences/dues/", dues, name="dues"),
    path("licences/<int:licence_id>/royalties/", overview, name="royalties"),
    path("licences/<int:licence_id>/royalties/report/", report, name="royalty-report"),
    path("licences/<int:licence_id>/statement/", statement, name="statement"),
    path("licences/<int:licence_id>/statement.csv", statement_csv, name="statement-csv"),
    path("licences/<int:licence_id>/statement.pdf", statement_pdf, name="statement-pdf"),
    path("licences/<int:licence_id>/papers/<int:document_id>/", paper, name="due-paper"),
    path("licences/<int:licence_id>/dues/<int:due_id>/interest/", interest, name="due-interest"),
    path("royalty-reports/<int:report_id>/accept/", accept, name="royalty-accept"),
    path("royalty-reports/<int:report_id>/question/", question, name="royalty-question"),
    path("royalty-reports/<int:report_id>/evidence/", evidence, name="royalty-evidence"),
]
