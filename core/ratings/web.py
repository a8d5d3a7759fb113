"""Pages of ratings of finished services 好差评: to give, to read, to answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.days import legal_day
from core.idempotency.web import submitted
from core.people.types import Actor, Role
from core.permissions import Permission, allowed
from core.ratings import rules, selectors, services
from core.ratings.models import ServiceRating
from core.web.doors import for_roles, login_needed, tabs_of
from core.web.home import Part, Todo, contribute
from core.web.types import Request

A_PAGE = 20
GIVEN_TABS = (("waiting", gettext_lazy("等我评价")), ("rated", gettext_lazy("已评价")))
RECEIVED_TABS = (
    ("due", gettext_lazy("待答复")),
    ("low", gettext_lazy("不满意")),
    ("answered", gettext_lazy("已答复")),
)
SERVING = for_roles(
    Role.OFFICE, Role.BROKER, Role.ENTERPRISE, Role.BUREAU, Role.AUDITOR, Role.SYSADMIN
)


class RateForm(forms.Form):
    """Five grades, why, and words of one's own."""

    grade = forms.TypedChoiceField(
        label=gettext_lazy("满意程度"),
        choices=list(rules.GRADES.items()),
        coerce=int,
        widget=forms.RadioSelect,
    )
    reasons = forms.MultipleChoiceField(
        label=gettext_lazy("为什么"),
        choices=[
            (gettext_lazy("满意的地方"), list(rules.PRAISE.items())),
            (gettext_lazy("不满意的地方"), list(rules.BLAME.items())),
        ],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    words = forms.CharField(
        label=gettext_lazy("想说的话"),
        required=False,
        max_length=rules.LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("办理方和主管部门会看到；请不要写个人信息和商业秘密。"),
    )


class AnswerForm(forms.Form):
    """What was found, and what is done about it."""

    answer = forms.CharField(
        label=gettext_lazy("答复"),
        max_length=rules.LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("写明核实的情况和改进的办法；评价人会收到。"),
    )


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """What one may rate, and what one said."""
    chosen, tabs = tabs_of(request, [(code, str(label)) for code, label in GIVEN_TABS], by="state")
    rows = selectors.given(viewer=request.actor, now=timezone.now(), state=chosen)
    context = {
        "page_obj": Paginator(rows, A_PAGE).get_page(request.GET.get("page")),
        "tabs": tabs,
        "chosen": chosen,
        "serves": bool(selectors.summary(viewer=request.actor, today=_today())),
    }
    return render(request, "core/ratings.html", context)


@require_GET
@SERVING
def received(request: Request) -> HttpResponse:
    """How one's services were rated: by service, and each word; the low ones to be answered."""
    chosen, tabs = tabs_of(
        request, [(code, str(label)) for code, label in RECEIVED_TABS], by="state"
    )
    service = request.GET.get("service", "")
    service = service if service in rules.SERVICES else ""
    rows = selectors.received(viewer=request.actor, state=chosen, service=service)
    context = {
        "page_obj": Paginator(rows, A_PAGE).get_page(request.GET.get("page")),
        "tabs": tabs,
        "chosen": chosen,
        "service": rules.SERVICES.get(service, ""),
        "summary": selectors.summary(viewer=request.actor, today=_today()),
        "today": _today(),
    }
    return render(request, "core/ratings_received.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def rating(request: Request, rating_id: int) -> HttpResponse:
    """One service: to rate while it is open, then what was said and answered."""
    row = selectors.rating(rating_id, viewer=request.actor)
    here = reverse("core:rating", args=[row.pk])
    step, form = _step(request, row)
    if request.method == "POST" and step == "rate":
        sent = submitted(request, form, lambda: _rated(request, row.pk, form, here))
        if sent is not None:
            return sent
    elif request.method == "POST":
        sent = submitted(request, form, lambda: _answered(request, row.pk, form, here))
        if sent is not None:
            return sent
    context = {
        "row": row,
        "step": step,
        "form": form,
        "today": _today(),
        "opens": not request.actor.has(Role.SYSADMIN),  # who reads ratings, not what was served
    }
    bad = request.method == "POST"
    return render(request, "core/rating.html", context, status=422 if bad else 200)


def _step(request: Request, row: ServiceRating) -> tuple[str, forms.Form]:
    """What this reader may do with it now."""
    data = request.POST if request.method == "POST" else None
    if row.rated_at is None and allowed(request.actor, Permission.RATE_SERVICE, on=row):
        return "rate", RateForm(data)
    waits = row.is_low and row.answered_at is None
    if waits and allowed(request.actor, Permission.ANSWER_RATING, on=row.answering_side()):
        return "answer", AnswerForm(data)
    return "", AnswerForm(data)


def _rated(request: Request, rating_id: int, form: forms.Form, back: str) -> str:
    services.rate_service(
        rating_id=rating_id, **form.cleaned_data, by=request.actor, now=timezone.now()
    )
    messages.success(request, _("谢谢，您的评价已经收到。"))
    return back


def _answered(request: Request, rating_id: int, form: forms.Form, back: str) -> str:
    services.answer_rating(
        rating_id=rating_id, **form.cleaned_data, by=request.actor, now=timezone.now()
    )
    messages.success(request, _("答复已发给评价人。"))
    return back


def _today() -> Any:
    return legal_day(timezone.now())


@contribute("core.ratings", order=60)
def waiting(actor: Actor, now: datetime) -> Part:
    """Services to rate, and low ratings to answer."""
    todos: list[Todo] = []
    if allowed(actor, Permission.ANSWER_RATING):
        count, since = selectors.to_answer(viewer=actor)
        there = f"{reverse('core:ratings-received')}?state=due"
        todos.append(Todo(_("不满意的服务评价待答复"), there, count, since))
    if allowed(actor, Permission.RATE_SERVICE):
        count, since = selectors.to_rate(viewer=actor, now=now)
        there = f"{reverse('core:ratings')}?state=waiting"
        todos.append(Todo(_("办结的服务等您评价"), there, count, since))
    return Part(todos=tuple(todos))


urlpatterns = [
    path("ratings/", index, name="ratings"),
    path("ratings/received/", received, name="ratings-received"),
    path("ratings/<int:rating_id>/", rating, name="rating"),
]
