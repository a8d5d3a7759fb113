"""The API of consents, ownership, postings, services and lists: what pages can do, programs can."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.people.models import Membership
from listings.models import Holder, InventoryItem, PromotionItem
from tests.factories import core
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
ApiAs = Callable[[Membership | None], APIClient]
_keys = count(1)


def post(client: APIClient, path: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(
        f"/api/v1/{path}", body or {}, format="json",
        headers={"Idempotency-Key": f"own-{next(_keys)}"},
    )  # fmt: skip


def test_a_co_owner_is_asked_agrees_and_takes_it_back(api_as: ApiAs) -> None:
    office, firm = core.office(), core.enterprise()
    row = stock.patent(
        office,
        holders=(
            stock.holder("学校", organisation_id=office.organisation_id),
            stock.holder("企业", organisation_id=firm.organisation_id),
        ),
    )
    holder = Holder.objects.get(patent=row, name="企业")
    ours, theirs = api_as(office), api_as(firm)
    body = {"patent_id": row.pk, "holder_id": holder.pk, "scope": "open", "message": "拟开放许可"}
    made = post(ours, "consents/", body)
    assert (made.status_code, made.json()["state"]) == (201, "asked")
    place = made.headers["Location"].removeprefix("/api/v1/")
    assert post(ours, "consents/", body).status_code == 409
    assert theirs.get("/api/v1/consents/").json()["results"][0]["message"] == "拟开放许可"
    assert post(theirs, f"{place}answer/", {"agreed": True}).status_code == 422
    agreed = post(theirs, f"{place}answer/", {"agreed": True, "scope": "open"})
    assert agreed.json()["given_scope"] == "open"
    assert "reason" in post(theirs, f"{place}withdraw/").json()["errors"]
    gone = post(theirs, f"{place}withdraw/", {"reason": "另有安排"}).json()
    assert (gone["state"], gone["ended_because"]) == ("withdrawn", "另有安排")
    assert Holder.objects.get(pk=holder.pk).consent == "none"


def test_funding_working_and_rights_of_a_patent(api_as: ApiAs) -> None:
    office = core.office()
    pk, ours = stock.patent(office).pk, api_as(office)
    unnamed = post(ours, f"ownership/{pk}/funding/", {"is_funded": True})
    assert unnamed.status_code == 422
    named = {"is_funded": True, "funder": "科技部", "project_number": "2021YFB0000001"}
    assert post(ours, f"ownership/{pk}/funding/", named).json()["funding"]["funder"] == "科技部"
    ahead = (timezone.localdate() + timedelta(days=9)).isoformat()
    said = {"kind": "own", "note": "示范线"}
    early = post(ours, f"ownership/{pk}/workings/", {**said, "since": ahead})
    assert "since" in early.json()["errors"]
    found = post(ours, f"ownership/{pk}/workings/", {**said, "since": "2025-01-01"}).json()
    assert found["is_worked"]
    working = found["workings"][0]["id"]
    assert not post(ours, f"workings/{working}/withdraw/").json()["is_worked"]
    assert post(ours, f"workings/{working}/withdraw/").status_code == 409
    short = {"kind": "use", "inventors": ["张三"], "starts_on": "2025-01-01"}
    refused = post(ours, f"ownership/{pk}/rights/", {**short, "ends_on": "2026-01-01"})
    assert "ends_on" in refused.json()["errors"]
    right = post(ours, f"ownership/{pk}/rights/", short).json()["rights"][0]
    ended = post(
        ours, f"inventor-rights/{right['id']}/end/", {"ended_on": "2026-01-01", "reason": "解除"}
    )
    assert ended.json()["rights"][0]["ended_because"] == "解除"
    assert post(ours, f"ownership/{pk}/unworked/", {"reason": "正在中试"}).json()[
        "unworked_reason"
    ] == "正在中试"  # fmt: skip


def test_a_price_is_posted_objected_to_and_taken_back(api_as: ApiAs) -> None:
    office, firm = core.office(), core.enterprise()
    ours, theirs = api_as(office), api_as(firm)
    said = {
        "patent_id": stock.listed_patent(office).pk, "route": "transfer",
        "counterparty": "示例公司",
        "price": "100000.00", "summary": "协商定价", "days": 1,
    }  # fmt: skip
    assert "days" in post(ours, "price-postings/", said).json()["errors"]
    made = post(ours, "price-postings/", {**said, "days": 15})
    place = made.headers["Location"].removeprefix("/api/v1/")
    assert theirs.get(made.headers["Location"]).status_code == 404
    assert post(ours, f"{place}publish/").json()["state"] == "posted"
    assert post(ours, f"{place}publish/").status_code == 409
    raised = post(theirs, f"{place}objections/", {"text": "该专利与我单位有权属争议，请核查。"})
    assert (raised.status_code, raised.json()["objections_pending"]) == (201, 1)
    stranger = api_as(core.enterprise()).get(made.headers["Location"]).json()
    assert (stranger["objections_raised"], stranger["objections"]) == (1, [])
    number = raised.json()["objections"][0]["id"]
    answer = {"upheld": True, "answer": "经核查，异议成立。"}
    assert post(ours, f"{place}objections/{number + 1}/answer/", answer).status_code == 404
    done = post(ours, f"{place}objections/{number}/answer/", answer).json()
    assert (done["state"], done["objections"][0]["state"]) == ("withdrawn", "upheld")
    listed = [
        row["id"] for row in theirs.get("/api/v1/price-postings/?which=ended").json()["results"]
    ]
    assert listed == [done["id"]]


def test_a_service_is_asked_answered_and_closed(api_as: ApiAs) -> None:
    office, valuer = core.office(), core.valuer()
    ours, theirs = api_as(office), api_as(valuer)
    asked = {
        "patent_id": stock.patent(office).pk, "kind": "valuation", "wish": "用于质押的评估报告",
        "provider_id": office.organisation_id,
    }  # fmt: skip
    assert "provider" in post(ours, "service-requests/", asked).json()["errors"]
    made = post(ours, "service-requests/", {**asked, "provider_id": valuer.organisation_id})
    place = made.headers["Location"].removeprefix("/api/v1/")
    assert post(theirs, f"{place}answer/", {"answer": "两周出报告，三千元"}).status_code == 200
    assert post(theirs, f"{place}answer/", {"answer": "两周出报告，三千元"}).status_code == 409
    assert post(ours, f"{place}close/", {"outcome": "已取得"}).json()["state"] == "closed"
    assert theirs.get("/api/v1/service-requests/?state=open").json()["results"] == []


def test_patents_are_archived_and_looked_at_again(api_as: ApiAs) -> None:
    office = core.office()
    pk, foreign = stock.patent(office).pk, stock.patent(core.office()).pk
    ours, soon = api_as(office), timezone.localdate() + timedelta(days=200)
    body = {"patent_ids": [pk, foreign], "reason": "路线被替代", "review_on": soon.isoformat()}
    past = {**body, "review_on": "2020-01-01"}
    assert "review_on" in post(ours, "archives/", past).json()["errors"]
    assert post(ours, "archives/", body).json() == {"archived": 1}
    later = soon + timedelta(days=30)
    assert post(ours, f"archives/{pk}/review/", {"review_on": later.isoformat()}).status_code == 204
    assert InventoryItem.objects.get(patent_id=pk).review_on == later


def test_a_promotion_list_is_made_and_replaced(api_as: ApiAs) -> None:
    office = core.office()
    one, two = stock.listed_patent(office), stock.listed_patent(office)
    ours = api_as(office)
    said = {
        "title": "路演推介", "patents": f"{one.number} | 轻三成",
        "expires_on": (timezone.localdate() + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    made = post(ours, "promotion-lists/", said)
    assert (made.status_code, made.json()["size"]) == (201, 1)
    assert api_as(None).get(made.json()["link"]).status_code == 200
    place = made.headers["Location"].removeprefix("/api/v1/")
    edited = {**said, "patents": f"{two.number}", "version": 1}
    assert post(ours, f"{place}edit/", edited).json()["version"] == 2
    assert post(ours, f"{place}edit/", edited).status_code == 409
    assert [i.patent_id for i in PromotionItem.objects.filter(promotion=made.json()["id"])] == [
        two.pk
    ]
