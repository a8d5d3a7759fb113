"""The API of offer sheets and disclosures: what the pages can do, programs can."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.people.models import Membership
from core.people.types import Role
from listings.models import Disclosure, Listing
from tests.factories import core
from tests.factories import disclosures as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
ApiAs = Callable[[Membership | None], APIClient]
_keys = count(1)
SCORED = {"trl": 6, "novelty": 4, "market": 4, "enforceability": 4, "cost": 3, "team": 4}


def post(client: APIClient, path: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(
        f"/api/v1/{path}", body or {}, format="json",
        headers={"Idempotency-Key": f"desk-{next(_keys)}"},
    )  # fmt: skip


def test_a_sheet_goes_through_its_review(api_as: ApiAs) -> None:
    writer = core.office()
    reviewer = core.MembershipFactory(role=Role.OFFICE, organisation=writer.organisation)
    listing = stock.draft(stock.patent(writer), problem="本发明公开了一种办法，用来给电池加热")
    mine, theirs, pk = api_as(writer), api_as(reviewer), listing.patent_id
    found = mine.get(f"/api/v1/sheets/{pk}/").json()
    assert found["state"] == "writing"
    assert found["completeness"] + sum(part["points"] for part in found["missing"]) == 100
    assert found["findings"][0]["code"] == "patent-prose"
    assert [line["patent_id"] for line in mine.get("/api/v1/sheets/").json()["results"]] == [pk]
    assert mine.get("/api/v1/sheets/?state=live").json()["results"] == []
    assert post(mine, f"sheets/{pk}/submit/").json()["state"] == "in_review"
    assert post(theirs, f"sheets/{pk}/return/", {"version": 1}).status_code == 422
    sent = {"version": 1, "remarks": "请用平常话"}
    assert post(theirs, f"sheets/{pk}/return/", sent).json()["remarks"] == "请用平常话"
    post(mine, f"sheets/{pk}/submit/")
    assert post(theirs, f"sheets/{pk}/approve/", {"version": 9}).status_code == 409
    done = post(theirs, f"sheets/{pk}/approve/", {"version": 1, "publish": True})
    assert done.json()["state"] == "approved"
    assert Listing.objects.get(pk=listing.pk).status == "listed"
    texts = mine.get(f"/api/v1/sheets/{pk}/versions/").json()
    assert [(v["number"], v["is_public"]) for v in texts] == [(1, True)]
    assert post(mine, f"sheets/{pk}/restore/", {"number": 5}).status_code == 404
    assert post(mine, f"sheets/{stock.patent(writer).pk}/submit/").status_code == 404


def test_a_disclosure_from_draft_to_number(api_as: ApiAs) -> None:
    office = core.office()
    inventor = make.inventor_of(office)
    mine, judge = api_as(inventor), api_as(office)
    made = post(mine, "disclosures/", {"title": "低温下快速加热电池的办法"})
    assert made.status_code == 201
    pk = made.json()["id"]
    place = f"/api/v1/disclosures/{pk}/"
    assert made.headers["Location"] == place
    refused = post(mine, f"disclosures/{pk}/submit/")
    assert refused.status_code == 422
    assert "novelty" in refused.json()["errors"]
    said = make.said()
    body = {
        "novelty": said.novelty, "problem": said.problem, "how": said.how,
        "contributors": [{"name": "甲", "share": "100"}],
        "publications": [{"kind": "conference", "on": "2026-11-01", "where": "年会"}],
    }  # fmt: skip
    assert mine.patch(place, body, format="json").status_code == 428
    stale = mine.patch(place, body, format="json", headers={"If-Match": '"disclosure-1-99"'})
    assert stale.status_code == 412
    good = {"If-Match": mine.get(place).headers["ETag"]}
    assert mine.patch(place, body, format="json", headers=good).status_code == 200
    assert judge.get(place).status_code == 404
    handed_in = post(mine, f"disclosures/{pk}/submit/").json()
    assert handed_in["file_by"] == "2027-05-01"
    assert len(judge.get("/api/v1/disclosures/").json()["results"]) == 1
    post(judge, f"disclosures/{pk}/take/")
    assert post(judge, f"disclosures/{pk}/evaluate/", {"trl": 99}).status_code == 400
    advice = post(judge, f"disclosures/{pk}/evaluate/", SCORED).json()["verdict"]
    assert (advice["route"], advice["grade"]) == ("file", "B")
    assert post(judge, f"disclosures/{pk}/decide/", {"decision": "secret"}).status_code == 422
    assert post(judge, f"disclosures/{pk}/decide/", {"decision": "file"}).status_code == 200
    filed = post(judge, f"disclosures/{pk}/apply/", {"number": stock.fresh_number(year=2026)})
    assert filed.json()["status"] == "filed"
    near = judge.get(f"{place}neighbours/")
    assert (near.status_code, near.headers["Cache-Control"]) == (200, "no-store")
    assert Disclosure.objects.get().status == "filed"


def test_an_anonymous_program_finds_nothing(api_as: ApiAs) -> None:
    make.disclosure(make.inventor_of(core.office()), stands="submitted")
    client = api_as(None)
    assert client.get("/api/v1/disclosures/").json()["results"] == []
    assert client.get("/api/v1/sheets/").json()["results"] == []
    assert post(client, "disclosures/", {"title": "偷看"}).status_code in {401, 403}
