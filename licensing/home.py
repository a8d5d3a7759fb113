"""What this room puts on home pages: what waits for the actor."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.days import legal_day
from core.people.types import Actor
from core.web.home import NEWS, Highlight, Part, Section, Tile, Todo, contribute, news_hint
from licensing import selectors
from licensing.selectors import claims, deal_endings, deals, endings, pool_royalties, pools
from licensing.selectors.co_owners import doubted_waiting
from licensing.selectors.conduct import conduct_waiting
from licensing.selectors.disputes import disputes_waiting
from licensing.selectors.income import to_approve
from licensing.selectors.registrations import registrations_waiting

SHOWN = 5


@contribute("licensing", order=40)
def waiting(actor: Actor, now: datetime) -> Part:
    """Licences to pay, object to or file, drafts to finish, and reports to verify."""
    if actor.is_anonymous:
        return _shelf(now)
    return Part(
        todos=(
            *_contracts(actor),
            *_licences(actor),
            Todo(
                _("收益分配公示期满待批准"),
                f"{reverse('licensing:income')}?status=posted",
                to_approve(viewer=actor, today=legal_day(now)),
            ),
            *_registrations(actor),
            *_differences(actor),
        )
    )


def _contracts(actor: Actor) -> tuple[Todo, ...]:
    """Talks, claims, pools and endings where the other side waits."""
    talks = deals.deals_waiting(viewer=actor)
    claimed, claimed_since, claim = claims.claims_waiting(viewer=actor)
    asked, asked_since, pool = pools.applications_waiting(viewer=actor)
    ended, ended_since, ending = endings.endings_waiting(viewer=actor)
    over, over_since, contract = deal_endings.deal_endings_waiting(viewer=actor)
    said, said_since, sold = pool_royalties.reports_waiting(viewer=actor)
    licences = reverse("licensing:licences")
    to_sold = reverse("licensing:pool-royalties", args=[sold]) if sold else licences
    talking = f"{reverse('licensing:deals')}?status=mine"
    to_claim = reverse("licensing:milestones", args=[claim]) if claim else licences
    to_pool = reverse("licensing:pool", args=[pool]) if pool else reverse("licensing:pools")
    to_ending = reverse("licensing:endings", args=[ending]) if ending else licences
    to_over = reverse("licensing:deal-endings", args=[contract]) if contract else talking
    return (
        Todo(_("洽谈等我办理"), talking, talks.count, talks.since),
        Todo(_("里程碑待答复"), to_claim, claimed, claimed_since),
        Todo(_("入池申请待审核"), to_pool, asked, asked_since),
        Todo(_("池许可提成申报待核对"), to_sold, said, said_since),
        Todo(_("续展或终止待答复"), to_ending, ended, ended_since),
        Todo(_("合同终止待答复"), to_over, over, over_since),
    )


def _licences(actor: Actor) -> tuple[Todo, ...]:
    """Open licences from draft to filing, and what is reported of them."""
    found = selectors.waiting_for(viewer=actor)
    doubted, doubted_since = doubted_waiting(viewer=actor)
    licences, outcomes = reverse("licensing:licences"), reverse("licensing:outcomes")
    drafts, queue = reverse("licensing:declarations"), reverse("licensing:outcome-queue")
    effective, contested = f"{licences}?status=effective", f"{licences}?status=contested"
    return (
        Todo(_("许可待付款"), f"{licences}?status=noticed", found.to_pay, found.to_pay_since),
        Todo(_("许可待备案"), effective, found.to_file, found.to_file_since),
        Todo(_("许可异议待处理"), contested, found.to_resolve, found.to_resolve_since),
        Todo(_("开放许可草稿待声明"), f"{drafts}?status=draft", found.drafts),
        Todo(_("共有人撤回同意待决定"), f"{drafts}?status=doubted", doubted, doubted_since),
        Todo(_("转化反馈待核验"), queue, found.to_verify, found.to_verify_since),
        Todo(_("退回的转化反馈待补充"), f"{outcomes}?status=rejected", found.to_mend),
    )


def _differences(actor: Actor) -> tuple[Todo, ...]:
    """Disputes and credit notes to answer."""
    disputed = disputes_waiting(viewer=actor)
    noted, noted_since = conduct_waiting(viewer=actor)
    mine = f"{reverse('licensing:disputes')}?status=mine"
    return (
        Todo(_("信用记录待办理"), reverse("licensing:conduct"), noted, noted_since),
        Todo(_("合同纠纷待办理"), mine, disputed.count, disputed.since),
    )


def _registrations(actor: Actor) -> tuple[Todo, ...]:
    """Contracts to register, as seller and as bureau, and certificates asked of an exchange."""
    found = registrations_waiting(viewer=actor)
    there, asked = reverse("licensing:registrations"), reverse("licensing:certificates")
    return (
        Todo(_("技术合同待申请登记"), f"{there}?status=due", found.to_apply, found.to_apply_since),
        Todo(
            _("技术合同待登记"), f"{there}?status=applied", found.to_decide, found.to_decide_since
        ),
        Todo(
            _("交易待鉴证"),
            f"{asked}?status=requested",
            found.to_certify,
            found.to_certify_since,
        ),
    )


def _shelf(now: datetime) -> Part:
    """What a visitor may take today, what is new of it, and how many licences are in effect."""
    shelf = reverse("licensing:shelf")
    on_offer = selectors.shelf(at=now)
    newest = [selectors.declaration_card(row) for row in on_offer[:SHOWN]]
    fresh = on_offer.filter(announced_on__gte=legal_day(now - NEWS)).count()
    taken = selectors.effective_licences(limit=1).count
    return Part(
        tiles=(
            Tile(
                _("开放许可"),
                f"{on_offer.count():,}",
                shelf,
                unit=_("件"),
                hint=news_hint(fresh) or _("明码标价"),
            ),
            Tile(_("生效许可"), f"{taken:,}", shelf, unit=_("项"), hint=_("已在使用")),
        ),
        sections=(
            Section(
                _("最新开放许可"),
                tuple(
                    Highlight(
                        title=card.patent_title,
                        url=reverse("licensing:declaration", args=[card.id]),
                        meta=" · ".join([card.patentees, card.mode_label]),
                        badge=card.price,
                    )
                    for card in newest
                ),
                more_url=shelf,
                empty=_("还没有公告的开放许可。"),
            ),
        ),
    )
