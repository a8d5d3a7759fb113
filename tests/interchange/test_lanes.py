"""Each address at its own pace: one that is down rests, and nobody waits behind it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from core.audit.models import AuditEntry
from core.notices.models import Notice
from interchange import rules, selectors, services, tasks
from interchange.exchanges.port import Reply
from interchange.models import Delivery, Endpoint
from tests.conftest import log_in
from tests.factories.interchange import PartnerWorld, Receiver, partner
from tests.interchange.test_services import listed

DOWN = Reply(None, note="连接不上")
pytestmark = pytest.mark.django_db


def owed(now: datetime, count: int) -> None:
    for number in range(1, count + 1):
        services.owe(listed(now, number), now=now)


def pushed(world: PartnerWorld, receiver: Receiver, now: datetime) -> int:
    """One turn of the pusher at a standing clock; how many were taken."""
    return services.push_lane(
        endpoint_id=world.endpoint_id, sender=receiver, clock=lambda: now,
        until=now + timedelta(seconds=1),
    )  # fmt: skip


def test_after_five_failures_in_a_row_it_rests_and_what_it_is_owed_keeps_its_tries(
    now: datetime,
) -> None:
    world, receiver = partner(now), Receiver([DOWN] * 100)
    owed(now, 8)
    assert pushed(world, receiver, now) == 0
    assert len(receiver.calls) == rules.BREAK_AFTER
    endpoint = Endpoint.objects.get()
    assert (endpoint.misses, endpoint.rests_until) == (5, now + rules.REST)
    untouched = Delivery.objects.filter(attempts=0)
    assert (untouched.count(), services.lanes(now=now)) == (3, [])
    pushed(world, receiver, now + rules.REST)
    assert len(receiver.calls) == 6  # one try tells
    assert Endpoint.objects.get().rests_until == now + 3 * rules.REST


def test_it_is_tried_every_quarter_of_an_hour_however_long_it_is_down(now: datetime) -> None:
    rest = [
        rules.rests_until(now=now, misses=n, status=None, retry_after=None) for n in (4, 5, 6, 900)
    ]
    assert rest == [
        None, now + rules.REST, now + 2 * rules.REST, now + rules.LONGEST_REST,
    ]  # fmt: skip


def test_once_well_again_everything_comes_at_once(now: datetime) -> None:
    world, receiver = partner(now), Receiver([DOWN] * 6)
    owed(now, 8)
    pushed(world, receiver, now)
    pushed(world, receiver, now + rules.REST)
    later = now + 3 * rules.REST  # most rows would wait for five minutes more
    assert pushed(world, receiver, later) == 8
    endpoint = Endpoint.objects.get()
    assert (endpoint.misses, endpoint.rests_until, endpoint.failing_since) == (0, None, None)
    assert len(receiver.taken) == 8
    told = AuditEntry.objects.filter(event__in=["endpoint.rested", "endpoint.recovered"])
    assert sorted(told.values_list("event", flat=True)) == [
        "endpoint.recovered", "endpoint.rested",
    ]  # fmt: skip


def test_its_people_hear_of_it_once_a_spell_and_when_it_is_switched_off(now: datetime) -> None:
    world, receiver = partner(now), Receiver([DOWN] * 100)
    owed(now, 8)
    for minutes in range(0, 60, 15):
        pushed(world, receiver, now + timedelta(minutes=minutes))
    [notice] = Notice.objects.all()
    assert notice.user_id == world.member.user_id
    assert notice.url == f"/open-platform/console/endpoints/{world.endpoint_id}/"
    Endpoint.objects.update(failing_since=now - timedelta(days=5), rests_until=None)
    Delivery.objects.update(due_at=now)
    pushed(world, receiver, now + timedelta(hours=2))
    assert "已停用" in Notice.objects.order_by("pk").last().title  # type: ignore[union-attr]
    assert AuditEntry.objects.get(event="endpoint.disabled").changes == {
        "because": "连续五天投递失败"
    }


@pytest.mark.parametrize(("status", "rests"), [(429, True), (503, True), (500, False)])
def test_a_busy_receiver_is_left_in_peace_as_long_as_it_asks(
    now: datetime, status: int, rests: bool
) -> None:
    world = partner(now)
    receiver = Receiver([Reply(status, retry_after=120), *[Reply(200)] * 3])
    owed(now, 2)
    assert pushed(world, receiver, now) == (0 if rests else 1)
    assert Endpoint.objects.get().rests_until == (now + timedelta(seconds=120) if rests else None)
    assert pushed(world, receiver, now + timedelta(seconds=121)) == (2 if rests else 1)


def test_whoever_mended_it_need_not_wait(now: datetime) -> None:
    world, receiver = partner(now), Receiver([DOWN] * 5)
    owed(now, 6)
    pushed(world, receiver, now)
    services.send_test(endpoint_id=world.endpoint_id, by=world.by, now=now)
    assert pushed(world, receiver, now) == 7


@pytest.mark.django_db(transaction=True)
def test_a_lane_that_somebody_works_on_is_left_to_them(now: datetime) -> None:
    world, seen = partner(now), []

    def another_pusher() -> None:
        seen.append(pushed(world, Receiver(), now))
        connection.close()

    class Slow(Receiver):
        def send(self, **request: object) -> Reply:
            (rival := threading.Thread(target=another_pusher)).start()
            rival.join()
            return super().send(**request)  # type: ignore[arg-type]

    owed(now, 3)
    assert pushed(world, Slow(), now) == 3
    assert seen == [0] * 3


def test_a_pusher_that_dies_holds_up_its_own_row_only(now: datetime) -> None:
    class Crash(Receiver):
        def send(self, **request: object) -> Reply:
            raise KeyboardInterrupt

    world = partner(now)
    owed(now, 3)
    with pytest.raises(KeyboardInterrupt):
        pushed(world, Crash(), now)
    assert services.lanes(now=now) == [world.endpoint_id]
    assert pushed(world, Receiver(), now) == 2
    assert services.lanes(now=now) == []
    assert pushed(world, Receiver(), now + 2 * rules.LEASE) == 1


def test_a_turn_ends_in_time(now: datetime) -> None:
    world, receiver = partner(now), Receiver()
    owed(now, 5)
    clock = iter(now + timedelta(seconds=10 * turn) for turn in range(9))
    services.push_lane(
        endpoint_id=world.endpoint_id, sender=receiver, clock=lambda: next(clock),
        until=now + timedelta(seconds=20),
    )  # fmt: skip
    assert len(receiver.calls) == 2


@pytest.mark.django_db(transaction=True)
def test_an_address_that_does_not_answer_holds_nobody_up(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = partner(now, url="https://slow.example.cn/in")
    partner(now, url="https://quick.example.cn/in")
    owed(now, 1)
    quick_was_told, waited = threading.Event(), []

    class Sender:
        def __init__(self, **_known: object) -> None: ...

        def send(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
            if "slow" in url:
                waited.append(quick_was_told.wait(10))
                raise ConnectionError  # a lane may even break
            quick_was_told.set()
            return Reply(204)

    monkeypatch.setattr(tasks, "HttpSender", Sender)
    monkeypatch.setattr(tasks.timezone, "now", lambda: now)
    tasks.push_deliveries()
    assert waited == [True]
    sent = Delivery.objects.filter(sent_at__isnull=False).values_list("endpoint__url", flat=True)
    assert list(sent) == ["https://quick.example.cn/in"]
    assert Delivery.objects.get(endpoint_id=slow.endpoint_id).leased_until is not None
    assert connection.is_usable()


def test_page_and_api_say_that_it_rests(now: datetime, client: Client) -> None:
    world = partner(now)
    owed(now, 6)
    pushed(world, Receiver([DOWN] * 9), now)
    log_in(client, world.member)
    page = client.get(f"/open-platform/console/endpoints/{world.endpoint_id}/").content.decode()
    assert "连续 5 次没有收下" in page
    assert "暂停推送" in client.get("/open-platform/console/").content.decode()
    [row] = client.get("/api/v1/webhook-endpoints/").json()["results"]
    assert (row["misses"], row["rests_until"] is None) == (5, False)
    assert [e.pk for e in selectors.endpoints(viewer=world.by)] == [world.endpoint_id]
