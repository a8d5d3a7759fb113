"""Pages of income distribution: sources, drafts, posting, approval, payment, one's own share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.attachments.web import download
from core.errors import Missing
from core.idempotency.web import submitted
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed, tabs_of
from core.web.types import Request
from licensing.rules import income as rules
from licensing.selectors import income as questions
from licensing.services import income as services
from licensing.services import income_objections as objections
from licensing.types import Side
from licensing.web.doors import one_button, page_of, sent, status_of
from licensing.web.income_forms import (
    AnswerForm,
    PaymentForm,
    PersonLines,
    PlanForm,
    RuleForm,
    WhyForm,
    initial_for,
    initial_of,
)
from licensing.web.papers import paper_pdf

if TYPE_CHECKING:
    from licensing.models import Distribution


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """Distributions, one's own shares, and what may be divided next."""
    may = allowed(request.actor, Permission.DISTRIBUTE_INCOME)
    labels = rules.INCOME_LABELS.items()
    chosen, tabs = tabs_of(request, [(s, label) for s, label in labels if may or s in rules.SHOWN])
    rows = questions.distributions(viewer=request.actor, status=chosen)
    context = {
        "page_obj": page_of(request, rows),
        "tabs": tabs,
        "own": questions.own_shares(viewer=request.actor),
        "may": may,
        "sources": questions.sources(viewer=request.actor) if may else [],
    }
    return render(request, "licensing/income.html", context)


@require_GET
@login_needed
def detail(request: Request, distribution_id: int) -> HttpResponse:
    """One distribution: how it is reckoned, posted, objected to, approved and paid."""
    row = questions.distribution(distribution_id, viewer=request.actor)
    today = timezone.localdate()
    own = Side(row.organisation_id)
    over = row.posted_until is not None and row.posted_until < today
    may = allowed(request.actor, Permission.DISTRIBUTE_INCOME, on=own)
    person = any(p.user_id == request.actor.user_id for p in row.persons.all() if p.user_id)
    context = {
        "row": row,
        "persons": row.persons.all(),
        "objections": row.objections.all(),
        "may": may,
        "over": over,
        "is_person": person,
        "may_object": rules.takes_objections(row.status, row.posted_until, today=today)
        and allowed(request.actor, Permission.OBJECT_TO_INCOME)
        and (request.actor.organisation_id == row.organisation_id or person),
    }
    return render(request, "licensing/income_detail.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def draft(request: Request, source: str) -> HttpResponse:
    """Divide the income of one licence or transfer."""
    require(request.actor, Permission.DISTRIBUTE_INCOME)
    found = next((s for s in questions.sources(viewer=request.actor) if s.key == source), None)
    if found is None:
        raise Missing(_("没有找到这笔可以分配的收入：款项到账并登记以后才能分配。"))
    floor, _rule = questions.floor_for(found.organisation_id, found.region, found.kind)

    def save(plan: rules.IncomePlan) -> Distribution:
        return services.draft_income(
            plan=plan,
            by=request.actor,
            now=timezone.now(),
            patent_id=found.part,
            **{f"{found.sort}_id": found.pk},
        )

    return _plan(
        request, save, initial_for(found, floor.percent), [], {"source": found, "floor": floor}
    )


@require_http_methods(["GET", "POST"])
@login_needed
def revise(request: Request, distribution_id: int) -> HttpResponse:
    """Write a draft anew."""
    row = questions.distribution(distribution_id, viewer=request.actor)
    require(request.actor, Permission.DISTRIBUTE_INCOME, on=Side(row.organisation_id))
    floor, _rule = questions.floor_for(row.organisation_id, row.region, rules.IncomeKind(row.kind))
    lines = [
        {"name": p.name, "role": p.role, "share": p.share.normalize(), "conflict": p.conflict,
         "account": mail}
        for p, mail in questions.with_accounts(row)
    ]  # fmt: skip

    def save(plan: rules.IncomePlan) -> Distribution:
        return services.revise_income(
            distribution_id=distribution_id, plan=plan, by=request.actor, now=timezone.now()
        )

    return _plan(request, save, initial_of(row), lines, {"row": row, "floor": floor})


def _plan(
    request: Request,
    save: Callable[[rules.IncomePlan], Distribution],
    initial: dict[str, Any],
    lines: list[dict[str, Any]],
    context: dict[str, Any],
) -> HttpResponse:
    form = PlanForm(sent(request)[0], initial=initial)
    people = PersonLines(sent(request)[0], initial=lines, prefix="p")
    if request.method == "POST":
        whole = people.is_valid()

        def run() -> str:
            row = save(form.plan([f.person() for f in people if f.cleaned_data.get("name")]))
            messages.success(request, _("已保存。核对金额后开始公示。"))
            return reverse("licensing:income-detail", args=[row.pk])

        if whole and (done := submitted(request, form, run)):
            return done
    status = 422 if form.is_bound else 200
    context |= {"form": form, "people": people}
    return render(request, "licensing/income_form.html", context, status=status)


def _asking(
    form_class: type[forms.Form],
    command: Callable[..., Any],
    title: str,
    submit: str,
    *,
    permission: Permission = Permission.DISTRIBUTE_INCOME,
    fields: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Any:
    """A step that asks something on a page of its own."""

    @require_http_methods(["GET", "POST"])
    @login_needed
    def view(request: Request, distribution_id: int, **ids: int) -> HttpResponse:
        row = questions.distribution(distribution_id, viewer=request.actor)
        on = Side(row.organisation_id) if permission is Permission.DISTRIBUTE_INCOME else None
        require(request.actor, permission, on=on)
        form = form_class(*sent(request), initial={"paid_on": timezone.localdate()})

        def run() -> str:
            command(
                distribution_id=distribution_id,
                **ids,
                **fields(form.cleaned_data),
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已登记。"))
            return reverse("licensing:income-detail", args=[distribution_id])

        if request.method == "POST" and (done := submitted(request, form, run)):
            return done
        context = {"row": row, "form": form, "title": title, "submit": submit}
        if "person_id" in ids:
            context["person"] = next(
                (p for p in row.persons.all() if p.pk == ids["person_id"]), None
            )
        if "objection_id" in ids:
            context["objection"] = next(
                (o for o in row.objections.all() if o.pk == ids["objection_id"]), None
            )
        return render(request, "licensing/income_step.html", context, status=status_of(form))

    return view


def _answered(known: dict[str, Any]) -> dict[str, Any]:
    return {"upheld": known["verdict"] == "uphold", "answer": known["answer"]}


@require_GET
@login_needed
def statement(request: Request, distribution_id: int) -> HttpResponse:
    """The statement as it was approved."""
    row = questions.distribution(distribution_id, viewer=request.actor)
    return paper_pdf(request, row.document)


@require_GET
@login_needed
def proof(request: Request, distribution_id: int, person_id: int) -> HttpResponse:
    """What proves a payment: for the office, overseers, and whoever was paid."""
    row = questions.distribution(distribution_id, viewer=request.actor)
    return download(questions.payment_proof(row, person_id, viewer=request.actor))


@require_http_methods(["GET", "POST"])
@login_needed
def income_rules(request: Request) -> HttpResponse:
    """What the institution laid down, and laying down something new."""
    may = allowed(request.actor, Permission.DISTRIBUTE_INCOME)
    form = RuleForm(*sent(request))
    if request.method == "POST":
        require(request.actor, Permission.DISTRIBUTE_INCOME)

        def run() -> str:
            services.record_rule(**form.cleaned_data, by=request.actor, now=timezone.now())
            messages.success(request, _("已登记，今后的分配按最新的规定核对。"))
            return reverse("licensing:income-rules")

        if done := submitted(request, form, run):
            return done
    rows = page_of(request, questions.income_rules(viewer=request.actor))
    status = 422 if form.is_bound else 200
    context = {"form": form, "page_obj": rows, "may": may}
    return render(request, "licensing/income_rules.html", context, status=status)


@require_GET
@login_needed
def rule_paper(request: Request, rule_id: int) -> HttpResponse:
    """The text of a rule."""
    row = questions.income_rules(viewer=request.actor).filter(pk=rule_id).first()
    return download(row.paper if row else None)


_step = partial(one_button, name="distribution_id", page="licensing:income-detail")
ID = "income/<int:distribution_id>/"
urlpatterns = [
    path("income/", index, name="income"),
    path("income/rules/", income_rules, name="income-rules"),
    path("income/rules/<int:rule_id>/paper/", rule_paper, name="income-rule-paper"),
    path("income/new/<slug:source>/", draft, name="income-draft"),
    path(ID, detail, name="income-detail"),
    path(f"{ID}edit/", revise, name="income-revise"),
    path(
        f"{ID}post/",
        _step(services.post_income, "已公示，本单位人员会收到消息。"),
        name="income-post",
    ),
    path(
        f"{ID}approve/",
        _step(services.approve_income, "已批准，可以发放。"),
        name="income-approve",
    ),
    path(
        f"{ID}take-back/",
        _asking(WhyForm, services.take_back_income, "撤回公示", "撤回公示"),
        name="income-take-back",
    ),
    path(
        f"{ID}cancel/",
        _asking(WhyForm, services.cancel_income, "作废", "作废"),
        name="income-cancel",
    ),
    path(
        f"{ID}object/",
        _asking(
            WhyForm,
            objections.object_to_income,
            "提出异议",
            "提交异议",
            permission=Permission.OBJECT_TO_INCOME,
        ),
        name="income-object",
    ),
    path(
        f"{ID}objections/<int:objection_id>/",
        _asking(
            AnswerForm, objections.answer_income_objection, "处理异议", "提交处理意见",
            fields=_answered,
        ),
        name="income-answer",
    ),
    path(
        f"{ID}persons/<int:person_id>/pay/",
        _asking(PaymentForm, services.pay_person, "登记发放", "登记发放"),
        name="income-pay",
    ),
    path(f"{ID}persons/<int:person_id>/proof/", proof, name="income-proof"),
    path(f"{ID}statement.pdf", statement, name="income-statement"),
]  # fmt: skip
