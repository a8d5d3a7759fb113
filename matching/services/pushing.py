"""Telling receivers: each lead once per channel and material state of the offer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from listings.types import SupplyFacts
from matching import rules
from matching.models import Evaluation, Lead, Match, Need, Push, Subscription
from matching.selectors import feeding
from matching.types import Channel, Demand, DemandKind

PUSH_LOCK = 0x3A7C5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match that might be worth a push."""

    organisation_id: int
    patent_id: int
    ticks: int
    demand: Demand


@transaction.atomic
def push(candidates: Iterable[Candidate], *, now: datetime) -> int:
    """Tell the receivers of those matches that are worth it and new to them; how many pushes.

    Nobody hears of what they rejected, of more than a day's share, or at all when everyone in
    the organisation has switched recommendations off.
    """
    best = _best(candidates)
    if not best:
        return 0
    organisations = sorted({organisation_id for organisation_id, _ in best})
    for organisation_id in organisations:  # in order, so that two shards cannot deadlock
        _hold(organisation_id)
    facts = {f.patent_id: f for f in feeding.facts({patent_id for _, patent_id in best})}
    readers = _readers(organisations)
    told_today = _told_today(organisations, now=now)
    history = _history(organisations, facts)
    pushed = 0
    for organisation_id in organisations:
        mine = [c for (owner, _), c in best.items() if owner == organisation_id]
        chosen = [
            c
            for c in sorted(mine, key=lambda c: (-c.ticks, c.patent_id))
            if c.patent_id in facts
            and facts[c.patent_id].matchable
            and (organisation_id, c.patent_id, material(facts[c.patent_id])) not in history
        ][: rules.left_today(told_today.get(organisation_id, 0))]
        if chosen and readers.get(organisation_id):
            pushed += _tell(organisation_id, chosen, facts, readers[organisation_id], now=now)
    return pushed


def material(facts: SupplyFacts) -> str:
    """The state of the offer that a push is about."""
    return rules.material(
        title=facts.title, asking_price=facts.asking_price, licence_mode=facts.licence_mode
    )


def _best(candidates: Iterable[Candidate]) -> dict[tuple[int, int], Candidate]:
    """Per receiver and patent the best match that its demand lets ring."""
    rows = [c for c in candidates if rules.worth_pushing(c.ticks, min_score=0)]
    ids = {d.id for d in (c.demand for c in rows) if d.kind is DemandKind.SUBSCRIPTION}
    wishes = {s.pk: s for s in Subscription.objects.filter(pk__in=ids)}
    facts = {f.patent_id: f for f in feeding.facts({c.patent_id for c in rows})} if ids else {}
    best: dict[tuple[int, int], Candidate] = {}
    for c in rows:
        wish = wishes.get(c.demand.id) if c.demand.kind is DemandKind.SUBSCRIPTION else None
        if not rules.worth_pushing(c.ticks, min_score=wish.min_score if wish else 0):
            continue
        if wish is not None and not (wish.bell and _wanted(wish, facts.get(c.patent_id))):
            continue
        known = best.get((c.organisation_id, c.patent_id))
        if known is None or c.ticks > known.ticks:
            best[c.organisation_id, c.patent_id] = c
    return best


def _wanted(wish: Subscription, facts: SupplyFacts | None) -> bool:
    """Whether a subscriber's own limits let this offer ring."""
    return facts is not None and rules.within_limits(
        price=facts.asking_price,
        region=facts.region,
        price_cap=wish.price_cap,
        regions=wish.regions,
    )


def _hold(organisation_id: int) -> None:
    """One pusher per receiver at a time: the day's share and the once-only are counted under it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PUSH_LOCK, organisation_id])


def _readers(organisations: list[int]) -> dict[int, list[int]]:
    """The people of each organisation who have not switched recommendations off."""
    members = people.members_of(organisations)
    wanting = people.wants_recommendations({u for users in members.values() for u in users})
    return {key: [u for u in users if u in wanting] for key, users in members.items()}


def _told_today(organisations: list[int], *, now: datetime) -> dict[int, int]:
    local = timezone.localtime(now)
    midnight = timezone.make_aware(datetime.combine(local.date(), time.min), local.tzinfo)
    rows = Push.objects.filter(lead__organisation_id__in=organisations, pushed_at__gte=midnight)
    return dict(rows.order_by().values_list("lead__organisation_id").annotate(n=Count("pk")))


def _history(organisations: list[int], facts: dict[int, SupplyFacts]) -> set[tuple[int, int, str]]:
    """What each receiver was told already, or has no wish to hear."""
    leads = Lead.objects.filter(organisation_id__in=organisations, patent_id__in=facts)
    told = set(
        Push.objects.filter(lead__in=leads).values_list(
            "lead__organisation_id", "lead__patent_id", "material"
        )
    )
    refused = Evaluation.objects.filter(lead__in=leads, interested=False).values_list(
        "lead__organisation_id", "lead__patent_id"
    )
    return told | {(org, pid, material(facts[pid])) for org, pid in refused}


def _tell(
    organisation_id: int,
    chosen: list[Candidate],
    facts: dict[int, SupplyFacts],
    readers: list[int],
    *,
    now: datetime,
) -> int:
    leads = leads_of(organisation_id, [facts[c.patent_id] for c in chosen], now=now)
    addresses = _addresses(chosen)
    for c in chosen:
        lead, offer = leads[c.patent_id], facts[c.patent_id]
        pushed = Push.objects.create(
            lead=lead, channel=Channel.BELL, material=material(offer), ticks=c.ticks, pushed_at=now
        )
        if lead.pushed_at is None:
            lead.pushed_at, lead.pushed_by = now, Actor.system().key
            lead.save(update_fields=["pushed_at", "pushed_by"])
        title, body = _words(c, offer)
        notices.notify(
            users=readers,
            kind="match.pushed",
            key=f"push:{pushed.pk}",
            title=title,
            body=body,
            url=addresses.get((c.demand.key, c.patent_id), "/matches/"),
            now=now,
        )
        payload = {
            "lead_id": lead.pk,
            "patent_id": c.patent_id,
            "organisation_id": organisation_id,
            "channel": Channel.BELL.value,
        }
        outbox.emit("match.pushed", subject=lead, by=Actor.system(), at=now, payload=payload)
    return len(chosen)


def leads_of(
    organisation_id: int, offers: Iterable[SupplyFacts], *, now: datetime
) -> dict[int, Lead]:
    """The lasting leads of a receiver with these patents, made where there is none yet."""
    rows = list(offers)
    Lead.objects.bulk_create(
        [
            Lead(
                organisation_id=organisation_id,
                patent_id=offer.patent_id,
                supplier_id=offer.organisation_id,
                region=offer.region,
                created_at=now,
            )
            for offer in rows
        ],
        ignore_conflicts=True,
    )
    found = Lead.objects.filter(
        organisation_id=organisation_id, patent_id__in=[offer.patent_id for offer in rows]
    )
    return {lead.patent_id: lead for lead in found}


def _addresses(chosen: list[Candidate]) -> dict[tuple[str, int], str]:
    """Where each match is shown."""
    found: dict[tuple[str, int], str] = {}
    by_column: dict[str, set[int]] = defaultdict(set)
    for c in chosen:
        by_column[f"{c.demand.kind.value}_id"].add(c.demand.id)
    for column, ids in by_column.items():
        rows = Match.objects.filter(
            **{f"{column}__in": ids}, patent_id__in=[c.patent_id for c in chosen]
        )
        for match in rows:
            found[match.demand.key, match.patent_id] = f"/matches/{match.pk}/"
    return found


def _words(c: Candidate, offer: SupplyFacts) -> tuple[str, str]:
    score = rules.whole_score(c.ticks)
    title = _("新匹配 %(score)d 分：%(title)s") % {"score": score, "title": offer.title}
    if c.demand.kind is DemandKind.NEED:
        name = Need.objects.values_list("title", flat=True).get(pk=c.demand.id)
        return title[:200], _("与贵单位的需求“%(name)s”匹配，点击查看理由。") % {"name": name[:80]}
    name = Subscription.objects.values_list("name", flat=True).get(pk=c.demand.id)
    return title[:200], _("来自贵单位的订阅“%(name)s”，点击查看理由。") % {"name": name[:80]}


def push_waiting(*, now: datetime) -> int:
    """What yesterday's share left waiting: the best of each receiver that was never pushed."""
    waiting = Match.objects.wanted().filter(ticks__gte=int(rules.PUSH_FLOOR * 10_000))
    recent = waiting.filter(first_at__gte=now - rules.WAITING_WINDOW)
    return push(
        [Candidate(m.organisation_id, m.patent_id, m.ticks, m.demand) for m in recent.iterator()],
        now=now,
    )
