"""The pages: what they show, what a tap does, and that a longer list costs no more queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.people.models import Membership, User
from core.people.types import Actor
from listings import services as listings
from listings.types import EncumbranceKind
from matching import rules, services
from matching.models import Evaluation, Lead, Match, MatchOptOut, Need, Subscription
from matching.types import Verdict
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]
As = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}


def queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def batteries(number: int) -> None:
    for i in range(number):
        board.listed_patent(**make.BATTERY | {"title": f"磷酸铁锂电池低温脉冲自加热方法{i}"})


# --- needs -----------------------------------------------------------------------------------


def test_board_shows_open_public_needs_to_anyone(client: Client) -> None:
    shown, hidden = make.need(), make.need(data=make.FLUORIDE, open_now=False)
    page = text(client.get("/needs/"))
    assert shown.title in page
    assert hidden.title not in page


def test_board_narrows_by_word_and_facet_with_true_counts(client: Client) -> None:
    make.need()
    make.need()
    make.need(data=make.FLUORIDE)
    page = text(client.get("/needs/", {"q": "除氟"}))
    assert make.FLUORIDE.title in page
    assert make.COLD.title not in page
    page = text(client.get("/needs/", {"industry": "38"}))
    assert "共 <strong>2</strong> 条" in page
    for odd in ({"page": "999"}, {"page": "x"}, {"industry": "'; --"}, {"q": "%" * 60}):
        assert client.get("/needs/", odd).status_code == 200


def test_need_is_posted_and_opened_with_one_form(client_as: As, drain: Drain) -> None:
    firm = core.enterprise()
    client = client_as(firm)
    data = {
        "title": make.COLD.title, "problem": make.COLD.problem, "industry": "38",
        "ipc": "H01M；H02J", "visibility": "public", "open": "1",
        "form_token": uuid4().hex,
    }  # fmt: skip
    first, second = client.post("/needs/new/", data), client.post("/needs/new/", data)
    need = Need.objects.get()
    assert first.url == second.url == f"/needs/{need.pk}/"
    assert (need.status, need.ipc, need.region) == ("open", ["H01M", "H02J"], "310115")
    assert "正在匹配" in text(client.get(first.url))
    batteries(1)
    drain()
    page = text(client.get(first.url))
    assert "正在匹配" not in page
    assert "磷酸铁锂电池低温脉冲自加热方法0" in page


def test_incomplete_need_is_shown_again_with_what_is_missing(client_as: As) -> None:
    answer = client_as(core.enterprise()).post(
        "/needs/new/", {"title": "低温快充办法", "visibility": "public", "open": "1"}
    )
    assert answer.status_code == 422
    assert "请用至少 10 个字说明" in text(answer)
    assert "低温快充办法" in text(answer)
    assert not Need.objects.exists()


def test_a_question_is_no_label_with_a_colon(client_as: As) -> None:
    data = {"title": "低温快充办法", "problem": "太短", "visibility": "public", "open": "1"}
    page = text(client_as(core.enterprise()).post("/needs/new/", data))
    assert "？：" not in page
    assert "哪里不行？请用至少 10 个字说明" in page


def test_a_need_without_chinese_is_told_why_nothing_fits(client_as: As, drain: Drain) -> None:
    batteries(1)
    firm = core.enterprise()
    said = {"title": "Winter tyres", "problem": "Rubber gets hard below minus twenty degrees."}
    pages = []
    for data in (said, {"title": "冬季轮胎变硬", "problem": "橡胶在零下二十度变硬，抓地力不够。"}):
        need = make.need(firm, data=replace(make.COLD, **data, ipc=(), industry_codes=("C29",)))
        drain()
        Match.objects.all().delete()
        urls = (f"/needs/{need.pk}/", f"/needs/{need.pk}/matches/")
        pages.append([text(client_as(firm).get(url)) for url in urls])
    assert all("没有中文，很难匹配上" in page for page in pages[0])
    assert all("暂时没有足够合适的专利" in page for page in pages[1])


def test_hostile_input_is_text_and_nothing_else(client_as: As) -> None:
    client = client_as(core.enterprise())
    nasty = "<script>alert(1)</script>'; DROP TABLE matching_need; --"
    data = {"title": nasty, "problem": nasty * 3, "industry": "38", "visibility": "public"}
    answer = client.post("/needs/new/", data | {"open": "1"}, follow=True)
    assert answer.status_code == 200
    assert "<script>alert" not in text(answer)
    assert client.post("/needs/new/", data | {"title": "长" * 10_000}).status_code == 422
    assert client.post("/needs/new/", data | {"budget": "1e999"}).status_code == 422
    assert client.post("/needs/new/", data | {"industry": "99"}).status_code == 422


def test_second_editor_sees_that_somebody_was_quicker(client_as: As) -> None:
    firm = core.enterprise()
    client, need = client_as(firm), make.need(firm)
    data = {
        "title": "甲改过的需求名称", "problem": make.COLD.problem, "industry": "38",
        "visibility": "public", "version": need.version,
    }  # fmt: skip
    assert client.post(f"/needs/{need.pk}/edit/", data).status_code == 302
    late = client.post(f"/needs/{need.pk}/edit/", data | {"title": "乙改过的需求名称"})
    assert late.status_code == 422
    assert "其他人已修改过" in text(late)
    assert "乙改过的需求名称" in text(late)
    need.refresh_from_db()
    assert need.title == "甲改过的需求名称"
    assert need.industry_codes == ["3841"]  # finer than the form, and kept


def test_moving_a_need_twice_tells_and_breaks_nothing(client_as: As) -> None:
    firm = core.enterprise()
    client, need = client_as(firm), make.need(firm)
    for _ in range(2):
        answer = client.post(f"/needs/{need.pk}/close/", follow=True)
        assert answer.status_code == 200
    assert "不能这样办理" in text(answer)
    assert client.post(f"/needs/{need.pk}/explode/").status_code == 404


# --- matches ---------------------------------------------------------------------------------


def test_card_shows_bars_that_add_up_and_marked_words(client_as: As, drain: Drain) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    page = text(client_as(firm).get(f"/matches/{match.pk}/"))
    bars = rules.bars(match.reasons)
    assert " + ".join(str(bar.points) for bar in bars) in page
    assert f"= {rules.whole_score(match.ticks)}" in page
    assert f"{match.ticks / 10_000:.4f}" in page
    assert re.search(r"<h1>.*<mark>", page, re.S)
    assert Lead.objects.get(organisation=firm.organisation).viewed_at is not None


def test_one_tap_rates_with_and_without_javascript(client_as: As, drain: Drain) -> None:
    firm = core.enterprise()
    match, client = make.match(drain, firm), client_as(firm)
    answer = client.post(f"/matches/{match.pk}/rate/", {"next": "/matches/?state=unrated"})
    assert answer.url == "/matches/?state=unrated"
    assert Evaluation.objects.get().interested
    answer = client.post(f"/matches/{match.pk}/rate/", {"reason": "price"}, headers=HTMX)
    assert "价格或条件不合适" in text(answer)
    assert "<html" not in text(answer)
    assert Evaluation.objects.get().reason == "price"
    assert client.post(f"/matches/{match.pk}/rate/", {"reason": "mood"}).status_code == 404
    away = client.post(f"/matches/{match.pk}/rate/", {"next": "https://evil.example/"})
    assert away.url == "/matches/"


def test_long_form_keeps_everything_and_refuses_nonsense(client_as: As, drain: Drain) -> None:
    firm = core.enterprise()
    match, client = make.match(drain, firm), client_as(firm)
    url = f"/matches/{match.pk}/rate/"
    data = {"prospect": "5", "interested": "1", "reason": "price"}
    refused = client.post(url, data)
    assert refused.status_code == 422
    assert "不必再选" in text(refused)
    data = {"prospect": "5", "interested": "1"}
    data |= {"improvement": "给出循环数据", "cooperation": "先试用"}
    assert client.post(url, data).status_code == 302
    said = Evaluation.objects.get()
    assert (said.prospect, said.improvement, said.cooperation) == (5, "给出循环数据", "先试用")
    assert client.post(url, {"prospect": "9", "interested": "1"}).status_code == 422


def test_opting_out_empties_the_next_page_and_can_be_taken_back(
    client_as: As, drain: Drain
) -> None:
    firm = core.enterprise()
    match, client = make.match(drain, firm), client_as(firm)
    client.post(f"/matches/{match.pk}/opt-out/", {"what": "patent"})
    assert match.patent.title not in text(client.get("/matches/"))
    assert client.get(f"/matches/{match.pk}/").status_code == 404
    assert match.patent.title in text(client.get("/matches/opt-outs/"))
    client.post(f"/matches/opt-outs/{MatchOptOut.objects.get().pk}/lift/")
    drain()
    assert match.patent.title in text(client.get("/matches/"))


def test_suspended_patent_is_gone_before_its_event_is_heard(
    client_as: As, drain: Drain, now: datetime
) -> None:
    firm = core.enterprise()
    match, client = make.match(drain, firm), client_as(firm)
    listing = match.patent.listings.get()
    listings.suspend_listing(listing_id=listing.pk, reason="补充材料", by=Actor.system(), now=now)
    assert client.get(f"/matches/{match.pk}/").status_code == 404
    for url in ("/matches/", f"/needs/{match.need_id}/matches/", f"/needs/{match.need_id}/", "/"):
        assert match.patent.title not in text(client.get(url))


def test_switched_off_recommendations_hold_at_the_next_request(client_as: As, drain: Drain) -> None:
    firm = core.enterprise()
    match, client = make.match(drain, firm), client_as(firm)
    assert match.patent.title in text(client.get("/matches/"))
    User.objects.filter(pk=firm.user_id).update(wants_recommendations=False)
    page = text(client.get("/matches/"))
    assert "您已关闭个性化推荐" in page
    assert match.patent.title not in page
    assert f"/matches/{match.pk}/" not in text(client.get("/"))


def test_licence_button_appears_only_where_a_declaration_stands(
    client_as: As, drain: Drain
) -> None:
    firm = core.enterprise()
    match, client = make.match(drain, firm), client_as(firm)
    assert "直接取得开放许可" not in text(client.get("/matches/"))
    board.bound(match.patent, EncumbranceKind.OPEN_DECLARATION)
    assert "直接取得开放许可" in text(client.get("/matches/"))


def test_filters_and_sort_of_the_list(client_as: As, drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    match, client = make.match(drain, firm), client_as(firm)
    services.rate_match(match_id=match.pk, verdict=Verdict(False), by=core.actor(firm), now=now)
    title = match.patent.title
    assert title in text(client.get("/matches/", {"state": "rejected"}))
    assert title not in text(client.get("/matches/", {"state": "unrated"}))
    assert title not in text(client.get("/matches/", {"least": "100"}))
    assert title in text(client.get("/matches/", {"demand": f"n{match.need_id}", "sort": "new"}))
    for odd in ({"demand": "x9"}, {"least": "-1"}, {"state": "?"}, {"page": "0"}):
        assert client.get("/matches/", odd).status_code == 200
    fragment = text(client.get("/matches/", headers=HTMX))
    assert "<html" not in fragment


def test_compare_up_to_four_of_ones_own(client_as: As, drain: Drain) -> None:
    firm = core.enterprise()
    batteries(5)
    make.need(firm)
    drain()
    ids = list(Match.objects.values_list("pk", flat=True))
    url = "/matches/compare/?" + "&".join(f"m={pk}" for pk in ids)
    page = text(client_as(firm).get(url))
    assert page.count('<th scope="col" class="wrap"><a') == 4  # titles wrap: four fit
    stranger = text(client_as(core.enterprise()).get(url + "&m=x&m=99999999999999999999"))
    assert "没有选择要对比的专利" in stranger


def test_holder_reads_interest_and_advice(client_as: As, drain: Drain, now: datetime) -> None:
    firm, keeper = core.enterprise(industry_codes=["3841"]), core.office()
    match = make.match(drain, firm, keeper)
    client_as(firm).post(f"/matches/{match.pk}/rate/", {"reason": "too_early"})
    page = text(client_as(keeper).get("/matches/received/"))
    assert match.patent.title in page
    assert "匿名企业" in page
    assert firm.organisation.name not in page
    assert "先使用后付费" in page  # the advice


def test_bell_and_home_lead_to_the_match(client_as: As, drain: Drain) -> None:
    firm = core.enterprise()
    match, client = make.match(drain, firm), client_as(firm)
    page = text(client.get("/"))
    assert f"/matches/{match.pk}/" in page
    assert "推送的匹配等待评价" in page


# --- subscriptions ---------------------------------------------------------------------------


def test_subscription_by_form_and_one_click_stop(client_as: As) -> None:
    firm = core.enterprise()
    client = client_as(firm)
    data = {
        "name": "低温", "keywords": "自加热；脉冲", "regions": "上海；江苏省", "min_score": "50",
        "bell": "on", "form_token": uuid4().hex,
    }  # fmt: skip
    assert client.post("/subscriptions/new/", data).status_code == 302
    row = Subscription.objects.get()
    assert (row.keywords, row.regions, row.min_score) == (["自加热", "脉冲"], ["31", "32"], 50)
    client.post(f"/subscriptions/{row.pk}/pause/")
    row.refresh_from_db()
    assert row.status == "paused"
    bad = client.post("/subscriptions/new/", {"name": "低温", "min_score": "0", "regions": "火星"})
    assert bad.status_code == 422
    assert "没有“火星”" in text(bad)


# --- cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["/matches/", "/needs/{need}/matches/", "/subscriptions/{profile}/"]
)
def test_ten_matches_cost_what_one_costs(
    client_as: As, drain: Drain, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "FLOOR", 0.0)  # nine of a kind have no telling words
    firm = core.enterprise()
    need, profile = make.need(firm), make.subscription(firm)
    url = url.format(need=need.pk, profile=profile.pk)
    batteries(1)
    drain()
    client = client_as(firm)
    one = queries(client, url)
    batteries(8)
    drain()
    assert Match.objects.filter(need=need).count() == 9
    assert queries(client, url) == one


def test_ten_needs_cost_what_one_costs(client: Client, client_as: As) -> None:
    firm = core.enterprise()
    make.need(firm)
    mine = client_as(firm)
    one = queries(client, "/needs/"), queries(mine, "/needs/mine/")
    for _ in range(9):
        make.need(firm)
    assert (queries(client, "/needs/"), queries(mine, "/needs/mine/")) == one


def test_ten_answers_cost_a_holder_what_one_costs(
    client_as: As, drain: Drain, now: datetime
) -> None:
    keeper = core.office()
    client = client_as(keeper)

    def rated(firm: Membership) -> None:
        match = Match.objects.filter(organisation=firm.organisation).order_by("-ticks")[0]
        services.rate_match(match_id=match.pk, verdict=Verdict(True), by=core.actor(firm), now=now)

    make.stock(keeper)
    firms = [core.enterprise() for _ in range(10)]
    for firm in firms:
        make.need(firm)
    drain()
    rated(firms[0])
    one = queries(client, "/matches/received/")
    for firm in firms[1:]:
        rated(firm)
    assert queries(client, "/matches/received/") == one
