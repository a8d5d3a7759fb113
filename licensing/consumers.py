"""What this room hears from below."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from core.days import legal_day
from core.outbox.registry import Event, consumer
from licensing import services
from licensing.services import (
    bundle_deals,
    co_owners,
    completing,
    forgetting,
    handing,
    pool_entries,
    registrations,
    signing,
)


@consumer("patent.lapsed", "patent.restored", name="licensing.follow_register")
def follow_register(event: Event, *, now: datetime) -> None:
    """Mark, or unmark, the licences and offers that rest on this patent."""
    services.follow_register(
        patent_id=int(event.payload["patent_id"]),
        on=legal_day(event.occurred_at),
        turn=event.id,
        now=now,
    )


@consumer("patent.changed", name="licensing.follow_keeper")
def follow_keeper(event: Event, *, now: datetime) -> None:
    """Another keeps the patent: what the former one declares ends."""
    handing.follow_keeper(patent_id=int(event.payload["patent_id"]), now=now)


@consumer("consent.withdrawn", name="licensing.follow_consent")
def follow_consent(event: Event, *, now: datetime) -> None:
    """A co-owner took its consent back: a declaration stands, and both sides hear what to do."""
    said = event.payload
    co_owners.follow_consent(
        patent_id=int(said["patent_id"]),
        holder_name=str(said["holder_name"]),
        co_owner_id=said["co_owner_id"],
        turn=event.id,
        now=event.occurred_at,
    )


@consumer("patent.lapsed", "patent.changed", name="licensing.leave_pools")
def leave_pools(event: Event, *, now: datetime) -> None:
    """A patent that is gone, or changed hands, leaves its pool for later licences."""
    pool_entries.follow_patent(patent_id=int(event.payload["patent_id"]), now=now)


@consumer("patent.lapsed", "patent.changed", name="licensing.follow_bundles")
def follow_bundles(event: Event, *, now: datetime) -> None:
    """A member of a bundle that is talked about as one can no longer be had."""
    bundle_deals.follow_member(
        patent_id=int(event.payload["patent_id"]), turn=str(event.id), now=now
    )


@consumer("bundle.reduced", name="licensing.follow_bundle_cut")
def follow_bundle_cut(event: Event, *, now: datetime) -> None:
    """Patents were taken out of a bundle that is talked about as one."""
    for patent_id in event.payload["patent_ids"]:
        bundle_deals.follow_member(patent_id=int(patent_id), turn=str(event.id), now=now)


@consumer("patent.freed", name="licensing.end_by_register")
def end_by_register(event: Event, *, now: datetime) -> None:
    """The gazette cancelled a licence's filing, or an open declaration."""
    sort, _colon, number = str(event.payload["reference"]).partition(":")
    if event.payload["source"] != "licensing" or not number.isdigit():
        return
    ended_on = event.payload["ended_on"] or legal_day(event.occurred_at).isoformat()
    services.end_by_register(sort, int(number), ended_on=date.fromisoformat(ended_on), now=now)


@consumer("posting.completed", "posting.withdrawn", name="licensing.follow_posting")
def follow_posting(event: Event, *, now: datetime) -> None:
    """The posting of an agreed price ended; the deal it belongs to goes on, or back."""
    signing.follow_posting(
        posting_id=int(event.payload["posting_id"]),
        completed=event.name == "posting.completed",
        on=legal_day(event.occurred_at),
        now=now,
    )


@consumer("licence.filed", name="licensing.follow_filing")
def follow_filing(event: Event, *, now: datetime) -> None:
    """A licence was filed; the deal it came from is registered."""
    completing.follow_filing(licence_id=int(event.payload["licence_id"]), now=now)


@consumer("deal.signed", "licence.effective", name="licensing.open_registration")
def open_registration(event: Event, *, now: datetime) -> None:
    """A contract stands: its registration falls due."""
    said = event.payload
    registrations.follow_contract(
        deal_id=said.get("deal_id"), licence_id=said.get("licence_id"), now=now
    )


@consumer("deal.signed", name="licensing.tell_rivals")
def tell_rivals(event: Event, *, now: datetime) -> None:
    """Others still talk about the same patents."""
    signing.tell_rivals(deal_id=int(event.payload["deal_id"]), now=now)


@consumer("auction.awarded", name="licensing.open_from_auction")
def open_from_auction(event: Event, *, now: datetime) -> None:
    """The winner and the seller owe each other a contract: a deal at the awarded price."""
    said = event.payload
    completing.open_from_auction(
        auction_id=int(said["auction_id"]),
        patent_ids=[int(pk) for pk in said["patent_ids"]],
        holder_id=int(said["organisation_id"]),
        buyer_id=int(said["buyer_id"]),
        region=str(said["region"]),
        right=str(said["right"]),
        price=Decimal(said["price"]),
        months=said["licence_months"],
        sign_by=str(said["sign_by"]),
        now=now,
    )


@consumer("personal.erased", name=forgetting.FORGET)
def forget(event: Event, *, now: datetime) -> None:
    """Somebody asked to be forgotten: their name and ways to reach them leave this room's texts."""
    forgetting.forget(erasure_id=int(event.payload["erasure_id"]))
