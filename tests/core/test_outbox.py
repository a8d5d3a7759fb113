"""The outbox: nothing lost, nothing twice, nothing before it is true."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.utils import ProgrammingError

from core.outbox import registry, services
from core.outbox.models import OutboxDelivery, OutboxEvent
from core.people.models import Organisation
from core.people.types import Actor
from tests.factories import core as make

Heard = list[str]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """One consumer of `need.opened` that writes down what it heard."""
    log: Heard = []
    monkeypatch.setattr(registry, "_consumers", {})
    monkeypatch.setattr(registry, "_listeners", {})

    @registry.consumer("need.opened", name="tests.listen")
    def listen(event: registry.Event, *, now: datetime) -> None:
        log.append(event.subject_id)

    return log


def emit(now: datetime, subject: Organisation | None = None) -> OutboxEvent:
    return services.emit(
        "need.opened",
        subject=subject or make.OrganisationFactory(),
        by=Actor.system(),
        at=now,
        payload={"need_id": 1},
    )


@pytest.mark.django_db
def test_an_event_is_handed_over_once(heard: Heard, now: datetime) -> None:
    event = emit(now)
    for _ in range(3):
        services.relay(clock=lambda: now)
    assert heard == [event.subject_id]


@pytest.mark.django_db
def test_a_consumer_slower_than_its_lease_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(registry, "_consumers", {})
    monkeypatch.setattr(registry, "_listeners", {})
    time = [now]

    @registry.consumer("need.opened", name="tests.slow")
    def slow(event: registry.Event, *, now: datetime) -> None:
        time[0] += services.LEASE * 2

    for _ in range(4):
        emit(now)
    assert services.relay(clock=lambda: time[0]) == 4
    assert OutboxDelivery.objects.filter(crashes__gt=0).count() == 0


@pytest.mark.django_db
def test_a_relay_that_dies_is_to_blame_for_one_row(heard: Heard, now: datetime) -> None:
    """What waited behind it is handed over at once, and never counted as its crash."""
    for _ in range(30):
        emit(now)

    def die(event: registry.Event, *, now: datetime) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._consumers, "tests.listen", die)
        for crash in range(services.MAX_CRASHES):
            with pytest.raises(KeyboardInterrupt):
                services.relay(clock=lambda crash=crash: now + crash * 2 * services.LEASE)  # type: ignore[misc]
    later = now + 10 * services.LEASE
    assert services.relay(clock=lambda: later) == 29
    assert OutboxDelivery.objects.get(dead_at__isnull=False).crashes == services.MAX_CRASHES
    assert OutboxDelivery.objects.filter(crashes__gt=0).count() == 1


@pytest.mark.django_db
def test_a_dead_row_does_not_hold_up_what_waits_behind_it(heard: Heard, now: datetime) -> None:
    first, second = emit(now), emit(now + timedelta(seconds=1))
    OutboxDelivery.objects.filter(event=first).update(
        crashes=services.MAX_CRASHES - 1, leased_until=now
    )
    assert services.relay(clock=lambda: now + timedelta(minutes=1)) == 1
    assert heard == [second.subject_id]
    assert "died on this row" in OutboxDelivery.objects.get(event=first).error


@pytest.mark.django_db
def test_a_rolled_back_command_leaves_no_event(heard: Heard, now: datetime) -> None:
    with transaction.atomic():
        emit(now)
        transaction.set_rollback(True)
    assert OutboxEvent.objects.count() == 0


@pytest.mark.django_db
def test_an_unknown_name_is_refused(now: datetime) -> None:
    with pytest.raises(ValueError, match=r"core\.events"):
        services.emit("need.oepned", subject=make.OrganisationFactory(), by=Actor.system(), at=now)


@pytest.mark.django_db
def test_a_failing_consumer_is_tried_again_later_and_its_effects_undone(
    heard: Heard,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(event: registry.Event, *, now: datetime) -> None:
        make.OrganisationFactory(name="半途")
        raise RuntimeError("Exchange is down.")

    monkeypatch.setitem(registry._consumers, "tests.listen", fail)
    emit(now)
    assert services.relay(clock=lambda: now) == 0
    row = OutboxDelivery.objects.get()
    assert "Exchange is down" in row.error
    assert f"Consumer failed on delivery {row.pk}" in caplog.text
    assert row.due_at > now
    assert not Organisation.objects.filter(name="半途").exists()


@pytest.mark.django_db
def test_ten_failures_make_a_row_dead_and_keep_it(heard: Heard, now: datetime) -> None:
    registry._consumers.clear()
    emit(now)
    for day in range(1, 15):
        later = now + timedelta(days=day)
        services.relay(clock=lambda later=later: later)  # type: ignore[misc]
    row = OutboxDelivery.objects.get()
    assert row.attempts == services.MAX_ATTEMPTS
    assert row.dead_at is not None
    assert "No consumer" in row.error


@pytest.mark.django_db
def test_a_crashed_holder_is_followed_after_its_lease_and_three_crashes_are_enough(
    heard: Heard, now: datetime
) -> None:
    emit(now)
    for crash in range(3):
        assert services.claim(now=now + crash * 2 * services.LEASE)
        assert services.claim(now=now + crash * 2 * services.LEASE) == []
    assert services.claim(now=now + 6 * services.LEASE) == []
    assert OutboxDelivery.objects.get().dead_at is not None


@pytest.mark.django_db(transaction=True)
def test_rival_relays_share_the_work_and_hand_over_once(heard: Heard, now: datetime) -> None:
    organisation = make.OrganisationFactory()
    for _ in range(40):
        emit(now, organisation)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        services.relay(clock=lambda: now)
        connections.close_all()

    rivals = [threading.Thread(target=work) for _ in range(4)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert len(heard) == 40
    assert OutboxDelivery.objects.filter(done_at__isnull=True).count() == 0


@pytest.mark.django_db
def test_places_in_the_feed_follow_one_another(heard: Heard, now: datetime) -> None:
    for _ in range(3):
        emit(now)
    services.number_events()
    emit(now)
    services.number_events()
    sequence = OutboxEvent.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(sequence) == [1, 2, 3, 4]


@pytest.mark.django_db
def test_one_commit_gives_one_nudge(
    heard: Heard,
    now: datetime,
    django_capture_on_commit_callbacks: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And a queue that is down fails nobody: nothing is tried again, nothing is raised."""
    nudges: list[tuple[str, dict[str, bool]]] = []
    monkeypatch.setattr(
        services.current_app, "send_task", lambda name, **options: nudges.append((name, options))
    )
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        emit(now)
        emit(now)
        hooks = [hook[2] for hook in connection.run_on_commit if hook[1] is services._nudge]
    assert hooks == [True]  # robust
    assert nudges == [("core.relay", {"ignore_result": True, "retry": False})]


@pytest.mark.django_db
def test_events_cannot_be_deleted(heard: Heard, now: datetime) -> None:
    event = emit(now)
    with (
        pytest.raises(ProgrammingError, match="Cannot delete"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM core_outboxevent WHERE id = %s", [event.pk])
