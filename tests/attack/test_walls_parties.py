"""The second wall around pledges, and around what the parties of a deal say to each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client

from core import walls
from core.people.models import Membership
from core.people.types import Actor, Role
from licensing.models import Deal, DealMessage, TermsVersion
from licensing.models.deals import DealQuerySet
from licensing.selectors import deals as deal_selectors
from licensing.services import deals
from pledges.models import Pledge, PledgeQuerySet
from tests.attack.test_walls import _granted, as_web, rows  # noqa: F401  a fixture
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import pledges as pled
from tests.factories.licensing import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_granted")]
Client_as = Callable[[Membership], Client]


@pytest.mark.parametrize(
    ("role", "region", "seen"),
    [
        (Role.AUDITOR, "", "%"), (Role.SYSADMIN, "", "%"), (Role.BUREAU, "31", "31%"),
        (Role.BUREAU, "", "%"), (Role.BANK, "31", ""), (Role.OFFICE, "", ""),
        (Role.EXCHANGE, "", ""), (Role.ANONYMOUS, "", ""),
    ],
)  # fmt: skip
def test_who_oversees_what(role: Role, region: str, seen: str) -> None:
    assert walls.overseen(Actor(roles=frozenset({role}), region=region)) == seen


def test_a_pledge_is_seen_by_its_parties_the_bureau_of_its_region_and_the_audit() -> None:
    holder, bank = make.office(region="310115"), make.bank()
    row = pled.pledge(holder, bank)
    tables = ("pledges_pledge", "pledges_pledgeitem")
    for table in tables:
        assert rows(table) == 1  # commands and workers see all
        for who in (holder, bank):
            with as_web(who.organisation_id):
                assert rows(table) == 1
        for region, count in (("31%", 1), ("%", 1), ("32%", 0), ("", 0)):
            with as_web(999_999, overseen=region):
                assert rows(table) == count, (table, region)
        with as_web():
            assert rows(table) == 0
    with as_web(make.bank().organisation_id):
        assert Pledge.objects.filter(pk=row.pk).update(debtor_name="x") == 0
    with (
        as_web(bank.organisation_id),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Pledge.objects.filter(pk=row.pk).update(pledgee=999_999, pledgor=999_998, region="")


def test_what_parties_say_and_propose_is_theirs_and_what_they_agreed_is_asked_for() -> None:
    at = given.table()
    row = given.proposed(at)
    deals.send_message(deal_id=row.pk, text="最低三百万。", by=at.holder, now=NOON)
    private = ("licensing_dealmessage", "licensing_termsversion", "licensing_termspatent")
    for table in private:
        assert rows(table) == 1
        for who in (at.office, at.firm):
            with as_web(who.organisation_id):
                assert rows(table) == 1, table
        with as_web(999_999, overseen="%"):
            assert rows(table) == 0, table
    stranger = given.table()
    with as_web(stranger.office.organisation_id):
        assert Deal.objects.count() == 1  # that it is there is asked for across parties
        assert TermsVersion.objects.filter(deal=row).update(remarks="x") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            DealMessage.objects.create(
                deal=row, side="holder", text="x", sent_at=NOON, sent_by="user:1"
            )
    agreed = given.agreed(stranger)
    with as_web(999_999):
        assert [v.deal_id for v in TermsVersion.objects.all()] == [agreed.pk]
        assert rows("licensing_dealmessage") == 0


def test_pages_work_behind_it_and_forgetting_who_looks_shows_no_talk(
    client_as: Client_as, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROW_WALLS = True
    at, holder, bank = given.table(), make.office(), make.bank()
    row = given.proposed(at)
    deals.send_message(deal_id=row.pk, text="最低三百万。", by=at.holder, now=NOON)
    pledge = pled.pledge(holder, bank)
    with as_web(), time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        page = client_as(at.firm).get(f"/deals/{row.pk}/").content.decode()
        assert "最低三百万" in page
        page = client_as(bank).get(f"/pledges/{pledge.pk}/").content.decode()
        assert pledge.register_number in page
        # A colleague forgets the first wall everywhere.
        for kind in (DealQuerySet, PledgeQuerySet):
            monkeypatch.setattr(kind, "visible_to", lambda self, actor: self)
        monkeypatch.setattr(deal_selectors, "messages_for", lambda row, viewer: row.messages.all())
        monkeypatch.setattr(deal_selectors, "versions_for", lambda row, v: row.versions.all())
        stranger = client_as(make.enterprise())
        page = stranger.get(f"/deals/{row.pk}/").content.decode()
        assert "最低三百万" not in page
        assert client_as(make.bank()).get(f"/pledges/{pledge.pk}/").status_code == 404
