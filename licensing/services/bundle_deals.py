"""A bundle 专利组合 taken as one deal: asked for whole, and without what fell away meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import uuid4

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Deal, DealMember
from licensing.models.deals import among
from licensing.rules import bundle_deals as rules
from licensing.rules import deals
from licensing.rules.deal_kinds import EXCHANGEABLE
from licensing.rules.deals import DealStatus, Party, TermsStatus
from licensing.selectors import bundle_deals as questions
from licensing.services.deal_ground import (
    advance,
    be_among,
    locked_deal,
    need,
    party_of,
    tell_parties,
)
from licensing.services.deals import Bundle, answer, open_talk, taker_of, unpin
from listings import selectors as listings
from listings.selectors.shelves import bundles
from listings.types import PatentCard

SYSTEM = Actor.system()
MOST_WISH = 2000
ALL_ASKED = "组合里的每一件贵单位都已有进行中的洽谈，请先终止其中一笔。"


@transaction.atomic
def inquire_bundle(
    *, bundle_id: int, kind: str, wish: str, by: Actor, now: datetime, taker_id: int | None = None
) -> list[Deal]:
    """A firm asks for all patents of a bundle on offer: one contract with each of their holders.

    Consent to be offered in another's bundle is no power to sign, so every holder answers for
    its own; the first deal is the one with whoever offers the bundle.
    """
    taker_id = taker_of(by, taker_id)
    offered = bundles.bundle(bundle_id, viewer=by)
    require(by, Permission.OPEN_DEAL)
    if kind not in EXCHANGEABLE:
        raise Invalid(fields={"kind": ["组合可以整体转让，或者普通、排他、独占许可。"]})
    wish = need(wish, "wish", "请写明想用在哪里、希望怎样合作。")
    if offered.status != "listed":
        raise Conflict("这个组合没有在架，暂时不能询价。", code="not-listed")
    if offered.organisation_id == taker_id:
        raise Conflict("这是本单位自己的组合，不需要询价。", code="own-patent")
    parts = _parts(bundle_id, lead=offered.organisation_id)
    for holder in {taker_id} | _holders_asked(bundle_id, parts, taker_id):
        parts.pop(holder, None)
    if not parts:
        said = "贵单位对这个组合的权利人都已有进行中的洽谈，请在“洽谈”中继续。"
        raise Conflict(said, code="already-asked")
    ask = partial(_ask_holder, bundle_id, offered.title, kind, wish, taker_id, by=by, now=now)
    return _link([ask(holder, cards) for holder, cards in parts.items()])


def _link(rows: list[Deal]) -> list[Deal]:
    """Let the firm find them beside each other: no holder is told who else was asked."""
    if len(rows) > 1:
        inquiry = uuid4()
        for row in rows:
            row.inquiry = inquiry
        Deal.objects.bulk_update(rows, ["inquiry"])
    return rows


def _parts(bundle_id: int, *, lead: int) -> dict[int, list[PatentCard]]:
    """Its patents by whoever can sign for them, the one that offers the bundle first."""
    ids = bundles.member_ids(bundle_id)
    cards = listings.cards(ids, viewer=SYSTEM)
    found: dict[int, list[PatentCard]] = {lead: []}
    for card in (cards[i] for i in ids if i in cards):
        if card.organisation_id is None:
            raise Conflict(
                f"{card.printed} 的权利人还没有入驻平台，组合暂不能整体洽谈。", code="no-keeper"
            )
        found.setdefault(card.organisation_id, []).append(card)
    return {holder: part for holder, part in found.items() if part}


def _ask_holder(
    bundle_id: int,
    title: str,
    kind: str,
    wish: str,
    taker_id: int,
    holder_id: int,
    cards: list[PatentCard],
    *,
    by: Actor,
    now: datetime,
) -> Deal:
    """The deal with one holder: on its patents of the bundle as one, or on its only one."""
    if len(cards) < rules.FEWEST:
        said = f"（专利组合“{title}”中的一件）{wish}"[:MOST_WISH]
        return open_talk(cards[0], holder_id, taker_id, kind, said, by=by, now=now)
    bundle = Bundle(bundle_id, title, len(cards))
    first = _first_free(cards, taker_id)
    row = open_talk(first, holder_id, taker_id, kind, wish, bundle=bundle, by=by, now=now)
    DealMember.objects.bulk_create(
        DealMember(
            deal=row,
            patent_id=card.id,
            position=place,
            patent_number=card.printed,
            patent_title=card.title,
        )
        for place, card in enumerate(cards, start=1)
    )
    return row


def _holders_asked(
    bundle_id: int, parts: Mapping[int, Sequence[PatentCard]], taker_id: int
) -> set[int]:
    """The holders with whom this firm talks about their part already."""
    mine = Deal.objects.filter(taker_id=taker_id, status__in=among(deals.OPEN_DEALS))
    found = set(mine.filter(bundle_id=bundle_id).values_list("holder_id", flat=True))
    busy = _asked_already([card.id for part in parts.values() for card in part], taker_id)
    return found | {
        holder for holder, part in parts.items() if all(card.id in busy for card in part)
    }


def _asked_already(ids: Sequence[int], taker_id: int) -> set[int]:
    """The patents under which this firm has a deal open: one per firm and patent."""
    rows = Deal.objects.filter(
        patent_id__in=ids, taker_id=taker_id, status__in=among(deals.OPEN_DEALS)
    )
    return set(rows.values_list("patent_id", flat=True))


def _first_free(cards: list[PatentCard], taker_id: int) -> PatentCard:
    """The member under which the deal is filed: one open deal per firm and patent."""
    busy = _asked_already([card.id for card in cards], taker_id)
    free = next((card for card in cards if card.id not in busy), None)
    if free is None:
        raise Conflict(ALL_ASKED, code="already-asked")
    return free


@transaction.atomic
def drop_member(*, deal_id: int, patent_id: int, reason: str, by: Actor, now: datetime) -> Deal:
    """Leave out a member that cannot be had; terms that contained it are to be agreed anew."""
    row = locked_deal(deal_id, by=by)
    side = party_of(row, by=by)
    be_among(row, deals.OPEN_DEALS, "去掉成员")
    line = next((x for x in questions.lines(row, at=now) if _is(x, patent_id)), None)
    if line is None:
        raise Missing("这笔洽谈的组合里没有这件专利，或者已经去掉。")
    if not line.droppable:
        raise Conflict(rules.WHOLE, code="whole-bundle")
    if len(questions.standing(row)) <= rules.FEWEST:
        raise Conflict(rules.TOO_FEW, code="too-few")
    said = reason.strip()[:1500]
    because = "；".join(dict.fromkeys(b.message for b in line.against))
    member = line.member
    member.dropped_at, member.dropped_by = now, by.key
    member.dropped_reason = f"{because}{said}"
    member.save(update_fields=["dropped_at", "dropped_by", "dropped_reason"])
    _refile(row, patent_id)
    _open_again(row, f"组合去掉 {member.patent_number}", by=by, now=now)
    changes = {"patent_id": patent_id, "reason": member.dropped_reason}
    audit.record("deal.member_dropped", subject=row, by=by, at=now, changes=changes)
    tell_parties(row, deals.other(side), key=f"dropped:{patent_id}", now=now,
                 title="组合去掉一件专利，请重新商定条款",
                 body=f"{member.patent_number}：{member.dropped_reason}")  # fmt: skip
    return row


def _is(line: questions.MemberLine, patent_id: int) -> bool:
    return line.member.patent_id == patent_id and not line.dropped


def _refile(row: Deal, patent_id: int) -> None:
    """A deal filed under the patent that left is filed under another that stands."""
    left = [m for m in row.members.all() if m.dropped_at is None and m.patent_id != patent_id]
    title = Bundle(row.bundle_id or 0, row.bundle_title, len(left)).heading
    if row.patent_id == patent_id:
        cards = listings.cards([m.patent_id for m in left], viewer=SYSTEM)
        card = _first_free([cards[m.patent_id] for m in left if m.patent_id in cards], row.taker_id)
        row.patent_id, row.patent_number = card.id, card.printed
    row.patent_title = title
    row.save(update_fields=["patent_id", "patent_number", "patent_title"])


def _open_again(row: Deal, reason: str, *, by: Actor, now: datetime) -> None:
    """No version that contains it stands or waits any more."""
    if row.status in deals.BEFORE_SIGNING:
        unpin(row, reason, by=by, now=now)
    for version in row.versions.filter(status=TermsStatus.PROPOSED):
        answer(version, "replace", reason=reason, by=by, now=now)
    if row.status == DealStatus.NEGOTIATING:
        advance(row, now=now)


@transaction.atomic
def follow_member(*, patent_id: int, turn: str, now: datetime) -> int:
    """A member lapsed or changed hands: both sides of every open deal on its bundle hear of it."""
    rung = 0
    for row in questions.open_with(patent_id).order_by("pk"):
        line = next((x for x in questions.lines(row, at=now) if _is(x, patent_id)), None)
        if line is None or not line.against:
            continue
        rung += 1
        tell_parties(row, *Party, key=f"member:{patent_id}:{turn}", now=now,
                     title="组合里有一件不能再成交",
                     body=f"{line.member.patent_number}：{line.against[0].message}"
                     "请去掉这一件并重新商定条款，或者终止洽谈。")  # fmt: skip
    return rung
