"""What this room hears. Each note joins the next incremental run, which its own event starts."""

from __future__ import annotations

from datetime import datetime

from core.outbox.registry import Event, consumer
from core.people.types import Actor
from matching import services
from matching.services import forgetting

SYSTEM = Actor.system()


@consumer(
    "patent.listed",
    "patent.changed",
    "patent.restored",
    "open_declaration.announced",
    "open_declaration.withdrawn",
    "licence.filed",
    "pledge.recorded",
    "pledge.released",
    "patent.bound",
    "patent.freed",
    name="matching.note_patent",
)
def note_patent(event: Event, *, now: datetime) -> None:
    """What is offered, or on what terms, has changed: match it anew."""
    items = [("patent", patent_id) for patent_id in _patents(event)]
    if items:
        services.note(items=items, by=SYSTEM, now=now)


@consumer(
    "patent.suspended",
    "patent.withdrawn",
    "patent.converted",
    "patent.lapsed",
    name="matching.take_down",
)
def take_down(event: Event, *, now: datetime) -> None:
    """Out of every list at once; the run then looks for what comes in at their ends."""
    for patent_id in _patents(event):
        services.take_down(patent_id=patent_id, now=now)
        services.note(items=[("patent", patent_id)], by=SYSTEM, now=now)


@consumer("patent.lapsed", "patent.restored", name="matching.tell_receivers")
def tell_receivers(event: Event, *, now: datetime) -> None:
    """Whoever was shown the patent hears that it is no longer in force, or is again."""
    services.tell_receivers(
        patent_id=int(event.payload["patent_id"]), turn=event.id, event=event.name, now=now
    )


@consumer("need.opened", "need.changed", "need.closed", name="matching.note_need")
def note_need(event: Event, *, now: datetime) -> None:
    """A need was opened, edited or ended: rank it anew, or clear its list."""
    services.note(items=[("need", int(event.payload["need_id"]))], by=SYSTEM, now=now)


@consumer("subscription.changed", name="matching.note_subscription")
def note_subscription(event: Event, *, now: datetime) -> None:
    """A profile was made, edited, paused or resumed."""
    items = [("subscription", int(event.payload["subscription_id"]))]
    services.note(items=items, by=SYSTEM, now=now)


@consumer("match.rated", name="matching.remember")
def remember(event: Event, *, now: datetime) -> None:
    """What a firm said of one match shows in its next lists."""
    services.remember(organisation_id=int(event.payload["organisation_id"]), by=SYSTEM, now=now)


@consumer("match.run_requested", name="matching.run")
def run(event: Event, *, now: datetime) -> None:
    """Start the run that has been collecting."""
    services.run_incremental(run_id=int(event.payload["run_id"]), now=now)


@consumer("licence.noticed", name="matching.mark_contacted")
def mark_contacted(event: Event, *, now: datetime) -> None:
    """The receiver has turned to the holder."""
    _mark("contacted", event)


@consumer("licence.effective", name="matching.mark_deal")
def mark_deal(event: Event, *, now: datetime) -> None:
    """It became a deal; and the patent's terms may have changed."""
    _mark("deal", event)
    items = [("patent", patent_id) for patent_id in _patents(event)]
    services.note(items=items, by=SYSTEM, now=now)


def _mark(moment: str, event: Event) -> None:
    licensee = event.payload.get("licensee_id")
    if licensee is not None:
        services.mark(
            moment,
            organisation_id=int(licensee),
            patent_ids=_patents(event),
            by_key=event.actor_key,
            at=event.occurred_at,
        )


def _patents(event: Event) -> list[int]:
    """The patents an event is about: one, or several for a pledge."""
    several = event.payload.get("patent_ids")
    one = event.payload.get("patent_id")
    return [int(i) for i in several] if several else [int(one)] if one is not None else []


@consumer("personal.erased", name=forgetting.FORGET)
def forget(event: Event, *, now: datetime) -> None:
    """Somebody asked to be forgotten: their name and ways to reach them leave this room's texts."""
    forgetting.forget(erasure_id=int(event.payload["erasure_id"]), now=now)
