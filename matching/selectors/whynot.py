"""Why not this patent? The filter that refused it, or its score and what it lacks, or its rank."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
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
    return why_many(demand, patents=[patent], viewer=viewer)[patent.id]


def why_many(demand: Demand, *, patents: Iterable[PatentCard], viewer: Actor) -> dict[int, WhyNot]:
    """The same of several patents, by id, with as many queries as for one."""
    owner = _owner(demand, viewer=viewer)
    asked = {patent.id: patent for patent in patents}
    live = feeding.demands([demand]).get(demand.key)
    supplies = {int(str(one.key)): one for one in feeding.supplies(list(asked))}
    standing = _Standing.of(owner, viewer=viewer)
    list_ = _List.of(demand)
    score = _scored(live, supplies)
    name = demand_names([demand]).get(demand.key, "")
    found = {}
    for pk, patent in asked.items():
        supply = supplies.get(pk)
        refused = whynot.refusals(standing.pair(live, supply, patent))
        hit = None if refused else score(pk)
        match, rank = list_.place_of(pk)
        bars = bars_of(hit) if hit else ()
        found[pk] = WhyNot(
            patent=patent,
            demand=demand,
            demand_name=name,
            answer=whynot.answer(
                refused=hit is None,
                ticks=hit.ticks if hit else 0,
                floor=rules.FLOOR,
                rank=None if refused else rank,
                last=list_.last,
            ),
            refusals=tuple(refused),
            ticks=hit.ticks if hit else None,
            bars=bars,
            absent=tuple(whynot.absent({bar.code for bar in bars})) if hit else (),
            rank=None if refused else rank,
            match_id=match.pk if match and not refused else None,
            last_ticks=list_.last,
        )
    return found


def _owner(demand: Demand, *, viewer: Actor) -> int:
    """Whose demand it is, if it is the viewer's."""
    model = Need if demand.kind is DemandKind.NEED else Subscription
    rows = model._default_manager.filter(pk=demand.id, organisation_id__in=viewer.acts_for)
    found = rows.values_list("organisation_id", flat=True).first()
    if found is None:
        raise Missing("没有这条需求或订阅，或它不属于贵单位。")
    return int(found)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What an organisation and this person have refused."""

    owner: int
    wants: bool
    patents: frozenset[int]
    holders: frozenset[int]

    @classmethod
    def of(cls, owner: int, *, viewer: Actor) -> _Standing:
        opted = list(
            MatchOptOut.objects.filter(organisation_id=owner, lifted_at__isnull=True).values_list(
                "patent_id", "holder_id"
            )
        )
        wants = viewer.user_id is None or bool(people.wants_recommendations([viewer.user_id]))
        return cls(
            owner=owner,
            wants=wants,
            patents=frozenset(patent for patent, _holder in opted if patent is not None),
            holders=frozenset(holder for _patent, holder in opted if holder is not None),
        )

    def pair(
        self, live: engine.Demand | None, supply: engine.Supply | None, patent: PatentCard
    ) -> whynot.Pair:
        holder = patent.organisation_id
        return whynot.Pair(
            demand_is_live=live is not None,
            recommends=self.wants,
            is_listed=supply is not None,
            is_free=supply is not None and supply.matchable,
            is_own=holder == self.owner,
            is_shared=supply is not None and self.owner in supply.hidden_from,
            opted_patent=patent.id in self.patents,
            opted_holder=holder is not None and holder in self.holders,
        )


def _scored(
    live: engine.Demand | None, supplies: Mapping[int, engine.Supply]
) -> Callable[[int], engine.Hit | None]:
    """How one of these patents scores, by its id; nothing where there is no engine yet."""
    version = EngineVersion.objects.filter(is_active=True).defer("corpus").first()
    if version is None or live is None or not supplies:
        return lambda _pk: None
    scorer = arena.scorer(version)
    return lambda pk: scorer.explain(live, supplies[pk]) if pk in supplies else None


@dataclass(frozen=True, slots=True)
class _List:
    """A demand's list as it stands, and the last score of a full one."""

    places: dict[int, tuple[Match, int]]
    last: int | None

    @classmethod
    def of(cls, demand: Demand) -> _List:
        rows = list(
            Match.objects.wanted()
            .filter(**{f"{demand.kind.value}_id": demand.id})
            .order_by("-ticks", "patent_id")
            .only("pk", "patent_id", "ticks", "need_id", "subscription_id")
        )
        places = {row.patent_id: (row, place) for place, row in enumerate(rows, start=1)}
        return cls(places, rows[-1].ticks if len(rows) >= rules.KEEP else None)

    def place_of(self, patent_id: int) -> tuple[Match | None, int | None]:
        return self.places.get(patent_id, (None, None))
