"""Saved searches: kept, answered once, told in few words, nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Membership
from core.people.types import Actor
from listings import services as library
from listings.models import Patent, SavedSearch, SearchHit
from listings.rules import alerts
from listings.rules.alerts import Frequency
from listings.selectors.searching import searches as ask
from listings.selectors.searching.search import BoardQuery
from listings.services.searching import alerts as news
from listings.services.searching import searches
from listings.types import OfferInput, Route
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
NOON = stock.NOON


@pytest.fixture
def firm() -> Membership:
    return make.enterprise()


def save(who: Membership, text: str = "石墨烯", **more: Any) -> SavedSearch:
    frequency = more.pop("frequency", Frequency.AT_ONCE)
    given = {"name": text, "query": BoardQuery(text=text, **more)}
    pk = searches.save_search(**given, frequency=frequency, by=make.actor(who), now=NOON)
    return SavedSearch.objects.get(pk=pk)


def offered(title: str = "一种石墨烯散热膜", *, now: datetime = NOON, **fields: Any) -> Patent:
    return stock.listed_patent(title=title, now=now, **fields)


def told(who: Membership) -> list[str]:
    rows = Notice.objects.filter(user=who.user, kind="search.found").order_by("pk")
    return list(rows.values_list("title", flat=True))


# Keeping


def test_what_answers_already_is_no_news(firm: Membership, drain: Any) -> None:
    old = offered()
    drain()
    row = save(firm)
    assert row.known == [old.pk]
    news.answer_searches(patent_id=old.pk, now=NOON + timedelta(hours=1))
    assert not SearchHit.objects.exists()
    assert AuditEntry.objects.filter(event="search.saved", subject_id=str(row.pk)).exists()


def test_strangers_and_visitors_keep_nothing(firm: Membership) -> None:
    row = save(firm)
    other = make.actor(make.enterprise())
    for command in (
        lambda: searches.edit_search(search_id=row.pk, name="我的", by=other, now=NOON),
        lambda: searches.remove_search(search_id=row.pk, by=other, now=NOON),
    ):
        with pytest.raises(Missing):
            command()
    assert searches.see_hits(search_id=row.pk, by=other, now=NOON) == 0
    for nobody in (Actor.anonymous(), make.actor(make.auditor())):
        with pytest.raises(NotAllowed):
            searches.save_search(
                name="x",
                query=BoardQuery(text="膜"),
                frequency=Frequency.OFF,
                by=nobody,
                now=NOON,
            )
    assert SavedSearch.objects.get().name == "石墨烯"


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", BoardQuery(text="膜")),
        ("长" * 61, BoardQuery(text="膜")),
        ("空", BoardQuery()),
        ("只有分层", BoardQuery(chosen={"layer": ("A",)})),  # not a firm's to ask
        ("太长", BoardQuery(text="膜" * 201)),
        ("石墨烯", BoardQuery(text="膜")),  # a name taken
    ],
)
def test_bad_input_is_refused(firm: Membership, name: str, query: BoardQuery) -> None:
    save(firm)
    with pytest.raises(Invalid):
        searches.save_search(
            name=name, query=query, frequency=Frequency.OFF, by=make.actor(firm), now=NOON
        )


def test_there_is_a_ceiling(firm: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MOST_SEARCHES", 1)
    save(firm)
    with pytest.raises(Conflict, match="达到上限"):
        save(firm, "电池")


@pytest.mark.parametrize(
    "broken",
    [
        {"name": ""},
        {"text": "", "chosen": {}},
        {"frequency": "hourly"},
        {"frequency": "daily", "due_at": None},
    ],
)
def test_broken_rows_cannot_be_stored(firm: Membership, broken: dict[str, Any]) -> None:
    row = save(firm)
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedSearch.objects.filter(pk=row.pk).update(**broken)


def test_twins_cannot_be_stored(firm: Membership) -> None:
    row, other = save(firm), save(firm, "电池")
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedSearch.objects.filter(pk=other.pk).update(name=row.name)
    hit = {"search": row, "patent": offered(), "found_at": NOON}
    SearchHit.objects.create(**hit)
    with pytest.raises(IntegrityError), transaction.atomic():
        SearchHit.objects.create(**hit)


# Answering


def test_a_new_offer_is_told_once(firm: Membership, drain: Any) -> None:
    row = save(firm)
    save(make.enterprise(), "深海锚泊")
    patent = offered()
    offered("一种污水处理装置")
    drain()
    for minutes in (3, 6):
        news.answer_searches(patent_id=patent.pk, now=NOON + timedelta(minutes=minutes))
        news.tell_due(now=NOON + timedelta(minutes=minutes))
    assert told(firm) == ["“石墨烯”有 1 件新专利"]
    assert Notice.objects.filter(kind="search.found").count() == 1
    assert list(row.hits.values_list("patent_id", flat=True)) == [patent.pk]


def test_quick_successions_are_told_together(firm: Membership) -> None:
    save(firm)
    for _ in range(4):
        news.answer_searches(patent_id=offered().pk, now=NOON)
    assert told(firm) == ["“石墨烯”有 1 件新专利"]
    assert news.tell_due(now=NOON + timedelta(minutes=1)) == 0
    assert news.tell_due(now=NOON + timedelta(minutes=2)) == 1
    assert told(firm)[1:] == ["“石墨烯”有 3 件新专利"]
    assert news.tell_due(now=NOON + timedelta(minutes=9)) == 0


def test_searches_of_one_person_share_a_notice(firm: Membership) -> None:
    save(firm)
    save(firm, "散热膜")
    news.answer_searches(patent_id=offered().pk, now=NOON)
    assert told(firm) == ["保存的检索有 2 件新专利"]


def test_a_cheaper_old_offer_comes_to_answer(firm: Membership, drain: Any) -> None:
    keeper = make.office()
    patent = stock.listed_patent(keeper, title="一种石墨烯散热膜")
    drain()
    save(firm, chosen={"price": ("to-50k",)})
    listing = patent.listings.get()
    library.edit_listing(
        listing_id=listing.pk,
        offer=OfferInput(
            problem="热", routes=(Route.ORDINARY,), asking_price=stock.Decimal(30_000)
        ),
        version=None,
        by=make.actor(keeper),
        now=NOON + timedelta(hours=1),
    )
    drain()
    assert told(firm) == ["“石墨烯”有 1 件新专利"]


def test_with_too_much_to_remember_only_newer_offers_are_news(
    firm: Membership, monkeypatch: pytest.MonkeyPatch, drain: Any
) -> None:
    monkeypatch.setattr(alerts, "REMEMBERED", 1)
    old = [offered(now=NOON - timedelta(days=1)) for _ in range(2)]
    drain()
    row = save(firm)
    assert (row.known, row.known_all) == ([], False)
    news.answer_searches(patent_id=old[0].pk, now=NOON + timedelta(hours=1))
    assert told(firm) == []
    news.answer_searches(patent_id=offered(now=NOON + timedelta(hours=1)).pk, now=NOON)
    assert told(firm) == ["“石墨烯”有 1 件新专利"]


@pytest.mark.parametrize(
    ("frequency", "days", "expected"),
    [(Frequency.DAILY, 1, 1), (Frequency.WEEKLY, 1, 0), (Frequency.WEEKLY, 3, 1)],
)
def test_digests_come_by_the_clock(
    firm: Membership, drain: Any, frequency: Frequency, days: int, expected: int
) -> None:
    row = save(firm, frequency=frequency)
    for _ in range(3):
        offered(now=NOON + timedelta(hours=1))
    drain()
    assert told(firm) == []
    morning = (NOON + timedelta(days=days)).replace(hour=8)
    for _ in range(2):
        news.tell_due(now=morning)
    assert told(firm) == ["“石墨烯”有 3 件新专利"] * expected
    assert row.hits.count() == 3 * expected


def test_silence_counts_but_does_not_tell(firm: Membership, drain: Any) -> None:
    row = save(firm, frequency=Frequency.OFF)
    offered(now=NOON + timedelta(hours=1))
    drain()
    later = NOON + timedelta(days=1)
    news.tell_due(now=later)
    assert (row.hits.count(), told(firm)) == (1, [])
    searches.edit_search(
        search_id=row.pk, frequency=Frequency.AT_ONCE, by=make.actor(firm), now=later
    )
    news.tell_due(now=later)
    assert told(firm) == []
    news.answer_searches(patent_id=offered(now=later).pk, now=later)
    assert told(firm) == ["“石墨烯”有 1 件新专利"]


def test_what_has_left_the_board_is_not_told(firm: Membership, drain: Any) -> None:
    save(firm, frequency=Frequency.DAILY)
    patent = offered(now=NOON + timedelta(hours=1))
    drain()
    row = SavedSearch.objects.get()
    news.catch_up(row, now=NOON + timedelta(hours=2))
    row.save()
    listing = patent.listings.get()
    library.withdraw_listing(listing_id=listing.pk, by=Actor.system(), now=NOON)
    news.tell_due(now=NOON + timedelta(days=1))
    assert told(firm) == []
    assert ask.own(viewer=make.actor(firm)).get().unseen == 0  # type: ignore[attr-defined]


def test_only_staff_are_answered_by_layer(drain: Any) -> None:
    office = make.office()
    row = save(office, chosen={"layer": ("C",)})
    viewer = ask.viewers([row])[row.pk]
    assert viewer.roles == {"office"}
    patent = offered()
    Patent.objects.filter(pk=patent.pk).update(layer="A")
    drain()
    assert ask.answered_by(patent.pk, [row]) == set()
    office.delete()
    assert ask.viewers([row])[row.pk].roles == frozenset()


@pytest.mark.parametrize(
    ("text", "looked_at"),
    [("石墨烯", True), ("深海锚泊", False), ("201910900001", True), ("", True)],
)
def test_only_searches_whose_words_it_holds_are_asked(
    firm: Membership, drain: Any, text: str, looked_at: bool
) -> None:
    patent = offered()
    drain()
    searches.save_search(
        name="x",
        query=BoardQuery(text=text, chosen={"kind": ("design",)}),
        frequency=Frequency.AT_ONCE,
        by=make.actor(firm),
        now=NOON,
    )
    assert bool(ask.at_once(patent.pk, after=0, most=9)) is looked_at


def test_many_searches_are_asked_in_few_statements(firm: Membership, drain: Any) -> None:
    patent = offered()
    drain()
    rows = [save(firm, f"检索{n}") for n in range(30)]
    rows += [save(make.enterprise()) for _ in range(20)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = ask.answered_by(patent.pk, rows)
    assert len(queries) == 1
    assert found == {row.pk for row in rows[30:]}


# Pages and API


def test_from_the_board_to_a_notice(firm: Membership, client: Client, client_as: As) -> None:
    board = client.get("/patents/?q=石墨烯&kind=invention").content.decode()
    assert "保存这次检索" in board
    asked = "/searches/new/?q=%E7%9F%B3%E5%A2%A8%E7%83%AF&kind=invention"
    away = client.get(asked)
    assert away.status_code == 302
    assert "next=%2Fsearches%2Fnew%2F%3Fq%3D%25E7" in away.headers["Location"]
    page = client_as(firm)
    assert "专利类型：发明" in page.get(asked).content.decode()
    saved = page.post(asked, {"name": "散热", "frequency": "at_once"})
    row = SavedSearch.objects.get()
    assert saved.headers["Location"] == f"/searches/{row.pk}/"
    assert (row.text, row.chosen) == ("石墨烯", {"kind": ["invention"]})
    patent = offered()
    news.answer_searches(patent_id=patent.pk, now=NOON)
    assert "<strong>1</strong>" in page.get("/searches/").content.decode()
    assert f'id="patent-{patent.pk}"' in page.get(f"/searches/{row.pk}/").content.decode()
    assert "<strong>1</strong>" not in page.get("/searches/").content.decode()
    page.post(f"/searches/{row.pk}/stop/")
    assert SavedSearch.objects.get().frequency == "off"
    page.post(asked, {"name": "换了", "frequency": "daily", "replaces": str(row.pk)})
    assert SavedSearch.objects.get().name == "换了"
    page.post(f"/searches/{row.pk}/delete/")
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize("query", ["kind=nonsense", "ipc=%3Cscript%3E", "year=12", ""])
def test_questions_that_make_no_sense_are_not_kept(
    firm: Membership, client_as: As, query: str
) -> None:
    page = client_as(firm).post(f"/searches/new/?{query}", {"name": "x", "frequency": "off"})
    assert page.status_code == 422
    assert not SavedSearch.objects.exists()


def test_the_list_costs_the_same_for_many(firm: Membership, client_as: As) -> None:
    page = client_as(firm)
    page.get("/searches/")  # the session is written once
    counts = []
    for n in (1, 8):
        while SavedSearch.objects.count() < n:
            save(firm, f"检索{SavedSearch.objects.count()}")
        with CaptureQueriesContext(connection) as queries:
            page.get("/searches/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_api_does_what_the_pages_do(firm: Membership, api_as: Any, drain: Any) -> None:
    api: APIClient = api_as(firm)
    body = {"name": "散热", "query": "q=石墨烯&kind=invention", "frequency": "at_once"}
    made = api.post("/api/v1/saved-searches/", body, headers={"Idempotency-Key": "1"})
    assert made.status_code == 201
    again = api.post("/api/v1/saved-searches/", body, headers={"Idempotency-Key": "1"})
    assert again.data["id"] == made.data["id"]
    one = made.headers["Location"]
    patent = offered()
    drain()
    found = api.get(f"{one}hits/").data["results"]
    assert [hit["patent"]["id"] for hit in found] == [patent.pk]
    listed = api.get("/api/v1/saved-searches/").data["results"]
    assert [(row["unseen"], row["described"]) for row in listed] == [
        (1, "检索词：石墨烯；专利类型：发明")
    ]
    assert api.patch(one, {"query": "kind=nonsense"}).status_code == 422
    assert api.patch(one, {"query": "q=电池"}).data["query"] == "q=%E7%94%B5%E6%B1%A0"
    assert api.get(f"{one}hits/").data["results"] == []
    assert api.delete(one).status_code == 204
