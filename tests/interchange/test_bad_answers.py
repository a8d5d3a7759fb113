"""Receivers that answer badly: dripping, endless, nonsense. Each costs one try, and no lane."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from interchange import services
from interchange.exchanges import webhooks
from interchange.exchanges.port import Reply
from interchange.models import Delivery, Partner
from tests.attack.test_ssrf import Doors
from tests.factories.interchange import Receiver, partner
from tests.interchange.test_lanes import owed, pushed


@contextmanager
def answering(answer: Callable[[Any], None]) -> Iterator[Callable[[], Reply]]:
    doors, sender = Doors(answer), webhooks.HttpSender(loopback=True)
    url = f"http://127.0.0.1:{doors.port}/"
    try:
        yield lambda: sender.send(url=url, body=b"{}", headers={})
    finally:
        doors.close()


@pytest.mark.parametrize(
    ("said", "wait"),
    [("120", 120), ("9" * 5_000, None), ("-5", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_a_wait_that_is_no_number_is_none(said: str, wait: int | None) -> None:
    def busy(door: Any) -> None:
        door.send_response(503)
        door.send_header("Retry-After", said)
        door.end_headers()

    with answering(busy) as send:
        assert send() == Reply(503, wait)


def test_who_lets_headers_drip_in_has_no_more_time_than_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.5)
    over = threading.Event()

    def drip(door: Any) -> None:
        door.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(50):  # ten seconds
            if over.wait(0.2):
                return
            door.wfile.write(b"x")

    with answering(drip) as send:
        began = time.monotonic()
        reply = send()
        took = time.monotonic() - began
        over.set()
    assert (reply.status, reply.note) == (None, "对方没有在规定时间内应答")
    assert took < 5


def test_headers_without_end_are_no_answer() -> None:
    def pour(door: Any) -> None:
        door.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(160):
            door.wfile.write(b"x" * 65_536)

    with answering(pour) as send:
        assert send() == Reply(None, note="对方的应答不完整，或不是有效的 HTTP 应答")


@pytest.mark.django_db
def test_what_was_removed_during_the_call_is_called_no_more(now: datetime) -> None:
    world = partner(now)

    class Removing(Receiver):
        def send(self, **request: Any) -> Reply:
            services.remove_endpoint(endpoint_id=world.endpoint_id, by=world.by, now=now)
            return super().send(**request)

    owed(now, 2)
    receiver = Removing([Reply(500)])
    pushed(world, receiver, now)
    assert len(receiver.calls) == 1
    assert not Delivery.objects.filter(given_up_at=None).exists()
    assert services.lanes(now=now + timedelta(days=1)) == []


@pytest.mark.django_db
def test_who_was_switched_off_is_called_no_more(now: datetime) -> None:
    world = partner(now)
    owed(now, 1)
    Partner.objects.update(is_active=False)
    assert services.lanes(now=now) == []
    assert pushed(world, Receiver(), now) == 0
