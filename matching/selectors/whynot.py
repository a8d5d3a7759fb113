"""Why not this patent? The filter that refused it, or its score and what it lacks, or its rank."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from listings import selectors as listings
from listings.types import PatentCard
from matching import engine, rules
from matching.models import EngineVersion, Match, MatchOptOut, Need, Subscription
from matching.rules import whynot
from matching.selectors import arena, feeding
from matching.selectors.fitting import bars_of
from matching.selectors.matches import demand_names
from matching.types import Bar, Demand, DemandKind

_ADDRESS = re.compile(r"/patents/(\d{1,15})(?:/|$|\?|#)")
LONGEST = 300
MOST = 100  # of each kind in the list to choose from


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The answer about one demand and one patent."""

    patent: PatentCard
    demand: Demand
    demand_name: str
    answer: whynot.Answer
    refusals: tuple[whynot.Filter, ...]
    ticks: int | None
    bars: tuple[Bar, ...]
    absent: tuple[str, ...]
    rank: int | None
    match_id: int | None
    last_ticks: int | None  # the score at the end of a full list

    @property
    def score(self) -> int | None:
        return None if self.ticks is None else rules.whole_score(self.ticks)


def demands(*, viewer: Actor) -> list[tuple[Demand, str]]:
    """Everything of the viewer's that can be asked about, newest first, with or without matches."""
    found: list[tuple[Demand, str]] = []
    for kind, model, name in (
        (DemandKind.NEED, Need, "title"),
        (DemandKind.SUBSCRIPTION, Subscription, "name"),
    ):
        rows = model._default_manager.filter(organisation_id__in=viewer.acts_for).order_by("-pk")
        found += [(Demand(kind, pk), text) for pk, text in rows.values_list("pk", name)[:MOST]]
    return found


def patent_named(text: str, *, viewer: Actor) -> PatentCard | None:
    """The patent that people mean by a number in any spelling or by its page's address."""
    text = text[:LONGEST].strip()
    if found := _ADDRESS.search(text):
        pk = int(found[1])
        return listings.cards([pk], viewer=viewer).get(pk)
    return listings.find(text, viewer=viewer) if text else None


def why_not(demand: Demand, *, patent: PatentCard, viewer: Actor) -> WhyNot:
    """Where the patent stands with one of the viewer's demands; Missing when it is not theirs."""
    owner = _owner(demand, viewer=viewer)
    live = feeding.demands([demand]).get(demand.key)
    supply = next(feeding.supplies([patent.id]), None)
    refused = whynot.refusals(_pair(owner, live, supply, patent, viewer=viewer))
    hit = None if refused else _scored(live, supply)
    match, rank, last = _place(demand, patent.id)
    bars = bars_of(hit) if hit else ()
    return WhyNot(
        patent=patent,
        demand=demand,
        demand_name=demand_names([demand]).get(demand.key, ""),
        answer=whynot.answer(
            refused=hit is None,
            ticks=hit.ticks if hit else 0,
            floor=rules.FLOOR,
            rank=None if refused else rank,
            last=last,
        ),
        refusals=tuple(refused),
        ticks=hit.ticks if hit else None,
        bars=bars,
        absent=tuple(whynot.absent({bar.code for bar in bars})) if hit else (),
        rank=None if refused else rank,
        match_id=match.pk if match and not refused else None,
        last_ticks=last,
    )


def _owner(demand: Demand, *, viewer: Actor) -> int:
    """Whose demand it is, if it is the viewer's."""
    model = Need if demand.kind is DemandKind.NEED else Subscription
    rows = model._default_manager.filter(pk=demand.id, organisation_id__in=viewer.acts_for)
    found = rows.values_list("organisation_id", flat=True).first()
    if found is None:
        raise Missing("没有这条需求或订阅，或它不属于贵单位。")
    return int(found)


def _pair(
    owner: int,
    live: engine.Demand | None,
    supply: engine.Supply | None,
    patent: PatentCard,
    *,
    viewer: Actor,
) -> whynot.Pair:
    standing = MatchOptOut.objects.filter(organisation_id=owner, lifted_at__isnull=True)
    holder = patent.organisation_id
    wants = viewer.user_id is None or bool(people.wants_recommendations([viewer.user_id]))
    return whynot.Pair(
        demand_is_live=live is not None,
        recommends=wants,
        is_listed=supply is not None,
        is_free=supply is not None and supply.matchable,
        is_own=holder == owner,
        is_shared=supply is not None and owner in supply.hidden_from,
        opted_patent=standing.filter(patent_id=patent.id).exists(),
        opted_holder=holder is not None and standing.filter(holder_id=holder).exists(),
    )


def _scored(live: engine.Demand | None, supply: engine.Supply | None) -> engine.Hit | None:
    version = EngineVersion.objects.filter(is_active=True).defer("corpus").first()
    if version is None or live is None or supply is None:
        return None
    return arena.scorer(version).explain(live, supply)


def _place(demand: Demand, patent_id: int) -> tuple[Match | None, int | None, int | None]:
    """The match, its place in the list, and the last score of a full list."""
    column = f"{demand.kind.value}_id"
    rows = list(
        Match.objects.wanted()
        .filter(**{column: demand.id})
        .order_by("-ticks", "patent_id")
        .only("pk", "patent_id", "ticks", "need_id", "subscription_id")
    )
    last = rows[-1].ticks if len(rows) >= rules.KEEP else None
    for place, row in enumerate(rows, start=1):
        if row.patent_id == patent_id:
            return row, place, last
    return None, None, last
