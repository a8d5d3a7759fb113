"""What a partner's people and programs do with keys, endpoints and deliveries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from rest_framework.test import APIClient

from core.people.models import Membership
from interchange.models import Credential, Delivery, Endpoint
from tests.factories import core as make
from tests.factories.interchange import partner

pytestmark = pytest.mark.django_db
Api = Callable[[Membership], APIClient]


def test_a_key_is_shown_once_and_stopped(api_as: Api) -> None:
    client = api_as(make.exchange())
    made = client.post("/api/v1/keys/", {"label": "生产系统"})
    assert made.status_code == 201
    assert made.data["client_secret"]
    (listed,) = client.get("/api/v1/keys/").data["results"]
    assert "client_secret" not in listed
    assert client.delete(f"/api/v1/keys/{listed['id']}/").status_code == 204
    assert Credential.objects.get().revoked_at


def test_keys_and_deliveries_of_others_are_not_there(api_as: Api, now: datetime) -> None:
    world = partner(now)
    owner, stranger = api_as(world.member), api_as(make.exchange())
    owner.post("/api/v1/keys/", {"label": "生产系统"})
    owner.post(f"/api/v1/webhook-endpoints/{world.endpoint_id}/test/")
    owed = Delivery.objects.get()
    for path in ("keys", "webhook-deliveries"):
        assert stranger.get(f"/api/v1/{path}/").data["results"] == []
    assert stranger.post(f"/api/v1/webhook-deliveries/{owed.pk}/replay/").status_code == 404
    assert stranger.delete(f"/api/v1/keys/{Credential.objects.get().pk}/").status_code == 404
    assert Credential.objects.get().revoked_at is None


def test_an_endpoint_is_changed_tested_and_rotated(api_as: Api, now: datetime) -> None:
    world = partner(now)
    client, path = api_as(world.member), f"/api/v1/webhook-endpoints/{world.endpoint_id}/"
    secret = Endpoint.objects.get().secret
    assert client.post(f"{path}test/").status_code == 202
    assert client.post(f"{path}rotate/").data["secret"] not in {"", secret}
    changed = client.put(path, {"events": ["licence.effective"], "active": False})
    assert (changed.data["events"], bool(changed.data["disabled_at"])) == (
        ["licence.effective"],
        True,
    )
    assert client.post(f"{path}test/").status_code == 409
    assert client.put(path, {"events": ["no.such"], "active": True}).status_code == 400


def test_a_delivery_is_sent_again_under_its_number(api_as: Api, now: datetime) -> None:
    world = partner(now)
    client = api_as(world.member)
    client.post(f"/api/v1/webhook-endpoints/{world.endpoint_id}/test/")
    owed = Delivery.objects.get()
    Delivery.objects.update(sent_at=now, attempts=3)
    again = client.post(f"/api/v1/webhook-deliveries/{owed.pk}/replay/")
    assert (again.status_code, again.data["event_id"], again.data["sent_at"]) == (
        202,
        owed.event_id,
        None,
    )
    (row,) = client.get(f"/api/v1/webhook-deliveries/?endpoint={world.endpoint_id}").data["results"]
    assert row["attempts"] == 0
