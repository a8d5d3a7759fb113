"""Questions about service institutions' lists: whose, what is on them, and what the engine says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, allowed
from listings import selectors as listings
from listings.types import PatentCard
from matching.models import Evaluation, MatchOptOut, Need, Shortlist, ShortlistItem, ShortlistStop
from matching.rules import LIVE_NEED
from matching.rules import shortlists as rules
from matching.rules.shortlists import ShortlistStatus
from matching.selectors import feeding
from matching.selectors.matches import of_demand
from matching.selectors.needs import met_patents
from matching.selectors.whynot import WhyNot, why_many
from matching.types import Demand, DemandKind

MOST_LISTS = 20  # of one need, on its page
MOST_CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One patent of a list as this viewer may see it."""

    id: int
    place: int
    patent_id: int
    patent: PatentCard | None  # None: it may not be looked at any more
    reason: str
    is_on_offer: bool
    interested: bool | None
    rejection: str
    rated_at: datetime | None
    engine: WhyNot | None = None  # what the engine makes of it, for the firm's side only


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list with its lines, and how many of them are not shown."""

    row: Shortlist
    sender: str
    lines: tuple[Line, ...]
    is_mine: bool  # made by the viewer's organisation
    is_firm: bool  # for the viewer's organisation itself
    sees_engine: bool
    hidden: int = 0  # what the firm asked not to see
    stopped: bool = False

    @property
    def gone(self) -> int:
        """How many of the lines are no longer on offer."""
        return sum(not line.is_on_offer for line in self.lines)

    @property
    def found_too(self) -> int:
        """How many of them are in the engine's list as well."""
        return sum(line.engine is not None and line.engine.match_id is not None
                   for line in self.lines)  # fmt: skip

    @property
    def rated(self) -> int:
        return sum(line.rated_at is not None for line in self.lines)


def shortlists(*, viewer: Actor, side: str = "") -> QuerySet[Shortlist]:
    """The lists this viewer may see, newest first; `side` "sent" or "received" narrows."""
    rows = Shortlist.objects.visible_to(viewer).select_related("sender", "need")
    if side == "sent":
        rows = rows.filter(sender_id=viewer.organisation_id or 0)
    elif side == "received":
        rows = rows.filter(firm_id__in=viewer.acts_for, sent_at__isnull=False)
    rows = rows.annotate(
        picks=Count("items"), rated=Count("items", filter=Q(items__rated_at__isnull=False))
    )
    return rows.order_by("-changed_at", "-pk")


def shortlist(pk: int, *, viewer: Actor) -> Shortlist:
    """One list, or Missing."""
    rows = Shortlist.objects.visible_to(viewer).select_related("sender", "need")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Missing("没有这份推荐清单，或它不对贵单位开放。")
    return row


def own_of_need(need_id: int, *, viewer: Actor) -> Shortlist | None:
    """The viewer's own live list for a need."""
    rows = Shortlist.objects.filter(need_id=need_id, sender_id=viewer.organisation_id or 0)
    return rows.exclude(status=ShortlistStatus.WITHDRAWN.value).first()


def may_answer(need: Need, *, viewer: Actor) -> bool:
    """Whether the viewer may put a list to this need."""
    return (
        need.status in LIVE_NEED
        and viewer.organisation_id is not None
        and need.organisation_id != viewer.organisation_id
        and allowed(viewer, Permission.ANSWER_NEED)
    )


def of_need(need: Need, *, viewer: Actor) -> list[Sheet]:
    """What institutions sent for a need, newest first, beside what the engine says of each."""
    rows = Shortlist.objects.visible_to(viewer).filter(need=need, status=ShortlistStatus.SENT.value)
    found = rows.select_related("sender", "need").order_by("-sent_at", "-pk")[:MOST_LISTS]
    return sheets(found, viewer=viewer)


def sheet(pk: int, *, viewer: Actor) -> Sheet:
    """One list as this viewer may see it, or Missing."""
    return sheets([shortlist(pk, viewer=viewer)], viewer=viewer)[0]


def sheets(rows: Iterable[Shortlist], *, viewer: Actor) -> list[Sheet]:
    """These lists, in the same order; the queries grow with the needs, not with the lists."""
    found = list(rows)
    items: dict[int, list[ShortlistItem]] = {row.pk: [] for row in found}
    every = ShortlistItem.objects.filter(shortlist__in=found).order_by("place")
    for item in every:
        items[item.shortlist_id].append(item)
    ids = {item.patent_id for item in every}
    cards = listings.cards(ids, viewer=viewer)
    facts = {f.patent_id: f for f in feeding.facts(ids)}
    known = _Known(
        cards=cards,
        offers=frozenset(pk for pk, fact in facts.items() if fact.matchable),
        owners={pk: {f.organisation_id, *f.holder_organisations} for pk, f in facts.items()},
        hidden=_hidden({row.firm_id for row in found}),
        stops=_stops(found, viewer),
        why=_why(found, items, cards, viewer),
    )
    return [_sheet(row, items[row.pk], known, viewer) for row in found]


@dataclass(frozen=True, slots=True)
class _Known:
    """What all the lists of one answer need to know."""

    cards: dict[int, PatentCard]
    offers: frozenset[int]
    owners: dict[int, set[int | None]]
    hidden: dict[int, tuple[set[int], set[int]]]  # by firm: patents, holders
    stops: frozenset[tuple[int, int]]
    why: dict[int, dict[int, WhyNot]] = field(default_factory=dict)  # by need, by patent


def _sheet(row: Shortlist, items: list[ShortlistItem], known: _Known, viewer: Actor) -> Sheet:
    is_mine = row.sender_id == viewer.organisation_id
    for_firm = row.firm_id in viewer.acts_for and not is_mine
    shown = [item for item in items if not (for_firm and _unwanted(row, item, known))]
    if for_firm and row.status == ShortlistStatus.WITHDRAWN:
        shown = [item for item in shown if item.rated_at is not None]
    why = known.why.get(row.need_id, {})
    return Sheet(
        row=row,
        sender=row.sender.name,
        lines=tuple(
            Line(
                id=item.pk,
                place=item.place,
                patent_id=item.patent_id,
                patent=known.cards.get(item.patent_id),
                reason=item.reason,
                is_on_offer=item.patent_id in known.offers,
                interested=item.interested,
                rejection=item.rejection,
                rated_at=item.rated_at,
                engine=why.get(item.patent_id),
            )
            for item in shown
        ),
        is_mine=is_mine,
        is_firm=row.firm_id == viewer.organisation_id,
        sees_engine=bool(why),
        hidden=len(items) - len(shown) if row.status == ShortlistStatus.SENT else 0,
        stopped=(row.firm_id, row.sender_id) in known.stops,
    )


def _unwanted(row: Shortlist, item: ShortlistItem, known: _Known) -> bool:
    """What a firm asked not to see again, or owns itself."""
    patents, holders = known.hidden.get(row.firm_id, (set(), set()))
    owners = known.owners.get(item.patent_id, set())
    return item.patent_id in patents or bool(owners & holders) or row.firm_id in owners


def _hidden(firms: set[int]) -> dict[int, tuple[set[int], set[int]]]:
    found: dict[int, tuple[set[int], set[int]]] = {firm: (set(), set()) for firm in firms}
    rows = MatchOptOut.objects.filter(organisation_id__in=firms, lifted_at__isnull=True)
    for firm, patent, holder in rows.values_list("organisation_id", "patent_id", "holder_id"):
        if patent is not None:
            found[firm][0].add(patent)
        if holder is not None:
            found[firm][1].add(holder)
    return found


def _stops(rows: list[Shortlist], viewer: Actor) -> frozenset[tuple[int, int]]:
    """Who was told to stop: for the firm's eyes only."""
    firms = {row.firm_id for row in rows} & {viewer.organisation_id}
    stops = ShortlistStop.objects.filter(organisation_id__in=firms, lifted_at__isnull=True)
    return frozenset(stops.values_list("organisation_id", "sender_id"))


def _why(
    rows: list[Shortlist],
    items: dict[int, list[ShortlistItem]],
    cards: dict[int, PatentCard],
    viewer: Actor,
) -> dict[int, dict[int, WhyNot]]:
    """The engine's word on each patent, for those who may see the need's own matches."""
    wanted: dict[int, set[int]] = {}
    for row in rows:
        if row.firm_id in viewer.acts_for and row.status != ShortlistStatus.WITHDRAWN:
            ids = {item.patent_id for item in items[row.pk]} & cards.keys()
            wanted.setdefault(row.need_id, set()).update(ids)
    found = {}
    for need_id, ids in wanted.items():
        patents = [cards[pk] for pk in sorted(ids)]
        said = why_many(Demand(DemandKind.NEED, need_id), patents=patents, viewer=viewer)
        # Neither scored nor refused: there is no engine yet, and nothing to compare with.
        found[need_id] = {pk: one for pk, one in said.items() if one.refusals or one.ticks}
    return found


def evaluation_of(item_id: int, *, viewer: Actor) -> Evaluation | None:
    """What the viewer's organisation last said of this item's patent, wherever it said it."""
    item = ShortlistItem.objects.filter(pk=item_id).values_list("patent_id", flat=True)
    return Evaluation.objects.filter(
        lead__organisation_id=viewer.organisation_id or 0, lead__patent_id__in=item
    ).first()


def item_of(shortlist_id: int, patent_id: int) -> int:
    """The line of a list that is this patent."""
    return ShortlistItem.objects.get(shortlist_id=shortlist_id, patent_id=patent_id).pk


def candidates(need: Need, *, viewer: Actor) -> list[PatentCard]:
    """Patents to begin with: an agent's are the client's matches, a holder's its own of them."""
    if need.organisation_id in viewer.acts_for:
        rows = of_demand(Demand(DemandKind.NEED, need.pk), viewer=viewer)
        ids = list(rows.values_list("patent_id", flat=True)[:MOST_CANDIDATES])
    else:
        ids = met_patents(need.pk, viewer=viewer)[:MOST_CANDIDATES]
    offers = {f.patent_id for f in feeding.facts(set(ids)) if f.matchable}
    cards = listings.cards(offers, viewer=viewer)
    return [cards[pk] for pk in ids if pk in cards]


def unread(*, viewer: Actor) -> QuerySet[Shortlist]:
    """Sent to the viewer's own organisation and not opened yet, oldest first."""
    rows = Shortlist.objects.filter(
        firm_id=viewer.organisation_id or 0,
        status=ShortlistStatus.SENT.value,
        read_at__isnull=True,
    )
    return rows.order_by("sent_at")


def sender_week(organisation_id: int) -> int:
    """How many lists this institution may send in seven days."""
    return _ceiling("shortlist.sender_week", organisation_id, rules.SENDER_WEEK)


def firm_week(organisation_id: int) -> int:
    """How many lists this firm gets in seven days without having asked."""
    return _ceiling("shortlist.firm_week", organisation_id, rules.FIRM_WEEK)


def _ceiling(key: str, organisation_id: int, default: int) -> int:
    region = people.organisation(organisation_id).region
    return int(people.region_setting(key, region, default=default))
