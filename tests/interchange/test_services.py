"""Keys, endpoints and deliveries: once, signed, retried, and nobody else's business."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connections, transaction
from standardwebhooks import Webhook, WebhookVerificationError

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.outbox.registry import Event
from interchange import rules, selectors, services
from interchange.exchanges.port import Reply
from interchange.models import Credential, Delivery, Endpoint, Partner, Receipt
from tests.factories import core as make
from tests.factories.interchange import Receiver, partner

pytestmark = pytest.mark.django_db


def listed(now: datetime, number: int = 1) -> Event:
    return Event(
        id=f"00000000-0000-0000-0000-{number:012d}",
        name="patent.listed",
        subject_type="listings.patent",
        subject_id="7",
        payload={"patent_id": 7, "listing_id": 3, "organisation_id": 2, "internal": "hidden"},
        actor_key="system",
        occurred_at=now,
    )


def test_an_event_is_owed_once_to_those_who_hear_it(now: datetime) -> None:
    hears = partner(now, "patent.listed")
    partner(now, "licence.effective")
    for _ in range(2):
        services.owe(listed(now), now=now)
    assert [d.endpoint_id for d in Delivery.objects.all()] == [hears.endpoint_id]


def test_a_body_holds_public_facts_only(now: datetime) -> None:
    partner(now)
    services.owe(listed(now), now=now)
    body = Delivery.objects.get().body
    assert body["specversion"] == "1.0"
    assert body["type"] == "patent.listed"
    assert "internal" not in body["data"]


def test_a_delivery_is_signed_and_sent_once(now: datetime) -> None:
    world, receiver = partner(now), Receiver()
    services.owe(listed(now), now=now)
    delivery = Delivery.objects.get()
    for _ in range(2):
        services.push_delivery(delivery_id=delivery.pk, sender=receiver, now=now)
    assert len(receiver.calls) == 1
    secret = Endpoint.objects.get(pk=world.endpoint_id).secret
    _, body, headers = receiver.calls[0]
    # The library compares with the wall clock, so the same message is signed for today.
    today = services.signed_headers(delivery, body, now=datetime.now(tz=now.tzinfo))
    assert Webhook(secret).verify(body, today)
    assert headers["webhook-id"] == today["webhook-id"]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", today)


def test_while_a_secret_is_replaced_both_verify(now: datetime) -> None:
    world = partner(now)
    services.owe(listed(now), now=now)
    old = Endpoint.objects.get(pk=world.endpoint_id).secret
    today = datetime.now(tz=now.tzinfo)
    services.rotate_secret(endpoint_id=world.endpoint_id, by=world.by, now=today)
    delivery = Delivery.objects.select_related("endpoint").get()
    headers = services.signed_headers(delivery, b"{}", now=today)
    for secret in (old, delivery.endpoint.secret):
        assert Webhook(secret).verify(b"{}", headers) == {}
    later = services.signed_headers(delivery, b"{}", now=today + timedelta(days=2))
    assert " " not in later["webhook-signature"]


def test_a_failure_waits_and_tries_again_under_the_same_id(now: datetime) -> None:
    partner(now)
    receiver = Receiver([Reply(503), Reply(None, note="ConnectError")])
    services.owe(listed(now), now=now)
    delivery, clock = Delivery.objects.get(), now
    for _ in range(3):
        assert services.lanes(now=clock) == [delivery.endpoint_id]
        services.push_delivery(delivery_id=delivery.pk, sender=receiver, now=clock)
        assert services.lanes(now=clock) == []
        clock += timedelta(hours=1)
    assert len({headers["webhook-id"] for _, _, headers in receiver.calls}) == 1
    assert [r.status for r in Receipt.objects.order_by("pk")] == [503, None, 200]
    assert Endpoint.objects.get().failing_since is None


def test_a_crash_after_the_call_is_sent_again_when_the_lease_is_over(now: datetime) -> None:
    partner(now)
    services.owe(listed(now), now=now)
    delivery = Delivery.objects.get()

    class Crash(Receiver):
        def send(self, **request: object) -> Reply:
            super().send(**request)  # type: ignore[arg-type]
            raise KeyboardInterrupt

    receiver = Crash()
    with pytest.raises(KeyboardInterrupt):
        services.push_delivery(delivery_id=delivery.pk, sender=receiver, now=now)
    assert services.lanes(now=now) == []
    later = now + 2 * rules.LEASE
    assert services.lanes(now=later) == [delivery.endpoint_id]
    again = Receiver(taken=receiver.taken)
    services.push_delivery(delivery_id=delivery.pk, sender=again, now=later)
    assert len(again.taken) == 1


def test_410_disables_and_five_days_of_failure_too(now: datetime) -> None:
    partner(now)
    services.owe(listed(now), now=now)
    pk = Delivery.objects.get().pk
    services.push_delivery(delivery_id=pk, sender=Receiver([Reply(410)]), now=now)
    endpoint = Endpoint.objects.get()
    assert endpoint.disabled_at == now
    assert "410" in endpoint.disabled_because
    Endpoint.objects.update(disabled_at=None, failing_since=now - timedelta(days=5))
    services.owe(listed(now, 2), now=now)
    pk = Delivery.objects.get(sent_at=None, given_up_at=None).pk
    services.push_delivery(delivery_id=pk, sender=Receiver([Reply(500)]), now=now)
    assert "五天" in Endpoint.objects.get().disabled_because


def test_a_replay_is_sent_again_under_the_same_id(now: datetime) -> None:
    world, receiver = partner(now), Receiver()
    services.owe(listed(now), now=now)
    pk = Delivery.objects.get().pk
    services.push_delivery(delivery_id=pk, sender=receiver, now=now)
    assert services.replay(delivery_id=pk, by=world.by, now=now) == world.endpoint_id
    services.push_delivery(delivery_id=pk, sender=receiver, now=now)
    assert len(receiver.calls) == 2
    assert len(receiver.taken) == 1


def test_strangers_find_nothing_and_change_nothing(now: datetime) -> None:
    world = partner(now)
    key = services.issue_key(partner_id=world.partner_id, label="正式", by=world.by, now=now)
    services.owe(listed(now), now=now)
    delivery = Delivery.objects.get()
    stranger = partner(now, url="https://other.example.cn/").by
    before = AuditEntry.objects.count()
    for command in (
        lambda: services.issue_key(partner_id=world.partner_id, label="x", by=stranger, now=now),
        lambda: services.revoke_key(credential_id=key.credential_id, by=stranger, now=now),
        lambda: services.rotate_secret(endpoint_id=world.endpoint_id, by=stranger, now=now),
        lambda: services.remove_endpoint(endpoint_id=world.endpoint_id, by=stranger, now=now),
        lambda: services.send_test(endpoint_id=world.endpoint_id, by=stranger, now=now),
        lambda: services.replay(delivery_id=delivery.pk, by=stranger, now=now),
    ):
        with pytest.raises(Missing):
            command()
    assert AuditEntry.objects.count() == before
    with pytest.raises(NotAllowed):
        services.join(by=make.actor(make.bank()), now=now)


def test_two_keys_may_live_and_a_third_is_refused_by_the_database_too(now: datetime) -> None:
    world = partner(now)
    first = services.issue_key(partner_id=world.partner_id, label="旧", by=world.by, now=now)
    services.issue_key(partner_id=world.partner_id, label="新", by=world.by, now=now)
    with pytest.raises(Conflict, match="两把"):
        services.issue_key(partner_id=world.partner_id, label="三", by=world.by, now=now)
    with pytest.raises(IntegrityError, match="credential_slot"), transaction.atomic():
        Credential.objects.create(
            partner_id=world.partner_id, slot=3, client_id="x", label="", created_at=now,
            created_by="x",
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="credential_two_live"), transaction.atomic():
        Credential.objects.create(
            partner_id=world.partner_id, slot=1, client_id="x", label="", created_at=now,
            created_by="x",
        )  # fmt: skip
    services.revoke_key(credential_id=first.credential_id, by=world.by, now=now)
    services.issue_key(partner_id=world.partner_id, label="三", by=world.by, now=now)


@pytest.mark.parametrize(
    ("url", "events", "field"),
    [
        ("https://user:pw@example.cn/", ["patent.listed"], "url"),
        ("nonsense", ["patent.listed"], "url"),
        ("https://example.cn/", [], "events"),
        ("https://example.cn/", ["need.opened"], "events"),
    ],
)
def test_a_bad_endpoint_is_refused_at_its_field(
    now: datetime, url: str, events: list[str], field: str
) -> None:
    world = partner(now)
    with pytest.raises(Invalid) as refusal:
        services.add_endpoint(
            partner_id=world.partner_id, url=url, events=events, by=world.by, now=now
        )
    assert field in refusal.value.fields


def test_the_feed_is_for_those_with_the_scope(now: datetime) -> None:
    world = partner(now)
    assert selectors.changes(viewer=world.by, since=0).changes == ()
    program = replace(world.by, partner_id=world.partner_id, scopes=frozenset({"webhooks:write"}))
    with pytest.raises(NotAllowed):
        selectors.changes(viewer=program, since=0)
    program = replace(program, scopes=frozenset({"changes:read"}))
    assert selectors.changes(viewer=program, since=0).changes == ()


@pytest.mark.django_db(transaction=True)
def test_rival_pushers_send_once(now: datetime) -> None:
    partner(now)
    services.owe(listed(now), now=now)
    pk, receiver, start = Delivery.objects.get().pk, Receiver(), threading.Barrier(6)

    def work() -> None:
        start.wait()
        services.push_delivery(delivery_id=pk, sender=receiver, now=now)
        connections.close_all()

    rivals = [threading.Thread(target=work) for _ in range(6)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert len(receiver.calls) == 1
    assert Partner.objects.count() == 1
