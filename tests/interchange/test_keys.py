"""Keys with chosen scopes: what a program gets, on pages and in the API."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.audit.models import AuditEntry
from core.errors import Invalid
from core.people.models import Membership
from interchange import selectors, services
from interchange.models import Credential, Partner
from tests.factories.interchange import partner

pytestmark = pytest.mark.django_db
TOKEN = "/identity/o/api/token"


def test_a_key_can_do_what_was_chosen_for_it_and_no_more(now: datetime) -> None:
    world, client = partner(now), Client()
    key = services.issue_key(
        partner_id=world.partner_id, label="a", scopes=["changes:read"], by=world.by, now=now
    )
    assert key.scopes == ("changes:read",)
    pair = base64.b64encode(f"{key.client_id}:{key.client_secret}".encode()).decode()

    def token(**more: str) -> Any:
        asked = {"grant_type": "client_credentials", **more}
        return client.post(TOKEN, asked, headers={"Authorization": f"Basic {pair}"})

    assert token(scope="webhooks:write").status_code == 400
    bearer = {"Authorization": f"Bearer {token().json()['access_token']}"}
    assert client.get("/api/v1/changes/", headers=bearer).status_code == 200
    refused = client.delete(f"/api/v1/webhook-endpoints/{world.endpoint_id}/", headers=bearer)
    assert refused.status_code == 403
    entry = AuditEntry.objects.get(event="partner.key_issued")
    assert entry.changes == {"label": "a", "scopes": ["changes:read"]}
    (shown,) = selectors.keys_with_scopes(Partner.objects.get(pk=world.partner_id))
    assert shown[1] == ["读取变更流"]


@pytest.mark.parametrize("scopes", [[], ["changes:read", "everything"], ["everything"]])
def test_a_key_for_nothing_or_for_what_is_not_there_is_refused(
    now: datetime, scopes: list[str]
) -> None:
    world = partner(now)
    with pytest.raises(Invalid):
        services.issue_key(
            partner_id=world.partner_id, label="a", scopes=scopes, by=world.by, now=now
        )
    assert not Credential.objects.exists()


def test_pages_and_the_api_ask_for_scopes(
    client_as: Callable[[Membership], Client],
    api_as: Callable[[Membership], APIClient],
    now: datetime,
) -> None:
    world = partner(now)
    page = client_as(world.member)
    none = page.post("/open-platform/console/keys/", {"label": "a"})
    assert none.status_code == 422
    made = page.post("/open-platform/console/keys/", {"label": "a", "scopes": ["changes:read"]})
    assert "client_secret" in made.content.decode()
    assert "读取变更流" in page.get("/open-platform/console/").content.decode()
    api = api_as(world.member)
    wrong = api.post("/api/v1/keys/", {"label": "b", "scopes": ["all"]}, format="json")
    assert wrong.status_code == 400
    whole = api.post("/api/v1/keys/", {"label": "b"}, format="json")
    assert (whole.status_code, "webhooks:write" in whole.data["scopes"]) == (201, True)
