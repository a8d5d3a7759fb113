"""Questions about matches: whose they are, what they show, and what holders may learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from core.people import selectors as people
from core.people.types import Actor
from core.reference import selectors as reference
from listings import selectors as listings
from listings.types import PatentCard
from matching import rules
from matching.models import Evaluation, Lead, Match, MatchOptOut, Need, Subscription
from matching.selectors import feeding
from matching.selectors.explained import explain
from matching.types import Bar, Demand, DemandKind

MOST_COMPARED = 4


@dataclass(frozen=True, slots=True)
class MatchQuery:
    """How a reader narrows and orders a list of matches."""

    demand: str = ""  # "n12", "s7"
    state: str = ""  # "", "new", "unrated", "pushed", "interested", "rejected"
    least: int = 0
    sort: str = "score"  # or "new"


@dataclass(frozen=True, slots=True)
class MatchCard:
    """One match as a page shows it."""

    id: int
    patent: PatentCard
    demand: Demand
    demand_name: str
    ticks: int
    score: int
    bars: tuple[Bar, ...]
    reasons: tuple[dict[str, Any], ...]
    engine_id: int
    computed_at: datetime
    first_at: datetime
    pushed_at: datetime | None = None
    viewed_at: datetime | None = None
    evaluation: Evaluation | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The words both sides share."""
        return next((bar.words for bar in self.bars if bar.code == "text"), ())

    @property
    def sum_shown(self) -> str:
        """How the parts add up, as people check it: "41 + 12 + 8 = 61"."""
        parts = " + ".join(str(bar.points) for bar in self.bars).replace("+ -", "− ")
        return f"{parts} = {self.score}"


def today(*, viewer: Actor, query: MatchQuery) -> QuerySet[Match]:
    """All matches of the viewer's demands, each patent once with its best."""
    mine = Match.objects.visible_to(viewer).filter(organisation_id__in=viewer.acts_for)
    best = _narrow(mine, query).order_by("patent_id", "-ticks", "pk").distinct("patent_id")
    order = ("-first_at", "-ticks", "patent_id") if query.sort == "new" else ("-ticks", "patent_id")
    return Match.objects.filter(pk__in=best.values("pk")).order_by(*order)


def matches(*, viewer: Actor) -> QuerySet[Match]:
    """Every match this viewer may see, best first."""
    return Match.objects.visible_to(viewer).order_by("-ticks", "patent_id", "pk")


def matches_of(*, viewer: Actor, need: str = "", subscription: str = "") -> QuerySet[Match]:
    """The same, narrowed to one demand; an id that is none finds nothing."""
    rows = matches(viewer=viewer)
    for column, asked in (("need_id", need), ("subscription_id", subscription)):
        if asked:
            known = asked.isascii() and asked.isdigit() and len(asked) < 19
            rows = rows.filter(**{column: int(asked)}) if known else rows.none()
    return rows


def still_on_offer(rows: Iterable[Match]) -> list[Match]:
    """Those matches whose patent may be matched at this very moment."""
    found = list(rows)
    offers = {f.patent_id for f in feeding.facts({m.patent_id for m in found}) if f.matchable}
    return [row for row in found if row.patent_id in offers]


def of_demand(demand: Demand, *, viewer: Actor) -> QuerySet[Match]:
    """The list of one need or subscription, best first."""
    rows = Match.objects.visible_to(viewer).filter(**{f"{demand.kind.value}_id": demand.id})
    return rows.order_by("-ticks", "patent_id")


def _narrow(rows: QuerySet[Match], query: MatchQuery) -> QuerySet[Match]:
    if query.demand:
        demand = Demand.of_key(query.demand)
        rows = rows.filter(**{f"{demand.kind.value}_id": demand.id})
    if query.least:
        rows = rows.filter(ticks__gte=query.least * 10_000)
    leads = Lead.objects.filter(
        organisation_id=OuterRef("organisation_id"), patent_id=OuterRef("patent_id")
    )
    if query.state == "new":
        rows = rows.filter(~Exists(leads.filter(viewed_at__isnull=False)))
    elif query.state == "unrated":
        rows = rows.filter(~Exists(leads.filter(rated_at__isnull=False)))
    elif query.state == "pushed":
        rows = rows.filter(Exists(leads.filter(pushed_at__isnull=False, rated_at__isnull=True)))
    elif query.state == "interested":
        rows = rows.filter(Exists(leads.filter(evaluation__interested=True)))
    elif query.state == "rejected":
        rows = rows.filter(Exists(leads.filter(evaluation__interested=False)))
    return rows


def cards(rows: Iterable[Match], *, viewer: Actor) -> list[MatchCard]:
    """These matches as pages show them, in the same order.

    Asked again of listings at this very moment: what is blocked, suspended or withdrawn now is
    left out even if no event has reached us yet.
    """
    found = list(rows)
    ids = {row.patent_id for row in found}
    patents = listings.cards(ids, viewer=viewer)
    offers = {facts.patent_id for facts in feeding.facts(ids) if facts.matchable}
    leads = _leads(found)
    names = demand_names(row.demand for row in found)
    explain(found)
    shown = []
    for row in found:
        patent = patents.get(row.patent_id)
        if patent is None or row.patent_id not in offers:
            continue
        lead = leads.get((row.organisation_id, row.patent_id))
        shown.append(_card(row, patent, names.get(row.demand.key, ""), lead))
    return shown


def _card(row: Match, patent: PatentCard, name: str, lead: Lead | None) -> MatchCard:
    return MatchCard(
        id=row.pk,
        patent=patent,
        demand=row.demand,
        demand_name=name,
        ticks=row.ticks,
        score=rules.whole_score(row.ticks),
        bars=tuple(rules.bars(row.reasons)),
        reasons=tuple(row.reasons),
        engine_id=row.engine_id,
        computed_at=row.computed_at,
        first_at=row.first_at,
        pushed_at=lead.pushed_at if lead else None,
        viewed_at=lead.viewed_at if lead else None,
        evaluation=getattr(lead, "evaluation", None) if lead else None,
    )


def _leads(rows: Sequence[Match]) -> dict[tuple[int, int], Lead]:
    found = Lead.objects.filter(
        organisation_id__in={row.organisation_id for row in rows},
        patent_id__in={row.patent_id for row in rows},
    ).select_related("evaluation")
    return {(lead.organisation_id, lead.patent_id): lead for lead in found}


def demand_names(demands: Iterable[Demand]) -> dict[str, str]:
    """What each demand is called, by key."""
    from_kind: dict[DemandKind, set[int]] = {kind: set() for kind in DemandKind}
    for demand in demands:
        from_kind[demand.kind].add(demand.id)
    needs = Need.objects.filter(pk__in=from_kind[DemandKind.NEED])
    profiles = Subscription.objects.filter(pk__in=from_kind[DemandKind.SUBSCRIPTION])
    names = {f"n{pk}": title for pk, title in needs.values_list("pk", "title")}
    return names | {f"s{pk}": name for pk, name in profiles.values_list("pk", "name")}


def card(match_id: int, *, viewer: Actor) -> MatchCard | None:
    """One match as its page shows it; None when it is gone, off, or not the viewer's."""
    found = cards(Match.objects.visible_to(viewer).filter(pk=match_id), viewer=viewer)
    return found[0] if found else None


def compared(ids: Sequence[int], *, viewer: Actor) -> list[MatchCard]:
    """Up to four matches beside each other, in the order asked for."""
    rows = {m.pk: m for m in Match.objects.visible_to(viewer).filter(pk__in=ids[:MOST_COMPARED])}
    return cards([rows[pk] for pk in dict.fromkeys(ids) if pk in rows], viewer=viewer)


# --- the receiver's own ----------------------------------------------------------------------


def opt_outs(*, viewer: Actor) -> QuerySet[MatchOptOut]:
    """What the viewer's organisations asked not to see, newest first."""
    rows = MatchOptOut.objects.filter(organisation_id__in=viewer.acts_for, lifted_at__isnull=True)
    return rows.select_related("holder").order_by("-pk")


def evaluations(*, viewer: Actor) -> QuerySet[Evaluation]:
    """What the viewer's organisations said of patents, newest first."""
    rows = Evaluation.objects.select_related("lead").order_by("-pk")
    if viewer.is_system:
        return rows
    return rows.filter(lead__in=Lead.objects.visible_to(viewer))


def unrated_pushes(*, viewer: Actor) -> QuerySet[Lead]:
    """What was pushed to the viewer's organisations and nobody has rated yet, oldest first."""
    return Lead.objects.filter(
        organisation_id__in=viewer.acts_for, pushed_at__isnull=False, rated_at__isnull=True
    ).order_by("pushed_at")


# --- the holder's side -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Received:
    """Somebody's interest in one of the holder's patents; nameless until they make contact."""

    patent: PatentCard | None
    patent_id: int
    who: str
    is_named: bool
    region: str
    industries: tuple[str, ...]
    rated_at: datetime | None
    contacted_at: datetime | None
    interested: bool | None
    prospect: int | None
    reason: str
    improvement: str
    cooperation: str
    wishes: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()


def received(*, viewer: Actor) -> QuerySet[Lead]:
    """Leads on the viewer's patents that somebody rated or followed up, newest first."""
    rows = Lead.objects.filter(supplier_id__in=viewer.acts_for, rated_at__isnull=False)
    return rows.select_related("evaluation").order_by("-rated_at", "-pk")


def received_cards(leads: Iterable[Lead], *, viewer: Actor) -> list[Received]:
    """Those leads as the holder may see them."""
    rows = list(leads)
    firms = people.organisations({lead.organisation_id for lead in rows})
    patents = listings.cards({lead.patent_id for lead in rows}, viewer=viewer)
    found = []
    for lead in rows:
        firm, said = firms[lead.organisation_id], getattr(lead, "evaluation", None)
        named = lead.contacted_at is not None
        sections = tuple(dict.fromkeys(reference.industry_name(c[:2]) for c in firm.industry_codes))
        found.append(
            Received(
                patent=patents.get(lead.patent_id),
                patent_id=lead.patent_id,
                who=firm.name if named else "",
                is_named=named,
                region=reference.region_name(firm.region[:4]),
                industries=sections,
                rated_at=lead.rated_at,
                contacted_at=lead.contacted_at,
                interested=said.interested if said else None,
                prospect=said.prospect if said else None,
                reason=said.get_reason_display() if said and said.reason else "",
                improvement=said.improvement if said else "",
                cooperation=said.cooperation if said and named else "",
                wishes=tuple(said.wishes) if said else (),
                intents=tuple(said.intents) if said and named else (),
            )
        )
    return found


def rejection_counts(*, viewer: Actor) -> list[tuple[str, int]]:
    """Why firms turned the viewer's patents down, most frequent first: (code, how often)."""
    reasons = (
        Evaluation.objects.filter(lead__supplier_id__in=viewer.acts_for, interested=False)
        .exclude(reason="")
        .values_list("reason", flat=True)
    )
    return Counter(reasons).most_common()


def wish_counts(*, viewer: Actor) -> list[tuple[str, int]]:
    """What firms wish of the viewer's patents, most frequent first: (code, how often)."""
    rows = Evaluation.objects.filter(lead__supplier_id__in=viewer.acts_for).exclude(wishes=[])
    return Counter(
        code for wishes in rows.values_list("wishes", flat=True) for code in wishes
    ).most_common()


def was_mine(match_id: int, *, viewer: Actor) -> bool:
    """Whether this is a match of the viewer's, be it withdrawn or hidden by now."""
    return Match.objects.filter(pk=match_id, organisation_id__in=viewer.acts_for).exists()


def interest_count(*, viewer: Actor) -> int:
    """How many firms are interested in the viewer's patents."""
    return Evaluation.objects.filter(lead__supplier_id__in=viewer.acts_for, interested=True).count()
