"""What home pages show of the library: the newest offers, and what waits in an office's stock."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.people.types import Actor, Role
from core.web.home import NEWS, Highlight, Part, Section, Tile, Todo, contribute, news_hint
from listings import selectors
from listings.selectors import claims, disclosures
from listings.selectors.offering import sheets
from listings.selectors.register import events
from listings.selectors.trading import auctions
from listings.types import PatentCard
from listings.web.presenting import price_of

KEEPERS = (Role.OFFICE, Role.BROKER)


@contribute("listings", order=20)
def library(actor: Actor, now: datetime) -> Part:
    """The board for visitors and firms, the stock for an office."""
    if actor.has(*KEEPERS) and actor.organisation_id is not None:
        return _stock(actor, actor.organisation_id)
    if actor.has(Role.INVENTOR):
        return _inventor(actor)
    if actor.is_anonymous or actor.has(Role.ENTERPRISE):
        return _board(actor, now)
    return Part()


def _board(actor: Actor, now: datetime) -> Part:
    board = reverse("listings:board")
    tiles: tuple[Tile, ...] = ()
    if actor.is_anonymous:
        counts = selectors.stock_counts("")
        tiles = (
            Tile(
                _("在架专利"),
                f"{counts.listed:,}",
                board,
                unit=_("件"),
                hint=news_hint(selectors.listed_since(now - NEWS)) or _("可直接洽谈"),
            ),
        )
    rows = tuple(_highlight(card) for card in selectors.newest(viewer=actor))
    return Part(
        tiles=tiles,
        sections=(
            Section(
                _("最新上架"),
                rows,
                more_url=board,
                empty=_("还没有上架的专利。"),
            ),
        ),
    )


def _highlight(card: PatentCard) -> Highlight:
    return Highlight(
        title=card.title,
        url=reverse("listings:patent", args=[card.id]),
        summary=card.summary or card.problem or card.abstract[:80],
        meta=" · ".join([*card.holder_names[:1], price_of(card)]),
        badge=_("开放许可") if card.is_declared else "",
        is_sample=card.is_sample,
    )


def _desk(actor: Actor) -> tuple[Todo, ...]:
    """What waits for a pen: reviews, sheets sent back, disclosures handed in."""
    found = sheets.sheet_todo(viewer=actor)
    here, inbox = reverse("listings:sheets"), reverse("listings:disclosures")
    todos = [Todo(_("份推介表被退回，请修改"), f"{here}?state=returned", found["returned"])]
    if actor.has(Role.OFFICE):
        handed_in = disclosures.waiting(viewer=actor)
        todos += [
            Todo(_("份推介表等待审核"), f"{here}?state=in_review", found["in_review"]),
            Todo(_("份发明披露等待受理"), f"{inbox}?status=submitted", handed_in),
        ]
    return tuple(todos)


def _inventor(actor: Actor) -> Part:
    """What an inventor has under way."""
    inbox = reverse("listings:disclosures")
    counts = disclosures.disclosure_counts(viewer=actor)
    asked = disclosures.returned(viewer=actor)
    tiles = (
        Tile(_("发明披露"), f"{sum(counts.values()):,}", inbox, unit=_("份")),
        Tile(_("评估中"), f"{counts['evaluating']:,}", f"{inbox}?status=evaluating", unit=_("份")),
        Tile(_("已决定"), f"{counts['decided']:,}", f"{inbox}?status=decided", unit=_("份")),
    )
    todo = Todo(_("份披露需要补充后重新提交"), f"{inbox}?status=draft", asked)
    return Part(todos=(todo,), tiles=tiles)


def _stock(actor: Actor, organisation_id: int) -> Part:
    counts, todo = selectors.portfolio(organisation_id), selectors.stock_todo(viewer=actor)
    library = reverse("listings:library")
    return Part(
        todos=(
            Todo(_("件专利号码待核实"), f"{library}?status=unverified", todo.unverified),
            Todo(_("件挂牌尚未发布"), f"{library}?offer=draft", todo.drafts),
            Todo(_("件挂牌等待发布"), f"{library}?offer=submitted", todo.submitted),
            Todo(_("件挂牌已暂停，请处理原因"), f"{library}?offer=suspended", todo.suspended),
            Todo(
                _("条公报与记录不一致，请核对"),
                reverse("listings:event-doubts"),
                events.counts(viewer=actor)["doubts"],
            ),
            *_desk(actor),
            Todo(
                _("条公示异议待答复"),
                reverse("listings:library-auctions"),
                auctions.unanswered(viewer=actor),
            ),
        ),
        tiles=(
            Tile(_("本单位专利"), f"{counts.registered:,}", library, unit=_("件")),
            Tile(_("有效授权"), f"{counts.granted:,}", f"{library}?status=granted", unit=_("件")),
            Tile(_("在架"), f"{counts.listed:,}", f"{library}?offer=listed", unit=_("件")),
            Tile(_("已转化"), f"{counts.converted:,}", f"{library}?offer=converted", unit=_("件")),
        ),
    )


@contribute("listings.claims", order=21)
def disputes(actor: Actor, now: datetime) -> Part:
    """Claims that wait for the answer of an office, or for the word of its bureau."""
    if not actor.has(*KEEPERS, Role.BUREAU, Role.SYSADMIN):
        return Part()
    waiting = claims.open_claims(viewer=actor)
    return Part(todos=(Todo(_("项权属主张待处理"), reverse("listings:claims"), waiting),))
