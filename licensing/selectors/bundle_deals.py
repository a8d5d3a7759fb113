"""Questions about a bundle that is taken as one deal: which members stand, which fell away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from core.people.types import Actor
from licensing.models import Deal, DealMember
from licensing.models.deals import among
from licensing.rules import deals as rules
from licensing.rules.deals import DealKind, Terms
from listings import selectors as listings
from listings.selectors.shelves import bundles
from listings.types import Blocker, PatentCard, hard

ARTICLE = "民法典第四百七十条"  # what a contract is about belongs to its terms
SYSTEM = Actor.system()


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member as it stands: what bars it now, or why it was left out."""

    member: DealMember
    against: tuple[Blocker, ...]

    @property
    def dropped(self) -> bool:
        """Whether it is no part of the deal any more."""
        return self.member.dropped_at is not None

    @property
    def droppable(self) -> bool:
        """Whether it may be left out: only what cannot be had."""
        return not self.dropped and bool(self.against)


def standing(row: Deal) -> list[DealMember]:
    """The members that the deal is about."""
    return [m for m in row.members.all() if m.dropped_at is None]


def standing_ids(row: Deal) -> tuple[int, ...]:
    """Their patents, in the order of the bundle."""
    return tuple(m.patent_id for m in standing(row))


def lines(row: Deal, *, at: datetime) -> list[MemberLine]:
    """Every member with what stands against it today; fixed queries beside one `can_many`."""
    members = list(row.members.all())
    ids = [m.patent_id for m in members if m.dropped_at is None]
    cards = listings.cards(ids, viewer=SYSTEM)
    offered = set(bundles.member_ids(row.bundle_id or 0))
    action = rules.ACTIONS[DealKind(row.kind)]
    against = listings.can_many(ids, action, at=at) if _asked(row) else {}
    return [
        MemberLine(m, ())
        if m.dropped_at
        else MemberLine(m, (*_gone(row, m, cards, offered), *hard(against.get(m.patent_id, []))))
        for m in members
    ]


def _asked(row: Deal) -> bool:
    """Whether its members can still fall away: after the contract, what binds them is the deal."""
    return row.status in rules.OPEN_DEALS


def _gone(
    row: Deal, member: DealMember, cards: dict[int, PatentCard], offered: set[int]
) -> list[Blocker]:
    if not _asked(row):
        return []
    found = []
    card = cards.get(member.patent_id)
    if card is None or card.organisation_id != row.holder_id:
        found.append(_b("member-moved", "已不由权利人管理。"))
    elif member.patent_id not in offered:
        found.append(_b("member-withdrawn", "权利人已把它从组合中撤出。"))
    return found


def _b(code: str, message: str) -> Blocker:
    return Blocker(code, message, ARTICLE)


def blockers(row: Deal, terms: Terms, *, at: datetime) -> list[Blocker]:
    """What the bundle itself adds: members that fell away, terms that are not about all of it."""
    if row.bundle_id is None:
        return []
    number = "%s：%s去掉这一件并重新商定条款，否则终止洽谈。"
    found = [
        _b(b.code, number % (line.member.patent_number, b.message))
        for line in lines(row, at=at)
        for b in line.against
        if b.code.startswith("member-")
    ]
    if set(terms.patents) != set(standing_ids(row)):
        found.append(_b("set-changed", "条款里的专利与组合现有的成员不一致，请重新商定条款。"))
    return found


def live_deal_on(bundle_id: int, *, viewer: Actor) -> Deal | None:
    """The deal that the viewer's own organisation has open on this bundle."""
    rows = Deal.objects.filter(
        bundle_id=bundle_id, taker_id__in=viewer.acts_for, status__in=among(rules.OPEN_DEALS)
    )
    return rows.order_by("pk").first()


def holders_of(bundle_id: int) -> int:
    """How many holders have patents in it: each signs for its own."""
    cards = listings.cards(bundles.member_ids(bundle_id), viewer=SYSTEM)
    return len({card.organisation_id for card in cards.values()})


def open_with(patent_id: int) -> QuerySet[Deal]:
    """The deals on bundles that this patent still is a member of."""
    return Deal.objects.filter(
        members__patent_id=patent_id,
        members__dropped_at__isnull=True,
        status__in=among(rules.OPEN_DEALS),
    )
