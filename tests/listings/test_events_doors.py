"""Pages and API of legal events: what people see, send and answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.people.types import Actor
from listings import services
from listings.models import Contradiction, EventFile, LegalEvent
from tests.factories import core
from tests.factories import listings as make
from tests.factories.events import HEADER, started
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db

Web = Callable[[Any], Any]
PAGES = ("", "doubts/", "waiting/", "files/")


def doubtful(keeper: Any) -> Any:
    row = make.patent(keeper, title=f"一种装置 {Contradiction.objects.count()}")
    services.record_legal_event(
        patent_id=row.pk, code="TR01", occurred_on=date(2024, 1, 5), by=Actor.system(), now=NOON
    )
    return row


def test_a_file_goes_from_upload_to_the_patents_page(client_as: Web) -> None:
    keeper = core.office()
    row, client = make.patent(keeper), client_as(keeper)
    body = f"{HEADER}\n{row.number},CF01,2024-05-01\n201710601862.4,CF01,2024-05-01\n"
    sent = client.post(
        "/library/events/files/new/", {"file": SimpleUploadedFile("公报.csv", body.encode())}
    )
    file = EventFile.objects.get()
    assert sent.url == f"/library/events/files/{file.pk}/"
    page = client.get(sent.url).content.decode()
    assert "校验位不对" in page
    assert "登记这些事件" in page
    mend = client.get(f"{sent.url}rows-to-mend/")
    assert mend.headers["Content-Type"] == "text/csv"
    assert "原第 3 行" in mend.content.decode("utf-8-sig")
    client.post(f"{sent.url}start/")
    assert "未缴年费专利权终止" in client.get("/library/events/").content.decode()
    assert "未缴年费专利权终止" in client.get(f"/library/patents/{row.pk}/").content.decode()
    assert client.get("/library/events/files/template/").content[:2] == b"PK"


def test_a_wrong_file_is_answered_on_the_form(client_as: Web) -> None:
    sent = client_as(core.office()).post(
        "/library/events/files/new/", {"file": SimpleUploadedFile("a.csv", b"x,y\n1,2\n")}
    )
    assert sent.status_code == 422
    assert "没有找到“申请号/专利号”这一列" in sent.content.decode()


def test_a_contradiction_is_shown_and_answered(client_as: Web) -> None:
    keeper = core.office()
    row, client = doubtful(keeper), client_as(keeper)
    page = client.get("/library/events/doubts/").content.decode()
    assert row.title in page
    assert "没有写明变更后的权利人" in page
    doubt = Contradiction.objects.get()
    url = f"/library/events/doubts/{doubt.pk}/settle/"
    short = client.post(url, {f"doubt{doubt.pk}-reason": "好"})
    assert short.status_code == 422
    assert "请写明核对的结果" in short.content.decode()
    client.post(url, {f"doubt{doubt.pk}-reason": "已查登记簿，名单无误"})
    assert row.title not in client.get("/library/events/doubts/").content.decode()


def test_a_transfer_recorded_by_hand_names_its_parties(client_as: Web) -> None:
    keeper = core.office(name="某大学")
    row = make.patent(keeper)
    client_as(keeper).post(
        f"/library/patents/{row.pk}/events/",
        {"code": "TR01", "occurred_on": "2024-01-05", "old": "某大学", "new": "甲；Acme Co., Ltd."},
    )
    assert [holder.name for holder in row.holders.all()] == ["甲", "Acme Co., Ltd."]
    answer = client_as(keeper).post(
        f"/library/patents/{row.pk}/events/", {"code": "TC01", "occurred_on": "2024-01-05"}
    )
    assert answer.status_code == 422
    assert "没有写明天数" in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_every_list_costs_the_same_for_one_as_for_five(client_as: Web, page: str) -> None:
    keeper = core.office()
    client = client_as(keeper)

    def grow() -> None:
        doubtful(keeper)
        started(keeper, f"{make.fresh_number()},CF01,2024-05-01")

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(f"/library/events/{page}").status_code == 200
        return len(seen)

    grow()
    client.get(f"/library/events/{page}")
    one = cost()
    for _ in range(4):
        grow()
    assert cost() == one


# --- API -------------------------------------------------------------------------------------


def test_the_api_takes_a_file_and_lists_the_events(api_as: Web) -> None:
    keeper = core.office()
    row, api = make.patent(keeper), api_as(keeper)
    body = f"{HEADER}\n{row.number},TR01,2024-05-01,,甲,乙\n{make.fresh_number()},CF01,2024-05-01\n"
    made = api.post(
        "/api/v1/event-files/",
        {"file": SimpleUploadedFile("公报.csv", body.encode())},
        format="multipart",
        headers={"Idempotency-Key": "1"},
    )
    assert made.status_code == 201
    assert made.json()["counts"]["waiting"] == 1
    url = f"/api/v1/event-files/{made.json()['id']}/"
    assert [r["verdict"] for r in api.get(f"{url}rows/").json()["results"]] == ["fits", "waiting"]
    done = api.post(f"{url}start/", headers={"Idempotency-Key": "2"})
    assert done.json()["state"] == "done"
    [event] = api.get(f"/api/v1/patents/{row.pk}/events/").json()
    assert (event["code"], event["name"], event["told"]) == ("TR01", "专利权的转移", "甲 → 乙")
    [waits] = api.get("/api/v1/waiting-events/").json()["results"]
    assert api.delete(f"/api/v1/waiting-events/{waits['id']}/").status_code == 204
    [doubt] = api.get("/api/v1/event-contradictions/").json()["results"]
    settle = f"/api/v1/event-contradictions/{doubt['id']}/settle/"
    key = {"headers": {"Idempotency-Key": "3"}, "format": "json"}
    assert api.post(settle, {"reason": "已查登记簿"}, **key).json()["settled_at"]


def test_the_api_records_an_event_with_its_parties(api_as: Web) -> None:
    keeper = core.office(name="某大学")
    row = make.patent(keeper)
    sent = api_as(keeper).post(
        f"/api/v1/patents/{row.pk}/events/",
        {
            "code": "TR01",
            "occurred_on": "2024-05-01",
            "from_parties": ["某大学"],
            "to_parties": ["某公司"],
        },
        headers={"Idempotency-Key": "1"},
        format="json",
    )
    assert sent.status_code == 201
    assert LegalEvent.objects.get().detail == {"from": ["某大学"], "to": ["某公司"]}
    assert row.holders.get().name == "某公司"
