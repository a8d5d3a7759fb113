"""Implicit demand: nothing without consent, everything shown, gone at once when withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import Error, transaction
from django.test import Client
from rest_framework.test import APIClient

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, NotAllowed
from core.people import services as people
from core.people.models import Membership
from core.people.types import Actor
from matching import services as room
from matching.models import (
    DemandProfile,
    Match,
    ReadingConsent,
    ReadingTrace,
    Subscription,
)
from matching.rules import implicit as rules
from matching.selectors import implicit as selectors
from matching.services import implicit as services
from tests.factories import core
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
Drain = Callable[[], int]
COLD = "磷酸铁锂储能柜低温充电，脉冲电流自加热"


def consented(firm: Membership, **more: Any) -> DemandProfile:
    given = {"uses": rules.USES, "products": COLD, "agreed": True} | more
    return services.consent(by=core.actor(firm), now=make.NOON, **given)


def kept() -> tuple[int, int, int]:
    tables = (DemandProfile, ReadingConsent, ReadingTrace)
    return tuple(table.objects.count() for table in tables)  # type: ignore[return-value]


def test_without_consent_nothing_is_recorded(drain: Drain, client_as: As) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    client = client_as(firm)
    for _ in range(2):
        assert client.get(f"/matches/{match.pk}/").status_code == 200
    assert client.get("/subscriptions/profile/").status_code == 200
    assert services.refresh_profiles(now=make.NOON) == 0
    assert kept() == (0, 0, 0)
    assert not Subscription.objects.exists()
    with pytest.raises(Invalid):
        consented(firm, agreed=False)
    assert kept() == (0, 0, 0)


def test_the_firms_consent_is_not_the_persons(drain: Drain, client_as: As) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    consented(firm)
    client_as(firm).get(f"/matches/{match.pk}/")
    assert kept() == (1, 0, 0)


def test_a_profile_is_matched_and_withdrawn_it_is_gone_at_once(drain: Drain) -> None:
    firm = core.enterprise()
    make.stock()
    row = consented(firm)
    drain()
    assert row.subscription is not None
    assert COLD in row.subscription.text
    assert Match.objects.filter(subscription=row.subscription).exists()
    by = core.actor(firm)
    services.allow_reading(by=by, now=make.NOON)
    assert services.withdraw(by=by, now=make.NOON)
    assert kept() == (0, 0, 0)
    assert not Subscription.objects.exists()
    assert not Match.objects.exists()
    assert not services.withdraw(by=by, now=make.NOON)
    drain()
    recorded = set(AuditEntry.objects.values_list("event", flat=True))
    assert {"demand_profile.agreed", "demand_profile.withdrawn"} <= recorded


def test_what_a_person_reads_counts_is_shown_deleted_and_stopped(
    drain: Drain, client_as: As
) -> None:
    firm = core.enterprise()
    colleague = core.MembershipFactory(organisation=firm.organisation)
    match = make.match(drain, firm)
    by = core.actor(firm)
    with pytest.raises(Conflict):
        services.allow_reading(by=by, now=make.NOON)
    row = consented(firm, products="", uses=())
    assert row.subscription is None
    client = client_as(firm)
    client.post("/subscriptions/profile/allow/")
    client.get(f"/matches/{match.pk}/")
    client.get(f"/matches/{match.pk}/")
    (found,) = selectors.readings(viewer=by)
    assert (found.title, found.times) == (make.BATTERY["title"], 2)
    assert selectors.readings(viewer=core.actor(colleague)) == []
    services.refresh_profiles(now=make.NOON)
    row.refresh_from_db()
    assert row.subscription is not None
    assert make.BATTERY["title"] in row.subscription.text
    with pytest.raises(ObjectDoesNotExist):
        services.forget_reading(trace_id=found.id, by=core.actor(colleague), now=make.NOON)
    client.post("/subscriptions/profile/forget/", {"reading": found.id})
    assert kept() == (1, 1, 0)
    assert not Subscription.objects.exists()
    client.post("/subscriptions/profile/stop/")
    assert kept() == (1, 0, 0)
    client.get(f"/matches/{match.pk}/")
    assert kept() == (1, 0, 0)


def test_who_switched_recommendations_off_leaves_no_trace(drain: Drain) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    by = core.actor(firm)
    consented(firm)
    services.allow_reading(by=by, now=make.NOON)
    people.set_recommendations(wanted=False, by=by, now=make.NOON)
    room.view_match(match_id=match.pk, by=by, now=make.NOON)
    assert kept() == (1, 1, 0)


def test_old_readings_are_forgotten(drain: Drain) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    by = core.actor(firm)
    consented(firm)
    services.allow_reading(by=by, now=make.NOON)
    room.view_match(match_id=match.pk, by=by, now=make.NOON)
    services.refresh_profiles(now=make.NOON + rules.KEPT_FOR)
    assert kept() == (1, 1, 1)
    services.refresh_profiles(now=make.NOON + rules.KEPT_FOR + timedelta(seconds=1))
    assert kept() == (1, 1, 0)


def test_the_same_again_changes_nothing_and_strangers_may_not() -> None:
    firm = core.enterprise()
    row = consented(firm)
    assert row.subscription is not None
    before = row.subscription.version
    assert services.refresh_profiles(now=make.NOON) == 1
    row.subscription.refresh_from_db()
    assert row.subscription.version == before
    with pytest.raises(NotAllowed):
        consented(core.office())
    assert selectors.demand_profile(viewer=core.actor(core.enterprise())) is None
    assert not services.note_reading(patent_id=1, by=Actor.anonymous(), now=make.NOON)


def test_the_page_explains_asks_and_shows(client_as: As) -> None:
    client = client_as(core.enterprise())
    page = client.get("/subscriptions/profile/").content.decode()
    assert "个人信息保护法" in page
    refused = client.post("/subscriptions/profile/", {"uses": ["products"], "products": COLD})
    assert refused.status_code == 422
    agreed = {"uses": ["products"], "products": COLD, "agreed": "on"}
    assert client.post("/subscriptions/profile/", agreed).status_code == 302
    assert COLD in client.get("/subscriptions/profile/").content.decode()
    client.post("/subscriptions/profile/withdraw/")
    assert kept() == (0, 0, 0)


def test_the_api_does_the_same(api_as: Callable[[Membership | None], APIClient]) -> None:
    client = api_as(core.enterprise())
    url = "/api/v1/demand-profile/"
    assert client.get(url).json()["consented"] is False
    body = {"uses": ["products"], "products": COLD, "agreed": True, "reading_allowed": True}
    assert client.put(url, body | {"agreed": False}, format="json").status_code == 422
    shown = client.put(url, body, format="json").json()
    assert (shown["consented"], shown["reading_allowed"], shown["readings"]) == (True, True, [])
    assert client.delete(url).status_code == 204
    assert kept() == (0, 0, 0)


def test_broken_profiles_are_refused(drain: Drain) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    row = consented(firm)
    given = services.allow_reading(by=core.actor(firm), now=make.NOON)
    room.view_match(match_id=match.pk, by=core.actor(firm), now=make.NOON)
    for fields in ({"uses": ["dreams"]}, {"notice": ""}):
        with pytest.raises(Error), transaction.atomic():
            DemandProfile.objects.filter(pk=row.pk).update(**fields)
    with pytest.raises(Error), transaction.atomic():
        ReadingConsent.objects.create(profile=row, user=firm.user, given_at=make.NOON)
    with pytest.raises(Error), transaction.atomic():
        ReadingTrace.objects.create(consent=given, patent_id=match.patent_id, last_at=make.NOON)


def test_what_was_read_weighs_more_than_what_is_held() -> None:
    found = rules.profile(
        products="", industries=("3841",), own=[("甲", ["A01B"]), ("乙", ["A01B"])],
        read=[("丙", ["H01M"]), ("丁", ["H01M"])],
    )  # fmt: skip
    assert found is not None
    assert (found.ipc, found.text) == (("H01M", "A01B"), "丙；丁；甲；乙")
    assert rules.profile(products=" ", industries=("38",), own=[], read=[]) is None
