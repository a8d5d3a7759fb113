"""Pages of auctions, as visitors, bidders and sellers see them; and the API beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from core.people.models import Membership
from listings.models import Auction, Bid, Objection
from listings.rules.auctions import AuctionStatus as S
from listings.rules.auctions import Method
from listings.services.trading import bidding, settling
from tests.factories import auctions as make
from tests.factories import core
from tests.factories import listings as stock
from tests.factories.auctions import CLOSES, OPENS

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
AsApi = Callable[[Membership | None], APIClient]


def url(name: str, *args: Any) -> str:
    return reverse(f"listings:{name}", args=args)


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def during() -> Iterator[Callable[[datetime], None]]:
    """Turn every clock that the doors read to a moment."""
    patches: list[Any] = []

    def turn(moment: datetime) -> None:
        clock = mock.Mock(return_value=moment)
        for place in (
            mock.patch("django.utils.timezone.now", clock),
            mock.patch.dict(settling.settle_auction.__kwdefaults__, {"clock": clock}),
            mock.patch.dict(bidding.place_bid.__kwdefaults__, {"clock": clock}),
        ):
            place.start()
            patches.append(place)

    yield turn
    for place in reversed(patches):
        place.stop()


def test_the_list_sorts_by_state_and_costs_the_same_for_one_as_for_four(
    client: Client, during: Any
) -> None:
    keeper = core.office()
    during(OPENS + timedelta(minutes=5))
    make.opened(keeper, title="竞价中的一场")

    def cost() -> tuple[int, str]:
        with CaptureQueriesContext(connection) as queries:
            page = text(client.get(url("auctions")))
        return len(queries), page

    one, page = cost()
    assert "竞价中的一场" in page
    assert "还有 1 小时 55 分" in page
    for _ in range(3):
        make.opened(keeper)
    assert cost()[0] == one
    make.draft(keeper, title="没有公告的草稿")
    assert "没有公告的草稿" not in text(client.get(url("auctions"), {"state": "announced"}))
    assert "现在没有公示中的拍卖" in text(client.get(url("auctions"), {"state": "announced"}))


def test_a_firm_bids_once_however_often_it_clicks(client_as: As, during: Any) -> None:
    row, firm = make.opened(), core.enterprise()
    during(OPENS + timedelta(minutes=5))
    browser = client_as(firm)
    page = text(browser.get(url("auction", row.pk)))
    assert 'hx-trigger="every 5s"' in page
    assert "下一次至少出 100,000 元" in page
    form = {"amount": "100000", "confirmed": "on", "form_token": "a" * 32}
    for _ in range(2):
        answer = browser.post(url("auction-bid", row.pk), form, follow=True)
        assert "回执号" in text(answer)
    assert "没有重复计" in text(answer)
    assert Bid.objects.count() == 1
    assert "您的报价" not in text(browser.get(url("auction", row.pk)))
    unsure = browser.post(url("auction-bid", row.pk), form | {"confirmed": ""})
    assert unsure.status_code == 422
    low = client_as(core.enterprise()).post(
        url("auction-bid", row.pk), form | {"form_token": "b" * 32}
    )
    assert low.status_code == 409
    assert "这次至少要出 105,000 元" in text(low)


def test_each_bidder_is_told_how_its_bids_stand(client: Client, client_as: As, during: Any) -> None:
    row, low, high = make.opened(), core.enterprise(), core.enterprise()
    make.bid(row, 100_000, firm=low)
    make.bid(row, 120_000, firm=high)
    during(OPENS + timedelta(minutes=5))
    assert "目前贵单位报价最高" in text(client_as(high).get(url("auction", row.pk)))
    piece = text(client_as(low).get(url("auction-now", row.pk)))
    assert "贵单位的报价已被超过" in piece
    assert "再次出价至少 125,000 元" in piece
    make.settled(row)
    during(CLOSES + timedelta(minutes=5))
    assert "贵单位竞得" in text(client_as(high).get(url("auction", row.pk)))
    assert "贵单位未竞得" in text(client_as(low).get(url("auction", row.pk)))
    assert "贵单位" not in text(client.get(url("auction-now", row.pk)))


def test_a_late_bid_gets_a_page_that_shows_both_times(client_as: As, during: Any) -> None:
    row = make.opened()
    during(CLOSES + timedelta(milliseconds=1))
    form = {"amount": "100000", "confirmed": "on", "form_token": "a" * 32}
    answer = client_as(core.enterprise()).post(url("auction-bid", row.pk), form)
    assert answer.status_code == 409
    assert "14:00:00.000" in text(answer)
    assert "晚了 1 毫秒" in text(answer)
    row.refresh_from_db()
    assert row.status == S.FAILED


def test_the_live_piece_closes_what_is_due_and_then_rests(client: Client, during: Any) -> None:
    row = make.opened()
    make.bid(row, 100_000)
    during(CLOSES)
    piece = text(client.get(url("auction-now", row.pk)))
    assert "成交价" in piece
    assert "hx-get" not in piece
    assert "<html" not in piece


def test_a_secret_reserve_and_sealed_amounts_are_on_no_page(
    client_as: As, api_as: AsApi, during: Any
) -> None:
    keeper, firm = core.office(), core.enterprise()
    row = make.opened(keeper, method=Method.SEALED, step=None, reserve_price=Decimal("333444.55"))
    make.bid(row, "456789.12", firm=firm)
    during(OPENS + timedelta(minutes=5))
    seen = [
        text(client_as(who).get(url("auction", row.pk)))
        for who in (keeper, firm, core.auditor(), core.bureau())
    ]
    seen += [text(client_as(keeper).get(url("library-auction", row.pk)))]
    seen += [
        text(api_as(who).get(f"/api/v1/auctions/{row.pk}/{more}"))
        for who in (None, keeper, firm, core.auditor())
        for more in ("", "bids/")
    ]
    assert not any("456" in page and "789" in page for page in seen)
    public = [*seen[1:4], *seen[5:]]
    assert not any("333,444" in page or "333444" in page for page in public)
    assert "贵单位的报价已密封" in seen[1]


NEW = {
    "title": "一种方法的转让", "right": "transfer", "method": "open", "start_price": "1000",
    "step": "100", "opens_at": "2026-11-28T12:00", "closes_at": "2026-11-28T14:00",
    "terms": "成交后十日内签约。",
}  # fmt: skip


def test_an_office_drafts_announces_and_calls_off(client_as: As, during: Any) -> None:
    keeper = core.office()
    patent = stock.listed_patent(keeper)
    during(stock.NOON)
    browser = client_as(keeper)
    assert patent.title in text(browser.get(url("auction-new")))
    wrong = browser.post(url("auction-new") + f"?patent={patent.pk}", NEW | {"step": ""})
    assert wrong.status_code == 422
    assert "要写明加价幅度" in text(wrong)
    made = browser.post(url("auction-new") + f"?patent={patent.pk}", NEW)
    row = Auction.objects.get()
    assert made.headers["Location"] == url("library-auction", row.pk)
    assert "没有发现障碍，可以公告" in text(browser.get(url("library-auction", row.pk)))
    browser.post(url("auction-edit", row.pk), NEW | {"title": "改过的标题"})
    browser.post(url("auction-announce", row.pk), {"form_token": "a"})
    row.refresh_from_db()
    assert (row.status, row.title) == (S.ANNOUNCED, "改过的标题")
    assert browser.post(url("auction-edit", row.pk), NEW).status_code == 422
    assert browser.post(url("auction-cancel", row.pk), {"reason": ""}).status_code == 422
    browser.post(url("auction-cancel", row.pk), {"reason": "条款有误"})
    row.refresh_from_db()
    assert row.status == S.CANCELLED
    again = text(browser.get(url("auction-new"), {"from": row.pk}))
    assert "改过的标题" in again


def test_too_short_a_notice_is_explained_before_and_after_the_click(
    client_as: As, during: Any
) -> None:
    keeper = core.office()
    row = make.draft(keeper, opens_at=OPENS - timedelta(days=3))
    during(stock.NOON)
    browser = client_as(keeper)
    assert "不得少于 7 日" in text(browser.get(url("library-auction", row.pk)))
    refused = browser.post(url("auction-announce", row.pk))
    assert refused.status_code == 409
    assert "不得少于 7 日" in text(refused)


def test_objections_are_read_by_those_concerned_and_answered(
    client_as: As, client: Client, during: Any
) -> None:
    keeper, rival = core.office(), core.enterprise()
    row = make.announced(keeper)
    during(stock.NOON)
    said = {"text": "该专利与我单位有权属争议，请核查。", "contact": "张三"}
    assert client_as(rival).post(url("auction-object", row.pk), said).status_code == 302
    assert client_as(rival).post(url("auction-object", row.pk), {"text": "短"}).status_code == 422
    public = text(client.get(url("auction", row.pk)))
    assert "收到 1 条异议" in public
    assert "权属争议" not in public
    assert "权属争议" in text(client_as(rival).get(url("auction", row.pk)))
    answer = url("auction-answer", row.pk, Objection.objects.get().pk)
    office = client_as(keeper)
    assert office.post(answer, {"upheld": "0", "answer": ""}).status_code == 422
    assert office.post(answer, {"upheld": "0", "answer": "已核查，没有争议。"}).status_code == 302
    assert "已核查，没有争议" in text(client_as(rival).get(url("auction", row.pk)))


def test_the_api_bids_with_a_key_and_replays_it(api_as: AsApi, during: Any) -> None:
    row = make.opened()
    during(OPENS + timedelta(minutes=5))
    client, path = api_as(core.enterprise()), f"/api/v1/auctions/{row.pk}/bids/"
    sent = {"amount": "100000.00", "binding": True}
    assert client.post(path, sent, format="json").status_code == 400
    first = client.post(path, sent, format="json", headers={"Idempotency-Key": "k"})
    again = client.post(path, sent, format="json", headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = client.post(
        path, sent | {"amount": "1.00"}, format="json", headers={"Idempotency-Key": "k"}
    )
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    unbound = client.post(
        path, sent | {"binding": False}, format="json", headers={"Idempotency-Key": "l"}
    )
    assert unbound.status_code == 422
    [line] = client.get(path).json()
    assert (line["amount"], line["bidder"], line["is_mine"]) == ("100000.00", "竞买人 1", True)
    assert client.get(f"/api/v1/auctions/{row.pk}/").json()["highest"] == "100000.00"
    assert len(client.get("/api/v1/auctions/?state=open").json()["results"]) == 1


def test_the_api_drafts_announces_cancels_and_objects(api_as: AsApi, during: Any) -> None:
    keeper = core.office()
    patent = stock.listed_patent(keeper)
    during(stock.NOON)
    client = api_as(keeper)

    def send(path: str, data: dict[str, Any], key: str, who: APIClient = client) -> Any:
        return who.post(path, data, format="json", headers={"Idempotency-Key": key})

    body = NEW | {
        "patent_ids": [patent.pk],
        "opens_at": OPENS.isoformat(),
        "closes_at": CLOSES.isoformat(),
    }
    made = send("/api/v1/auctions/", body, "1")
    assert made.status_code == 201
    path = made.headers["Location"]
    assert send("/api/v1/auctions/", body | {"step": None}, "2").status_code == 422
    assert send(f"{path}announce/", {}, "3").json()["status"] == "announced"
    said = {"text": "该专利与我单位有权属争议，请核查。"}
    assert send(f"{path}objections/", said, "4", api_as(core.bank())).status_code == 201
    gone = send(f"{path}cancel/", {"reason": "条款有误"}, "5")
    assert (gone.json()["status"], gone.json()["because"]) == ("cancelled", "条款有误")


def test_another_offices_draft_is_missing(client_as: As) -> None:
    row = make.draft()
    assert client_as(core.office()).get(url("auction", row.pk)).status_code == 404
    assert client_as(core.office()).get(url("library-auction", row.pk)).status_code == 404
    assert Auction.objects.count() == 1


def test_an_unanswered_objection_waits_on_the_offices_home_page(client_as: As) -> None:
    keeper = core.office()
    row = make.announced(keeper)
    browser = client_as(keeper)
    assert "条公示异议待答复" not in text(browser.get("/"))
    Objection.objects.create(auction=row, text="有争议", raised_at=stock.NOON, raised_by="system")
    assert "条公示异议待答复" in text(browser.get("/"))


def test_the_form_shows_no_hidden_field(client_as: As) -> None:
    keeper = core.office()
    patent = stock.listed_patent(keeper)
    page = text(client_as(keeper).get(url("auction-new"), {"patent": patent.pk}))
    assert ">Version<" not in page
    assert url("auction-new") in text(client_as(keeper).get(url("library-patent", patent.pk)))
