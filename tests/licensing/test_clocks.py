"""What days and the register do to licences and declarations, without anybody's hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.audit.models import AuditEntry
from core.notices.models import Notice
from licensing.models import Licence
from licensing.rules import effect
from licensing.services import clocks
from tests.factories import licensing as lic
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db


def test_a_filing_is_late_from_the_day_after_its_last_day_and_not_before(office, firm):
    row = lic.licence(office, firm)
    last = (effect.filing_deadline(row.starts_on) - TODAY).days
    clocks.remind_of_filing(now=NOON + timedelta(days=last))
    late = Notice.objects.filter(key=f"licence-filing:{row.pk}:late")
    assert not late.exists()
    assert clocks.remind_of_filing(now=NOON + timedelta(days=last + 1)) == 1
    assert set(late.values_list("user_id", flat=True)) == {office.user_id, firm.user_id}
    assert {notice.title for notice in late} == {"许可备案已超过期限"}
    early = Notice.objects.filter(key=f"licence-filing:{row.pk}:80").first()
    assert early is not None
    assert "80" in early.title


def test_a_licence_that_ran_out_says_why_it_ended(office, firm):
    row = lic.licence(office, firm)
    clocks.end_expired_licences(now=NOON.replace(year=2030))
    row.refresh_from_db()
    assert (row.status, row.closed_reason, row.closed_by) == ("ended", "许可期限届满", "system")
    assert AuditEntry.objects.filter(event="licence.ended").count() == 1


def test_a_cancelled_filing_ends_the_licence_once_and_both_hear(office, firm):
    row = lic.licence(office, firm)
    for _ in range(2):
        clocks.end_by_register("licence", row.pk, ended_on=TODAY, now=NOON)
    row.refresh_from_db()
    assert row.status == "ended"
    assert f"{TODAY:%Y-%m-%d}" in row.closed_reason
    told = Notice.objects.filter(key=f"licence-cancelled:{row.pk}")
    assert set(told.values_list("user_id", flat=True)) == {office.user_id, firm.user_id}
    assert AuditEntry.objects.filter(event="licence.ended").count() == 1


def test_a_withdrawal_in_the_gazette_closes_the_declaration_once_and_spares_licences(office, firm):
    row = lic.licence(office, firm)
    declaration = row.declaration
    for _ in range(2):
        clocks.end_by_register("declaration", declaration.pk, ended_on=TODAY, now=NOON)
    declaration.refresh_from_db()
    assert (declaration.status, declaration.closed_by) == ("withdrawn", "system")
    assert "公报" in declaration.closed_reason
    assert Licence.objects.get(pk=row.pk).status == "effective"


@pytest.mark.parametrize("sort", ["pledge", "declaration", "licence"])
def test_what_is_not_ours_is_left_alone(office, firm, sort):
    row = lic.licence(office, firm)
    clocks.end_by_register(sort, 0 if sort != "pledge" else row.pk, ended_on=TODAY, now=NOON)
    row.refresh_from_db()
    assert (row.status, row.declaration.status) == ("effective", "announced")


def test_an_offer_that_nobody_took_rests_with_its_patent_and_comes_back(office):
    """Its keeper hears once of each turn; who knows of the lapse already is not marked again."""
    row = lic.declaration(office)
    known = {"patent_id": row.patent_id, "now": NOON}
    assert clocks.note_lapse(**known, lapsed_on=TODAY, turn="lapse:1") == 1
    assert clocks.note_lapse(**known, lapsed_on=TODAY, turn="lapse:1") == 0
    told = Notice.objects.filter(user=office.user, title__startswith="开放许可已暂停")
    assert told.count() == 1
    row.refresh_from_db()
    assert row.patent_lapsed_on == TODAY
    assert clocks.note_restoration(**known, turn="restored:1") == 1
    assert clocks.note_restoration(**known, turn="restored:1") == 0
    row.refresh_from_db()
    assert row.patent_lapsed_on is None


def test_both_the_licence_and_its_offer_are_marked_and_counted(office, firm):
    row = lic.licence(office, firm)
    known = {"patent_id": row.patent_id, "now": NOON}
    assert clocks.note_lapse(**known, lapsed_on=TODAY, turn="lapse:1") == 2
    assert clocks.note_restoration(**known, turn="restored:1") == 2
    for event in ("licensing.patent_lapsed", "licensing.patent_restored"):
        assert AuditEntry.objects.filter(event=event).count() == 2
