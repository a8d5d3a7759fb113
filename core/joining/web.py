"""Pages: asking to take part, and answering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from core.attachments.web import download
from core.errors import Conflict, Missing, NotAllowed
from core.idempotency.web import submitted
from core.joining import selectors, services
from core.joining.forms import (
    NoteForm,
    OrganisationForm,
    StrangerForm,
    SupplyForm,
    WelcomeForm,
)
from core.joining.models import STATUS_WORDS, JoinApplication
from core.joining.rules import OPEN, Status
from core.people.types import Role
from core.reference.selectors import region_name
from core.web.doors import login_needed, tabs_of
from core.web.forms import attempt
from core.web.limits import too_many, within_limit
from core.web.types import Request

PAGE = 20
SHOWN = (Status.PENDING, Status.MORE_NEEDED, Status.APPROVED, Status.REFUSED, Status.WITHDRAWN)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ask(request: Request) -> HttpResponse:
    """The form: with an account for visitors, without one for who has it."""
    stranger = request.actor.is_anonymous
    form = (StrangerForm if stranger else OrganisationForm)(
        *(request.POST, request.FILES) if request.method == "POST" else ()
    )
    if form.is_valid():
        email = form.cleaned_data["email"] if stranger else request.user.email
        if not within_limit(request, "join", email.lower()):
            return too_many(request)
        done = _asked_as_stranger(request, form) if stranger else _asked_as_user(request, form)
        if done is not None:
            return done
    context = {"form": form, "mine": selectors.mine(viewer=request.actor)[:10]}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "core/joining_ask.html", context, status=status)


def _asked_as_stranger(request: Request, form: Any) -> HttpResponse | None:
    """No token against double submits: its digest would hold the password. Twins are harmless,
    the first one confirmed drops the others."""
    done = attempt(
        form,
        lambda: services.ask_as_stranger(
            paper=form.paper(),
            email=form.cleaned_data["email"],
            password_hash=form.password_hash(),
            evidence=form.cleaned_data["evidence"],
            by=request.actor,
            now=timezone.now(),
        ),
    )
    return None if done is None else redirect("core:joining-sent")


def _asked_as_user(request: Request, form: Any) -> HttpResponse | None:
    def run() -> str:
        pk = services.ask_as_user(
            paper=form.paper(),
            evidence=form.cleaned_data["evidence"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("申请已提交，有结果会通知您。"))
        return reverse("core:joining", args=[pk])

    return submitted(request, form, run)


@require_GET
def sent(request: Request) -> HttpResponse:
    """The same for everybody: look into your mail."""
    return render(request, "core/joining_sent.html")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def confirm(request: Request, link: str) -> HttpResponse:
    """Where the letter leads: a button, since programs follow links in letters too."""
    try:
        row = services.waiting_for(link)
        if request.method == "POST":
            services.confirm(link=link, by=request.actor, now=timezone.now())
            messages.success(request, _("邮箱已确认，账户已开通。请登录查看审核进展。"))
            return redirect("account_login")
    except (Missing, Conflict) as problem:
        context = {"problem": _(problem.message)}
        return render(request, "core/joining_confirm.html", context, status=problem.status)
    return render(request, "core/joining_confirm.html", {"row": row})


@require_GET
@login_needed
def queue(request: Request) -> HttpResponse:
    """What waits for this actor's answer, and what was answered."""
    actor = request.actor
    if not (actor.has(Role.BUREAU, Role.SYSADMIN, Role.AUDITOR) or actor.administers):
        raise NotAllowed("这个页面不对您当前的身份开放。")
    labels = [(str(status), STATUS_WORDS[status]) for status in SHOWN]
    chosen, tabs = tabs_of(request, labels)
    rows = selectors.queue(viewer=actor)
    if chosen:
        rows = rows.filter(status=chosen)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    places = {row.pk: region_name(row.region) for row in page}
    context = {"page_obj": page, "tabs": tabs, "places": places, "chosen": chosen}
    return render(request, "core/joining_queue.html", context)


@require_GET
@login_needed
def application(request: Request, application_id: int) -> HttpResponse:
    """One application: what was written, where it stands, what can be done."""
    row = selectors.application(application_id, viewer=request.actor)
    decides = selectors.may_decide(row, request.actor)
    context = {
        "row": row,
        "place": region_name(row.region),
        "decides": decides,
        "mine": row.applicant_id == request.actor.user_id,
        "twins": selectors.twins(row) if decides and row.status in OPEN else 0,
        "steps": [step for step in STEPS.values() if step.open_to(request, row)],
    }
    return render(request, "core/joining.html", context)


@require_GET
@login_needed
def evidence(request: Request, application_id: int) -> HttpResponse:
    """The paper that was handed in."""
    return download(selectors.application(application_id, viewer=request.actor).evidence)


@dataclass(frozen=True)
class Step:
    """One thing done to an application, on a page of its own."""

    name: str
    title: Any
    told: Any
    form: type[forms.Form]
    command: Callable[..., object]
    states: tuple[Status, ...]
    by_applicant: bool
    lead: Any
    danger: bool = False

    def open_to(self, request: Request, row: JoinApplication) -> bool:
        mine = row.applicant_id == request.actor.user_id
        may = mine if self.by_applicant else selectors.may_decide(row, request.actor)
        return may and row.status in self.states


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step(
            "approve", _("通过"), _("已通过，申请人会收到通知。"), WelcomeForm, services.approve,
            OPEN, False, _("机构登记入库，申请人成为成员并可以开始办理业务。"),
        ),
        Step(
            "ask", _("要求补充"), _("已通知申请人补充。"), NoteForm, services.ask_for_more,
            (Status.PENDING,), False, _("写明缺什么；申请人补充后会回到您的待办。"),
        ),
        Step(
            "refuse", _("不予通过"), _("已告知申请人。"), NoteForm, services.refuse,
            OPEN, False, _("写明理由；申请人可以改正后重新提交。"), True,
        ),
        Step(
            "supply", _("补充材料"), _("已补充，等待审核。"), SupplyForm, services.supply,
            OPEN, True, _("补充后重新进入审核。"),
        ),
        Step(
            "withdraw", _("撤回申请"), _("申请已撤回。"), forms.Form, services.withdraw,
            OPEN, True, _("撤回后不再审核；以后可以重新提交。"), True,
        ),
    )
}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@login_needed
def step(request: Request, application_id: int, name: str) -> HttpResponse:
    """Ask, do, go back."""
    row = selectors.application(application_id, viewer=request.actor)
    wanted = STEPS.get(name)
    if wanted is None:
        raise Missing("没有这个步骤。")
    may = selectors.may_decide(row, request.actor)
    if not (row.applicant_id == request.actor.user_id if wanted.by_applicant else may):
        raise NotAllowed("这一步不由您办理。")
    back = reverse("core:joining", args=[row.pk])
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = wanted.form(sent[0], sent[1], initial={"remark": row.remark})

    def run() -> str:
        wanted.command(
            application_id=row.pk, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, wanted.told)
        return back

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    if row.status not in wanted.states:
        messages.error(request, _("申请的状态已经变化，不能再这样办理。"))
        return HttpResponseRedirect(back)
    status = 422 if form.is_bound and form.errors else 200
    context = {"row": row, "step": wanted, "form": form, "back": back}
    return render(request, "core/joining_step.html", context, status=status)


urlpatterns = [
    path("joining/", ask, name="joining-ask"),
    path("joining/sent/", sent, name="joining-sent"),
    path("joining/queue/", queue, name="joining-queue"),
    path("joining/confirm/<str:link>/", confirm, name="joining-confirm"),
    path("joining/<int:application_id>/", application, name="joining"),
    path("joining/<int:application_id>/evidence/", evidence, name="joining-evidence"),
    path("joining/<int:application_id>/<slug:name>/", step, name="joining-step"),
]
