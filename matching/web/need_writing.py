"""Writing a need: the form with its helper, drafts that are never lost, renewing and ending."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Missing
from core.idempotency.web import FIELD, submitted
from core.people import selectors as people
from core.permissions import Permission, allowed
from core.web.doors import login_needed
from core.web.types import Request
from listings import selectors as listings
from matching import selectors, services
from matching.rules import needs as rules
from matching.types import Ending, EndingInput, NeedInput
from matching.web.doors import for_askers, numbers_of
from matching.web.need_forms import QUESTIONS, FinishForm, NeedForm

NOT_KEPT = ("csrfmiddlewaretoken", FIELD, "version", "need")


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@for_askers
def new(request: Request) -> HttpResponse:
    """State a need; what was typed and not saved last time is there again."""
    may_list = allowed(request.actor, Permission.PUBLISH_NEED_LIST)
    about: dict[str, Any] = {"may_list": may_list, "clients": clients_of(request)}
    form = NeedForm(request.POST, **about) if request.method == "POST" else None
    draft = None if form else selectors.draft(viewer=request.actor)
    form = form or NeedForm(_filled(draft), **about)
    if request.method == "POST" and "check" not in request.POST:
        open_now = "open" in request.POST

        def run() -> str:
            client = form.for_whom()
            opens = open_now and client is None
            need = services.post_need(
                data=form.value(),
                organisation_id=client,
                by=request.actor,
                now=timezone.now(),
                open_now=opens,
            )
            services.drop_draft(need_id=None, by=request.actor)
            done = _("需求已开放征集，正在匹配专利。") if opens else _("需求已保存。")
            if client is not None:
                done = _("已存到委托方名下并通知对方；对方核对后开放征集。")
            messages.success(request, done)
            return reverse("matching:need", kwargs={"pk": need.pk})

        if answer := submitted(request, form, run):
            return answer
    return _page(request, form, {"is_new": True, "draft": draft})


def clients_of(request: Request) -> list[tuple[str, Any]]:
    """Those who have empowered the actor's organisation today."""
    others = request.actor.acts_for - {request.actor.organisation_id}
    cards = people.organisations(pk for pk in others if pk is not None)
    return sorted(((str(pk), card.name) for pk, card in cards.items()), key=lambda c: c[1])


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@login_needed
def edit(request: Request, pk: int) -> HttpResponse:
    """Change a need; another's edit in between is refused, with both texts kept on the screen."""
    need = selectors.need(pk, viewer=request.actor)
    if not allowed(request.actor, Permission.POST_NEED, on=need):
        raise Missing(_("没有找到这条需求，或它不归贵单位管理。"))
    if need.organisation_id != request.actor.organisation_id:
        return redirect("matching:need-refine", pk=pk)
    about: dict[str, Any] = {
        "kept": services.as_input(need),
        "version": need.version,
        "may_list": allowed(request.actor, Permission.PUBLISH_NEED_LIST),
    }
    draft = None
    if request.method == "POST":
        form = NeedForm(request.POST, **about)
    else:
        draft = selectors.draft(viewer=request.actor, need_id=pk)
        filled = _filled(draft)
        if filled is not None:
            filled["version"] = str(need.version)
        form = NeedForm(filled, **about)
    if request.method == "POST" and "check" not in request.POST:

        def run() -> str:
            services.edit_need(
                need_id=pk,
                data=form.value(),
                version=form.cleaned_data["version"] or 0,
                by=request.actor,
                now=timezone.now(),
            )
            services.drop_draft(need_id=pk, by=request.actor)
            messages.success(request, _("修改已保存。"))
            return reverse("matching:need", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    return _page(request, form, {"need": need, "is_new": False, "draft": draft})


def _filled(draft: Any) -> QueryDict | None:
    return QueryDict(draft.filled, mutable=True) if draft is not None else None


def _page(request: Request, form: NeedForm, more: dict[str, Any]) -> HttpResponse:
    context = more | {
        "form": form,
        "parts": [
            (_("要解决什么"), [(form[n], QUESTIONS.get(n)) for n in form.first]),
            (_("要做到多少"), [(form[n], QUESTIONS.get(n)) for n in form.goal]),
            (_("条件"), [(form[n], None) for n in form.terms]),
            (_("谁能看到"), [(form[n], None) for n in form.seen if n in form.fields]),
        ],
    } | _helper(form)  # fmt: skip
    said = form.is_bound and more.get("draft") is None
    status = 422 if said and "check" not in request.POST else 200
    return render(request, "matching/need_form.html", context, status=status)


def _helper(form: NeedForm) -> dict[str, Any]:
    need = form.sketch() if form.is_bound else form.kept
    parts = rules.completeness(need) if need is not None else rules.completeness(EMPTY)
    asked_as = form.field_of | {"metrics": "metrics"}
    missing = [
        {"field": asked_as.get(part.field, part.field), "points": part.points, "help": part.help}
        for part in parts
        if not part.done
    ]
    return {"points": rules.points(parts), "missing": missing}


EMPTY = NeedInput(title="")


@require_POST
@sensitive_post_parameters()
@for_askers
def check(request: Request) -> HttpResponse:
    """While one types: how complete it is, what would help; and the form is kept as it is."""
    need_id = next(iter(numbers_of(request.POST.getlist("need"))), None)
    kept = request.POST.copy()
    for name in NOT_KEPT:
        kept.pop(name, None)
    is_kept = services.keep_draft(
        filled=kept.urlencode(), need_id=need_id, by=request.actor, now=timezone.now()
    )
    form = NeedForm(request.POST, may_list=allowed(request.actor, Permission.PUBLISH_NEED_LIST))
    context = _helper(form) | {"is_kept": is_kept, "now": timezone.now()}
    response = render(request, "matching/_need_helper.html", context)
    add_never_cache_headers(response)
    return response


@require_POST
@for_askers
def discard(request: Request) -> HttpResponse:
    """Throw away what was typed and not saved."""
    need_id = next(iter(numbers_of(request.POST.getlist("need"))), None)
    services.drop_draft(need_id=need_id, by=request.actor)
    messages.success(request, _("没有保存的内容已丢弃。"))
    if need_id is None:
        return redirect("matching:need-new")
    return redirect("matching:need-edit", pk=need_id)


@require_http_methods(["GET", "POST"])
@login_needed
def finish(request: Request, pk: int) -> HttpResponse:
    """End a need and say what came of it."""
    need = selectors.need(pk, viewer=request.actor)
    if not allowed(request.actor, Permission.POST_NEED, on=need):
        raise Missing(_("没有找到这条需求，或它不归贵单位管理。"))
    ids = selectors.solvers(need)
    cards = listings.cards(ids, viewer=request.actor)
    patents = [(str(i), cards[i].title) for i in ids if i in cards]
    form = FinishForm(request.POST if request.method == "POST" else None, patents=patents)
    if request.method == "POST":

        def run() -> str:
            data = form.cleaned_data
            said = EndingInput(Ending(data["ending"]), data["patent_id"], data["note"])
            services.finish_need(need_id=pk, said=said, by=request.actor, now=timezone.now())
            messages.success(request, _("已记录结果，停止征集。需要时可以重新开放。"))
            return reverse("matching:need", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    status = 422 if form.is_bound else 200
    context = {"need": need, "form": form}
    return render(request, "matching/need_finish.html", context, status=status)


urlpatterns = [
    path("needs/new/", new, name="need-new"),
    path("needs/check/", check, name="need-check"),
    path("needs/discard/", discard, name="need-discard"),
    path("needs/<int:pk>/edit/", edit, name="need-edit"),
    path("needs/<int:pk>/finish/", finish, name="need-finish"),
]
