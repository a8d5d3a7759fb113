"""Patent pools: the public list and page, and what administrators and holders do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.people.types import Role
from core.permissions import Permission, allowed, require
from core.web.doors import for_roles, login_needed
from core.web.types import Request
from licensing.rules import fees
from licensing.rules import pools as rules
from licensing.selectors import pools as selectors
from licensing.services import pool_entries
from licensing.services import pools as services
from licensing.web.doors import answer_form, page_of, sent
from licensing.web.pool_forms import (
    ApplyForm,
    EntryDecisionForm,
    FoundForm,
    PoolTermsForm,
    ReasonForm,
    WeightsForm,
)
from listings import selectors as listings
from listings.types import Action, PatentStatus, hard

if TYPE_CHECKING:
    from licensing.models import Pool

KEEPERS = for_roles(Role.OFFICE, Role.BROKER)
MOST_CHOICES = 100


@require_GET
def index(request: Request) -> HttpResponse:
    """All pools, as anyone may read them."""
    q = request.GET.get("q", "").strip()[:200]
    context = {
        "page_obj": page_of(request, selectors.pools(word=q)),
        "q": q,
        "may_found": request.actor.has(Role.OFFICE, Role.BROKER),
    }
    return render(request, "licensing/pools.html", context)


@require_GET
def pool(request: Request, pool_id: int) -> HttpResponse:
    """One pool: its bargain, terms and patents; its workbench for whoever runs or joins it."""
    row, viewer = selectors.pool(pool_id), request.actor
    terms = selectors.current_terms(row)
    runs = allowed(viewer, Permission.RUN_POOL, on=row)
    entries = selectors.standing(row)
    context: dict[str, Any] = {
        "row": row,
        "terms": terms,
        "standard": fees.standard_lines(terms.plan.terms()) if terms else [],
        "price": fees.price_text(terms.plan.terms()) if terms else "",
        "entries": entries,
        "visible": listings.cards([e.patent_id for e in entries], viewer=viewer),
        "runs": runs,
        "may_apply": not viewer.is_anonymous and allowed(viewer, Permission.JOIN_POOL),
        "may_take": not runs and allowed(viewer, Permission.TAKE_LICENCE),
        "weights_missing": rules.weights_unset(row.split, (entry.weight for entry in entries)),
        "covenant": rules.COVENANT,
    }
    if not viewer.is_anonymous:
        context["may_leave"] = allowed(viewer, Permission.JOIN_POOL)
        context["own"] = list(selectors.own_entries(viewer=viewer, pool_id=row.pk)[:50])
        seen = selectors.licences(viewer=viewer).filter(pool=row)
        context["licences"] = list(seen[:50])
        context["may_take"] &= not any(
            one.status == rules.PoolLicenceStatus.RUNNING and one.licensee_id in viewer.acts_for
            for one in context["licences"]
        )
    if runs:
        waiting = row.entries.filter(status=rules.EntryStatus.APPLIED)
        context["waiting"] = list(waiting.select_related("holder").order_by("pk")[:100])
        context["history"] = selectors.terms_history(row)
    return render(request, "licensing/pool.html", context)


def step(
    request: Request, form: forms.Form, run: Callable[[], str], **context: Any
) -> HttpResponse:
    """A form on a page of its own: the redirect when it was done, else the form with reasons."""
    return answer_form(request, form, run, "licensing/pool_step.html", context)


def _at(row: Pool) -> str:
    return reverse("licensing:pool", args=[row.pk])


def _known(request: Request) -> dict[str, Any]:
    return {"by": request.actor, "now": timezone.now()}


@require_http_methods(["GET", "POST"])
@KEEPERS
def found(request: Request) -> HttpResponse:
    """Found a pool."""
    form = FoundForm(sent(request)[0])

    def run() -> str:
        row = services.found_pool(bargain=form.bargain(), **_known(request))
        messages.success(request, "专利池已设立。下一步发布标准条款，并邀请权利人申请入池。")
        return _at(row)

    lead = "由本机构担任管理人：审核专利、发布标准条款、收取许可费并分配。"
    return step(request, form, run, title="设立专利池", lead=lead, submit="设立")


def _run(request: Request, pool_id: int) -> Pool:
    """The pool, for its administrator only."""
    row = selectors.pool(pool_id)
    require(request.actor, Permission.RUN_POOL, on=row)
    return row


@require_http_methods(["GET", "POST"])
@login_needed
def terms(request: Request, pool_id: int) -> HttpResponse:
    """Publish the next version of the standard terms."""
    row = _run(request, pool_id)
    now = selectors.current_terms(row)
    initial = {}
    if now is not None:
        kept = PoolTermsForm.fee_values(now.plan.terms())
        initial = kept | {"months": now.months, "remarks": now.remarks}
    form = PoolTermsForm(sent(request)[0], initial=initial)

    def run() -> str:
        said = form.cleaned_data
        done = services.publish_terms(
            pool_id=pool_id,
            parts=form.parts(),
            months=said["months"],
            remarks=said["remarks"],
            **_known(request),
        )
        messages.success(request, f"第 {done.version} 版标准条款已发布，对以后的许可适用。")
        return _at(row)

    return step(request, form, run, row=row, title="发布标准条款", submit="发布")


@require_http_methods(["GET", "POST"])
@login_needed
def weights(request: Request, pool_id: int) -> HttpResponse:
    """State every patent's weight."""
    row = _run(request, pool_id)
    form = WeightsForm(sent(request)[0], entries=selectors.standing(row))

    def run() -> str:
        services.set_weights(pool_id=pool_id, weights=form.weights(), **_known(request))
        messages.success(request, "权重已设定，对以后的许可适用。")
        return _at(row)

    lead = "各件专利的权重之和为 1，最多六位小数。已经取得的许可仍按取得时的权重分配。"
    return step(request, form, run, row=row, title="设定权重", lead=lead, submit="保存权重")


@require_http_methods(["GET", "POST"])
@login_needed
def close(request: Request, pool_id: int) -> HttpResponse:
    """End the pool for new patents and licences."""
    row = _run(request, pool_id)
    form = ReasonForm(sent(request)[0])

    def run() -> str:
        pool_entries.close_pool(
            pool_id=pool_id, reason=form.cleaned_data["reason"], **_known(request)
        )
        messages.success(request, "专利池已关闭。已经取得的许可继续有效，收入照常登记和分配。")
        return _at(row)

    lead = "关闭后不再接受申请和许可，池内专利全部退出；已经取得的许可继续有效。不能重新打开。"
    return step(
        request, form, run, row=row, title="关闭专利池", lead=lead, submit="关闭", danger=True
    )


@require_http_methods(["GET", "POST"])
@login_needed
def apply(request: Request, pool_id: int) -> HttpResponse:
    """Ask that patents of one's own be let in."""
    row = selectors.pool(pool_id)
    require(request.actor, Permission.JOIN_POOL)
    patents = list(
        listings.stock(viewer=request.actor).filter(status=PatentStatus.GRANTED)[:MOST_CHOICES]
    )
    against = listings.can_many([p.pk for p in patents], Action.LICENSE_ORDINARY, at=timezone.now())
    stand = selectors.standing_anywhere([p.pk for p in patents])
    fit = [p for p in patents if p.pk not in stand and not hard(against.get(p.pk, []))]
    form = ApplyForm(sent(request)[0], choices=[(p.pk, f"{p.title}（{p.number}）") for p in fit])

    def run() -> str:
        said = form.cleaned_data
        pool_entries.apply_to_pool(pool_id=pool_id, **said, **_known(request))
        messages.success(request, "申请已提交，管理人审核后会通知您。")
        return _at(row)

    barred = [(p, hard(against.get(p.pk, []))) for p in patents if p not in fit]
    return step(
        request, form, run, row=row, title="申请入池", covenant=rules.COVENANT,
        barred=[(p, why) for p, why in barred if why], submit="提交申请", none_fit=not fit,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@login_needed
def decide(request: Request, entry_id: int) -> HttpResponse:
    """Let a patent in, or not."""
    entry = selectors.entry(entry_id, viewer=request.actor)
    require(request.actor, Permission.RUN_POOL, on=entry.pool)
    form = EntryDecisionForm(sent(request)[0])

    def run() -> str:
        said = {"entry_id": entry_id, "reason": form.cleaned_data["reason"], **_known(request)}
        if form.cleaned_data["verdict"] == "admit":
            pool_entries.admit_entry(**said)
        else:
            pool_entries.refuse_entry(**said)
        messages.success(request, "审核结果已通知申请单位。")
        return _at(entry.pool)

    against = hard(listings.can(entry.patent_id, Action.LICENSE_ORDINARY, at=timezone.now()))
    lead = f"{entry.patent_title}（{entry.patent_number}），{entry.holder.name}"
    return step(
        request, form, run, row=entry.pool, title="审核入池申请", lead=lead, submit="提交审核结果",
        against=against,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@login_needed
def leave(request: Request, entry_id: int) -> HttpResponse:
    """Take an application back, or a patent out of the pool."""
    entry = selectors.entry(entry_id, viewer=request.actor)
    if not allowed(request.actor, Permission.JOIN_POOL, on=entry.holder_side()):
        require(request.actor, Permission.RUN_POOL, on=entry.pool)
    form = ReasonForm(sent(request)[0])

    def run() -> str:
        done = pool_entries.leave_pool(
            entry_id=entry_id, reason=form.cleaned_data["reason"], **_known(request)
        )
        messages.success(request, f"{done.get_status_display()}。已经取得的池许可不受影响。")
        return _at(entry.pool)

    applied = entry.status == rules.EntryStatus.APPLIED
    return step(
        request, form, run, row=entry.pool, title="撤回入池申请" if applied else "专利退出专利池",
        lead=f"{entry.patent_title}（{entry.patent_number}）", submit="撤回" if applied else "退出",
        covenant="" if applied else entry.covenant, danger=True,
    )  # fmt: skip


@require_GET
@login_needed
def mine(request: Request) -> HttpResponse:
    """What one runs, what of one's own stands in pools, and which licences one has."""
    viewer = request.actor
    context = {
        "run": list(selectors.pools_run_by(viewer)[:50]),
        "page_obj": page_of(request, selectors.own_entries(viewer=viewer)),
        "licences": list(selectors.licences(viewer=viewer)[:50]),
        "may_found": viewer.has(Role.OFFICE, Role.BROKER),
        "may_leave": allowed(viewer, Permission.JOIN_POOL),
    }
    return render(request, "licensing/pools_mine.html", context)


@require_GET
@KEEPERS
def statement(request: Request) -> HttpResponse:
    """A holder's shares of everything its pools received."""
    context = {
        "page_obj": page_of(request, selectors.statement(viewer=request.actor)),
        "totals": selectors.totals(viewer=request.actor),
    }
    return render(request, "licensing/pool_statement.html", context)


urlpatterns = [
    path("pools/", index, name="pools"),
    path("pools/new/", found, name="pool-found"),
    path("pools/mine/", mine, name="pools-mine"),
    path("pools/statement/", statement, name="pool-statement"),
    path("pools/<int:pool_id>/", pool, name="pool"),
    path("pools/<int:pool_id>/terms/", terms, name="pool-terms"),
    path("pools/<int:pool_id>/weights/", weights, name="pool-weights"),
    path("pools/<int:pool_id>/close/", close, name="pool-close"),
    path("pools/<int:pool_id>/apply/", apply, name="pool-apply"),
    path("pool-entries/<int:entry_id>/decide/", decide, name="pool-decide"),
    path("pool-entries/<int:entry_id>/leave/", leave, name="pool-leave"),
]
