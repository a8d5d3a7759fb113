"""Telling receivers: each lead once per material state of the offer, in one transaction.

What is told at once to the bell is told here; the rest is owed as `PushDelivery` rows, which
`delivering` makes digests and mails of when they are due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from core.notices import services as notices
from core.outbox import services as outbox
from core.people.types import Actor
from listings.types import SupplyFacts
from matching import rules
from matching.models import Evaluation, Lead, Match, MatchOptOut, Push, PushDelivery, Subscription
from matching.rules import pushes
from matching.selectors import feeding
from matching.selectors.matches import demand_names
from matching.selectors.receivers import Reader, readers_of
from matching.services.delivering import deliver_soon
from matching.services.editions import states
from matching.types import Channel, Demand, DemandKind, Pace

PUSH_LOCK = 0x3A7C5
Pair = tuple[int, int]  # organisation, patent


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match that might be worth a push."""

    organisation_id: int
    patent_id: int
    ticks: int
    demand: Demand

    @property
    def pair(self) -> Pair:
        return self.organisation_id, self.patent_id


@transaction.atomic
def push(candidates: Iterable[Candidate], *, now: datetime) -> int:
    """Tell the receivers of those matches that are worth it and new to them; how many pushes.

    Nobody hears of what they rejected or opted out of, of more than a day's share, or at all when
    everyone in the organisation has switched recommendations or every channel off. All is asked
    at this moment, under the receivers' locks, whatever the run had read before.
    """
    best = _best(candidates)
    if not best:
        return 0
    organisations = sorted({organisation_id for organisation_id, _ in best})
    _hold(organisations)
    facts = {f.patent_id: f for f in feeding.facts({pid for _, pid in best}) if f.matchable}
    material = states(list(facts.values()), now=now)
    readers = readers_of(organisations, now=now)
    told_today = _told_today(organisations, now=now)
    silent = _told(organisations, material) | _unwanted(organisations, facts)
    mine: dict[int, list[Candidate]] = defaultdict(list)
    for c in best.values():
        if c.patent_id in facts and c.pair not in silent and c.organisation_id in readers:
            mine[c.organisation_id].append(c)
    chosen: list[Candidate] = []
    for organisation_id, rows in sorted(mine.items()):
        rows.sort(key=lambda c: (-c.ticks, c.patent_id))
        chosen += rows[: rules.left_today(told_today.get(organisation_id, 0))]
    return _tell(chosen, facts, material, readers, now=now) if chosen else 0


def _best(candidates: Iterable[Candidate]) -> dict[Pair, Candidate]:
    """Per receiver and patent the best match that its demand lets ring."""
    rows = [c for c in candidates if rules.worth_pushing(c.ticks, min_score=0)]
    ids = {d.id for d in (c.demand for c in rows) if d.kind is DemandKind.SUBSCRIPTION}
    wishes = {s.pk: s for s in Subscription.objects.filter(pk__in=ids)}
    facts = {f.patent_id: f for f in feeding.facts({c.patent_id for c in rows})} if ids else {}
    best: dict[Pair, Candidate] = {}
    for c in rows:
        wish = wishes.get(c.demand.id) if c.demand.kind is DemandKind.SUBSCRIPTION else None
        if not rules.worth_pushing(c.ticks, min_score=wish.min_score if wish else 0):
            continue
        if wish is not None and not (wish.bell and _wanted(wish, facts.get(c.patent_id))):
            continue
        known = best.get(c.pair)
        if known is None or c.ticks > known.ticks:
            best[c.pair] = c
    return best


def _wanted(wish: Subscription, facts: SupplyFacts | None) -> bool:
    """Whether a subscriber's own limits let this offer ring."""
    return facts is not None and rules.within_limits(
        price=facts.asking_price,
        region=facts.region,
        price_cap=wish.price_cap,
        regions=wish.regions,
    )


def _hold(organisations: Collection[int]) -> None:
    """One pusher per receiver at a time: the day's share and the once-only are counted under it.

    In order, so that two shards cannot deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) WITH ORDINALITY"
            " AS held(key, place) ORDER BY place",
            [PUSH_LOCK, sorted(organisations)],
        )


def _told_today(organisations: list[int], *, now: datetime) -> dict[int, int]:
    local = timezone.localtime(now)
    midnight = timezone.make_aware(datetime.combine(local.date(), time.min), local.tzinfo)
    rows = Push.objects.filter(lead__organisation_id__in=organisations, pushed_at__gte=midnight)
    return dict(rows.order_by().values_list("lead__organisation_id").annotate(n=Count("pk")))


def _told(organisations: list[int], material: Mapping[int, str]) -> set[Pair]:
    """What each receiver was told already in the offer's present state."""
    rows = Push.objects.filter(
        lead__organisation_id__in=organisations, lead__patent_id__in=material
    ).values_list("lead__organisation_id", "lead__patent_id", "material")
    return {(org, pid) for org, pid, state in rows if material[pid] == state}


def _unwanted(organisations: list[int], facts: Mapping[int, SupplyFacts]) -> set[Pair]:
    """What receivers rejected, or opted out of up to this moment."""
    refused = Evaluation.objects.filter(
        lead__organisation_id__in=organisations, lead__patent_id__in=facts, interested=False
    )
    found = set(refused.values_list("lead__organisation_id", "lead__patent_id"))
    holders: dict[int, list[int]] = defaultdict(list)
    for f in facts.values():
        if f.organisation_id is not None:
            holders[f.organisation_id].append(f.patent_id)
    standing = MatchOptOut.objects.filter(
        organisation_id__in=organisations, lifted_at__isnull=True
    ).values_list("organisation_id", "patent_id", "holder_id")
    for organisation_id, patent_id, holder_id in standing:
        hidden = [patent_id] if patent_id is not None else holders.get(holder_id or 0, [])
        found |= {(organisation_id, pid) for pid in hidden}
    return found


def _tell(
    chosen: list[Candidate],
    facts: Mapping[int, SupplyFacts],
    material: Mapping[int, str],
    readers: Mapping[int, list[Reader]],
    *,
    now: datetime,
) -> int:
    leads = _leads(chosen, facts, now=now)
    told = Push.objects.bulk_create(
        [
            Push(
                lead=leads[c.pair],
                channel=_first_channel(readers[c.organisation_id]),
                material=material[c.patent_id],
                ticks=c.ticks,
                pushed_at=now,
            )
            for c in chosen
        ],
        batch_size=1_000,
    )
    Lead.objects.filter(pk__in=[push.lead_id for push in told], pushed_at__isnull=True).update(
        pushed_at=now, pushed_by=Actor.system().key
    )
    rings = _owe(list(zip(chosen, told, strict=True)), facts, readers, now=now)
    _ring(rings, facts, now=now)
    outbox.emit_many(
        "match.pushed",
        [
            (
                push.lead,
                {
                    "lead_id": push.lead_id,
                    "patent_id": c.patent_id,
                    "organisation_id": c.organisation_id,
                    "push_id": push.pk,
                    "score": rules.whole_score(c.ticks),
                },
            )
            for c, push in zip(chosen, told, strict=True)
        ],
        by=Actor.system(),
        at=now,
    )
    return len(told)


def _first_channel(readers: Iterable[Reader]) -> Channel:
    bell = any(reader.wish.bell is not Pace.OFF for reader in readers)
    return Channel.BELL if bell else Channel.MAIL


def _owe(
    pushed: list[tuple[Candidate, Push]],
    facts: Mapping[int, SupplyFacts],
    readers: Mapping[int, list[Reader]],
    *,
    now: datetime,
) -> list[tuple[Reader, Candidate, Push]]:
    """Write down what each person is owed on each channel; what their bells ring for at once."""
    local = timezone.localtime(now)
    mine: dict[int, list[tuple[Candidate, Push]]] = defaultdict(list)
    for c, told in pushed:
        mine[c.organisation_id].append((c, told))
    rings: list[tuple[Reader, Candidate, Push]] = []
    owed: list[PushDelivery] = []
    for organisation_id, rows in mine.items():
        for reader in readers[organisation_id]:
            at_once = _at_once(reader, rows, facts, local)
            rings += [(reader, c, told) for c, told in rows if told.pk in at_once]
            owed += _deliveries(reader, rows, at_once, local)
    PushDelivery.objects.bulk_create(owed, batch_size=1_000)
    if any(row.done_at is None and row.due_at <= now for row in owed):
        deliver_soon()
    return rings


def _at_once(
    reader: Reader,
    rows: list[tuple[Candidate, Push]],
    facts: Mapping[int, SupplyFacts],
    local: datetime,
) -> set[int]:
    """The pushes that ring this reader's bell now: awake, within the week's cap, not all of one."""
    if reader.wish.bell is not Pace.AT_ONCE or pushes.awake(local, reader.wish) > local:
        return set()
    held = [(told.pk, facts[c.patent_id].organisation_id) for c, told in rows]
    now, _waiting = pushes.chosen(
        held, room=reader.room, per_holder=reader.wish.per_holder, told=reader.holders
    )
    return set(now)


def _deliveries(
    reader: Reader, rows: list[tuple[Candidate, Push]], at_once: set[int], local: datetime
) -> list[PushDelivery]:
    owed = []
    for channel in Channel:
        pace = reader.pace(channel)
        for _c, told in rows:
            rings = channel is Channel.BELL and told.pk in at_once
            due = pushes.due(pace, local, reader.wish)
            if channel is Channel.BELL and pace is Pace.AT_ONCE and due == local and not rings:
                due = pushes.due(Pace.DAILY, local, reader.wish)  # what the limits left over
            if due is not None:
                owed.append(
                    PushDelivery(
                        push=told,
                        user_id=reader.user_id,
                        channel=channel,
                        created_at=local,
                        due_at=due,
                        done_at=local if rings else None,
                    )
                )
    return owed


def _ring(
    rings: list[tuple[Reader, Candidate, Push]],
    facts: Mapping[int, SupplyFacts],
    *,
    now: datetime,
) -> None:
    if not rings:
        return
    told = {c.pair: c for _reader, c, _push in rings}.values()
    addresses = _addresses(told)
    names = demand_names(c.demand for c in told)
    messages = []
    for reader, c, pushed in rings:
        title, body = words(
            title=facts[c.patent_id].title, ticks=c.ticks, demand=c.demand, names=names
        )
        messages.append(
            notices.Message(
                reader.user_id,
                key=f"push:{pushed.pk}",
                title=title,
                body=body,
                url=addresses.get((c.demand.key, c.patent_id), "/matches/"),
            )
        )
    notices.notify_each(messages, kind="match.pushed", now=now)


def _leads(
    chosen: list[Candidate], facts: Mapping[int, SupplyFacts], *, now: datetime
) -> dict[Pair, Lead]:
    """The lasting leads of these pairs, made where there is none yet."""
    _make_leads([(c.organisation_id, facts[c.patent_id]) for c in chosen], now=now)
    found = Lead.objects.filter(
        organisation_id__in={c.organisation_id for c in chosen},
        patent_id__in={c.patent_id for c in chosen},
    )
    return {(lead.organisation_id, lead.patent_id): lead for lead in found}


def leads_of(
    organisation_id: int, offers: Iterable[SupplyFacts], *, now: datetime
) -> dict[int, Lead]:
    """The lasting leads of a receiver with these patents, made where there is none yet."""
    rows = list(offers)
    _make_leads([(organisation_id, offer) for offer in rows], now=now)
    found = Lead.objects.filter(
        organisation_id=organisation_id, patent_id__in=[offer.patent_id for offer in rows]
    )
    return {lead.patent_id: lead for lead in found}


def _make_leads(pairs: list[tuple[int, SupplyFacts]], *, now: datetime) -> None:
    Lead.objects.bulk_create(
        [
            Lead(
                organisation_id=organisation_id,
                patent_id=offer.patent_id,
                supplier_id=offer.organisation_id,
                region=offer.region,
                created_at=now,
            )
            for organisation_id, offer in pairs
        ],
        ignore_conflicts=True,
        batch_size=1_000,
    )


def _addresses(chosen: Iterable[Candidate]) -> dict[tuple[str, int], str]:
    """Where each match is shown."""
    rows = list(chosen)
    found: dict[tuple[str, int], str] = {}
    by_column: dict[str, set[int]] = defaultdict(set)
    for c in rows:
        by_column[f"{c.demand.kind.value}_id"].add(c.demand.id)
    for column, ids in by_column.items():
        matches = Match.objects.filter(
            **{f"{column}__in": ids}, patent_id__in={c.patent_id for c in rows}
        ).only("pk", "need_id", "subscription_id", "patent_id")
        for match in matches:
            found[match.demand.key, match.patent_id] = f"/matches/{match.pk}/"
    return found


def words(*, title: str, ticks: int, demand: Demand, names: Mapping[str, str]) -> tuple[str, str]:
    """The headline and the line below it of one bell."""
    line = _("新匹配 %(score)d 分：%(title)s") % {
        "score": rules.whole_score(ticks),
        "title": title,
    }
    named = {"name": names.get(demand.key, "")[:80]}
    if demand.kind is DemandKind.NEED:
        return line[:200], _("与贵单位的需求“%(name)s”匹配，点击查看理由。") % named
    return line[:200], _("来自贵单位的订阅“%(name)s”，点击查看理由。") % named


def push_waiting(*, now: datetime) -> int:
    """What yesterday's share left waiting: the best of each receiver that was never pushed."""
    waiting = Match.objects.wanted().filter(ticks__gte=int(rules.PUSH_FLOOR * 10_000))
    recent = waiting.filter(first_at__gte=now - rules.WAITING_WINDOW)
    return push(
        [Candidate(m.organisation_id, m.patent_id, m.ticks, m.demand) for m in recent.iterator()],
        now=now,
    )
