"""What the engine is fed with: patents and demands as its own frozen values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import islice, takewhile

from django.db.models import Q
from django.utils import timezone

from core.people import selectors as people
from core.reference import selectors as reference
from core.text.sentences import is_foreign
from listings import selectors as listings
from listings.types import SupplyFacts
from matching import engine, rules
from matching.engine.across import text_of
from matching.models import Evaluation, MatchOptOut, Need, Subscription
from matching.selectors import meanings
from matching.types import Demand, DemandKind, Rating

BATCH = 1_000


def supplies(ids: Collection[int] | None = None) -> Iterator[engine.Supply]:
    """Every patent on the board, or those of `ids`, as the engine takes them."""
    return _supplies(iter(listings.supply(ids)))


def supplies_between(after: int, last: int) -> Iterator[engine.Supply]:
    """The patents on the board with ids above `after`, up to `last`."""
    facts = listings.supply(after=after)
    return _supplies(takewhile(lambda row: row.patent_id <= last, facts))


def _supplies(facts: Iterator[SupplyFacts]) -> Iterator[engine.Supply]:
    while batch := list(islice(facts, BATCH)):
        names = _names(row.organisation_id for row in batch)
        foreign = {row.patent_id: (row.title, _text(row)) for row in batch if is_foreign(row.title)}
        said = meanings.of_patents(foreign) if foreign else {}
        for row in batch:
            yield _supply(row, names, said.get(row.patent_id, b""))


def _names(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {i for i in ids if i is not None}
    return {key: card.name for key, card in people.organisations(wanted).items()} if wanted else {}


def _text(row: SupplyFacts) -> str:
    return "\n".join(part for part in (row.abstract, row.offer_text) if part)


def _supply(row: SupplyFacts, names: dict[int, str], said: bytes) -> engine.Supply:
    holder = names.get(row.organisation_id) if row.organisation_id is not None else None
    return engine.Supply(
        key=row.patent_id,
        title=row.title,
        text=_text(row),
        ipc=row.ipc,
        industry_codes=row.industry_codes,
        region=row.region,
        trl=row.trl,
        price=row.asking_price,
        licence_mode=row.licence_mode,
        listed_on=timezone.localtime(row.listed_at).date(),
        organisation_id=row.organisation_id,
        holders=(holder,) if holder else (),
        matchable=row.matchable,
        hidden_from=frozenset(row.holder_organisations),  # a co-owner has no need of its own patent
        sentence=said,
    )


def live_keys() -> list[str]:
    """The keys of everything that is matched, in a fixed order."""
    needs = Need.objects.live().order_by("pk").values_list("pk", flat=True)
    subscriptions = Subscription.objects.live().order_by("pk").values_list("pk", flat=True)
    return [f"n{pk}" for pk in needs] + [f"s{pk}" for pk in subscriptions]


def demands(wanted: Collection[Demand] | None = None) -> dict[str, engine.Demand]:
    """The live demands, or those of `wanted` that are live, by key, each with its taste."""
    needs = Need.objects.live().order_by("pk")
    subscriptions = Subscription.objects.live().order_by("pk")
    if wanted is not None:
        ids = {kind: [d.id for d in wanted if d.kind is kind] for kind in DemandKind}
        needs = needs.filter(pk__in=ids[DemandKind.NEED])
        subscriptions = subscriptions.filter(pk__in=ids[DemandKind.SUBSCRIPTION])
    need_rows, subscription_rows = list(needs), list(subscriptions)
    owners = {n.organisation_id for n in need_rows} | {s.organisation_id for s in subscription_rows}
    tempers = _tempers(owners)
    found = [_of_need(row, tempers[row.organisation_id]) for row in need_rows]
    found += [_of_subscription(row, tempers[row.organisation_id]) for row in subscription_rows]
    return {str(demand.key): demand for demand in _understood(found)}


def _understood(found: list[engine.Demand]) -> list[engine.Demand]:
    """With what each says in any language, where there are foreign patents to hold it against."""
    if not found or not meanings.are_needed():
        return found
    said = meanings.of_demands({str(demand.key): text_of(demand) for demand in found})
    return [replace(demand, sentence=said.get(str(demand.key), b"")) for demand in found]


class _Temper:
    """What an organisation has taught the platform: taste, and what it opted out of."""

    def __init__(self) -> None:
        self.ratings: list[Rating] = []
        self.patents: set[int] = set()
        self.holders: set[int] = set()

    def taste(self) -> engine.Taste:
        patents, subclasses, holders = rules.taste(self.ratings)
        return engine.Taste(supplies=patents, subclasses=subclasses, holders=holders)


def _tempers(organisation_ids: Collection[int]) -> dict[int, _Temper]:
    tempers: dict[int, _Temper] = defaultdict(_Temper)
    for organisation_id in organisation_ids:
        tempers[organisation_id]
    rated = Evaluation.objects.filter(lead__organisation_id__in=organisation_ids)
    for row in rated.select_related("lead").order_by("pk"):
        tempers[row.lead.organisation_id].ratings.append(
            Rating(
                patent_id=row.lead.patent_id,
                prospect=row.prospect,
                interested=row.interested,
                subclasses=tuple(row.subclasses),
                holders=tuple(row.holders),
            )
        )
    standing = Q(organisation_id__in=organisation_ids, lifted_at__isnull=True)
    for opted in MatchOptOut.objects.filter(standing):
        if opted.patent_id is not None:
            tempers[opted.organisation_id].patents.add(opted.patent_id)
        if opted.holder_id is not None:
            tempers[opted.organisation_id].holders.add(opted.holder_id)
    return tempers


def _of_need(row: Need, temper: _Temper) -> engine.Demand:
    asked = [f"{metric.metric} {metric.wanted}{metric.unit}" for metric in row.targets_with_numbers]
    return engine.Demand(
        key=f"n{row.pk}",
        title=row.title,
        text="\n".join(part for part in (row.problem, row.targets, *asked, row.situation) if part),
        ipc=tuple(row.ipc),
        industry_codes=tuple(row.industry_codes),
        region=row.region,
        trl=row.trl,
        budget=row.budget,
        licence_modes=tuple(row.licence_modes),
        organisation_id=row.organisation_id,
        taste=temper.taste(),
        hidden=frozenset(temper.patents),
        hidden_organisations=frozenset(temper.holders),
    )


def _of_subscription(row: Subscription, temper: _Temper) -> engine.Demand:
    """Its name is the owner's label, not content, unless there is nothing else to read."""
    title = " ".join(row.keywords) or row.text[:80] or _class_titles(row.ipc) or row.name
    return engine.Demand(
        key=f"s{row.pk}",
        title=title,
        text=row.text,
        keywords=tuple(row.keywords),
        ipc=tuple(row.ipc),
        industry_codes=tuple(row.industry_codes),
        region=row.regions[0] if len(row.regions) == 1 else "",
        budget=row.price_cap,
        licence_modes=tuple(row.licence_modes),
        organisation_id=row.organisation_id,
        taste=temper.taste(),
        hidden=frozenset(temper.patents),
        hidden_organisations=frozenset(temper.holders),
    )


def _class_titles(symbols: list[str]) -> str:
    return " ".join(reference.ipc_title(symbol) for symbol in symbols)


def facts(ids: Collection[int]) -> list[SupplyFacts]:
    """What listings says of these patents now; those off the board are left out."""
    return list(listings.supply(sorted(ids))) if ids else []
