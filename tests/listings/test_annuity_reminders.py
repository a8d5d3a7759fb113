"""Reminders: every mark once, to the keepers and to those who share; and the calendar feed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.notices.models import Notice
from core.people.models import Membership, RegionSetting
from core.text import calendars
from listings.models import AnnuityReminder
from listings.services import upkeep
from tests.factories import core as make
from tests.factories import listings as stock

DUE = date(2027, 3, 1)


def at(days: int) -> datetime:
    """Noon so many days before the due day."""
    return datetime.combine(DUE - timedelta(days=days), stock.NOON.timetz())


def bell(member: Membership) -> list[str]:
    return list(
        Notice.objects.filter(user=member.user).order_by("pk").values_list("title", flat=True)
    )


@pytest.mark.django_db
def test_every_mark_is_told_once_whatever_the_task_does() -> None:
    office = make.office()
    colleague = make.MembershipFactory(organisation=office.organisation, role="office")
    stock.patent(office)
    # The rule says for every day which mark it is; here one day inside each, twice.
    for days in (91, 90, 60, 30, 8, 7, 1, 0, -1, -40, -70, -100, -130, -160, -178, -183, -186):
        upkeep.remind(now=at(days))
        upkeep.remind(now=at(days))
    marks = list(AnnuityReminder.objects.order_by("sent_at").values_list("mark", flat=True))
    assert marks == [
        *("due-90", "due-30", "due-7", "due-1"),
        *("late-1", "late-2", "late-3", "late-4", "late-5", "late-6", "last-7", "last-1", "over"),
    ]
    assert len(bell(office)) == len(bell(colleague)) == len(marks)
    assert "90 天后到期" in bell(office)[0]
    assert "2,000 元" in bell(office)[0]


@pytest.mark.django_db
def test_after_a_standstill_only_the_closest_mark_is_told() -> None:
    office = make.office()
    stock.patent(office)
    upkeep.remind(now=at(5))
    upkeep.remind(now=at(4))
    assert list(AnnuityReminder.objects.values_list("mark", flat=True)) == ["due-7"]


@pytest.mark.django_db
def test_one_notice_for_many_patents_and_none_for_those_given_up_or_paid() -> None:
    office = make.office()
    rows = [stock.patent(office) for _ in range(5)]
    by = make.actor(office)
    upkeep.drop(patent_id=rows[0].pk, reason="没用", by=by, now=stock.NOON)
    upkeep.record_payment(patent_id=rows[1].pk, paid_on=date(2026, 11, 1), by=by, now=stock.NOON)
    assert upkeep.remind(now=at(30)) == 3
    (title,) = bell(office)
    assert title.startswith("3 件专利年费将到期")
    assert "6,000 元" in title
    late = stock.patent(office)
    assert upkeep.remind(now=at(30)) == 1
    assert Notice.objects.get(title__startswith="1 件").url.endswith(f"/patents/{late.pk}/")


@pytest.mark.django_db
def test_those_who_share_a_patent_are_told_and_strangers_are_not() -> None:
    office, partner, stranger = make.office(), make.enterprise(name="共有科技"), make.office()
    row = stock.patent(
        office,
        holders=(
            stock.holder("学校", organisation_id=office.organisation_id),
            stock.holder("共有科技", organisation_id=partner.organisation_id),
        ),
    )
    upkeep.remind(now=at(7))
    assert Notice.objects.get(user=partner.user).url == f"/patents/{row.pk}/"
    assert len(bell(office)) == 1
    assert bell(stranger) == []


@pytest.mark.django_db
def test_a_region_may_be_reminded_earlier() -> None:
    RegionSetting.objects.create(region="31", key="annuity.reminder_days", value=[180, 30])
    office, elsewhere = make.office(region="310115"), make.office(region="320500")
    stock.patent(office)
    stock.patent(elsewhere)
    upkeep.remind(now=at(170))
    assert (len(bell(office)), len(bell(elsewhere))) == (1, 0)


@pytest.mark.django_db
def test_the_feed_opens_with_its_secret_only_and_can_be_stopped(client_as: Any) -> None:
    office, other = make.office(), make.office()
    row = stock.patent(office, title="一种,特殊;标题")
    stock.patent(other, title="别家的专利")
    client = client_as(office)
    page = client.post(reverse("listings:annuity-feed"), {"do": "open"})
    url = page.context["url"]
    answer = Client().get(url)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    text = answer.content.decode()
    assert text.count("BEGIN:VEVENT") == 1
    assert f"UID:annuity-{row.pk}-20270301-due@patentops" in text
    assert "别家" not in text
    unfolded = text.replace("\r\n ", "").replace("\\,", ",")
    assert "2,000 元" in unfolded  # spelt as on the pages
    assert "2000 元" not in unfolded
    again = client.post(reverse("listings:annuity-feed"), {"do": "open"}).context["url"]
    assert Client().get(url).status_code == 404
    assert Client().get(again).status_code == 200
    client.post(reverse("listings:annuity-feed"), {"do": "revoke"})
    assert Client().get(again).status_code == 404
    assert client.post(reverse("listings:annuity-feed"), {"do": "revoke"}).status_code == 409


@pytest.mark.django_db
def test_the_feed_ends_with_the_job() -> None:
    office = make.office()
    secret = upkeep.open_feed(by=make.actor(office), now=stock.NOON)
    url = reverse("listings:annuity-ics", kwargs={"secret": secret})
    assert Client().get(url).status_code == 200
    office.user.is_active = False
    office.user.save()
    assert Client().get(url).status_code == 404
    office.delete()
    assert Client().get(url).status_code == 404


STAMP = datetime(2026, 11, 20, 4, tzinfo=UTC)


@given(st.text(max_size=200))
def test_lines_are_folded_without_cutting_a_character(text: str) -> None:
    line = f"SUMMARY:{calendars.escaped(text)}"
    parts = calendars.folded(line)
    assert all(len(part.encode()) <= 75 for part in parts)
    assert parts[0] + "".join(part[1:] for part in parts[1:]) == line
    assert all(part.startswith(" ") for part in parts[1:])
    assert "\n" not in line


def test_a_calendar_is_written_as_rfc_5545_wants_it() -> None:
    day = calendars.Day("a@b", DUE, "年费,到期;\\", "一\n二", "https://x.cn/1", (30,))
    lines = calendars.calendar("年费日历", [day], stamp=STAMP).split("\r\n")
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[-2:] == ["END:VCALENDAR", ""]
    for line in (
        "UID:a@b",
        "DTSTAMP:20261120T040000Z",
        "DTSTART;VALUE=DATE:20270301",
        "DTEND;VALUE=DATE:20270302",
        "SUMMARY:年费\\,到期\\;\\\\",
        "DESCRIPTION:一\\n二",
        "TRIGGER:-P30D",
    ):
        assert line in lines
