"""What matching puts on home pages."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.people import selectors as people
from core.people.types import Actor, Role
from core.templatetags.ui import zhdatetime
from core.web.home import NEWS, Highlight, Part, Section, Tile, Todo, contribute, news_hint
from matching import selectors
from matching.selectors import gatherings
from matching.selectors.revisions import waiting_revisions
from matching.selectors.shortlists import unread
from matching.web import words

SHOWN = 5


@contribute("matching", order=5)
def part(actor: Actor, now: datetime) -> Part:
    """Today's matches for firms, interest received for holders: before anything else."""
    if actor.has(Role.ENTERPRISE, Role.BROKER):
        return _for_firm(actor)
    return _for_holder(actor) if actor.has(Role.OFFICE) else Part()


@contribute("matching.needs", order=50)
def newest(actor: Actor, now: datetime) -> Part:
    """The newest needs for visitors, below the newest patents."""
    if actor.is_anonymous:
        board = selectors.board(viewer=actor, query=selectors.NeedQuery())
        wanted, fresh = board.count(), board.filter(opened_at__gte=now - NEWS).count()
        tile = Tile(
            _("公开需求"),
            f"{wanted:,}",
            reverse("matching:needs"),
            unit=_("条"),
            hint=news_hint(fresh) or _("等您来解"),
        )
        return Part(tiles=(tile,), sections=(_newest(actor), _coming(actor, now)))
    return Part(sections=(_newest(actor),)) if actor.has(Role.INVENTOR) else Part()


def _for_firm(actor: Actor) -> Part:
    pushed = selectors.today(viewer=actor, query=selectors.MatchQuery(state="pushed"))
    oldest = selectors.unrated_pushes(viewer=actor).first()
    todo = Todo(
        title=_("推送的匹配等待评价"),
        url="/matches/?state=pushed",
        count=pushed.count(),
        since=oldest.pushed_at if oldest else None,
    )
    drafts = selectors.own_needs(viewer=actor).filter(status__in=["draft", "refined"])
    unopened = Todo(
        title=_("需求还没有开放征集"), url="/needs/mine/?state=draft", count=drafts.count()
    )
    asked = list(waiting_revisions(viewer=actor)[:50])
    proposed = Todo(
        title=_("完善建议等您决定"),
        url=f"/needs/revisions/{asked[0].pk}/" if asked else "/needs/mine/",
        count=len(asked),
        since=asked[0].proposed_at if asked else None,
    )
    lists = list(unread(viewer=actor)[:50])
    recommended = Todo(
        title=_("服务机构的推荐清单还没有打开"),
        url=f"/shortlists/{lists[0].pk}/" if lists else "/shortlists/?side=received",
        count=len(lists),
        since=lists[0].sent_at if lists else None,
    )
    if actor.user_id is None or actor.user_id not in people.wants_recommendations([actor.user_id]):
        return Part(todos=(proposed, recommended, unopened))
    rows = selectors.today(viewer=actor, query=selectors.MatchQuery())
    cards = selectors.cards(rows[:SHOWN], viewer=actor)
    section = Section(
        title=_("今日匹配"),
        rows=tuple(
            Highlight(
                title=card.patent.title,
                url=f"/matches/{card.id}/",
                summary=_("因为：%(name)s") % {"name": card.demand_name},
                meta=" · ".join(
                    m for m in (card.patent.organisation_name, words.price_of(card.patent)) if m
                ),
                badge=_("%(n)s 分") % {"n": card.score},
                is_sample=card.patent.is_sample,
            )
            for card in cards
        ),
        more_url="/matches/",
        empty=_("还没有匹配。写下一条技术需求，或建立订阅，系统会持续为您寻找。"),
    )
    return Part(todos=(todo, proposed, recommended, unopened), sections=(section,))


def _for_holder(actor: Actor) -> Part:
    leads = selectors.received(viewer=actor)
    shown = selectors.received_cards(leads[:SHOWN], viewer=actor)
    section = Section(
        title=_("企业对您的专利怎么看"),
        rows=tuple(
            Highlight(
                title=r.patent.title if r.patent else _("（已下架的专利）"),
                url="/matches/received/",
                summary=r.reason or r.improvement or "",
                meta=r.who or _("%(region)s 的企业") % {"region": r.region},
                badge=_("感兴趣") if r.interested else _("不适合"),
            )
            for r in shown
        ),
        more_url="/matches/received/",
        empty=_("还没有企业评价。把推介表写得具体一些，更容易被匹配到。"),
    )
    tile = Tile(
        label=_("感兴趣的企业"),
        value=str(selectors.interest_count(viewer=actor)),
        url="/matches/received/",
        unit=_("家"),
    )
    return Part(tiles=(tile,), sections=(section,))


def _coming(actor: Actor, now: datetime) -> Section:
    """The next events that anyone may come to."""
    rows = gatherings.gatherings(viewer=actor, state="coming", now=now)[:SHOWN]
    return Section(
        title=_("近期活动"),
        rows=tuple(
            Highlight(
                title=row.title,
                url=reverse("matching:gathering", args=[row.pk]),
                meta=" · ".join(
                    m for m in (zhdatetime(row.starts_at), row.organisation.name, row.place) if m
                ),
                badge=row.get_kind_display(),
                is_sample=row.is_sample,
            )
            for row in rows
        ),
        more_url="/gatherings/",
        empty=_("近期没有活动。"),
    )


def _newest(actor: Actor) -> Section:
    rows = selectors.board(viewer=actor, query=selectors.NeedQuery())[:SHOWN]
    return Section(
        title=_("最新需求"),
        rows=tuple(
            Highlight(
                title=need.title,
                url=f"/needs/{need.pk}/",
                summary=need.problem[:80],
                meta=" · ".join(m for m in words.need_meta(need) if m),
                is_sample=need.is_sample,
            )
            for need in selectors.faces(rows, viewer=actor)
        ),
        more_url="/needs/",
        empty=_("现在没有公开的需求。"),
    )
