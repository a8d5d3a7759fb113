"""Postings of agreed prices: read by everybody or in-house, objected to, certified."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Missing
from core.idempotency.web import submit_once
from core.people.types import Role
from core.permissions import Permission, allowed
from core.templatetags.ui import yuan
from core.web.doors import login_needed
from core.web.forms import attempt
from core.web.types import Request
from listings.filters import word_for
from listings.rules.postings import Agreed, PostingStatus, Scope
from listings.selectors.trading import auctions as objection_questions
from listings.selectors.trading import price_postings as asked
from listings.services.trading import objections
from listings.services.trading import price_postings as services
from listings.types import Route, hard
from listings.web.doors import keepers
from listings.web.picking import chosen_cards, chosen_ids, picker
from listings.web.trading.auction_forms import AnswerForm, CancelForm, ObjectionForm, money

A_PAGE = 20
STATES: dict[str, tuple[Any, str]] = {
    PostingStatus.DRAFT: (lazy("草稿"), "muted"),
    PostingStatus.POSTED: (lazy("公示中"), "wait"),
    PostingStatus.COMPLETED: (lazy("公示期满"), "ok"),
    PostingStatus.WITHDRAWN: (lazy("已撤回"), "muted"),
}


class PostingForm(forms.Form):
    """What was agreed."""

    route = forms.ChoiceField(label=lazy("转化方式"), choices=asked.ROUTES)
    counterparty = forms.CharField(label=lazy("拟受让（被许可、入股）单位"), max_length=200)
    price = money(lazy("拟交易价格（元）"))
    price_note = forms.CharField(
        label=lazy("价格说明"),
        required=False,
        max_length=300,
        help_text=lazy("有提成、分期或评估依据的，写在这里。"),
    )
    summary = forms.CharField(
        label=lazy("简要情况"), max_length=3_000, widget=forms.Textarea(attrs={"rows": 5})
    )
    days = forms.IntegerField(label=lazy("公示天数"), min_value=1, max_value=90)
    scope = forms.ChoiceField(
        label=lazy("公示范围"), choices=asked.SCOPES, widget=forms.RadioSelect
    )

    examples = {
        "counterparty": "示例·某某科技有限公司",
        "price_note": "一次付清 30 万元，另按净销售额 2% 提成三年。",
        "summary": "成果为一种含氟废水深度除氟方法；经双方协商并参考评估价 28 万元定价。",
    }

    def as_agreed(self) -> Agreed:
        data = self.cleaned_data
        return Agreed(
            route=Route(data["route"]),
            counterparty=data["counterparty"],
            price=data["price"],
            price_note=data["price_note"],
            summary=data["summary"],
            days=data["days"],
            scope=Scope(data["scope"]),
        )


def line(row: Any) -> dict[str, Any]:
    label, tone = STATES[row.status]
    return {"row": row, "label": label, "tone": tone, "route": word_for("mode", row.route)}


def facts(row: Any) -> list[dict[str, Any]]:
    """What is posted, as two columns."""
    rows: list[tuple[str, Any]] = [
        (_("成果名称"), row.patent.title),
        (_("持有单位"), row.organisation.name),
        (_("转化方式"), word_for("mode", row.route)),
        (_("拟受让单位"), row.counterparty),
        (_("拟交易价格"), yuan(row.price)),
        (_("价格说明"), row.price_note),
        (_("公示范围"), _("向社会公开") if row.scope == Scope.PUBLIC else _("仅本单位成员")),
        (_("公示天数"), _("%(n)s 日（公示当日不计）") % {"n": row.days}),
        (_("公示期"), f"{row.starts_on} — {row.ends_on}" if row.starts_on else ""),
    ]
    return [{"label": label, "value": value} for label, value in rows if value]


@require_GET
def postings(request: Request) -> HttpResponse:
    """Those that run, or those that have ended."""
    current = request.GET.get("state") != "ended"
    page = Paginator(asked.postings(viewer=request.actor, current=current), A_PAGE).get_page(
        request.GET.get("page")
    )
    tabs = [
        {"url": "?", "label": _("公示中"), "current": current},
        {"url": "?state=ended", "label": _("已结束"), "current": not current},
    ]
    context = {"page": page, "lines": [line(row) for row in page], "tabs": tabs}
    return render(request, "listings/postings.html", context)


@require_GET
def posting(request: Request, pk: int) -> HttpResponse:
    """One posting: who, what, how much, until when."""
    return _page(request, pk)


def _page(request: Request, pk: int, *, form: Any = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    row = asked.posting(pk, viewer=request.actor)
    if services.complete(posting_id=pk, now=now):
        row = asked.posting(pk, viewer=request.actor)
    raised = list(row.objections.all())
    mine = row.organisation_id in request.actor.acts_for and request.actor.has(
        Role.OFFICE, Role.BROKER
    )
    context = {
        **line(row),
        "facts": facts(row),
        "is_mine": mine,
        "objections": objection_questions.objection_count(raised),
        "readable": objection_questions.readable(
            raised, owner_id=row.organisation_id, region=row.region, viewer=request.actor
        ),
        "may_object": row.status == PostingStatus.POSTED
        and not mine
        and allowed(request.actor, Permission.RAISE_OBJECTION),
        "objection_form": form or ObjectionForm(),
    }
    return render(request, "listings/posting.html", context, status=status)


@require_POST
@login_needed
def object_to(request: Request, pk: int) -> HttpResponse:
    """Object while it stands."""
    form = ObjectionForm(request.POST)

    def command() -> str:
        objections.object_to_posting(
            posting_id=pk,
            text=form.cleaned_data["text"],
            contact=form.cleaned_data["contact"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("异议已提交，持有单位须先答复才能办结，答复时会通知您。"))
        return reverse("listings:posting", kwargs={"pk": pk})

    if form.is_valid():
        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    return _page(request, pk, form=form, status=422)


# The office's side


@require_GET
@keepers
def library_postings(request: Request) -> HttpResponse:
    """All postings of one's own."""
    page = Paginator(asked.postings_of_holder(viewer=request.actor), A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "lines": [line(row) for row in page]}
    return render(request, "listings/library_postings.html", context)


@require_http_methods(["GET", "POST"])
@keepers
def new_posting(request: Request) -> HttpResponse:
    """Choose a patent, then write down what was agreed."""
    ids = chosen_ids(request)[:1]
    if not ids:
        return picker(
            request,
            title=_("公示哪件专利的协议价格？"),
            lead=_("选一件；只取勾选的第一件。"),
            back=reverse("listings:library-postings"),
        )
    [card] = chosen_cards(request, ids)
    least = asked.posting_days(card.region)
    form = PostingForm(request.POST or None, initial={"days": least, "scope": Scope.PUBLIC.value})
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            pk = services.draft_posting(
                patent_id=card.id, agreed=form.as_agreed(), by=request.actor, now=timezone.now()
            )
            messages.success(request, _("草稿已保存，核对后再公示。"))
            return reverse("listings:library-posting", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    context = {"form": form, "card": card, "days": least}
    status = 422 if form.errors else 200
    return render(request, "listings/library_posting_form.html", context, status=status)


def _mine(request: Request, pk: int) -> Any:
    row = asked.posting(pk, viewer=request.actor)
    if row.organisation_id not in request.actor.acts_for:
        raise Missing(asked.NOT_FOUND)
    return row


@require_GET
@keepers
def library_posting(request: Request, pk: int) -> HttpResponse:
    """One posting as its office sees it."""
    return _office_page(request, _mine(request, pk))


def _office_page(request: Request, row: Any, *, status: int = 200, **more: Any) -> HttpResponse:
    is_draft = row.status == PostingStatus.DRAFT
    against = services.blockers(row, at=timezone.now()) if is_draft else []
    context = {
        **line(row),
        "facts": facts(row),
        "is_draft": is_draft,
        "blockers": against,
        "may_post": is_draft and not hard(against),
        "may_withdraw": row.status in (PostingStatus.DRAFT, PostingStatus.POSTED),
        "objections": list(row.objections.all()),
        "answer_form": AnswerForm(auto_id=False),
        "withdraw_form": CancelForm(),
        **more,
    }
    return render(request, "listings/library_posting.html", context, status=status)


@require_POST
@keepers
def post(request: Request, pk: int) -> HttpResponse:
    """Make it known."""
    _mine(request, pk)

    def command() -> str:
        services.post(posting_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已公示，内容从此不能修改；期满后自动出具证明。"))
        return reverse("listings:library-posting", kwargs={"pk": pk})

    return submit_once(request, command)


@require_POST
@keepers
def withdraw(request: Request, pk: int) -> HttpResponse:
    """Take it back."""
    row = _mine(request, pk)
    form = CancelForm(request.POST)

    def command() -> bool:
        services.withdraw_posting(
            posting_id=pk,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        return True

    if form.is_valid() and attempt(form, command):
        messages.success(request, _("已撤回。"))
        return redirect("listings:library-posting", pk=pk)
    return _office_page(request, row, status=422, withdraw_form=form)


@require_POST
@keepers
def answer(request: Request, pk: int, objection_id: int) -> HttpResponse:
    """Answer an objection."""
    row = _mine(request, pk)
    asked.objection(objection_id, of=row)
    form = AnswerForm(request.POST, auto_id=False)

    def command() -> bool:
        objections.answer_objection(
            objection_id=objection_id,
            upheld=form.cleaned_data["upheld"],
            answer=form.cleaned_data["answer"],
            by=request.actor,
            now=timezone.now(),
        )
        return True

    if form.is_valid() and attempt(form, command):
        messages.success(request, _("已答复，提出人已收到通知。"))
        return redirect("listings:library-posting", pk=pk)
    return _office_page(request, row, status=422, answer_form=form, answering=objection_id)


PREFIX = "library/auctions/postings"
urlpatterns = [
    path("auctions/postings/", postings, name="postings"),
    path("auctions/postings/<int:pk>/", posting, name="posting"),
    path("auctions/postings/<int:pk>/object/", object_to, name="posting-object"),
    path(f"{PREFIX}/", library_postings, name="library-postings"),
    path(f"{PREFIX}/new/", new_posting, name="posting-new"),
    path(f"{PREFIX}/<int:pk>/", library_posting, name="library-posting"),
    path(f"{PREFIX}/<int:pk>/post/", post, name="posting-post"),
    path(f"{PREFIX}/<int:pk>/withdraw/", withdraw, name="posting-withdraw"),
    path(f"{PREFIX}/<int:pk>/objections/<int:objection_id>/", answer, name="posting-answer"),
]
