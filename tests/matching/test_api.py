"""The API: the same commands as the pages, problems in Chinese, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.people.models import Membership
from matching.models import Evaluation, Match, MatchOptOut, Need, Subscription
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]
ApiAs = Callable[..., APIClient]
BODY = {
    "title": "求低温快充办法",
    "problem": "加热膜升温太慢，客户等不起半小时。",
    "industry_codes": ["3841"],
    "budget": "350000.00",
}


def fresh() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def test_need_is_posted_once_per_key(api_as: ApiAs) -> None:
    api, key = api_as(core.enterprise()), fresh()
    first = api.post("/api/v1/needs/", BODY | {"open_now": True}, headers=key)
    again = api.post("/api/v1/needs/", BODY | {"open_now": True}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    need = Need.objects.get()
    assert need.status == "open"
    assert first.json()["budget"] == "350000.00"


def test_post_without_key_or_with_bad_input_is_a_problem(api_as: ApiAs) -> None:
    api = api_as(core.enterprise())
    answer = api.post("/api/v1/needs/", BODY)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith("idempotency-key-missing")
    answer = api.post("/api/v1/needs/", BODY | {"industry_codes": ["9999"]}, headers=fresh())
    assert answer.status_code == 422
    assert "industry_codes" in answer.json()["errors"]
    answer = api.post("/api/v1/needs/", {"title": "短", "open_now": True}, headers=fresh())
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"title", "problem", "industry_codes"}
    assert not Need.objects.exists()


def test_edit_needs_the_state_that_was_read(api_as: ApiAs) -> None:
    firm = core.enterprise()
    api, need = api_as(firm), make.need(firm)
    url = f"/api/v1/needs/{need.pk}/"
    tag = api.get(url)["ETag"]
    assert api.patch(url, {"title": "换一个需求名称"}).status_code == 428
    answer = api.patch(url, {"title": "换一个需求名称"}, headers={"If-Match": tag})
    assert answer.status_code == 200
    assert answer.json()["problem"] == make.COLD.problem
    late = api.patch(url, {"title": "再换一个需求名称"}, headers={"If-Match": tag})
    assert late.status_code == 412
    need.refresh_from_db()
    assert need.title == "换一个需求名称"


def test_need_is_closed_and_the_stranger_is_told_nothing(api_as: ApiAs) -> None:
    firm = core.enterprise()
    need = make.need(firm, open_now=False)
    url = f"/api/v1/needs/{need.pk}/"
    stranger = api_as(core.enterprise())
    assert stranger.get(url).status_code == 404
    assert stranger.post(url + "close/").status_code == 404
    api = api_as(firm)
    assert api.post(url + "open/").json()["status"] == "open"
    assert api.post(url + "solve/").json()["status"] == "solved"
    assert api.post(url + "close/").status_code == 409


def test_board_is_public_and_mine_is_ones_own(api_as: ApiAs) -> None:
    firm = core.enterprise()
    make.need(firm)
    make.need(firm, make.FLUORIDE, open_now=False)
    assert len(api_as(None).get("/api/v1/needs/").json()["results"]) == 1
    assert len(api_as(firm).get("/api/v1/needs/?mine=true").json()["results"]) == 2
    assert api_as(None).get("/api/v1/needs/?mine=true").json()["results"] == []
    found = api_as(None).get("/api/v1/needs/", {"q": "低温", "industry": "38", "region": "31"})
    assert len(found.json()["results"]) == 1


def test_match_carries_reasons_that_add_up(api_as: ApiAs, drain: Drain) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    body = api_as(firm).get(f"/api/v1/matches/{match.pk}/").json()
    assert sum(r["ticks"] for r in body["reasons"]) == body["score_ticks"]
    assert body["score"] == f"{body['score_ticks'] / 10_000:.4f}"
    assert (body["demand_kind"], body["demand_id"]) == ("need", match.need_id)
    listed = api_as(firm).get("/api/v1/matches/", {"need": match.need_id}).json()["results"]
    assert match.pk in [row["id"] for row in listed]
    assert api_as(firm).get("/api/v1/matches/", {"need": "x"}).json()["results"] == []


def test_rating_by_api_counts_once(api_as: ApiAs, drain: Drain) -> None:
    firm = core.enterprise()
    match, api, key = make.match(drain, firm), api_as(firm), fresh()
    body = {"match": match.pk, "interested": False, "prospect": 2, "reason": "too_early"}
    for _ in range(2):
        assert api.post("/api/v1/evaluations/", body, headers=key).status_code == 201
    assert Evaluation.objects.get().reason == "too_early"
    wrong = body | {"prospect": 7}
    assert api.post("/api/v1/evaluations/", wrong, headers=fresh()).status_code == 400
    contradiction = body | {"interested": True}
    answer = api.post("/api/v1/evaluations/", contradiction, headers=fresh())
    assert answer.status_code == 422
    assert "reason" in answer.json()["errors"]
    stranger = api_as(core.enterprise())
    assert stranger.post("/api/v1/evaluations/", body, headers=fresh()).status_code == 404
    assert stranger.get("/api/v1/evaluations/").json()["results"] == []


def test_opt_out_and_back(api_as: ApiAs, drain: Drain) -> None:
    firm = core.enterprise()
    match, api = make.match(drain, firm), api_as(firm)
    answer = api.post("/api/v1/match-opt-outs/", {"match": match.pk}, headers=fresh())
    assert answer.status_code == 201
    assert api.get(f"/api/v1/matches/{match.pk}/").status_code == 404
    url = f"/api/v1/match-opt-outs/{answer.json()['id']}/"
    assert api_as(core.enterprise()).delete(url).status_code == 404
    assert api.delete(url).status_code == 204
    assert MatchOptOut.objects.get().lifted_at is not None


def test_subscription_life(api_as: ApiAs) -> None:
    firm = core.enterprise()
    api = api_as(firm)
    body = {"name": "低温", "keywords": ["自加热"], "price_cap": "100000.00"}
    made = api.post("/api/v1/subscriptions/", body, headers=fresh())
    assert made.status_code == 201
    url = f"/api/v1/subscriptions/{made.json()['id']}/"
    changed = api.patch(url, {"name": "更低温"}, headers={"If-Match": api.get(url)["ETag"]})
    assert (changed.json()["name"], changed.json()["keywords"]) == ("更低温", ["自加热"])
    assert api.post(url + "pause/").json()["status"] == "paused"
    assert api.post(url + "pause/").status_code == 409
    assert api.post(url + "resume/").json()["status"] == "active"
    assert api_as(core.enterprise()).get(url).status_code == 404
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize("url", ["/api/v1/matches/", "/api/v1/needs/", "/api/v1/evaluations/"])
def test_ten_rows_cost_what_one_costs(api_as: ApiAs, drain: Drain, url: str) -> None:
    firm: Membership = core.enterprise()
    make.need(firm)
    board.listed_patent(**make.BATTERY)
    drain()
    api = api_as(firm)
    rate = Match.objects.first()
    assert rate is not None
    body = {"match": rate.pk, "interested": True}
    api.post("/api/v1/evaluations/", body, headers=fresh())
    drain()

    def cost() -> int:
        api.get(url)
        with CaptureQueriesContext(connection) as seen:
            assert api.get(url).json()["results"]
        return len(seen)

    one = cost()
    for number in range(5):
        board.listed_patent(**make.BATTERY | {"title": f"磷酸铁锂电池低温脉冲自加热方法{number}"})
        make.need(firm)
    drain()
    for match in Match.objects.order_by("patent_id").distinct("patent_id"):
        body = {"match": match.pk, "interested": True}
        api.post("/api/v1/evaluations/", body, headers=fresh())
    assert cost() == one
