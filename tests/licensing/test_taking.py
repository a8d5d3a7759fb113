"""Taking an open licence: when the notice was served, what it is called, who hears what of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.audit.models import AuditEntry
from core.errors import NotAllowed
from core.notices.models import Notice
from core.people.models import Mandate
from licensing import services
from licensing.models import Licence
from licensing.rules.fees import FeeMode
from listings.models import Encumbrance
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db


def test_a_notice_served_on_a_day_between_announcement_and_today_counts_from_then(office, firm):
    row = lic.draft(office, mode=FeeMode.FREE)
    week = NOON - timedelta(days=7)
    services.declare(
        declaration_id=row.pk, filed_on=week.date(), announced_on=week.date(), revision=None,
        by=actor(office), now=NOON,
    )  # fmt: skip
    served = NOON - timedelta(days=2)
    taken = services.take_open_licence(
        declaration_id=row.pk, served_at=served, by=actor(firm), now=NOON
    )
    assert (taken.effective_at, taken.starts_on) == (served, served.date())


def test_a_notice_by_the_platform_has_its_number_before_anything_is_paid(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    kept = Licence.objects.get()
    assert (kept.channel, kept.served_at, kept.status) == ("platform", NOON, "noticed")
    assert kept.number
    assert kept.number == row.number


def test_a_broker_is_no_licensee_itself_even_where_it_names_itself(office, firm):
    broker = make.broker()
    Mandate.objects.create(principal=firm.organisation, agent=broker.organisation, starts_on=TODAY)
    offered = lic.declaration(office, mode=FeeMode.FREE)
    for asked in (None, office.organisation_id):
        with pytest.raises(NotAllowed) as refusal:
            services.take_open_licence(
                declaration_id=offered.pk, licensee_id=asked, by=actor(broker), now=NOON
            )
        assert refusal.value.code == "no-licensee"
    assert not Licence.objects.exists()


def test_the_licensor_hears_that_a_notice_was_taken_back(office, firm):
    row = lic.licence(office, firm, mode=FeeMode.FIXED)
    done = services.cancel_notice(licence_id=row.pk, reason=" 暂缓 ", by=actor(firm), now=NOON)
    assert (done.status, done.closed_reason) == ("void", "暂缓")
    told = Notice.objects.filter(key=f"licence-cancelled:{row.pk}")
    assert list(told.values_list("user_id", flat=True)) == [office.user_id]
    assert AuditEntry.objects.filter(event="licence.cancelled").count() == 1


def test_the_filing_number_stands_in_what_binds_the_patent_and_both_hear_it(office, firm):
    row = lic.licence(office, firm)
    services.file_licence(
        licence_id=row.pk, filing_number=" X2026980001234 ", filed_on=TODAY, by=actor(firm),
        now=NOON,
    )  # fmt: skip
    assert Encumbrance.objects.get(pk=row.encumbrance_id).register_number == "X2026980001234"
    told = Notice.objects.filter(key=f"licence-filed:{row.pk}").values_list("user_id", flat=True)
    assert set(told) == {office.user_id, firm.user_id}
    assert "licence.filed" in AuditEntry.objects.values_list("event", flat=True)
