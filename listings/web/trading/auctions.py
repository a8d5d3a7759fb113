"""Public pages of auctions: which there are, one of them live, a bid, an objection."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, Invalid
from core.idempotency.web import FIELD, submit_once
from core.permissions import Permission, allowed
from core.templatetags.ui import yuan, zhdate
from core.web.doors import login_needed
from core.web.forms import attempt
from core.web.types import Request
from listings import selectors
from listings.rules.auctions import LIVE, AuctionStatus, Method, blind, least, phase
from listings.selectors.trading import auctions as asked
from listings.services.trading import bidding, objections, settling
from listings.web import presenting
from listings.web.moments import until
from listings.web.trading.auction_forms import BidForm, ObjectionForm

A_PAGE = 20
PHASES: dict[str, tuple[Any, str]] = {
    AuctionStatus.DRAFT: (lazy("草稿"), "muted"),
    AuctionStatus.ANNOUNCED: (lazy("公示中"), "wait"),
    AuctionStatus.OPEN: (lazy("竞价中"), "ok"),
    AuctionStatus.CLOSED: (lazy("已截止，待定"), "wait"),
    AuctionStatus.AWARDED: (lazy("已成交"), "info"),
    AuctionStatus.FAILED: (lazy("未成交"), "muted"),
    AuctionStatus.CANCELLED: (lazy("已取消"), "muted"),
}
METHODS = {Method.SEALED: lazy("密封报价"), Method.OPEN: lazy("公开竞价")}
RIGHTS = {**presenting.ACTIONS}
STATES = (("open", lazy("竞价中")), ("announced", lazy("公示中")), ("ended", lazy("已结束")))


@require_GET
def auctions(request: Request) -> HttpResponse:
    """Upcoming, open and ended auctions."""
    now = timezone.now()
    counts = asked.auction_counts(now=now)
    state = request.GET.get("state", "")
    if state not in asked.STATES:
        state = next((name for name, _label in STATES if counts[name]), "open")
    page = Paginator(asked.auctions(viewer=request.actor, state=state, now=now), A_PAGE).get_page(
        request.GET.get("page")
    )
    tabs = [
        {"url": f"?state={name}", "label": label, "current": name == state, "count": counts[name]}
        for name, label in STATES
    ]
    context = {
        "page": page,
        "lines": [line(row, now) for row in page],
        "tabs": tabs,
        "state": state,
        "may_run": allowed(request.actor, Permission.RUN_AUCTION),
    }
    return render(request, "listings/auctions.html", context)


def line(row: Any, now: datetime) -> dict[str, Any]:
    """An auction as lists and its own page show it."""
    at = phase(row.status, opens_at=row.opens_at, ends_at=row.ends_at, now=now)
    label, tone = PHASES[at]
    is_blind = blind(row.method, row.status)
    highest = None if is_blind else row.highest
    lots = list(row.lots.all())
    return {
        "row": row,
        "phase": at,
        "label": label,
        "tone": tone,
        "method": METHODS[row.method],
        "right": RIGHTS[row.right],
        "highest": highest,
        "count": None if is_blind else row.bid_count,
        "least": least(Method(row.method), row.start_price, row.step, highest),
        "opens_in": until(row.opens_at, now),
        "ends_in": until(row.ends_at, now),
        "is_extended": row.ends_at > row.closes_at,
        "lots": lots,
        "is_sample": any(lot.patent.is_sample for lot in lots),
        "is_live": row.status in LIVE,
        "now": now,
    }


@require_GET
@never_cache
def auction(request: Request, pk: int) -> HttpResponse:
    """One auction: what is put up, how it stands this moment, and a place to bid."""
    return _page(request, pk)


def _page(
    request: Request, pk: int, *, bid: Any = None, objection: Any = None, status: int = 200
) -> HttpResponse:
    settling.settle_auction(auction_id=pk)
    now = timezone.now()
    row = asked.auction(pk, viewer=request.actor)
    shown = line(row, now)
    raised = list(row.objections.all())
    is_mine = row.organisation_id in request.actor.acts_for
    cards = selectors.cards([lot.patent_id for lot in shown["lots"]], viewer=request.actor)
    may_bid = (
        shown["phase"] == AuctionStatus.OPEN
        and not is_mine
        and allowed(request.actor, Permission.PLACE_BID)
        and not (row.method == Method.SEALED and asked.my_bid_count(row, viewer=request.actor))
    )
    lines = asked.bids(row, viewer=request.actor)
    context = {
        "auction": shown,
        "row": row,
        "facts": facts(row),
        "patents": [
            {"title": lot.patent.title, "card": cards.get(lot.patent_id)} for lot in shown["lots"]
        ],
        "bids": lines,
        "standing": _standing(shown, lines),
        "is_blind": blind(row.method, row.status),
        "mine": asked.my_bid_count(row, viewer=request.actor),
        "is_mine": is_mine,
        "may_bid": may_bid,
        "bid_form": bid or BidForm(initial={"amount": shown["least"]}),
        "may_object": shown["phase"] == AuctionStatus.ANNOUNCED
        and not is_mine
        and allowed(request.actor, Permission.RAISE_OBJECTION),
        "objection_form": objection or ObjectionForm(),
        "objections": asked.objection_count(raised),
        "readable": asked.readable(
            raised, owner_id=row.organisation_id, region=row.region, viewer=request.actor
        ),
    }
    return render(request, "listings/auction.html", context, status=status)


def _standing(shown: dict[str, Any], lines: list[asked.BidLine]) -> dict[str, Any] | None:
    """How the viewer's own bids stand, in the open or when it is over; None without any."""
    if not any(bid.is_mine for bid in lines) or blind(shown["row"].method, shown["row"].status):
        return None
    day = shown["row"].sign_by
    if shown["phase"] == AuctionStatus.AWARDED:
        if any(bid.is_mine and bid.is_winner for bid in lines):
            said = _("请在 %(day)s 前与处置单位签订合同。") % {"day": zhdate(day)}
            return {"tone": "ok", "title": _("贵单位竞得"), "text": said}
        return {"tone": "info", "title": _("贵单位未竞得"), "text": ""}
    if shown["phase"] != AuctionStatus.OPEN:
        return None
    if lines[0].is_mine:
        said = _("有更高的报价时会通知您。")
        return {"tone": "ok", "title": _("目前贵单位报价最高"), "text": said}
    said = _("再次出价至少 %(least)s。") % {"least": yuan(shown["least"])}
    return {"tone": "warn", "title": _("贵单位的报价已被超过"), "text": said}


@require_GET
@never_cache
def auction_now(request: Request, pk: int) -> HttpResponse:
    """How it stands this moment: the piece of the page that refreshes itself."""
    settling.settle_auction(auction_id=pk)
    row = asked.auction(pk, viewer=request.actor)
    shown = line(row, timezone.now())
    standing = _standing(shown, asked.bids(row, viewer=request.actor))
    context = {"auction": shown, "row": row, "standing": standing}
    return render(request, "listings/auction.html#now", context)


def facts(row: Any) -> list[dict[str, Any]]:
    """The announced terms as two columns."""
    reserve = _("没有")
    if row.reserve_price is not None:
        reserve = yuan(row.reserve_price) if row.reserve_shown else _("有，不公开")
    rows: list[tuple[str, Any]] = [
        (_("标的"), RIGHTS[row.right]),
        (_("许可期限"), _("%(n)s 个月") % {"n": row.licence_months} if row.licence_months else ""),
        (_("竞价方式"), METHODS[row.method]),
        (_("起拍价"), yuan(row.start_price)),
        (_("加价幅度"), yuan(row.step) if row.step else ""),
        (_("保留价"), reserve),
        (_("保证金"), yuan(row.deposit) if row.deposit is not None else _("不收")),
        (
            _("延时规则"),
            _("截止前 %(n)s 分钟内有人出价，顺延到该报价后 %(n)s 分钟") % {"n": row.extend_minutes}
            if row.extend_minutes
            else "",
        ),
        (_("公示期"), _("不少于 %(n)s 日") % {"n": row.notice_days} if row.notice_days else ""),
        (_("处置单位"), row.organisation.name),
        (_("联系方式"), row.contact),
    ]
    return [{"label": label, "value": value} for label, value in rows if value]


@require_POST
@login_needed
def bid(request: Request, pk: int) -> HttpResponse:
    """Bid. The page's one-time token makes an impatient second click the same bid."""
    form = BidForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, bid=form, status=422)
    try:
        receipt = bidding.place_bid(
            auction_id=pk,
            amount=form.cleaned_data["amount"],
            token=request.POST.get(FIELD, "")[:64] or uuid4().hex,
            confirmed=form.cleaned_data["confirmed"],
            by=request.actor,
        )
    except Invalid as refusal:
        attempt(form, _raising(refusal))
        return _page(request, pk, bid=form, status=422)
    except DomainError as refusal:
        if refusal.status != 409:
            raise
        form.add_error(None, refusal.message)
        return _page(request, pk, bid=form, status=409)
    moment = timezone.localtime(receipt.placed_at).strftime("%H:%M:%S.%f")[:-3]
    said = (
        _("报价已收下：回执号 %(id)s，到达时间 %(at)s。")
        if receipt.is_new
        else _("这笔报价先前已经收下，没有重复计：回执号 %(id)s，到达时间 %(at)s。")
    )
    messages.success(request, said % {"id": receipt.number, "at": moment})
    return redirect("listings:auction", pk=pk)


def _raising(refusal: DomainError) -> Any:
    def run() -> None:
        raise refusal

    return run


@require_POST
@login_needed
def object_to(request: Request, pk: int) -> HttpResponse:
    """Object to the announcement."""
    form = ObjectionForm(request.POST)

    def command() -> str:
        objections.object_to_auction(
            auction_id=pk,
            text=form.cleaned_data["text"],
            contact=form.cleaned_data["contact"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("异议已提交，处置单位须在决定成交前答复，答复时会通知您。"))
        return reverse("listings:auction", kwargs={"pk": pk})

    if form.is_valid():
        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    return _page(request, pk, objection=form, status=422)


urlpatterns = [
    path("auctions/", auctions, name="auctions"),
    path("auctions/<int:pk>/", auction, name="auction"),
    path("auctions/<int:pk>/now/", auction_now, name="auction-now"),
    path("auctions/<int:pk>/bid/", bid, name="auction-bid"),
    path("auctions/<int:pk>/object/", object_to, name="auction-object"),
]
