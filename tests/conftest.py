"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.template.base import Template
from django.test import Client
from django.test.utils import _TestState
from hypothesis import HealthCheck, settings
from rest_framework.test import APIClient

from core.audit import services as audit
from core.outbox import services as outbox
from core.outbox.models import OutboxDelivery
from core.people.models import Membership
from core.web.middleware import MEMBERSHIP_KEY
from listings.selectors.searching import columns

NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
RELAY = NOON.replace(year=2100)  # the relay runs late enough for whatever a test dated ahead

# Argon2 is dear on purpose; what is tested here is who gets in, not how long a guess takes.
Argon2PasswordHasher.time_cost = 1
Argon2PasswordHasher.memory_cost = 64
Argon2PasswordHasher.parallelism = 1


# A machine that others use is no fault of the rule under test.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


@pytest.fixture
def now() -> datetime:
    """Noon in Shanghai on 20 November 2026."""
    return NOON


def drained() -> int:
    """Run the relay until nothing is owed; fails when a consumer failed."""
    OutboxDelivery.objects.filter(done_at__isnull=True).update(due_at=NOON)
    done = outbox.relay(clock=lambda: RELAY)
    broken = OutboxDelivery.objects.filter(done_at__isnull=True).exclude(error="").first()
    assert broken is None, f"{broken}: {broken.error}"
    audit.seal()
    return done


@pytest.fixture
def drain() -> Callable[[], int]:
    """Run the relay until nothing is owed; fails when a consumer failed."""
    return drained


@pytest.fixture
def plain_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates as users get them: Django's test runner copies every context for whoever asks."""
    monkeypatch.setattr(Template, "_render", _TestState.saved_data.template_render)


def log_in(client: Client, membership: Membership) -> None:
    """Log the member in, acting under this membership."""
    client.force_login(membership.user)
    session = client.session
    session[MEMBERSHIP_KEY] = membership.pk
    session.save()


@pytest.fixture
def client_as() -> Callable[[Membership], Client]:
    """A browser in which this member is logged in."""

    def make(membership: Membership) -> Client:
        client = Client()
        log_in(client, membership)
        return client

    return make


@pytest.fixture
def api_as() -> Callable[[Membership | None], APIClient]:
    """An API client with this member's session; None for an anonymous one."""

    def make(membership: Membership | None = None) -> APIClient:
        client = APIClient()
        if membership is not None:
            log_in(client, membership)
        return client

    return make


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()
    columns.forget()  # a transactional test empties the tables under the board's columns
