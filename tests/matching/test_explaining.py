"""Why this one, why not that one, what else; and a rating's further answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import Error, transaction
from django.test import Client
from rest_framework.test import APIClient

from core.errors import Conflict, Invalid, Missing
from core.notices.models import Notice
from core.people.models import Membership, User
from core.people.types import Actor
from listings import services as listings
from matching import rules, services
from matching.models import Evaluation, Lead, Match
from matching.rules.whynot import Answer, Filter, Pair, answer, refusals
from matching.selectors import whynot
from matching.selectors.explaining import marks
from matching.types import Demand, DemandKind, ImprovementWish, Intent, Verdict
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

Drain = Callable[[], int]
SYSTEM = Actor.system()
FIELDS = {
    "demand_is_live": Filter.NOT_LIVE,
    "recommends": Filter.SWITCHED_OFF,
    "is_listed": Filter.NOT_LISTED,
    "is_free": Filter.NOT_FREE,
    "is_own": Filter.OWN,
    "is_shared": Filter.SHARED,
    "opted_patent": Filter.OPTED_PATENT,
    "opted_holder": Filter.OPTED_HOLDER,
}


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("天然气体积测量，自动压料", ("气体", "动压"), []),
        ("天然气体积，气体轴承", ("气体", "轴承"), ["气体", "轴承"]),
        ("LED, controlled led", ("led",), ["LED", "led"]),
        ("微生物燃料电池", ("燃料电池", "电池"), ["燃料电池"]),
    ],
)
def test_only_words_are_marked(text: str, words: tuple[str, ...], marked: list[str]) -> None:
    assert [text[start:end] for start, end in marks(text, words)] == marked


@pytest.mark.parametrize(("field", "expected"), FIELDS.items())
def test_each_filter_is_named(field: str, expected: Filter) -> None:
    usual: bool = getattr(Pair(), field)
    assert refusals(Pair()) == []
    assert refusals(Pair(**{field: not usual})) == [expected]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"refused": True, "ticks": 900_000, "rank": 1}, Answer.REFUSED),
        ({"ticks": 300_000, "rank": 3}, Answer.IN),
        ({"ticks": 249_999}, Answer.BELOW),
        ({"ticks": 250_000}, Answer.COMING),
        ({"ticks": 300_000, "last": 300_000}, Answer.BEHIND),
        ({"ticks": 300_001, "last": 300_000}, Answer.COMING),
    ],
)
def test_answer_follows_from_score_floor_and_place(facts: dict[str, Any], expected: Answer) -> None:
    given: dict[str, Any] = {"refused": False, "floor": 25.0, "rank": None, "last": None} | facts
    assert answer(**given) == expected


def ask(match: Match, patent: Any, firm: Membership) -> whynot.WhyNot:
    viewer = core.actor(firm)
    card = whynot.patent_named(f"http://x.cn/patents/{patent.pk}/", viewer=viewer)
    assert card is not None
    assert match.need_id is not None
    return whynot.why_not(Demand(DemandKind.NEED, match.need_id), patent=card, viewer=viewer)


@pytest.mark.django_db
def test_listed_match_has_its_rank_and_the_very_score(drain: Drain) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    found = ask(match, match.patent, firm)
    assert (found.answer, found.rank, found.match_id) == (Answer.IN, 1, match.pk)
    assert found.ticks == match.ticks
    assert sum(bar.points for bar in found.bars) == found.score
    assert sum(bar.ticks for bar in found.bars) == found.ticks


@pytest.mark.django_db
def test_poor_fit_is_told_its_score_and_what_it_lacks(drain: Drain) -> None:
    firm, keeper = core.enterprise(), core.office()
    match = make.match(drain, firm, keeper)
    other = board.listed_patent(keeper, **make.WATER | {"title": "一种除氟滤芯"})
    drain()
    found = ask(match, other, firm)
    assert found.answer is Answer.BELOW
    assert found.ticks is not None
    assert found.ticks < rules.FLOOR * 10_000
    assert "class" in found.absent


@pytest.mark.django_db
def test_opted_suspended_and_switched_off_are_named_as_filters(drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    services.opt_out(match_id=match.pk, by=core.actor(firm), now=now)
    assert ask(match, match.patent, firm).refusals == (Filter.OPTED_PATENT,)
    User.objects.filter(pk=firm.user_id).update(wants_recommendations=False)
    found = ask(match, match.patent, firm)
    assert found.refusals == (Filter.SWITCHED_OFF, Filter.OPTED_PATENT)
    assert (found.score, found.rank, found.match_id) == (None, None, None)


@pytest.mark.django_db
def test_nobody_asks_about_a_strangers_need(drain: Drain) -> None:
    match = make.match(drain)
    with pytest.raises(Missing):
        ask(match, match.patent, core.enterprise())


@pytest.mark.django_db
@pytest.mark.parametrize("patent", ["", "长" * 20_000, "🙂", "%00", "/patents/999999999/", "ZL1"])
def test_nonsense_is_answered_kindly(
    drain: Drain, client_as: Callable[..., Client], patent: str
) -> None:
    firm = core.enterprise()
    need = make.need(firm)
    page = client_as(firm).get("/matches/why-not/", {"demand": f"n{need.pk}", "patent": patent})
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()


@pytest.mark.django_db
def test_classes_that_nobody_gave_are_not_called_wrong(
    drain: Drain, client_as: Callable[..., Client]
) -> None:
    firm = core.enterprise()
    need = make.need(firm, data=replace(make.COLD, ipc=()))
    patent = board.listed_patent(**make.BATTERY | {"ipc": [], "industry_codes": []})
    drain()
    asked = {"demand": f"n{need.pk}", "patent": f"/patents/{patent.pk}/"}
    page = client_as(firm).get("/matches/why-not/", asked).content.decode()
    assert "没有加分：一方没有填写，或对不上" in page


@pytest.mark.django_db
def test_pages_and_api_say_the_same(
    drain: Drain, client_as: Callable[..., Client], api_as: Callable[..., APIClient]
) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    client, api = client_as(firm), api_as(firm)
    page = client.get(f"/matches/{match.pk}/").content.decode()
    assert page.count("<mark>脉冲</mark>") + page.count("<mark>加热") >= 2
    assert "贵单位的需求" in page
    asked = {"demand": f"n{match.need_id}", "patent": f"/patents/{match.patent_id}/"}
    answer = client.get("/matches/why-not/", asked).content.decode()
    assert "已在列表里：第 1 名" in answer
    assert client.get(f"/matches/{match.pk}/alternatives/").status_code == 200
    body = api.get(f"/api/v1/matches/{match.pk}/explanation/").json()
    assert sum(bar["points"] for bar in body["bars"]) == body["score"]
    assert sum(bar["ticks"] for bar in body["bars"]) == body["score_ticks"] == match.ticks
    for passage in [*body["demand_text"], *body["patent_text"]]:
        for start, end in passage["marks"]:
            assert passage["text"][start:end].lower() in {w.lower() for w in body["words"]}
    told = api.get(
        "/api/v1/matches/why-not/",
        {"need": match.need_id, "patent": f"/patents/{match.patent_id}/"},
    ).json()
    assert (told["answer"], told["rank"], told["match"]) == ("in", 1, match.pk)
    assert api.get(f"/api/v1/matches/{match.pk}/alternatives/").status_code == 200
    bad = api.get("/api/v1/matches/why-not/", {"need": "x", "patent": "1"})
    assert bad.status_code == 422


# --- the further answers of a rating ---------------------------------------------------------


@pytest.mark.django_db
def test_choices_of_a_rating_reach_the_holder_and_can_be_edited(
    drain: Drain, now: datetime, client_as: Callable[..., Client]
) -> None:
    firm, keeper = core.enterprise(name="测试储能公司"), core.office()
    match = make.match(drain, firm, keeper)
    client = client_as(firm)
    data = {"prospect": "4", "interested": "1", "wishes": ["more_data", "prototype"]}
    assert client.post(f"/matches/{match.pk}/rate/", data).status_code == 302
    bells = Notice.objects.filter(user=keeper.user, kind="lead.interest")
    assert ["测试储能公司" in bell.title for bell in bells] == [False]
    data |= {"intents": ["talk", "try_first"], "wishes": ["more_data"]}
    assert client.post(f"/matches/{match.pk}/rate/", data).status_code == 302
    assert ["测试储能公司" in bell.title for bell in bells.order_by("pk")] == [False, True]
    row = Evaluation.objects.get()
    assert (row.wishes, row.intents) == (["more_data"], ["talk", "try_first"])
    assert Lead.objects.get().contacted_at is not None
    page = client_as(keeper).get("/matches/received/").content.decode()
    for words in ("测试储能公司", "给出更多试验数据", "先试用", "可附检测报告"):
        assert words in page
    form = client.get(f"/matches/{match.pk}/").content.decode()
    assert "修改评价" in form
    client.post(f"/matches/{match.pk}/rate/", {"reason": "price"})
    row.refresh_from_db()
    assert (row.interested, row.intents, row.wishes) == (False, [], ["more_data"])


@pytest.mark.django_db
def test_intents_without_interest_are_refused_here_and_in_the_table(
    drain: Drain, now: datetime
) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    with pytest.raises(Invalid):
        services.rate_match(
            match_id=match.pk,
            verdict=Verdict(False, intents=(Intent.TALK,)),
            by=core.actor(firm),
            now=now,
        )
    good = Verdict(True, intents=(Intent.TALK,), wishes=(ImprovementWish.PLAINER,))
    services.rate_match(match_id=match.pk, verdict=good, by=core.actor(firm), now=now)
    for fields in ({"interested": False}, {"wishes": ["x"]}, {"intents": ["x"]}):
        with pytest.raises(Error), transaction.atomic():
            Evaluation.objects.update(**fields)


@pytest.mark.django_db
def test_rating_a_withdrawn_match_is_refused_kindly_and_loses_no_word(
    drain: Drain, now: datetime, client_as: Callable[..., Client]
) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    listing = match.patent.listings.get()
    listings.suspend_listing(listing_id=listing.pk, reason="补充材料", by=SYSTEM, now=now)
    data = {"prospect": "4", "interested": "1", "improvement": "希望给出低温循环数据"}
    page = client_as(firm).post(f"/matches/{match.pk}/rate/", data)
    assert page.status_code == 409
    assert "希望给出低温循环数据" in page.content.decode()
    with pytest.raises(Conflict):
        services.rate_match(match_id=match.pk, verdict=Verdict(True), by=core.actor(firm), now=now)
    with pytest.raises(ObjectDoesNotExist):
        services.rate_match(
            match_id=match.pk, verdict=Verdict(True), by=core.actor(core.enterprise()), now=now
        )
    assert client_as(core.enterprise()).post(f"/matches/{match.pk}/rate/", data).status_code == 404
    assert not Evaluation.objects.exists()
