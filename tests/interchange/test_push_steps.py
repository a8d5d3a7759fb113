"""Killed at every step from the event to the receiver's answer: one effect there, none lost.

A kill is a BaseException in place of a statement (behind one is in place of the next): the
transaction under way is rolled back, leases stay taken. The receiver remembers what it took by its
id, as Standard Webhooks asks. Real processes and SIGKILL are `benchmarks/event_kills.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from core.outbox import services as outbox
from core.outbox.models import OutboxDelivery
from interchange import services
from interchange.exchanges.port import Reply
from interchange.models import Delivery
from tests.conftest import NOON
from tests.factories import core
from tests.factories import listings as board
from tests.factories.kills import Killed, killer


class Exchange:
    """Takes what it is sent, by id; dies with us, or answers late, as it is told."""

    def __init__(self, *, dies: str = "") -> None:
        self.taken: Counter[str] = Counter()
        self.dies = dies

    def send(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        if self.dies == "before":
            raise Killed
        self.taken[headers["webhook-id"]] += 1
        if self.dies == "after":
            raise Killed
        return Reply(500 if self.dies == "late" else 204)


def work(exchange: Exchange, at: datetime) -> None:
    """What the worker does: the relay, then the pushes that are due."""
    outbox.relay(clock=lambda: at)
    for lane in services.lanes(now=at):
        services.push_lane(
            endpoint_id=lane, sender=exchange, clock=lambda: at, until=at + timedelta(seconds=1)
        )


def come_round(exchange: Exchange) -> None:
    """The sweeps of the next quarter of an hour."""
    for minutes in (2, 8, 15):
        work(exchange, NOON + timedelta(minutes=minutes))


@pytest.fixture
def owed(drain: Callable[[], int]) -> str:
    """An event that one exchange is to hear; the id it will know it by."""
    keeper = core.exchange()
    by = core.actor(keeper)
    partner = services.join(by=by, now=NOON)
    shown = board.listed_patent()
    drain()
    services.add_endpoint(
        partner_id=partner, url="https://hub.example.cn/h", events=["patent.suspended"], by=by,
        now=NOON,
    )  # fmt: skip
    listing = shown.listings.get()
    board.services.suspend_listing(
        listing_id=listing.pk, reason="暂缓", by=core.Actor.system(), now=NOON
    )
    return f"msg_{OutboxDelivery.objects.filter(done_at=None).first().event_id}"  # type: ignore[union-attr]


def check(exchange: Exchange, owed: str) -> None:
    assert set(exchange.taken) == {owed}
    assert not OutboxDelivery.objects.filter(done_at__isnull=True).exists()
    assert Delivery.objects.get().sent_at is not None


@pytest.mark.django_db
def test_killed_at_every_statement_it_is_heard_once(owed: str) -> None:
    for _warm in range(2):  # what is looked up once a process is not looked up again
        seen = [0]
        with transaction.atomic():
            with connection.execute_wrapper(killer(0, seen)):
                work(exchange := Exchange(), NOON)
            check(exchange, owed)
            transaction.set_rollback(True)
    steps, again = seen[0], 0
    last = 50  # the webhook's own consumer, the push and its record: each statement
    for at in [*range(1, steps - last, 6), *range(steps - last, steps + 1)]:
        seen, exchange = [0], Exchange()
        with transaction.atomic():
            with pytest.raises(Killed), connection.execute_wrapper(killer(at, seen)):
                work(exchange, NOON)
            come_round(exchange)
            check(exchange, owed)
            again += exchange.taken[owed] - 1
            transaction.set_rollback(True)
    assert again >= 1  # killed between the call and its record: sent twice, under one id


@pytest.mark.django_db
@pytest.mark.parametrize(("dies", "sent"), [("before", 1), ("after", 2), ("late", 2)])
def test_a_call_that_dies_or_fails_after_its_effect_is_made_again_by_the_same_id(
    owed: str, dies: str, sent: int
) -> None:
    exchange = Exchange(dies=dies)
    try:
        work(exchange, NOON)
    except Killed:
        assert dies != "late"
    exchange.dies = ""
    come_round(exchange)
    check(exchange, owed)
    assert exchange.taken[owed] == sent
