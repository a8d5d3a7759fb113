"""Who would want a patent, as far as firms let themselves be seen; needs like another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from core.audit.models import AuditEntry
from core.errors import Conflict, Missing, NotAllowed
from core.people.models import Membership
from matching import services as room
from matching.models import Push
from matching.selectors import wanting as asked
from matching.services import implicit
from matching.services.offering import offer
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
Drain = Callable[[], int]
FIRM = "北辰秘密储能公司"
SECRET = replace(make.COLD, is_confidential=True)


def test_firms_are_shown_as_far_as_they_let_themselves_be_seen(drain: Drain) -> None:
    keeper = core.office()
    patent = make.stock(keeper)["battery"]
    open_firm = core.enterprise(name="公开公司")
    secret_firm = core.enterprise(name=FIRM, industry_codes=["3841"], region="310115")
    make.need(open_firm)
    make.need(secret_firm, SECRET)
    make.subscription(core.enterprise(name=FIRM))
    drain()
    rows = asked.wanters(patent.pk, viewer=core.actor(keeper))
    assert len(rows) == 3
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
    (shown,) = [row for row in rows if row.need is not None and row.need.firm]
    assert shown.need is not None
    assert shown.need.firm == "公开公司"
    assert any(bar.words for bar in shown.bars)
    hidden = [row for row in rows if row is not shown]
    assert not any(bar.words for row in hidden for bar in row.bars)
    assert FIRM not in repr(rows)
    assert make.COLD.problem not in repr(hidden)


def test_only_the_holder_may_ask_or_push(drain: Drain, client_as: As) -> None:
    keeper = core.office()
    patent = make.stock(keeper)["battery"]
    make.need()
    drain()
    (row,) = asked.wanters(patent.pk, viewer=core.actor(keeper))
    with pytest.raises(NotAllowed):
        offer(patent_id=patent.pk, token=row.token, by=core.actor(core.office()), now=make.NOON)
    assert client_as(core.office()).get(f"/matches/wanting/{patent.pk}/").status_code == 404
    assert not AuditEntry.objects.filter(event="match.offered").exists()


def test_a_push_that_is_asked_for_keeps_to_every_ceiling() -> None:
    keeper, firm = core.office(), core.enterprise()
    by = core.actor(keeper)
    patent = make.stock(keeper)["battery"]
    make.need(firm)
    room.active_engine(now=make.NOON)
    (row,) = asked.wanters(patent.pk, viewer=by)
    for _ in range(2):
        offer(patent_id=patent.pk, token=row.token, by=by, now=make.NOON)
    assert Push.objects.count() == 1  # the second time there was nothing new to tell
    assert AuditEntry.objects.filter(event="match.offered").count() == 2
    with pytest.raises(Missing):
        offer(patent_id=patent.pk, token="x" * 20, by=by, now=make.NOON)


def test_a_patent_not_on_the_board_is_compared_and_not_pushed() -> None:
    keeper = core.office()
    fields = {key: value for key, value in make.BATTERY.items() if key != "sheet"}
    make.stock()
    patent = board.patent(keeper, **fields)
    make.need()
    room.active_engine(now=make.NOON)
    by = core.actor(keeper)
    (row,) = asked.wanters(patent.pk, viewer=by)
    with pytest.raises(Conflict):
        offer(patent_id=patent.pk, token=row.token, by=by, now=make.NOON)


def test_where_demands_are_many_the_last_run_answers(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = core.office()
    patent = make.stock(keeper)["battery"]
    make.need()
    drain()
    now = asked.wanters(patent.pk, viewer=core.actor(keeper))
    monkeypatch.setattr(asked.hearing, "is_needed", lambda: True)
    assert asked.wanters(patent.pk, viewer=core.actor(keeper)) == now


def test_implicit_profiles_are_told_to_nobody(drain: Drain) -> None:
    keeper, firm = core.office(), core.enterprise()
    patent = make.stock(keeper)["battery"]
    implicit.consent(
        uses=["products"], products=make.COLD.problem, agreed=True, by=core.actor(firm),
        now=make.NOON,
    )  # fmt: skip
    drain()
    assert asked.wanters(patent.pk, viewer=core.actor(keeper)) == []


def test_tokens_do_not_tell_one_firm_in_two_patents(drain: Drain) -> None:
    keeper = core.office()
    first = make.stock(keeper)["battery"]
    second = board.listed_patent(keeper, **make.BATTERY | {"title": "电池脉冲自加热装置"})
    make.subscription()
    drain()
    by = core.actor(keeper)
    (one,), (two,) = (asked.wanters(p.pk, viewer=by) for p in (first, second))
    assert one.token != two.token


def test_pages_and_api(
    drain: Drain, client_as: As, api_as: Callable[[Membership | None], APIClient]
) -> None:
    keeper = core.office()
    patent = make.stock(keeper)["battery"]
    make.need(core.enterprise(name=FIRM), SECRET)
    drain()
    client, url = client_as(keeper), f"/matches/wanting/{patent.pk}/"
    page = client.get(url).content.decode()
    assert "推送给它" in page
    assert FIRM not in page
    (row,) = api_as(keeper).get(f"/api/v1/patents/{patent.pk}/wanting/").json()
    assert row["need"]["organisation"] is None
    sent = client.post(url + "push/", {"firm": row["token"]}, follow=True)
    assert "已提交" in sent.content.decode()
    assert "已经变化" in client.post(url + "push/", {"firm": "no"}, follow=True).content.decode()
    body = {"token": row["token"]}
    assert api_as(keeper).post(f"/api/v1/patents/{patent.pk}/wanting/", body).status_code == 202
    assert (
        "谁会想要它"
        in client.get(reverse("listings:library-patent", args=[patent.pk])).content.decode()
    )


def test_similar_needs_are_public_ones_only(
    client_as: As, api_as: Callable[..., APIClient]
) -> None:
    need = make.need()
    like = make.need(data=replace(make.COLD, title="磷酸铁锂电池低温升温太慢求自加热办法"))
    make.need(data=replace(SECRET, released=("title", "problem")))
    make.need(data=replace(make.COLD, visibility="industry"))  # type: ignore[arg-type]
    make.need(data=make.FLUORIDE)
    make.stock()
    room.active_engine(now=make.NOON)
    rows = asked.similar_needs(need, viewer=core.actor(core.office()))
    assert [row.need.pk for row in rows] == [like.pk]
    body = Client().get(f"/needs/{need.pk}/similar/").content.decode()
    assert like.title in body
    assert api_as(None).get(f"/api/v1/needs/{need.pk}/similar/").json()[0]["need"]["id"] == like.pk
    hidden = make.need(data=SECRET)
    assert asked.similar_needs(hidden, viewer=core.actor(core.office())) == []
