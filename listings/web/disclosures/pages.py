"""Disclosures: the inventor's and the office's pages. Everybody else finds nothing here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Conflict, DomainError, Missing
from core.idempotency.web import FIELD as TOKEN
from core.idempotency.web import submit_once
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import for_roles
from core.web.forms import attempt
from core.web.types import Request
from listings import services
from listings.rules import verdicts
from listings.rules.disclosures import PUBLICATION_WORDS, DisclosureInput, unfinished
from listings.selectors import disclosures as reading
from listings.selectors.disclosures import DisclosureCard
from listings.selectors.searching.neighbours import neighbours as near
from listings.web.disclosures import papers
from listings.web.disclosures.forms import (
    ApplicationForm,
    DecisionForm,
    Disclosing,
    ReturnForm,
    ScoresForm,
    SupportForm,
)
from listings.web.library import attempt_but_conflict, with_version

A_PAGE = 20
BEGUN = "disclosures_begun"  # in the session: which form made which draft
FORMS_REMEMBERED = 9
members = for_roles(Role.INVENTOR, Role.OFFICE)
office_only = for_roles(Role.OFFICE)


@require_GET
@members
def index(request: Request) -> HttpResponse:
    """The inventor's own, or what was handed in to the office, by status."""
    asked = request.GET.get("status", "")
    status = asked if asked in dict(reading.STATUSES) else ""
    rows = reading.disclosures(viewer=request.actor, status=status)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    counts = reading.disclosure_counts(viewer=request.actor)
    here = reverse("listings:disclosures")
    shown = [(code, label) for code, label in reading.STATUSES if counts[code]]
    tabs = [
        {"url": here, "label": _("全部"), "count": sum(counts.values()), "current": not status},
        *(
            {
                "url": f"{here}?status={code}", "label": label, "count": counts[code],
                "current": code == status,
            }
            for code, label in shown
        ),
    ]  # fmt: skip
    context = {
        "page": page,
        "rows": [(row, reading.TONES[row.status], row.verdict or {}) for row in page],
        "tabs": tabs,
        "is_office": request.actor.has(Role.OFFICE),
        "may_disclose": allowed(request.actor, Permission.DISCLOSE),
    }
    return render(request, "listings/disclosures.html", context)


@require_http_methods(["GET", "POST"])
@members
def new(request: Request) -> HttpResponse:
    """Begin a disclosure; a form that was gone back to goes on with the draft it made before."""
    begun = request.session.get(BEGUN, {}).get(request.POST.get(TOKEN))
    if begun and reading.is_own_draft(begun, viewer=request.actor):
        return edit(request, begun)
    typed = Disclosing(request.POST or None, DisclosureInput(), version=1)
    if request.method == "POST" and typed.is_valid():

        def command() -> str:
            pk = services.draft_disclosure(data=typed.value(), by=request.actor, now=timezone.now())
            if token := request.POST.get(TOKEN):
                before = list(request.session.get(BEGUN, {}).items())[-FORMS_REMEMBERED:]
                request.session[BEGUN] = dict([*before, (token[:64], pk)])
            return _then(request, pk)

        done = attempt(typed.form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if request.method == "POST" else 200
    return render(request, "listings/disclosure_edit.html", _form_context(typed), status=status)


def _then(request: Request, pk: int) -> str:
    """After a save: handed in where that was asked; a refusal leaves the draft saved."""
    if request.POST.get("then") == "submit":
        try:
            services.submit_disclosure(disclosure_id=pk, by=request.actor, now=timezone.now())
        except DomainError as refusal:
            if getattr(refusal, "fields", {}):
                messages.warning(request, _("已存为草稿，还不能提交。"))
                return _to_finish(pk)
            why = {"why": refusal.message}
            messages.warning(request, _("已存为草稿，还不能提交：%(why)s") % why)
            return reverse("listings:disclosure-edit", kwargs={"pk": pk})
        messages.success(request, _("已提交，本单位办公室会收到提醒。"))
    else:
        messages.success(request, _("草稿已保存，只有您自己能看到。"))
    return reverse("listings:disclosure", kwargs={"pk": pk})


def _to_finish(pk: int) -> str:
    """The draft, with what is still missing at its head."""
    return reverse("listings:disclosure-edit", kwargs={"pk": pk}) + "?missing=1"


def _form_context(typed: Disclosing, **more: Any) -> dict[str, Any]:
    return {
        "form": typed.form,
        "contributors": typed.contributors,
        "publications": typed.publications,
        **more,
    }


@require_http_methods(["GET", "POST"])
@members
def edit(request: Request, pk: int) -> HttpResponse:
    """Go on with a draft; another window's save in between is shown, and nothing is lost."""
    card = reading.disclosure(pk, viewer=request.actor, now=timezone.now())
    if not card.is_mine:
        raise Missing(reading.NOT_FOUND)
    typed = Disclosing(request.POST or None, card.data, version=card.version)
    context: dict[str, Any] = _form_context(typed, card=card)
    status = 200
    if request.method == "GET" and "missing" in request.GET and card.status == "draft":
        context["missing"] = [(f, m) for f, ms in unfinished(card.data).items() for m in ms]
    if request.method == "POST":
        status = 422
        if typed.is_valid():

            def command() -> str:
                services.edit_disclosure(
                    disclosure_id=pk, data=typed.value(),
                    version=typed.form.cleaned_data["version"], by=request.actor,
                    now=timezone.now(),
                )  # fmt: skip
                return _then(request, pk)

            try:
                done = attempt_but_conflict(typed.form, lambda: submit_once(request, command))
                if done is not None:
                    return done
            except Conflict:
                status = 409
                latest = reading.disclosure(pk, viewer=request.actor, now=timezone.now())
                context["conflict"] = _differing(latest.data, typed.value())
                typed.form.data = with_version(request, latest.version)
    return render(request, "listings/disclosure_edit.html", context, status=status)


def _differing(stored: DisclosureInput, typed: DisclosureInput) -> list[dict[str, str]]:
    labels = {
        "title": "名称", "novelty": "新在哪里", "problem": "解决什么问题", "how": "怎样做到",
        "results": "结果与数据", "funding_project": "资助项目", "contributors": "贡献人",
        "publications": "公开情况",
    }  # fmt: skip

    def words(data: DisclosureInput, name: str) -> str:
        if name == "contributors":
            return "\n".join(f"{p.name} {p.share:f}% {p.employer}" for p in data.contributors)
        if name == "publications":
            return "\n".join(
                f"{p.on} {PUBLICATION_WORDS[p.kind]} {p.where}" for p in data.publications
            )
        return str(getattr(data, name)).replace("\r\n", "\n").strip()

    pairs = ((label, words(stored, name), words(typed, name)) for name, label in labels.items())
    return [{"label": a, "before": b, "after": c} for a, b, c in pairs if b != c]


@require_GET
@members
def show(request: Request, pk: int) -> HttpResponse:
    """One disclosure: what was said, what lies near it, what the office makes of it."""
    return _page(request, pk)


def _page(
    request: Request, pk: int, *, status: int = 200, **forms: django_forms.Form
) -> HttpResponse:
    card = reading.disclosure(pk, viewer=request.actor, now=timezone.now())
    judges = request.actor.has(Role.OFFICE) and not card.is_mine
    advised = card.verdict.route if card.verdict else ""
    context: dict[str, Any] = {
        "card": card,
        "steps": _steps(card),
        "judges": judges,
        "publications": [(p, PUBLICATION_WORDS[p.kind]) for p in card.data.publications],
        "scores_form": ScoresForm(initial=card.scores),
        "decision_form": DecisionForm(initial={"decision": advised}),
        "return_form": ReturnForm(),
        "application_form": ApplicationForm(),
        "file_form": SupportForm(),
        "history": _history(card),
    }
    return render(request, "listings/disclosure.html", context | forms, status=status)


def _steps(card: DisclosureCard) -> list[dict[str, Any]]:
    order = ["draft", "submitted", "evaluating", "decided", "filed"]
    labels = dict(reading.STATUSES)
    if card.status == "withdrawn":
        return []
    if card.status == "decided" and card.decision != "file":
        order = order[:-1]
    here = order.index(card.status)
    last = here == len(order) - 1
    return [
        {"label": labels[code], "done": n < here or (last and n == here), "current": n == here}
        for n, code in enumerate(order)
    ]


def _history(card: DisclosureCard) -> list[dict[str, Any]]:
    happened = [
        (card.filed_at, _("已提交专利申请"), card.application_number, "", "ok"),
        (card.decided_at, _("决定：%(what)s") % {"what": card.decision_label},
         card.decision_reason, card.decided_by, "ok"),
        (card.verdict.evaluated_at if card.verdict else None, _("完成评估打分"), "",
         card.verdict.evaluated_by if card.verdict else "", "info"),
        (card.taken_at, _("已受理"), "", card.taken_by, "info"),
        *((at, _("退回补充"), "", who, "warn") for at, who in card.returned),
        (card.submitted_at, _("提交给办公室"), "", card.inventor, "wait"),
        (card.created_at, _("开始起草"), "", card.inventor, "muted"),
    ]  # fmt: skip
    shown: list[dict[str, Any]] = [
        {"at": at, "title": title, "text": text, "by": by, "tone": tone}
        for at, title, text, by, tone in happened
        if at
    ]
    return sorted(shown, key=lambda step: step["at"], reverse=True)


@require_GET
@members
def neighbours(request: Request, pk: int) -> HttpResponse:
    """The nearest patents of the library, as a fragment or a page of its own."""
    card = reading.disclosure(pk, viewer=request.actor, now=timezone.now())
    found = near(card.text, viewer=request.actor)
    context = {
        "card": card,
        "neighbours": found,
        "suggested": verdicts.suggested_novelty(found[0].likeness if found else None),
    }
    page = "listings/_neighbours.html" if request.htmx else "listings/disclosure_neighbours.html"
    return render(request, page, context)


MOVES: dict[str, tuple[Callable[..., Any], Any]] = {
    "submit": (services.submit_disclosure, lazy("已提交，本单位办公室会收到提醒。")),
    "withdraw": (services.withdraw_disclosure, lazy("已撤回。")),
    "take": (services.take_disclosure, lazy("已受理，发明人会收到通知。")),
}


@require_POST
@members
def move(request: Request, pk: int, move: str) -> HttpResponse:
    """Hand in, take back, take up."""
    if move not in MOVES:
        raise Missing("没有这个操作，请用页面上的按钮提交。")
    command, words = MOVES[move]

    def run() -> str:
        command(disclosure_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, words)
        return reverse("listings:disclosure", kwargs={"pk": pk})

    try:
        return submit_once(request, run)
    except DomainError as refusal:
        if refusal.status not in {409, 422}:
            raise
        found = getattr(refusal, "fields", {})
        if found and move == "submit":
            return redirect(_to_finish(pk))
        for problem in [m for ms in found.values() for m in ms] or [refusal.message]:
            messages.error(request, problem)
        return redirect("listings:disclosure", pk=pk)


def _by_form(
    request: Request, pk: int, name: str, form: Any, run: Callable[[Any], Any], words: Any
) -> HttpResponse:
    """One form of the office's; what was typed stays when it is refused."""
    reading.find(pk, viewer=request.actor)
    if form.is_valid():

        def command() -> str:
            run(form)
            messages.success(request, words)
            return reverse("listings:disclosure", kwargs={"pk": pk}) + "#verdict"

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    return _page(request, pk, status=422, **{name: form})


@require_POST
@office_only
def evaluate(request: Request, pk: int) -> HttpResponse:
    """The scored form."""

    def run(form: ScoresForm) -> None:
        services.evaluate_disclosure(
            disclosure_id=pk, scores=form.scores(), by=request.actor, now=timezone.now()
        )

    form = ScoresForm(request.POST)
    return _by_form(request, pk, "scores_form", form, run, _("已评估，建议见下方。"))


@require_POST
@office_only
def decide(request: Request, pk: int) -> HttpResponse:
    """The office's word."""

    def run(form: DecisionForm) -> None:
        services.decide_disclosure(
            disclosure_id=pk, decision=form.value(), reason=form.cleaned_data["reason"],
            by=request.actor, now=timezone.now(),
        )  # fmt: skip

    form = DecisionForm(request.POST)
    return _by_form(request, pk, "decision_form", form, run, _("已决定，发明人会收到通知。"))


@require_POST
@office_only
def send_back(request: Request, pk: int) -> HttpResponse:
    """Ask for more."""

    def run(form: ReturnForm) -> None:
        services.send_back_disclosure(
            disclosure_id=pk, reason=form.cleaned_data["reason"], by=request.actor,
            now=timezone.now(),
        )  # fmt: skip

    form = ReturnForm(request.POST)
    return _by_form(request, pk, "return_form", form, run, _("已退回，发明人会收到您的意见。"))


@require_POST
@office_only
def apply(request: Request, pk: int) -> HttpResponse:
    """Note the application number."""

    def run(form: ApplicationForm) -> None:
        services.record_application(
            disclosure_id=pk, number=form.cleaned_data["number"], by=request.actor,
            now=timezone.now(),
        )  # fmt: skip

    form = ApplicationForm(request.POST)
    return _by_form(request, pk, "application_form", form, run, _("申请号已登记。"))


@require_POST
@members
def add_file(request: Request, pk: int) -> HttpResponse:
    """Put a supporting file to a draft."""

    def run(form: SupportForm) -> None:
        services.add_disclosure_file(
            disclosure_id=pk, file=form.cleaned_data["file"], by=request.actor,
            now=timezone.now(),
        )  # fmt: skip

    form = SupportForm(request.POST, request.FILES)
    return _by_form(request, pk, "file_form", form, run, _("附件已添加。"))


@require_POST
@members
def remove_file(request: Request, pk: int, file_id: int) -> HttpResponse:
    """Take a supporting file off a draft."""
    services.remove_disclosure_file(
        disclosure_id=pk, file_id=file_id, by=request.actor, now=timezone.now()
    )
    messages.success(request, _("附件已移除。"))
    return redirect("listings:disclosure", pk=pk)


_ONE = "disclosures/<int:pk>/"
urlpatterns = [
    path("disclosures/", index, name="disclosures"),
    path("disclosures/new/", new, name="disclosure-new"),
    path(_ONE, show, name="disclosure"),
    path(f"{_ONE}edit/", edit, name="disclosure-edit"),
    path(f"{_ONE}neighbours/", neighbours, name="disclosure-neighbours"),
    path(f"{_ONE}evaluate/", evaluate, name="disclosure-evaluate"),
    path(f"{_ONE}decide/", decide, name="disclosure-decide"),
    path(f"{_ONE}send-back/", send_back, name="disclosure-send-back"),
    path(f"{_ONE}apply/", apply, name="disclosure-apply"),
    path(f"{_ONE}files/", add_file, name="disclosure-file-add"),
    path(f"{_ONE}files/<int:file_id>/remove/", remove_file, name="disclosure-file-remove"),
    *papers.urlpatterns,
    path(f"{_ONE}<slug:move>/", move, name="disclosure-move"),
]
