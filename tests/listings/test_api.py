"""The API: what the pages can do, this can; twice is once; nobody overwrites unread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from core.people.models import Membership
from listings import services
from listings.imports import limits
from listings.models import ImportBatch, Listing, Patent
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
As = Callable[[Membership | None], APIClient]
CSV = "名称,申请号,申请日\n一种膜,201710601862.3,2017-07-21\n坏行,201710601862.4,\n".encode()


@pytest.fixture
def keeper() -> Membership:
    return make.office()


def key(value: str) -> dict[str, str]:
    return {"HTTP_IDEMPOTENCY_KEY": value}


def upload() -> dict[str, Any]:
    return {"file": SimpleUploadedFile("清单.csv", CSV, content_type="text/csv")}


def test_anyone_may_search_and_pages_by_links(api_as: As, keeper: Membership) -> None:
    for place in range(3):
        stock.listed_patent(keeper, title=f"一种膜{place}")
    stock.patent(keeper, title="没有挂牌的膜")
    api, url, titles = api_as(None), "/api/v1/listings/?page_size=2", []
    while url:
        answer = api.get(url)
        assert answer.status_code == 200
        titles += [row["patent"]["title"] for row in answer.data["results"]]
        url = answer.data["next"]
        assert ('rel="next"' in answer.headers.get("Link", "")) == bool(url)
    assert titles == ["一种膜2", "一种膜1", "一种膜0"]


def test_filters_and_words_are_those_of_the_page(api_as: As, keeper: Membership) -> None:
    wanted = stock.listed_patent(keeper, title="一种散热膜", ipc=("C01B 32/184",), trl=6)
    stock.listed_patent(keeper, title="一种散热片", trl=3)
    services.index_patents(patent_ids=Patent.objects.values_list("pk", flat=True), now=stock.NOON)
    ask = "/api/v1/listings/?q=散热&section=C&trl=6&sort=relevance"
    rows = api_as(None).get(ask).data["results"]
    assert [row["patent"]["id"] for row in rows] == [wanted.pk]
    number = api_as(None).get("/api/v1/patents/", {"number": f"ZL{wanted.number}"})
    assert [row["id"] for row in number.data["results"]] == [wanted.pk]


@pytest.mark.parametrize(
    "query", ["trl=99", "section=Z", "ipc=%00", "year=20x6", "sort=best", f"q={'长' * 300}"]
)
def test_a_senseless_parameter_is_a_problem_that_names_it(api_as: As, query: str) -> None:
    answer = api_as(None).get(f"/api/v1/listings/?{query}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.data["detail"]


def test_an_offer_from_draft_to_withdrawal(api_as: As, keeper: Membership) -> None:
    patent, api = stock.patent(keeper), api_as(keeper)
    body = {"patent_id": patent.pk, "problem": "发热", "asking_price": "120000.00"}
    made = api.post("/api/v1/listings/", body, **key("a"))
    assert made.status_code == 201
    url = made.headers["Location"]
    again = api.post("/api/v1/listings/", body, **key("a"))
    assert (again.status_code, again.data) == (201, made.data)
    assert Listing.objects.count() == 1
    read = api.get(url)
    changed = api.patch(url, {"benefit": "降温"}, HTTP_IF_MATCH=read.headers["ETag"])
    assert (changed.data["benefit"], changed.data["problem"]) == ("降温", "发热")
    assert changed.headers["ETag"] != read.headers["ETag"]
    assert api.post(f"{url}publish/", {}, **key("b")).data["status"] == "listed"
    assert api.post(f"{url}suspend/", {"reason": "改价"}, **key("c")).data["status"] == "suspended"
    assert api.post(f"{url}resume/", {}, **key("d")).data["status"] == "listed"
    assert api.post(f"{url}withdraw/", {}, **key("e")).data["status"] == "withdrawn"


def test_an_edit_needs_the_state_it_has_read(api_as: As, keeper: Membership) -> None:
    listing, api = stock.draft(stock.patent(keeper)), api_as(keeper)
    url = f"/api/v1/listings/{listing.pk}/"
    assert api.patch(url, {"how": "x"}).status_code == 428
    tag = api.get(url).headers["ETag"]
    assert api.patch(url, {"how": "x"}, HTTP_IF_MATCH=tag).status_code == 200
    lost = api.patch(url, {"how": "y"}, HTTP_IF_MATCH=tag)
    assert lost.status_code == 412
    assert lost.data["type"].endswith("edited-meanwhile")
    listing.refresh_from_db()
    assert listing.how == "x"


def test_what_forbids_publishing_is_listed_with_articles(api_as: As, keeper: Membership) -> None:
    listing = stock.draft(stock.patent(keeper, granted_on=None, number="", annuity_paid_to=None))
    answer = api_as(keeper).post(f"/api/v1/listings/{listing.pk}/publish/", {}, **key("p"))
    assert answer.status_code == 409
    assert answer.data["blockers"]
    assert all(blocker["article"] for blocker in answer.data["blockers"])


def test_a_patent_registered_corrected_and_given_an_event(api_as: As, keeper: Membership) -> None:
    api = api_as(keeper)
    body = {
        "number": "ZL 2017 1 0601862.3", "title": "一种膜", "filed_on": "2017-07-21",
        "granted_on": "2019-11-05", "ipc": ["H01M10/0525(2010.01)I"],
    }  # fmt: skip
    made = api.post("/api/v1/patents/", body, **key("n"))
    assert made.status_code == 201
    assert (made.data["number"], made.data["ipc"]) == ("2017106018623", ["H01M 10/0525"])
    url = made.headers["Location"]
    tag = api.get(url).headers["ETag"]
    assert api.patch(url, {"trl": 6}, HTTP_IF_MATCH=tag).data["trl"] == 6
    assert api.patch(url, {"trl": 7}, HTTP_IF_MATCH=tag).status_code == 412
    event = {"code": "CF01", "occurred_on": date(2024, 1, 5).isoformat()}
    assert api.post(f"{url}events/", event, **key("e")).data["status"] == "lapsed"
    twin = api.post("/api/v1/patents/", body, **key("m"))
    assert twin.status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", "201710601862.4"), ("ipc", ["H01L 1/0"]), ("filed_on", "2017-13-01"), ("trl", 10),
     ("title", "x" * 10_000), ("industry_codes", ["Z99"])],
)  # fmt: skip
def test_a_bad_field_is_named(api_as: As, keeper: Membership, field: str, value: Any) -> None:
    body = {"title": "一种膜", "kind": "invention"} | {field: value}
    answer = api_as(keeper).post("/api/v1/patents/", body, **key("n"))
    assert answer.status_code in {400, 422}
    assert field in answer.data["errors"]
    assert Patent.objects.count() == 0


def test_an_import_from_file_to_undo(api_as: As, keeper: Membership) -> None:
    api = api_as(keeper)
    made = api.post("/api/v1/imports/", upload(), format="multipart", **key("i"))
    assert made.status_code == 201
    assert made.data["counts"]["rejected"] == 1
    twin = api.post("/api/v1/imports/", upload(), format="multipart", **key("i"))
    assert twin.data["id"] == made.data["id"]
    assert ImportBatch.objects.count() == 1
    url = made.headers["Location"]
    rows = api.get(f"{url}rows/?verdict=rejected").data["results"]
    assert (rows[0]["number"], rows[0]["problems"][0]["code"]) == (3, "number-check")
    assert api.post(f"{url}start/", {}, **key("s")).data["state"] == "done"
    assert Patent.objects.kept().count() == 1
    assert api.post(f"{url}undo/", {}, **key("u")).data == {"state": "undone", "kept": []}
    assert Patent.objects.kept().count() == 0


def test_a_wreck_and_an_oversized_file_are_problems(
    api_as: As, keeper: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = api_as(keeper)
    wreck = {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04nope")}
    answer = api.post("/api/v1/imports/", wreck, format="multipart", **key("w"))
    assert answer.status_code == 422
    assert "另存为" in answer.data["detail"]
    monkeypatch.setattr(limits, "UPLOAD_BYTES", 10)
    answer = api.post("/api/v1/imports/", upload(), format="multipart", **key("x"))
    assert answer.status_code == 400
    assert ImportBatch.objects.count() == 0


def test_favourites(api_as: As, keeper: Membership) -> None:
    patent, api = stock.listed_patent(keeper), api_as(make.enterprise())
    for _ in range(2):
        assert api.put(f"/api/v1/patents/{patent.pk}/favourite/").status_code == 204
    assert [row["id"] for row in api.get("/api/v1/favourites/").data] == [patent.pk]
    assert api.delete(f"/api/v1/patents/{patent.pk}/favourite/").status_code == 204
    assert api.get("/api/v1/favourites/").data == []


def test_a_draft_is_nobody_elses_business(api_as: As, keeper: Membership) -> None:
    listing = stock.draft(stock.patent(keeper))
    for stranger in (None, make.enterprise(), make.office()):
        api = api_as(stranger)
        assert api.get(f"/api/v1/listings/{listing.pk}/").status_code == 404
        assert api.get(f"/api/v1/patents/{listing.patent_id}/").status_code == 404
        rows = api.get("/api/v1/patents/").data["results"]
        assert rows == []


def test_a_page_costs_the_same_for_one_row_as_for_ten(api_as: As, keeper: Membership) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert api_as(None).get("/api/v1/listings/").status_code == 200
        return len(seen)

    stock.listed_patent(keeper)
    one = cost()
    for _ in range(9):
        stock.listed_patent(keeper)
    assert cost() == one <= 6


def test_every_operation_is_described_without_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    schema = SchemaGenerator(api_version="v1").get_schema(request=None, public=True)
    validate_schema(schema)
    said = capsys.readouterr().err
    assert [line for line in said.splitlines() if "Warning" in line] == []
    paths = {path for path in schema["paths"] if path.startswith(("/api/v1/listings",))}
    assert "/api/v1/listings/{id}/publish/" in paths or "/api/v1/listings/{pk}/publish/" in paths
