"""A patent under an open declaration changes hands: refused by a deal, followed when it comes by
another way."""

from __future__ import annotations

import pytest

from core.errors import Conflict
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from licensing.rules.fees import FeeMode
from licensing.services import handing, take_open_licence
from listings import selectors as listings
from listings import services as library
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing.telling import kept, told

pytestmark = pytest.mark.django_db


def moved_to(office, patent_id, to):
    library.register_transfer(
        patent_id=patent_id, from_id=office.organisation_id, to_id=to.organisation_id,
        registered_on=TODAY, reference="TR2026", by=Actor.system(), now=NOON,
    )  # fmt: skip


def test_a_deal_refuses_the_transfer_while_the_declaration_is_announced():
    at = given.table()
    row = given.proposed(at, kind="transfer")
    lic.declaration(at.office, row.patent_id)
    with pytest.raises(Conflict) as refused:
        given.deals.answer_terms(
            deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
        )
    found = {b.code: b.article for b in refused.value.blockers}
    assert found == {"declared-transfer": "专利法第五十条"}


def test_a_patent_that_changed_hands_is_no_longer_on_offer_and_its_licences_stand():
    office, other, firm = make.office(), make.office(), make.enterprise()
    row = lic.declaration(office, mode=FeeMode.FREE)
    licence = take_open_licence(declaration_id=row.pk, by=actor(firm), now=NOON)
    moved_to(office, row.patent_id, other)
    assert handing.follow_keeper(patent_id=row.patent_id, now=NOON) == 1
    assert handing.follow_keeper(patent_id=row.patent_id, now=NOON) == 0
    row.refresh_from_db()
    licence.refresh_from_db()
    assert (row.status, licence.status) == ("ended", "effective")
    assert "第二十四条" in row.closed_reason
    assert [b.kind for b in listings.encumbrances(row.patent_id, at=NOON)] == ["ordinary"]
    with pytest.raises(Conflict):
        take_open_licence(declaration_id=row.pk, by=actor(make.enterprise()), now=NOON)
    assert lic.declaration(other, row.patent_id).status == "announced"


def test_a_draft_of_the_former_keeper_is_discarded():
    office, other = make.office(), make.office()
    row = lic.draft(office)
    assert handing.follow_keeper(patent_id=row.patent_id, now=NOON) == 0
    moved_to(office, row.patent_id, other)
    handing.follow_keeper(patent_id=row.patent_id, now=NOON)
    row.refresh_from_db()
    assert row.status == "discarded"


def test_the_former_keeper_and_who_has_not_paid_yet_hear_of_the_end():
    office, other, firm = make.office(), make.office(), make.enterprise()
    row = lic.declaration(office, mode=FeeMode.FIXED)
    take_open_licence(declaration_id=row.pk, by=actor(firm), now=NOON)
    moved_to(office, row.patent_id, other)
    handing.follow_keeper(patent_id=row.patent_id, now=NOON)
    assert told(f"declaration-ended:{row.pk}") == {office.user_id, firm.user_id}
    assert kept("open_declaration.ended") == ["open_declaration.ended"]
    out = OutboxEvent.objects.get(name="open_declaration.withdrawn")
    assert out.payload["declaration_id"] == row.pk


def test_a_discarded_draft_is_kept_in_the_trail_and_told_to_nobody():
    office, other = make.office(), make.office()
    row = lic.draft(office)
    moved_to(office, row.patent_id, other)
    handing.follow_keeper(patent_id=row.patent_id, now=NOON)
    assert kept("open_declaration.ended") == ["open_declaration.ended"]
    assert not OutboxEvent.objects.filter(name="open_declaration.withdrawn").exists()
    assert told(f"declaration-ended:{row.pk}") == set()
