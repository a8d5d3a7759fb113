"""Questions about deals: who sees which, what stands against them, what they need next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, Min, Prefetch, Q, QuerySet

from core.days import legal_day
from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from core.reference import selectors as reference
from licensing.models import Deal, DealItem, DealMessage, OpenDeclaration, TermsVersion
from licensing.models.deals import among
from licensing.rules import deal_kinds
from licensing.rules import deals as rules
from licensing.rules.deals import DealKind, DealStatus, Party, Terms, TermsStatus, Waits
from licensing.rules.moves import IN_FORCE, DeclarationStatus
from licensing.selectors import bundle_deals
from listings import selectors as listings
from listings.types import Blocker, PatentCard

if TYPE_CHECKING:
    from core.attachments.models import Attachment

FUNDER = "funder-approval"
NOT_FOUND = "没有找到这笔洽谈，或您无权查看。"
POSTING_KINDS = "deal.posting_kinds"
KINDS = [(k.value, rules.KIND_LABELS[k]) for k in DealKind]
ASKED_OF_HOLDER = [(k.value, rules.KIND_LABELS[k]) for k in deal_kinds.ASKED_OF_HOLDER]
EXCHANGEABLE = [(c, label) for c, label in KINDS if c in deal_kinds.EXCHANGEABLE]
STATUSES = [(s.value, rules.DEAL_LABELS[s]) for s in DealStatus]
APPROVALS = [(k.value, rules.APPROVAL_LABELS[k]) for k in rules.ApprovalKind]


def lines_of(version: TermsVersion) -> list[tuple[str, str]]:
    """A version in words, provinces by their names."""
    return version.lines({r.code[:2]: r.name for r in reference.provinces()})


def deals(*, viewer: Actor, status: str = "", mine: bool = False) -> QuerySet[Deal]:
    """The deals this viewer may see, newest first, with parties; `mine`: those waiting for it."""
    rows = Deal.objects.visible_to(viewer)
    if status:
        rows = rows.filter(status=status)
    if mine:
        rows = rows.filter(waiting_on(viewer))
    return rows.select_related("holder", "taker", "agreed_terms").order_by("-pk")


def waiting_on(viewer: Actor) -> Q:
    """The deals in which it is the viewer's turn."""
    either = Waits.BOTH.value
    holder = Q(holder_id__in=viewer.acts_for, waits_for__in=sorted([Waits.HOLDER.value, either]))
    taker = Q(taker_id__in=viewer.acts_for, waits_for__in=sorted([Waits.TAKER.value, either]))
    return holder | taker


@dataclass(frozen=True, slots=True)
class DealsWaiting:
    """How many deals wait for somebody, and since when the oldest does."""

    count: int
    since: datetime | None


def deals_waiting(*, viewer: Actor) -> DealsWaiting:
    """What waits for this actor among the deals."""
    if not viewer.acts_for:
        return DealsWaiting(0, None)
    found = Deal.objects.filter(waiting_on(viewer)).aggregate(
        n=Count("pk"), at=Min("waiting_since")
    )
    return DealsWaiting(found["n"], found["at"])


def deal(deal_id: int, *, viewer: Actor) -> Deal:
    """One deal with all its page shows; Missing when the viewer may not see it."""
    versions = TermsVersion.objects.select_related("plan").prefetch_related(
        "plan__parts", "patents", "files__attachment", "copies__attachment"
    )
    items = DealItem.objects.select_related("posting", "licence")
    found = (
        Deal.objects.visible_to(viewer)
        .select_related("holder", "taker", "under")
        .prefetch_related(
            Prefetch("versions", queryset=versions),
            Prefetch("items", queryset=items),
            "messages__attachment",
            "approvals__attachment",
        )
        .filter(pk=deal_id)
        .first()
    )
    if found is None:
        raise Missing(NOT_FOUND)
    return found


def beside(row: Deal, *, viewer: Actor) -> list[Deal]:
    """The deals out of the same inquiry, for the firm that asked: the holders know nothing of them.

    Whoever stands on a holder's side of it is shown none, be it an agent of both: what the firm
    talks about with others is no office's business. Nor is it an overseer's here, who finds agreed
    deals in the list.
    """
    if row.inquiry is None or side_of(row, viewer) != Party.TAKER:
        return []
    rows = Deal.objects.visible_to(viewer).filter(inquiry=row.inquiry, taker_id=row.taker_id)
    return list(rows.exclude(pk=row.pk).select_related("holder").order_by("pk"))


def side_of(row: Deal, viewer: Actor) -> str:
    """Which party the viewer acts for: "" for an overseer, and for whoever acts for both."""
    mine = [p.value for p in Party if row.side(p).organisation_id in viewer.acts_for]
    return mine[0] if len(mine) == 1 else ""


def versions_for(row: Deal, viewer: Actor) -> list[TermsVersion]:
    """The versions this viewer may read, oldest first: parties all, overseers the agreed one."""
    found = list(row.versions.all())
    if row.side(Party.HOLDER).organisation_id in viewer.acts_for:
        return found
    if row.side(Party.TAKER).organisation_id in viewer.acts_for:
        return found
    return [v for v in found if v.pk == row.agreed_terms_id]


def messages_for(row: Deal, viewer: Actor) -> list[DealMessage]:
    """The talk, which is the parties' own."""
    own = {row.holder_id, row.taker_id} & viewer.acts_for
    return list(row.messages.all()) if own else []


def open_proposal(versions: Iterable[TermsVersion]) -> TermsVersion | None:
    """The version that waits for an answer."""
    return next((v for v in versions if v.status == TermsStatus.PROPOSED), None)


def agreed_version(row: Deal) -> TermsVersion | None:
    """The version the deal is pinned to; no query when versions are prefetched."""
    return next((v for v in row.versions.all() if v.pk == row.agreed_terms_id), None)


def copies_of(version: TermsVersion | None) -> dict[str, object]:
    """The signed copies that stand, by side."""
    rows = version.copies.all() if version else []
    return {copy.side: copy for copy in rows if copy.rejected_at is None}


def needs_posting(row: Deal) -> bool:
    """Whether the holder must post an agreed price (TL18): public institutes, no auction."""
    if row.origin == Deal.Origin.AUCTION or not rules.KINDS[DealKind(row.kind)].posts:
        return False
    kinds = people.region_setting(POSTING_KINDS, row.region, default=rules.POSTING_KINDS)
    return people.organisation(row.holder_id).kind in kinds


def guards(row: Deal, terms: Terms, *, at: datetime, signing: bool) -> list[Blocker]:
    """Every reason against this deal on these terms, patent by patent and its own, hard first."""
    found: list[Blocker] = []
    patents = (*terms.patents, *terms.counter)
    for patent_id in patents:
        card = listings.card(patent_id, viewer=Actor.system())
        reasons = _of_patent(row, terms, card, at=at)
        if len(patents) > 1:
            reasons = [replace(b, message=f"{card.printed}：{b.message}") for b in reasons]
        found += reasons
    funded = any(b.code == FUNDER for b in found)
    approvals = frozenset(row.approvals.values_list("kind", flat=True))
    if terms.foreign or rules.ApprovalKind.FUNDER.value in approvals:
        found = [b for b in found if b.code != FUNDER]  # the deal's own rule says it harder
    own = rules.DealFacts(
        kind=terms.kind,
        foreign=terms.foreign,
        needs_posting=needs_posting(row),
        posted=row.posted_on is not None,
        approvals=approvals,
        funded=funded,
        moved_on=_moved_on(row, terms),
        in_transfer=_in_transfer(row, terms),
        declared=_declared(terms),
        head=head_of(row, terms, at=at),
    )
    found += rules.deal_blockers(own, signing=signing)
    found += bundle_deals.blockers(row, terms, at=at)
    return sorted(found, key=lambda blocker: not blocker.hard)


def _of_patent(row: Deal, terms: Terms, card: PatentCard, *, at: datetime) -> list[Blocker]:
    action, starts_on = rules.ACTIONS.get(terms.kind), legal_day(at)
    if action is None:
        return []  # no right changes hands
    if terms.kind in deal_kinds.TRANSFERS:
        return listings.can(card.id, action, at=at)
    ends_on = None
    if card.expires_on is not None and card.expires_on > starts_on:
        ends_on = rules.last_day(starts_on, terms.months, expires_on=card.expires_on)
    return listings.can(
        card.id,
        action,
        at=at,
        starts_on=starts_on,
        ends_on=ends_on,
        territory=terms.territory,
        modes=terms.modes,
        except_for=row.under.encumbrance_id if row.under else None,
    )


def head_of(row: Deal, terms: Terms, *, at: datetime) -> deal_kinds.Head | None:
    """The licence above a sub-licence, beside what is wanted under it; None for other kinds."""
    head = row.under
    if head is None or head.ends_on is None:
        return None
    item = DealItem.objects.select_related("deal__agreed_terms").filter(licence=head).first()
    version = item.deal.agreed_terms if item else None
    starts_on = legal_day(at)
    ends_on = rules.last_day(starts_on, terms.months, expires_on=head.ends_on)
    return deal_kinds.Head(
        in_force=head.status in IN_FORCE and starts_on <= head.ends_on,
        allowed=version is not None and version.sublicensing,
        cells_within=version is not None
        and deal_kinds.within(terms.territory, version.territory)
        and set(terms.modes) <= set(version.modes),
        days_within=terms.months is None or ends_on <= head.ends_on,
        still_held=head.licensee_id == row.holder_id,
    )


def _moved_on(row: Deal, terms: Terms) -> bool:
    cards = listings.cards((*terms.patents, *terms.counter), viewer=Actor.system())
    keepers = {i: cards[i].organisation_id for i in cards}
    if any(keepers.get(i) != row.taker_id for i in terms.counter):
        return True
    if row.under_id:
        return False  # the licensee disposes of its licence, not of the patent
    return any(keepers.get(i) != row.holder_id for i in terms.patents)


def _in_transfer(row: Deal, terms: Terms) -> bool:
    if terms.kind in deal_kinds.WORKS or terms.kind is DealKind.SUBLICENCE:
        return False
    patents = (*terms.patents, *terms.counter)
    held = DealItem.objects.filter(patent_id__in=patents, holds_transfer=True)
    return held.exclude(deal=row).exists()


def _declared(terms: Terms) -> bool:
    return OpenDeclaration.objects.filter(
        patent_id__in=terms.patents, status=DeclarationStatus.ANNOUNCED
    ).exists()


def open_deals_on(patent_ids: Iterable[int], *, but: int) -> list[Deal]:
    """Other deals that are still talked about on these patents."""
    rows = Deal.objects.filter(
        patent_id__in=list(patent_ids), status__in=among(rules.OPEN_DEALS)
    ).exclude(pk=but)
    return list(rows.order_by("pk"))


def live_deal_of(patent_id: int, *, viewer: Actor) -> Deal | None:
    """The deal that the viewer's own organisation has open on this patent."""
    rows = Deal.objects.filter(
        patent_id=patent_id, taker_id__in=viewer.acts_for, status__in=among(rules.OPEN_DEALS)
    )
    return rows.order_by("-pk").first()


def file_of(row: Deal, attachment_id: int, *, viewer: Actor) -> Attachment:
    """A file of the deal, among those that the viewer may read; Missing otherwise."""
    versions = versions_for(row, viewer)
    found = [f.attachment for v in versions for f in v.files.all()]
    found += [c.attachment for v in versions for c in v.copies.all()]
    found += [a.attachment for a in row.approvals.all()]
    found += [m.attachment for m in messages_for(row, viewer) if m.attachment]
    for attachment in found:
        if attachment.pk == attachment_id:
            return attachment
    raise Missing("没有找到这个文件，或您无权查看。")
