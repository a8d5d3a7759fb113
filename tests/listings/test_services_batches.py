"""A whole stock at once: consent and publication in bulk."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.audit.models import AuditEntry
from core.errors import NotAllowed
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from listings import services
from listings.models import Holder, Listing, Patent
from listings.types import Consent, HolderInput
from tests.factories import core
from tests.factories import listings as make

pytestmark = pytest.mark.django_db


def _shared(keeper: Membership) -> Patent:
    """A patent with a co-owner who has agreed to nothing."""
    holders = (
        HolderInput(keeper.organisation.name, organisation_id=keeper.organisation_id),
        HolderInput("某共有单位"),
    )
    return make.patent(keeper, holders=holders)


def test_publish_stock_lists_what_may_be_listed_and_says_why_not(now: datetime) -> None:
    keeper = core.office()
    free, shared = make.patent(keeper), _shared(keeper)
    done = services.publish_stock(patent_ids=[free.pk, shared.pk], by=core.actor(keeper), now=now)
    assert done.listed == 1
    assert {b.code for b in done.refused[shared.pk]} == {"co-owner-consent"}
    assert Listing.objects.get().patent_id == free.pk
    assert Listing.objects.get().status == "listed"
    event = OutboxEvent.objects.get(name="patent.listed")
    assert event.payload["listing_id"] == Listing.objects.get().pk
    assert AuditEntry.objects.filter(event="listing.published").count() == 1


def test_publish_stock_puts_up_the_draft_and_keeps_its_words(now: datetime) -> None:
    keeper = core.office()
    row = make.patent(keeper)
    draft = make.draft(row)
    services.publish_stock(patent_ids=[row.pk], by=core.actor(keeper), now=now)
    draft.refresh_from_db()
    assert (draft.status, draft.version, draft.published_at) == ("listed", 2, now)
    assert draft.problem


def test_publish_stock_again_changes_nothing(now: datetime) -> None:
    keeper = core.office()
    row = make.patent(keeper)
    for _ in range(2):
        done = services.publish_stock(patent_ids=[row.pk], by=core.actor(keeper), now=now)
    assert done.listed == 0
    assert done.refused == {}
    assert OutboxEvent.objects.filter(name="patent.listed").count() == 1


def test_a_stranger_publishes_and_consents_for_nobody(now: datetime) -> None:
    row = _shared(core.office())
    stranger = core.actor(core.office())
    assert services.publish_stock(patent_ids=[row.pk], by=stranger, now=now).listed == 0
    assert (
        services.consent_for_stock(patent_ids=[row.pk], consent=Consent.ALL, by=stranger, now=now)
        == 0
    )
    with pytest.raises(NotAllowed):
        services.publish_stock(patent_ids=[row.pk], by=core.actor(core.enterprise()), now=now)
    assert not Listing.objects.exists()
    assert Holder.objects.get(name="某共有单位").consent == "none"


def test_consent_for_stock_covers_named_co_owners_only(now: datetime) -> None:
    keeper = core.office()
    row = _shared(keeper)
    changed = services.consent_for_stock(
        patent_ids=[row.pk], consent=Consent.OPEN, by=core.actor(keeper), now=now
    )
    assert changed == 1
    assert Holder.objects.get(name="某共有单位").consent == "open"
    assert Holder.objects.get(organisation=keeper.organisation).consent == "all"
    assert services.publish_stock(patent_ids=[row.pk], by=core.actor(keeper), now=now).listed == 1


def test_asking_for_less_takes_no_consent_back(now: datetime) -> None:
    keeper = core.office()
    row = _shared(keeper)
    for consent in (Consent.ALL, Consent.OPEN):
        services.consent_for_stock(
            patent_ids=[row.pk], consent=consent, by=core.actor(keeper), now=now
        )
    assert Holder.objects.get(name="某共有单位").consent == "all"


def test_ten_patents_cost_the_queries_of_one(now: datetime) -> None:
    keeper = core.office()
    by = core.actor(keeper)
    few, many = [make.patent(keeper).pk], [make.patent(keeper).pk for _ in range(10)]
    costs = []
    for ids in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            services.publish_stock(patent_ids=ids, by=by, now=now)
        costs.append(len(queries))
    assert costs[0] == costs[1]
