"""What this room does when it hears of something."""

from __future__ import annotations

from datetime import datetime

from core.days import legal_day
from core.outbox.registry import Event, consumer
from core.people.types import Actor
from listings.rules.working import WorkingKind
from listings.services import forgetting, gazette, index_patents, take_rating
from listings.services.disclosures import link_arrivals
from listings.services.layers.scoring import rescore, take_demand
from listings.services.ownership.rights import hear_working, unhear_working
from listings.services.register import watchers
from listings.services.searching.alerts import answer_searches
from listings.services.shelves.bundles import suspend_bundles_of
from listings.services.trading.auctions import call_off_blocked


@consumer("patent.imported", "patent.changed", "patent.listed", name="listings.index_patent")
def index_patent(event: Event, *, now: datetime) -> None:
    """Search and matching see the patent as it is now; a second telling finds nothing stale."""
    index_patents(patent_ids=[int(event.payload["patent_id"])], now=now)


# The policy's outcome codes that are more than a licence.
WORKED_BY = {
    "transferred": WorkingKind.TRANSFERRED,
    "equity": WorkingKind.TRANSFERRED,
    "licensee_produces": WorkingKind.PRODUCT,
    "contract_produces": WorkingKind.PRODUCT,
}


@consumer("licence.effective", "outcome.verified", name="listings.hear_working")
def hear_of_working(event: Event, *, now: datetime) -> None:
    """A licence in effect, or a verified outcome, is working the patent."""
    told = event.payload
    if event.name == "licence.effective":
        kind, note = WorkingKind.LICENSED, "平台许可生效"
        reference = f"licence:{told['licence_id']}"
    elif told.get("status") == "verified":
        reference, note = f"outcome:{told['outcome_id']}", "经核实的转化结果"
        kind = WORKED_BY.get(str(told.get("code")), WorkingKind.LICENSED)
    else:
        return
    hear_working(
        patent_id=int(told["patent_id"]),
        kind=kind,
        since=legal_day(event.occurred_at),
        reference=reference,
        note=note,
        now=now,
    )


@consumer("outcome.corrected", name="listings.unhear_working")
def hear_of_correction(event: Event, *, now: datetime) -> None:
    """An outcome was corrected or taken back: it is no working until it is verified again."""
    unhear_working(reference=f"outcome:{event.payload['outcome_id']}", now=now)


@consumer("match.rated", name="listings.move_layer")
def hear_rating(event: Event, *, now: datetime) -> None:
    """A firm's rating moves the patent's layer."""
    take_rating(
        patent_id=int(event.payload["patent_id"]),
        organisation_id=int(event.payload["organisation_id"]),
        prospect=int(event.payload["prospect"]),
        interested=bool(event.payload.get("interested")),
        rated_at=event.occurred_at,
        by=Actor.system(),
        now=now,
    )


@consumer(
    "patent.lapsed",
    "patent.suspended",
    "patent.withdrawn",
    "patent.converted",
    name="listings.suspend_bundles",
)
def suspend_bundles(event: Event, *, now: datetime) -> None:
    """A bundle with a patent that may no longer be offered is taken down, and says why."""
    suspend_bundles_of(
        patent_id=int(event.payload["patent_id"]), by=Actor.system(), now=event.occurred_at
    )


@consumer("demand.measured", name="listings.take_demand")
def hear_demand(event: Event, *, now: datetime) -> None:
    """How much a patent is looked for bears on its potential."""
    take_demand(measured=event.payload["patents"], by=Actor.system(), now=now)


@consumer(
    "patent.changed",
    "patent.listed",
    "patent.lapsed",
    "patent.restored",
    "open_declaration.announced",
    "licence.effective",
    "pledge.recorded",
    "pledge.released",
    name="listings.rescore",
)
def score_again(event: Event, *, now: datetime) -> None:
    """Something that a score rests on has changed; the next sweep scores it, however many do."""
    one, several = event.payload.get("patent_id"), event.payload.get("patent_ids")
    rescore([int(pk) for pk in (several or [one]) if pk is not None])


@consumer(
    "patent.listed",
    "patent.changed",
    "patent.imported",
    "open_declaration.announced",
    name="listings.answer_searches",
)
def hear_for_searches(event: Event, *, now: datetime) -> None:
    """Whoever saved a search that this patent has come to answer hears of it."""
    answer_searches(patent_id=int(event.payload["patent_id"]), now=now)


@consumer(
    "patent.lapsed",
    "patent.suspended",
    "patent.withdrawn",
    "patent.converted",
    name="listings.call_off_auctions",
)
def call_off_auctions(event: Event, *, now: datetime) -> None:
    """What can no longer be sold as announced is no longer put up."""
    because = {
        "patent.withdrawn": "持有人撤回了挂牌。",
        "patent.converted": "这件专利已经成交转化。",
    }.get(event.name, "")
    call_off_blocked(
        patent_id=int(event.payload["patent_id"]),
        because=because,
        by=Actor.system(),
        now=event.occurred_at,
    )


@consumer("patent.imported", "stock.imported", "patent.changed", name="listings.link_disclosures")
def hear_number(event: Event, *, now: datetime) -> None:
    """An application whose number an office had noted has come into its stock."""
    one, several = event.payload.get("patent_id"), event.payload.get("patent_ids")
    link_arrivals(patent_ids=[int(pk) for pk in several or [one]], by=Actor.system(), now=now)


@consumer("patent.imported", "stock.imported", "patent.changed", name="listings.record_waiting")
def record_waiting(event: Event, *, now: datetime) -> None:
    """Events that came before their patent are recorded when it comes, or gets its number."""
    one, several = event.payload.get("patent_id"), event.payload.get("patent_ids")
    gazette.record_waiting(patent_ids=[int(pk) for pk in several or [one]], now=now)


@consumer("patent.lapsed", name="listings.tell_of_loss")
def tell_of_loss(event: Event, *, now: datetime) -> None:
    """The holder and whoever keeps an eye on it hear that it is no longer in force."""
    watchers.tell_of_loss(patent_id=int(event.payload["patent_id"]), event_id=event.id, now=now)


@consumer("patent.restored", name="listings.tell_of_return")
def tell_of_return(event: Event, *, now: datetime) -> None:
    """And that it is in force again."""
    watchers.tell_of_return(patent_id=int(event.payload["patent_id"]), event_id=event.id, now=now)


@consumer("patent.contradicted", name="listings.tell_of_contradiction")
def tell_of_contradiction(event: Event, *, now: datetime) -> None:
    """The holder is asked to look."""
    watchers.tell_of_contradiction(contradiction_id=int(event.payload["contradiction_id"]), now=now)


@consumer("personal.erased", name=forgetting.FORGET)
def forget(event: Event, *, now: datetime) -> None:
    """Somebody asked to be forgotten: their name and ways to reach them leave this room's texts."""
    forgetting.forget(erasure_id=int(event.payload["erasure_id"]), now=now)
