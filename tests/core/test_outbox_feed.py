"""What the outbox hands on: the feed in its order, rows that need nothing, and its three tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from core.audit import services as audit
from core.audit.heads import kept
from core.audit.models import AuditEntry
from core.idempotency.models import IdempotencyKey
from core.outbox import registry, selectors, services, tasks
from core.outbox.models import OutboxDelivery, OutboxEvent
from core.people.models import Organisation
from core.people.types import Actor
from tests.factories import core as make


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_consumers", {})
    monkeypatch.setattr(registry, "_listeners", {})


def emit(subject: Organisation, name: str, at: datetime) -> OutboxEvent:
    payload = {"n": at.minute}
    return services.emit(name, subject=subject, by=Actor.system(), at=at, payload=payload)


def test_a_consumer_registers_once_and_for_events_there_are(nobody_listens: None) -> None:
    def listen(event: registry.Event, *, now: datetime) -> None: ...

    registered = registry.consumer("need.opened", "need.closed", name="tests.b")(listen)
    registry.consumer("need.opened", name="tests.a")(listen)
    assert registered is listen
    assert registry.find("tests.b") is listen
    assert registry.find("tests.c") is None
    assert registry.listeners("need.opened") == ["tests.a", "tests.b"]
    assert registry.listeners("need.closed") == ["tests.b"]
    assert registry.listeners("patent.listed") == []
    with pytest.raises(ValueError, match=r"tests\.a"):
        registry.consumer("need.closed", name="tests.a")(listen)
    with pytest.raises(ValueError, match=r"need\.opnd"):
        registry.consumer("need.opnd", name="tests.d")(listen)


@pytest.mark.django_db
def test_the_feed_goes_on_from_a_place_with_these_names(
    nobody_listens: None, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    subject = make.OrganisationFactory()
    names = ("need.opened", "need.closed", "need.opened", "patent.listed", "need.opened")
    with django_capture_on_commit_callbacks() as nudges:
        rows = [emit(subject, name, now + timedelta(minutes=n)) for n, name in enumerate(names)]
    assert nudges == []  # nobody is owed anything
    assert selectors.feed(names=["need.opened"], since=0, limit=9) == []  # not numbered yet
    assert selectors.event(str(rows[3].pk)).sequence == 0
    assert services.number_events(limit=2) == 2
    assert services.number_events() == 3
    assert services.number_events() == 0
    found = selectors.feed(names=["need.opened", "need.closed"], since=1, limit=2)
    assert [(e.sequence, e.name, e.payload["n"]) for e in found] == [
        (2, "need.closed", 1), (3, "need.opened", 2),
    ]  # fmt: skip
    assert selectors.event(found[1].id) == found[1]
    assert str(rows[0]) == f"need.opened core.organisation:{subject.pk}"


@pytest.mark.django_db
def test_a_consumer_gets_the_event_as_it_was_emitted(nobody_listens: None, now: datetime) -> None:
    heard: list[tuple[registry.Event, datetime]] = []

    @registry.consumer("need.opened", name="tests.listen")
    def listen(event: registry.Event, *, now: datetime) -> None:
        heard.append((event, now))

    subject, later = make.OrganisationFactory(), now + timedelta(hours=1)
    row = emit(subject, "need.opened", now)
    assert services.relay(clock=lambda: later) == 1
    assert heard == [
        (
            registry.Event(
                id=str(row.pk), name="need.opened", subject_type="core.organisation",
                subject_id=str(subject.pk), payload={"n": 0}, actor_key="system", occurred_at=now,
            ),
            later,
        )
    ]  # fmt: skip
    owed = OutboxDelivery.objects.get()
    assert (owed.done_at, owed.leased_until, owed.attempts) == (later, None, 1)
    assert str(owed) == f"tests.listen ← {row.pk}"


@pytest.mark.django_db
def test_what_is_done_dead_or_gone_is_not_handed_over_again(
    nobody_listens: None, now: datetime
) -> None:
    heard: list[str] = []

    @registry.consumer("need.opened", name="tests.listen")
    def listen(event: registry.Event, *, now: datetime) -> None:
        heard.append(event.id)

    emit(make.OrganisationFactory(), "need.opened", now)
    row = OutboxDelivery.objects.get()
    for state in ({"done_at": now}, {"done_at": None, "dead_at": now}):
        OutboxDelivery.objects.update(**state)
        assert services.hand_over(delivery_id=row.pk, now=now) is False
    assert services.hand_over(delivery_id=row.pk + 1, now=now) is False
    row.refresh_from_db()
    assert (heard, row.error, row.dead_at) == ([], "", now)


@pytest.mark.django_db
def test_failures_wait_twice_as_long_each_time_until_the_tenth(
    nobody_listens: None, now: datetime
) -> None:
    """Two seconds, four, eight …; a success clears what was noted."""
    tries: list[datetime] = []

    @registry.consumer("need.opened", name="tests.fail")
    def fail(event: registry.Event, *, now: datetime) -> None:
        tries.append(now)
        if len(tries) < services.MAX_ATTEMPTS:
            raise RuntimeError("长" * 3_000)

    emit(make.OrganisationFactory(), "need.opened", now)
    waits, at = [], now
    for _ in range(services.MAX_ATTEMPTS - 1):
        assert services.relay(clock=lambda at=at: at) == 0  # type: ignore[misc]
        row = OutboxDelivery.objects.get()
        assert (row.leased_until, row.dead_at, len(row.error)) == (None, None, 2_000)
        assert services.claim(now=row.due_at - timedelta(seconds=1)) == []
        waits.append(int((row.due_at - at).total_seconds()))
        at = row.due_at
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert services.relay(clock=lambda: at) == 1
    row.refresh_from_db()
    assert (row.done_at, row.error, row.attempts) == (at, "", services.MAX_ATTEMPTS)


@pytest.mark.django_db
def test_a_relay_does_so_many_rounds_and_numbers_at_its_end(
    nobody_listens: None, now: datetime
) -> None:
    @registry.consumer("need.opened", name="tests.listen")
    def listen(event: registry.Event, *, now: datetime) -> None: ...

    subject = make.OrganisationFactory()
    for _ in range(3):
        emit(subject, "need.opened", now)
    assert services.relay(clock=lambda: now, rounds=2) == 2
    assert services.relay(clock=lambda: now, rounds=0) == 0
    assert OutboxDelivery.objects.filter(done_at__isnull=True).count() == 1
    assert OutboxEvent.objects.filter(sequence__isnull=True).count() == 0


@pytest.mark.django_db
def test_the_feed_grows_while_a_relay_is_busy(nobody_listens: None, now: datetime) -> None:
    """What consumers emit has its place after twenty deliveries at the latest, and at the end."""
    subject, waiting = make.OrganisationFactory(), []

    @registry.consumer("need.opened", name="tests.listen")
    def listen(event: registry.Event, *, now: datetime) -> None:
        waiting.append(OutboxEvent.objects.filter(sequence__isnull=True).count())
        emit(subject, "need.closed", now)

    for _ in range(services.NUMBER_EVERY + 1):
        emit(subject, "need.opened", now)
    assert services.relay(clock=lambda: now) == services.NUMBER_EVERY + 1
    assert waiting == [*range(services.NUMBER_EVERY), 0]
    assert not OutboxEvent.objects.filter(sequence__isnull=True).exists()


@pytest.mark.django_db
def test_a_second_numberer_leaves_it_to_the_first(nobody_listens: None, now: datetime) -> None:
    emit(make.OrganisationFactory(), "need.opened", now)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [services.NUMBER_LOCK])
        assert services.number_events() == 0
        assert OutboxEvent.objects.get().sequence is None
        with other.cursor() as cursor:  # a server notices later that somebody hung up
            cursor.execute("SELECT pg_advisory_unlock(%s)", [services.NUMBER_LOCK])
    finally:
        other.close()
    assert services.number_events() == 1


@pytest.mark.django_db
def test_the_tasks_relay_seal_and_forget(
    nobody_listens: None, now: datetime, settings: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.AUDIT_HEADS = str(tmp_path / "heads")
    done: list[str] = []

    @registry.consumer("need.opened", name="tests.listen")
    def listen(event: registry.Event, *, now: datetime) -> None:
        done.append(event.name)

    subject = make.OrganisationFactory()
    emit(subject, "need.opened", now - timedelta(days=900))
    for _ in range(3):
        audit.record("organisation.registered", subject=subject, by=Actor.system(), at=now)
    one_by_one: Callable[[], int] = lambda seal=audit.seal: seal(limit=1)  # noqa: E731
    monkeypatch.setattr(audit, "seal", one_by_one)
    IdempotencyKey.objects.create(
        actor_key="system", key="k", route="/", body_digest="", status=200, body={},
        created_at=now - timedelta(days=900),
    )  # fmt: skip
    tasks.relay()
    tasks.seal_audit()
    tasks.forget_idempotency_keys()
    assert done == ["need.opened"]
    assert not AuditEntry.objects.filter(position__isnull=True).exists()
    assert [head.position for head in kept(tmp_path / "heads")] == [3]
    assert not IdempotencyKey.objects.exists()
