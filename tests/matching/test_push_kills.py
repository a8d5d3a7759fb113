"""Killed at every step between the listing and the mail: nothing is lost and no bell rings twice.

A kill is a BaseException at the n-th statement: nobody catches it, the transaction under way is
rolled back, and leases stay taken, as when the process had gone. Real processes and SIGKILL are
`benchmarks/push_kills.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from core.notices.models import Notice
from core.outbox import services as outbox
from core.outbox.models import OutboxDelivery
from interchange import services as interchange
from interchange.models import Delivery
from matching import rules
from matching.exchanges.port import Letter
from matching.models import Digest, Push, PushDelivery
from matching.services import delivering, receiving
from matching.types import Pace, PushWish
from tests.conftest import RELAY
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make
from tests.factories.kills import Killed, killer

pytestmark = pytest.mark.django_db
FIRMS = 3


class Postman:
    """A mail server: a second copy of the same Message-ID is the same mail."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()

    def carry(self, letter: Letter) -> None:
        self.taken[letter.to, letter.message_id] += 1


def work(postman: Postman, at: datetime) -> None:
    """What the worker does: the relay, then what is due to be delivered."""
    outbox.relay(clock=lambda: at)
    delivering.deliver(postman=postman, now=at)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, drain: Callable[[], int]) -> list[Any]:
    """Three firms that want bells and mails, one with a program, and a patent just listed."""
    monkeypatch.setattr(rules, "PUSH_FLOOR", 20.0)
    firms = [core.enterprise() for _ in range(FIRMS)]
    for firm in firms:
        make.subscription(firm)
        wish = PushWish(mail=Pace.AT_ONCE)
        receiving.set_push_wish(wish=wish, by=core.actor(firm), now=make.NOON)
    by = core.actor(firms[0])
    interchange.add_endpoint(
        partner_id=interchange.join(by=by, now=make.NOON),
        url="https://erp.example.cn/hook",
        events=["match.pushed"],
        by=by,
        now=make.NOON,
    )
    drain()
    board.listed_patent(**make.BATTERY)
    OutboxDelivery.objects.filter(done_at__isnull=True).update(due_at=make.NOON)
    return firms


def check(firms: list[Any], postman: Postman) -> None:
    assert OutboxDelivery.objects.filter(done_at__isnull=True).count() == 0
    bells = Counter(Notice.objects.filter(kind="match.pushed").values_list("user_id", flat=True))
    assert bells == {firm.user_id: 1 for firm in firms}
    assert Push.objects.count() == FIRMS
    assert Delivery.objects.filter(name="match.pushed").count() == 1
    assert not PushDelivery.objects.filter(done_at__isnull=True).exists()
    assert Digest.objects.filter(sent_at__isnull=False).count() == FIRMS
    assert len(postman.taken) == FIRMS  # one Message-ID each
    assert sorted(to for to, _id in postman.taken) == sorted(f.user.email for f in firms)


def test_killed_at_every_step_nothing_is_lost_and_no_bell_rings_twice(stage: list[Any]) -> None:
    seen = [0]
    postman = Postman()
    with transaction.atomic():
        with connection.execute_wrapper(killer(0, seen)):
            work(postman, RELAY)
        check(stage, postman)
        transaction.set_rollback(True)
    steps = seen[0]
    assert steps > 100
    doubled = 0
    # Points all along, closer at the delivering end; the last statement records the last mail.
    points = [*range(1, steps - 40, max(1, (steps - 40) // 9)), *range(steps - 40, steps + 1, 4)]
    for at in points:
        seen, postman = [0], Postman()
        with transaction.atomic():
            with pytest.raises(Killed), connection.execute_wrapper(killer(at, seen)):
                work(postman, RELAY)
            for minutes in (2, 8, 14):  # leases run out; the sweep comes round
                work(postman, RELAY + timedelta(minutes=minutes))
            check(stage, postman)
            doubled += sum(postman.taken.values()) - FIRMS
            transaction.set_rollback(True)
    assert doubled >= 1  # the kill between sending and recording did happen, and was harmless
