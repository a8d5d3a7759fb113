"""A co-owner takes its consent back: the announced open licence stands, and who hears what."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from core.errors import Conflict
from core.notices.models import Notice
from core.people.models import RegionSetting
from core.people.types import Actor
from licensing.models import OpenDeclaration
from licensing.rules.co_owners import decide_by
from licensing.rules.fees import FeeMode
from licensing.selectors import co_owners as asked
from licensing.services import co_owners, declare, take_open_licence, withdraw_declaration
from listings import selectors as listings
from listings import services as library
from listings.models import Holder
from listings.services.ownership import consents
from listings.types import Action, Consent, HolderInput
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db


class Shared:
    """A patent of an office and a firm, which agreed to an open licence of it."""

    def __init__(self, **patent: str) -> None:
        self.office, self.partner = make.office(), make.enterprise()
        mine, theirs = self.office.organisation, self.partner.organisation
        self.patent_id = lic.patent(
            self.office,
            holders=(
                HolderInput(mine.name, organisation_id=mine.pk),
                HolderInput(theirs.name, organisation_id=theirs.pk),
            ),
            **patent,
        )
        self.consent_id = self.asked()

    def asked(self) -> int:
        holder = Holder.objects.get(
            patent_id=self.patent_id, organisation_id=self.partner.organisation_id
        )
        pk = consents.ask_consent(
            patent_id=self.patent_id, holder_id=holder.pk, scope=Consent.OPEN,
            by=actor(self.office), now=NOON,
        )  # fmt: skip
        consents.answer_consent(
            consent_id=pk, agreed=True, scope=Consent.OPEN, by=actor(self.partner), now=NOON
        )
        return pk

    def take_back(self) -> None:
        consents.withdraw_consent(
            consent_id=self.consent_id, reason="份额有争议", by=actor(self.partner), now=NOON
        )


@pytest.fixture
def shared() -> Shared:
    return Shared()


def titles(member) -> list[str]:
    found = Notice.objects.filter(user=member.user, key__startswith="declaration-consent")
    return list(found.order_by("pk").values_list("title", flat=True))


def test_the_announced_declaration_stands_and_both_sides_hear_what_to_do(shared, drain):
    row = lic.declaration(shared.office, shared.patent_id, mode=FeeMode.FREE)
    shared.take_back()
    drain()
    drain()
    row.refresh_from_db()
    assert row.status == "announced"
    assert len(titles(shared.office)) == 1
    assert titles(shared.partner) == [f"开放许可声明 {row.number} 继续有效"]
    told = Notice.objects.get(user=shared.office.user, key__startswith="declaration-consent")
    assert "请在 2026-12-05 前与共有人商定" in told.body
    firm = make.enterprise()
    licence = take_open_licence(declaration_id=row.pk, by=actor(firm), now=NOON)
    assert licence.status == "effective"
    against = {b.code for b in listings.can(shared.patent_id, Action.DECLARE_OPEN, at=NOON)}
    assert "co-owner-consent" in against  # to declare anew takes everybody's consent


def test_it_waits_for_the_declarant_until_it_is_withdrawn_or_agreed_to_again(shared, client_as):
    row = lic.declaration(shared.office, shared.patent_id)
    by = actor(shared.office)
    assert asked.doubted_waiting(viewer=by) == (0, None)
    shared.take_back()
    assert asked.doubted_waiting(viewer=by) == (1, NOON)
    assert asked.doubted_waiting(viewer=actor(make.office())) == (0, None)
    page = reverse("licensing:declaration", args=[row.pk])
    mine = client_as(shared.office).get(page).content.decode()
    assert "撤回同意" in mine
    assert "份额有争议" in mine
    assert "份额有争议" not in Client().get(page).content.decode()
    listed = client_as(shared.office).get(reverse("licensing:declarations"), {"status": "doubted"})
    assert [r.pk for r, _card in listed.context["rows"]] == [row.pk]
    shared.asked()
    assert asked.doubted_waiting(viewer=by) == (0, None)


def test_withdrawing_the_declaration_settles_it(shared):
    row = lic.declaration(shared.office, shared.patent_id)
    shared.take_back()
    assert [one.name for one in asked.doubted(row)] == [shared.partner.organisation.name]
    by = actor(shared.office)
    row = withdraw_declaration(declaration_id=row.pk, reason="共有人撤回同意", by=by, now=NOON)
    assert asked.doubted(row) == []
    assert asked.doubted_waiting(viewer=by) == (0, None)
    assert asked.all_doubted() == []


def test_what_is_not_announced_yet_cannot_be(shared, drain):
    row = lic.draft(shared.office, shared.patent_id)
    shared.take_back()
    drain()
    assert len(titles(shared.office)) == 1
    assert titles(shared.partner) == []
    with pytest.raises(Conflict) as refused:
        declare(
            declaration_id=row.pk, filed_on=TODAY, announced_on=TODAY, revision=None,
            by=actor(shared.office), now=NOON,
        )  # fmt: skip
    assert {b.code for b in refused.value.blockers} == {"co-owner-consent"}


def test_undecided_in_time_both_are_told_once_where_it_goes(shared):
    lic.declaration(shared.office, shared.patent_id)
    shared.take_back()
    region = OpenDeclaration.objects.get().region
    RegionSetting.objects.create(region=region[:2], key="declaration.consent_days", value=3)
    assert co_owners.remind_of_consents(now=NOON + timedelta(days=3)) == 0
    for _again in range(2):
        assert co_owners.remind_of_consents(now=NOON + timedelta(days=4)) == 1
    for side in (shared.office, shared.partner):
        assert [title.startswith("共有人撤回同意后逾期未决定") for title in titles(side)] == [True]


def test_a_consent_on_paper_is_taken_back_on_paper(drain):
    office = make.office()
    patent_id = lic.patent(
        office,
        holders=(
            HolderInput(office.organisation.name, organisation_id=office.organisation_id),
            HolderInput("没有账号的厂"),
        ),
    )
    holder = Holder.objects.get(patent_id=patent_id, name="没有账号的厂")
    given = {"patent_id": patent_id, "holder_id": holder.pk, "by": actor(office), "now": NOON}
    library.set_consent(consent=Consent.OPEN, **given)
    row = lic.declaration(office, patent_id)
    library.set_consent(consent=Consent.NONE, **given)
    drain()
    assert [one.name for one in asked.doubted(row)] == ["没有账号的厂"]
    assert len(titles(office)) == 1
    assert co_owners.remind_of_consents(now=NOON + timedelta(days=90)) == 1  # the office alone
    assert len(titles(office)) == 2
    library.set_consent(consent=Consent.ALL, **given)
    assert asked.doubted(row) == []
    assert co_owners.remind_of_consents(now=NOON + timedelta(days=90)) == 0


def test_an_unknown_patent_rings_nobody():
    co_owners.follow_consent(patent_id=1, holder_name="某厂", co_owner_id=None, turn="x", now=NOON)
    assert not Notice.objects.exists()
    assert decide_by(date(2026, 11, 20), 15) == date(2026, 12, 5)
    assert asked.doubted_waiting(viewer=Actor.anonymous()) == (0, None)


def test_a_long_title_is_named_by_its_beginning():
    shared = Shared(title="长" * 300)
    lic.declaration(shared.office, shared.patent_id)
    shared.take_back()
    co_owners.follow_consent(
        patent_id=shared.patent_id, holder_name="某厂", co_owner_id=None, turn="1", now=NOON
    )
    co_owners.remind_of_consents(now=NOON + timedelta(days=90))
    short = "长" * 80
    assert titles(shared.office) == [
        f"某厂撤回了对开放许可的同意：{short}", f"共有人撤回同意后逾期未决定：{short}",
    ]  # fmt: skip
    assert titles(shared.partner) == titles(shared.office)[1:]
