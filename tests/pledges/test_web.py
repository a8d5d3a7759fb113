"""The pledges' pages and API as people and programs use them."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from core.notices.models import Notice
from listings import selectors as listings
from listings.types import Action
from pledges.models import Pledge
from pledges.tasks import daily
from tests.factories import core as make
from tests.factories import licensing as patents
from tests.factories import pledges as pled
from tests.factories.licensing import NOON

pytestmark = pytest.mark.django_db
FORM = {
    "debtor_name": "示例科技有限公司", "principal": "3000000", "starts_on": "2026-11-01",
    "ends_on": "2027-10-31", "register_number": "Y2026980001234", "registered_on": "2026-11-10",
    "confirmed": ["invalidation-pending"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        yield


def text(response):
    return response.content.decode()


def test_anyone_checks_a_listed_patent_in_any_spelling(client):
    number = patents.printed(patents.listed(make.office()))
    page = text(client.get(reverse("pledges:check"), {"number": number.replace(" ", "")}))
    assert "没有硬性障碍" in page
    assert "无效宣告程序" in page
    unknown = client.get(reverse("pledges:check"), {"number": "<script>"})
    assert (unknown.status_code, "<script>" in text(unknown)) == (404, False)


def test_a_bank_records_consents_and_releases(client_as):
    office, bank = make.office(), make.bank()
    patent_id = patents.patent(office)
    client = client_as(bank)
    numbers = {
        "numbers": f"{patents.printed(patent_id)}，{patents.printed(patents.patent(office))}"
    }
    done = client.post(reverse("pledges:record"), FORM | numbers)
    row = Pledge.objects.get()
    assert done.url == reverse("pledges:pledge", args=[row.pk])
    assert row.items.count() == 2
    client.post(
        reverse("pledges:consent", args=[row.pk]),
        {"patent": patent_id, "action": "license_ordinary", "reference": "同意书1"},
    )
    assert "同意书1" in text(client_as(office).get(done.url))
    assert listings.can(patent_id, Action.LICENSE_ORDINARY, at=NOON) == []
    client.post(
        reverse("pledges:release", args=[row.pk]), {"ending": "paid", "released_on": "2026-11-20"}
    )
    row.refresh_from_db()
    assert row.status == "released"


def test_an_unusual_number_is_taken_with_a_warning(client_as):
    client = client_as(make.bank())
    data = FORM | {"numbers": patents.printed(patents.patent(make.office()))}
    done = client.post(reverse("pledges:record"), data | {"register_number": "京质2026-7"})
    assert "登记号通常为" in text(client.get(done.url))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"numbers": "ZL 2017 1 0601862.3"}, "没有找到这些专利"),
        ({"confirmed": []}, "无效宣告程序"),
        ({"ends_on": "2060-01-01"}, "不早于专利权期限届满日"),
        ({"principal": "-1"}, "大于 0"),
        ({"register_number": ""}, ""),
    ],
)
def test_a_refused_pledge_says_why_and_keeps_the_form(client_as, changes, words):
    data = FORM | {"numbers": patents.printed(patents.patent(make.office()))} | changes
    answer = client_as(make.bank()).post(reverse("pledges:record"), data)
    assert answer.status_code == 422
    assert words in text(answer)
    assert "示例科技有限公司" in text(answer)
    assert not Pledge.objects.exists()


def test_the_list_shows_ones_own_and_costs_the_same(client_as, django_assert_max_num_queries):
    office, bank = make.office(), make.bank()
    pled.pledge(office, bank)
    client, url = client_as(bank), reverse("pledges:records")
    client.get(url)
    with django_assert_max_num_queries(40) as spent:
        client.get(url)
    for _ in range(3):
        pled.pledge(office, bank)
    with django_assert_max_num_queries(len(spent)):
        page = client.get(url)
    assert len(page.context["page_obj"]) == 4
    other = client_as(make.bank()).get(url)
    assert len(other.context["page_obj"]) == 0


def test_a_program_records_a_pledge_once_per_key(api_as):
    bank, patent_id = make.bank(), patents.patent(make.office())
    client = api_as(bank)
    body = FORM | {"patent_ids": [patent_id]}
    first, second = (
        client.post("/api/v1/pledges/", body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert (first.status_code, first.data["number_warning"]) == (201, None)
    assert second.headers["Idempotency-Replayed"] == "true"
    again = client.post("/api/v1/pledges/", body, headers={"Idempotency-Key": "other"})
    assert (again.status_code, [b["code"] for b in again.data["blockers"]]) == (
        409, ["already-pledged"],
    )  # fmt: skip
    assert Pledge.objects.count() == 1
    found = client.get("/api/v1/pledge-check/", {"number": patents.printed(patent_id)}).data
    assert found["can_be_pledged"] is False
    assert client.get("/api/v1/pledge-check/").status_code == 422


def test_the_daily_task_rings_and_repeats_nothing():
    pled.pledge(make.office(), make.bank())
    with time_machine.travel(NOON.replace(year=2027, month=10, day=30), tick=False):
        daily()
        daily()
    assert Notice.objects.filter(key__startswith="pledge-maturity").count() == 2
