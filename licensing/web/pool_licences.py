"""Pool licences: taking one, its page, and the income recorded on it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.permissions import Permission, allowed, require
from core.web.doors import login_needed
from core.web.types import Request
from licensing.rules import fees
from licensing.rules import pools as rules
from licensing.selectors import disputes
from licensing.selectors import pool_royalties as royalties
from licensing.selectors import pools as selectors
from licensing.services import pool_licences as services
from licensing.services import pool_papers, pool_royalties
from licensing.web import settlement_sums
from licensing.web.doors import may_dispute, sent
from licensing.web.papers import paper_pdf
from licensing.web.pool_forms import IncomeForm, PoolFilingForm, TakePoolForm
from licensing.web.pools import step


@require_http_methods(["GET", "POST"])
@login_needed
def take(request: Request, pool_id: int) -> HttpResponse:
    """Read the terms and the patents once more, accept, done."""
    row = selectors.pool(pool_id)
    require(request.actor, Permission.TAKE_LICENCE)
    terms, entries = selectors.current_terms(row), selectors.standing(row)
    seen = ",".join(str(entry.pk) for entry in entries)
    initial = {"version": terms.version if terms else None, "seen": seen}
    form = TakePoolForm(sent(request)[0], initial=initial)

    def run() -> str:
        done = services.take_pool_licence(
            pool_id=pool_id, **form.read(), by=request.actor, now=timezone.now()
        )
        messages.success(request, f"许可已生效，编号 {done.number}。")
        return reverse("licensing:pool-licence", args=[done.pk])

    return step(
        request, form, run, row=row, title="取得池许可", terms=terms, entries=entries,
        standard=fees.standard_lines(terms.plan.terms()) if terms else [],
        concluded=rules.CONCLUDED, submit="接受并取得许可",
        none_fit=terms is None or not entries,
    )  # fmt: skip


@require_GET
@login_needed
def licence(request: Request, licence_id: int) -> HttpResponse:
    """One pool licence: its patents as pinned, what is due, what came in and how it was split."""
    row = selectors.licence(licence_id, viewer=request.actor)
    reads = royalties.reads_reports(row, viewer=request.actor)
    context = {
        "row": row,
        "standard": fees.standard_lines(row.terms.plan.terms()),
        "account": royalties.account(row, today=timezone.localdate()),
        "reads": reads,
        "letters": royalties.pool_letters(row) if reads else (),
        "disputes": disputes.on_contract(viewer=request.actor, pool_licence_id=row.pk),
        "may_dispute": may_dispute(request, row, royalties.side_of(row, request.actor)),
        "sums": settlement_sums.shown(request, pool_licence_id=row.pk),
        "reports": reads and royalties.has_royalty(row),
        "may_report": allowed(
            request.actor, Permission.REPORT_ROYALTY, on=pool_royalties.licensee_side(row)
        ),
        "income": selectors.income(row, viewer=request.actor),
        "runs": allowed(request.actor, Permission.RUN_POOL, on=row.pool),
        "may_file": row.filed_on is None
        and row.status == rules.PoolLicenceStatus.RUNNING
        and allowed(request.actor, Permission.FILE_LICENCE, on=row),
    }
    return render(request, "licensing/pool_licence.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def income(request: Request, licence_id: int) -> HttpResponse:
    """Record a sum that came in; it is split at once."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.RUN_POOL, on=row.pool)
    today = timezone.localdate()
    first = royalties.account(row, today=today).first_open
    initial = {
        "received_on": today,
        "amount": first.outstanding if first else None,
        "purpose": first.due.get_kind_display() if first else "",
    }
    form = IncomeForm(sent(request)[0], initial=initial)

    def run() -> str:
        services.record_income(
            pool_licence_id=licence_id,
            **form.cleaned_data,
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "已登记并分配，各权利人会收到通知。")
        return reverse("licensing:pool-licence", args=[licence_id])

    lead = f"{row.number}，{row.licensee.name}。登记后不能修改，请与银行回单核对。"
    return step(request, form, run, row=row.pool, title="登记到账", lead=lead, submit="登记并分配",
                back_to=reverse("licensing:pool-licence", args=[licence_id]))  # fmt: skip


@require_GET
@login_needed
def paper(request: Request, licence_id: int) -> HttpResponse:
    """The contract of a pool licence, for its parties, holders and overseers."""
    return paper_pdf(request, selectors.licence(licence_id, viewer=request.actor).document)


@require_http_methods(["GET", "POST"])
@login_needed
def file(request: Request, licence_id: int) -> HttpResponse:
    """Note the filing of a pool licence."""
    row = selectors.licence(licence_id, viewer=request.actor)
    require(request.actor, Permission.FILE_LICENCE, on=row)
    form = PoolFilingForm(sent(request)[0])

    def run() -> str:
        pool_papers.file_pool_licence(
            pool_licence_id=licence_id, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, "备案已登记，双方会收到通知。")
        return reverse("licensing:pool-licence", args=[licence_id])

    lead = f"{row.number}，应在 {row.file_by:%Y-%m-%d} 前备案（专利法实施细则第十五条）。"
    return step(request, form, run, row=row.pool, title="登记备案", lead=lead, submit="登记备案",
                back_to=reverse("licensing:pool-licence", args=[licence_id]))  # fmt: skip


urlpatterns = [
    path("pool-licences/<int:licence_id>/contract.pdf", paper, name="pool-licence-pdf"),
    path("pool-licences/<int:licence_id>/file/", file, name="pool-licence-file"),
    path("pools/<int:pool_id>/take/", take, name="pool-take"),
    path("pool-licences/<int:licence_id>/", licence, name="pool-licence"),
    path("pool-licences/<int:licence_id>/income/", income, name="pool-income"),
]
