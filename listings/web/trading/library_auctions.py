"""An office's own auctions: drafted, announced, answered for, called off."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Missing
from core.idempotency.web import submit_once
from core.web.forms import attempt
from core.web.types import Request
from listings.rules.auctions import LIVE, AuctionStatus
from listings.selectors.trading import auctions as asked
from listings.services.trading import auctions as services
from listings.services.trading import objections, settling
from listings.types import hard
from listings.web.doors import keepers
from listings.web.picking import chosen_cards, chosen_ids, picker
from listings.web.trading.auction_forms import AnswerForm, CancelForm, TermsForm, initial_of
from listings.web.trading.auctions import facts, line

A_PAGE = 30


@require_GET
@keepers
def auctions(request: Request) -> HttpResponse:
    """All of them, drafts first by age."""
    now = timezone.now()
    page = Paginator(asked.auctions_of_seller(viewer=request.actor), A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "lines": [line(row, now) for row in page]}
    return render(request, "listings/library_auctions.html", context)


def _mine(request: Request, pk: int) -> Any:
    row = asked.auction(pk, viewer=request.actor)
    if row.organisation_id not in request.actor.acts_for:
        raise Missing("没有找到这场拍卖，或者它不是本单位的。")
    return row


@require_http_methods(["GET", "POST"])
@keepers
def new_auction(request: Request) -> HttpResponse:
    """Choose patents, then write the terms; `from` takes an earlier auction's over."""
    source = request.GET.get("from", "")
    before = _mine(request, int(source)) if source.isdecimal() and len(source) < 10 else None
    ids = [lot.patent_id for lot in before.lots.all()] if before else chosen_ids(request)
    if not ids:
        return picker(
            request,
            title=_("拍卖哪些专利？"),
            lead=_("先选在架的专利；几件一起拍卖就勾选几件。"),
            back=reverse("listings:library-auctions"),
        )
    cards = chosen_cards(request, ids)
    initial = initial_of(before) if before else {"title": cards[0].title[:180]}
    form = TermsForm(request.POST or None, initial=initial | {"version": None})
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            pk = services.draft_auction(
                patent_ids=ids, terms=form.as_terms(), by=request.actor, now=timezone.now()
            )
            messages.success(request, _("草稿已保存，核对后再公告。"))
            return reverse("listings:library-auction", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    context = {"form": form, "cards": cards, "days": asked.notice_days(cards[0].region)}
    status = 422 if form.errors else 200
    return render(request, "listings/library_auction_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@keepers
def edit_auction(request: Request, pk: int) -> HttpResponse:
    """Change a draft."""
    row = _mine(request, pk)
    form = TermsForm(request.POST or None, initial=initial_of(row))
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            services.edit_auction(
                auction_id=pk,
                terms=form.as_terms(),
                version=form.cleaned_data["version"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已保存。"))
            return reverse("listings:library-auction", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    cards = chosen_cards(request, [lot.patent_id for lot in row.lots.all()])
    context = {"form": form, "cards": cards, "row": row, "days": asked.notice_days(row.region)}
    status = 422 if form.errors else 200
    return render(request, "listings/library_auction_form.html", context, status=status)


@require_GET
@keepers
def auction(request: Request, pk: int) -> HttpResponse:
    """One auction as its seller sees it: what stands against it, objections, the outcome."""
    settling.settle_auction(auction_id=pk)
    row, now = _mine(request, pk), timezone.now()
    return _page(request, row, now)


def _page(request: Request, row: Any, now: Any, *, status: int = 200, **forms: Any) -> HttpResponse:
    is_draft = row.status == AuctionStatus.DRAFT
    against = services.announcement_blockers(row, at=now) if is_draft else []
    context = {
        "auction": line(row, now),
        "row": row,
        "facts": facts(row),
        "is_draft": is_draft,
        "blockers": against,
        "may_announce": is_draft and not hard(against),
        "may_cancel": is_draft or row.status in LIVE,
        "bids": asked.bids(row, viewer=request.actor),
        "objections": list(row.objections.all()),
        "answer_form": AnswerForm(auto_id=False),
        "cancel_form": CancelForm(),
        **forms,
    }
    return render(request, "listings/library_auction.html", context, status=status)


@require_POST
@keepers
def announce(request: Request, pk: int) -> HttpResponse:
    """Post it publicly."""
    _mine(request, pk)

    def command() -> str:
        services.announce_auction(auction_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已公告，所有人现在都能看到。条款从此不能修改。"))
        return reverse("listings:library-auction", kwargs={"pk": pk})

    return submit_once(request, command)


@require_POST
@keepers
def cancel(request: Request, pk: int) -> HttpResponse:
    """Call it off."""
    row = _mine(request, pk)
    form = CancelForm(request.POST)

    def command() -> bool:
        services.cancel_auction(
            auction_id=pk,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        return True

    if form.is_valid() and attempt(form, command):
        messages.success(request, _("已取消，相关各方已收到通知。需要时可以另行公告。"))
        return redirect("listings:library-auction", pk=pk)
    return _page(request, row, timezone.now(), status=422, cancel_form=form)


@require_POST
@keepers
def answer(request: Request, pk: int, objection_id: int) -> HttpResponse:
    """Answer an objection."""
    row = _mine(request, pk)
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
        settling.settle_auction(auction_id=pk)
        messages.success(request, _("已答复，提出人已收到通知。"))
        return redirect("listings:library-auction", pk=pk)
    context = {"answer_form": form, "answering": objection_id}
    return _page(request, row, timezone.now(), status=422, **context)


urlpatterns = [
    path("library/auctions/", auctions, name="library-auctions"),
    path("library/auctions/new/", new_auction, name="auction-new"),
    path("library/auctions/<int:pk>/", auction, name="library-auction"),
    path("library/auctions/<int:pk>/edit/", edit_auction, name="auction-edit"),
    path("library/auctions/<int:pk>/announce/", announce, name="auction-announce"),
    path("library/auctions/<int:pk>/cancel/", cancel, name="auction-cancel"),
    path(
        "library/auctions/<int:pk>/objections/<int:objection_id>/",
        answer,
        name="auction-answer",
    ),
]
