"""Search: words, characters and numbers; facets equal to counted truth; ways on from nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.people.types import Actor
from listings import filters, services
from listings.models import Listing, Patent
from listings.rules import numbers
from listings.selectors.searching import search
from listings.selectors.searching.search import BoardQuery
from listings.types import EncumbranceKind, Route
from listings.web.marking import marked, snippet
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
ANYONE = Actor.anonymous()
Find = Callable[..., list[str]]


def listed(title: str, **fields: Any) -> Patent:
    patent = stock.listed_patent(title=title, **fields)
    services.index_patents(patent_ids=[patent.pk], now=stock.NOON)
    return patent


@pytest.fixture
def find(now: datetime) -> Find:
    def ask(text: str = "", **chosen: Any) -> list[str]:
        query = BoardQuery(
            text=text,
            chosen={k: tuple(v) if isinstance(v, list) else (v,) for k, v in chosen.items()},
        )
        return [card.title for card in search.board(viewer=ANYONE, query=query, now=now).cards]

    return ask


def test_one_and_two_characters_words_and_latin(find: Find) -> None:
    listed("石墨烯散热膜的制备方法", abstract="导热率高")
    listed("一种5G基站天线", abstract="用于通信")
    assert find("膜") == ["石墨烯散热膜的制备方法"]
    assert find("散热") == ["石墨烯散热膜的制备方法"]
    assert find("石墨烯 散热") == ["石墨烯散热膜的制备方法"]
    assert find("5g") == ["一种5G基站天线"]
    assert find("导热") == ["石墨烯散热膜的制备方法"]
    assert find("热散") == []


def test_a_number_in_any_spelling_finds_its_patent(find: Find) -> None:
    patent = listed("一种散热膜", number="201710601862.3", filed_on=date(2017, 7, 21))
    listed("另一种膜")
    for spelling in numbers.spellings("2017106018623"):
        assert search.exact(spelling, viewer=ANYONE) == patent.pk
    assert find("201710601862") == ["一种散热膜"]
    assert find("710601862") == ["一种散热膜"]


def test_what_is_not_on_the_board_is_not_found(find: Find) -> None:
    stock.patent(title="没有挂牌的膜")
    hidden = listed("已经撤回的膜")
    services.withdraw_listing(
        listing_id=hidden.listings.get().pk, by=Actor.system(), now=stock.NOON
    )
    assert find("膜") == []
    assert search.exact(hidden.number or "", viewer=ANYONE) is None


def test_titles_beat_abstracts_and_newer_breaks_ties(find: Find, now: datetime) -> None:
    listed("一种密封圈", abstract="用于水泵的密封圈，水泵")
    listed("一种水泵", abstract="旧", now=now - timedelta(days=200))
    listed("一种水泵", abstract="新", now=now)
    found = search.board(viewer=ANYONE, query=BoardQuery(text="水泵"), now=now).cards
    assert [card.abstract for card in found] == ["新", "旧", "用于水泵的密封圈，水泵"]


@pytest.fixture
def mixed() -> None:
    """A small board in which every facet has several values."""
    shanghai, suzhou = make.office(region="310115"), make.office(region="320500")
    institute = make.office(region="110108")
    institute.organisation.kind = "institute"
    institute.organisation.save()
    sheet: dict[str, Any]
    for place, (keeper, classes, sheet, trl) in enumerate(
        [
            (shanghai, ("H01M 10/0525",), {"asking_price": None}, 3),
            (shanghai, ("H01M 4/36",), {"asking_price": Decimal(0)}, 6),
            (suzhou, ("C01B 32/184",), {"asking_price": Decimal(20_000)}, 6),
            (suzhou, ("G06F 17/30",), {"asking_price": Decimal(150_000)}, None),
            (institute, ("G06N 3/04",), {"asking_price": Decimal(900_000)}, 9),
            (institute, ("G06N 3/08",), {"asking_price": Decimal(5_000_000)}, 9),
        ]
    ):
        sheet["routes"] = (Route.ORDINARY, Route.TRANSFER) if place % 2 else (Route.EQUITY,)
        patent = listed(
            f"一种装置{place}",
            keeper=keeper,
            ipc=classes,
            trl=trl,
            number=numbers.mint(2017 + place % 3, "1", 700_000 + place),
            filed_on=date(2017 + place % 3, 5, 1),
            granted_on=date(2020, 5, 1),
            annuity_paid_to=date(2027, 5, 1),
            sheet=sheet,
        )
        if place < 2:
            stock.bound(patent, EncumbranceKind.OPEN_DECLARATION)


CHOICES = [
    {},
    {"section": ("G",)},
    {"section": ("G", "C"), "region": ("11",)},
    {"price": ("free", "negotiable")},
    {"mode": ("open",)},
    {"mode": ("open", "transfer"), "trl": ("6", "9")},
    {"ipc": ("H01M", "G06N 3"), "year": ("2017", "2018")},
    {"holder": ("institute",), "kind": ("invention",), "status": ("granted",)},
    {"region": ("31", "32"), "year": ("2019",), "price": ("to-50k", "free")},
]


def truth(name: str, chosen: dict[str, tuple[str, ...]]) -> Counter[str]:
    """The facet's counts, one card at a time in Python."""
    others = {k: v for k, v in chosen.items() if k != name}
    counted: Counter[str] = Counter()
    for listing in Listing.objects.on_board().select_related("patent__organisation"):
        if all(set(values_of(listing, key)) & set(wanted) or any(
            value.startswith(w) for value in values_of(listing, key) for w in wanted
            if key in {"ipc", "section"}
        ) for key, wanted in others.items()):  # fmt: skip
            counted.update(
                value[:3] if name == "ipc" else value for value in values_of(listing, name)
            )
    return counted


def values_of(listing: Listing, name: str) -> list[str]:
    patent = listing.patent
    price = listing.asking_price
    band = "negotiable" if price is None else next(
        code for code, low, high in search.PRICE_BANDS
        if price >= low and (high is None or price < high)
    )  # fmt: skip
    assert patent.filed_on is not None
    assert patent.organisation is not None
    is_open = patent.encumbrances.filter(kind="open_declaration", active=True).exists()
    found = {
        "section": [patent.main_ipc[:1]],
        "ipc": [patent.main_ipc],
        "region": [patent.region[:2]],
        "holder": [patent.organisation.kind],
        "kind": [patent.kind],
        "status": [patent.status],
        "price": [band],
        "trl": [str(patent.trl)] if patent.trl else [],
        "year": [str(patent.filed_on.year)],
        "mode": [*listing.routes, *(["open"] if is_open else [])],
    }
    return found[name]


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize("chosen", CHOICES, ids=str)
def test_facets_equal_counted_truth_and_leave_out_their_own_filter(
    chosen: dict[str, tuple[str, ...]], now: datetime
) -> None:
    found = search.board(viewer=ANYONE, query=BoardQuery(chosen=chosen), now=now)
    facets = {facet.name: dict(facet.counts) for facet in found.facets}
    assert "layer" not in facets
    for name in filters.TITLES:
        if name != "layer":
            assert facets.get(name, {}) == dict(truth(name, chosen)), name
    assert found.total == len(found.cards)


@pytest.mark.usefixtures("mixed")
def test_choosing_a_value_shows_as_many_as_its_count_promised(now: datetime) -> None:
    start = BoardQuery(chosen={"trl": ("6", "9")})
    for facet in search.board(viewer=ANYONE, query=start, now=now).facets:
        for value, count in facet.counts:
            query = BoardQuery(chosen={**start.chosen, facet.name: (value,)})
            assert search.board(viewer=ANYONE, query=query, now=now).total == count


@pytest.mark.usefixtures("mixed")
def test_layers_are_for_staff(now: datetime) -> None:
    staff = make.actor(make.bureau("31"))
    query = BoardQuery(chosen={"layer": ("A",)})
    assert search.board(viewer=staff, query=query, now=now).total == 0
    assert search.board(viewer=ANYONE, query=query, now=now).total == 6
    names = {f.name for f in search.board(viewer=staff, query=BoardQuery(), now=now).facets}
    assert "layer" in names


@pytest.mark.usefixtures("mixed")
def test_prices_order_and_negotiable_comes_last(now: datetime) -> None:
    for sort, first in (("price", Decimal(0)), ("price-desc", Decimal(5_000_000))):
        found = search.board(viewer=ANYONE, query=BoardQuery(sort=sort), now=now).cards
        assert found[0].asking_price == first
        assert found[-1].asking_price is None


def test_pages_hold_every_result_once(now: datetime) -> None:
    keeper = make.office()
    for place in range(23):
        listed(f"一种泵{place}", keeper=keeper)
    for text in ("", "泵"):
        pages = [
            search.board(viewer=ANYONE, query=BoardQuery(text=text, page=page), now=now)
            for page in (1, 2)
        ]
        ids = [card.id for page in pages for card in page.cards]
        assert len(ids) == len(set(ids)) == 23
        assert pages[0].pages == 2


@pytest.mark.parametrize(
    "query",
    [BoardQuery(text="长" * 2_000), BoardQuery(page=search.LAST_PAGE + 1), BoardQuery(page=0)],
    ids=["long", "deep", "zero"],
)
def test_abuse_is_refused_with_a_way_on(query: BoardQuery, now: datetime) -> None:
    with pytest.raises(Invalid) as caught:
        search.board(viewer=ANYONE, query=query, now=now)
    assert caught.value.status == 400


NASTY = [
    *("%", "_", "*", "'", "\\", "a & b | !c", "(((", "'; DROP TABLE x;--", "<script>", "\x00"),
    *("：；。，", "🙂", "\ud800", "a" * 200, "石墨烯:*", "1e999", "ZL", "CN.", "()[]{}|^$"),
]


@pytest.mark.parametrize("text", NASTY)
def test_garbage_is_only_text(text: str, now: datetime) -> None:
    listed("一种膜")
    query = filters.from_url(QueryDict(mutable=True)).query()
    query = BoardQuery(text=text.encode("utf-8", "ignore").decode().replace("\x00", ""))
    found = search.board(viewer=ANYONE, query=query, now=now)
    assert found.total in {0, 1}
    search.exact(query.text, viewer=ANYONE)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.dictionaries(
        st.sampled_from([*filters.TITLES, "q", "sort", "page"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    )
)
def test_any_address_gives_a_query_that_runs(now: datetime, data: dict[str, str]) -> None:
    address = QueryDict(mutable=True)
    address.update(data)
    query = filters.from_url(address).query()
    if query.page <= search.LAST_PAGE:
        search.board(viewer=ANYONE, query=query, now=now)


@pytest.mark.usefixtures("mixed")
def test_the_address_holds_the_whole_query() -> None:
    query = BoardQuery(
        "石墨烯 膜", {"section": ("G", "H"), "year": ("2017",), "price": ("free",)}, "price", 2
    )
    address = QueryDict(filters.url_of(query).removeprefix("?"))
    assert filters.from_url(address).query() == query


def test_nothing_found_offers_questions_that_have_answers(now: datetime) -> None:
    listed("一种石墨烯散热膜")
    listed("一种水泵密封圈")
    query = BoardQuery(text="石墨烯水泵", chosen={"section": ("A",), "trl": ("9",)})
    assert search.board(viewer=ANYONE, query=query, now=now).total == 0
    ways = search.ways_on(query, viewer=ANYONE)
    assert {way.label for way in ways if way.kind == "word"} >= {"石墨烯", "水泵"}
    for way in ways:
        found = search.board(viewer=ANYONE, query=way.query, now=now)
        assert found.total == way.count > 0


def test_words_of_a_question_are_no_way_on() -> None:
    listed("怎么去掉污水里的磷")
    query = BoardQuery(text="水泵里的污水怎么去掉", chosen={})
    ways = [way.label for way in search.ways_on(query, viewer=ANYONE) if way.kind == "word"]
    assert "污水" in ways
    assert not {"怎么", "去掉"} & set(ways)


def test_the_board_costs_the_same_for_one_as_for_ten(now: datetime) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            search.board(viewer=ANYONE, query=BoardQuery(text="膜"), now=now)
        return len(seen)

    listed("一种膜")
    one = cost()
    for place in range(9):
        listed(f"一种膜{place}")
    assert cost() == one <= 8


# Marking


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("石墨烯散热膜", "散热", "石墨烯<mark>散热</mark>膜"),
        ("石墨烯散热膜", "石墨 膜", "<mark>石墨</mark>烯散热<mark>膜</mark>"),
        ("散热铝膜", "散热膜", "<mark>散热</mark>铝膜"),
        ("LED lamp", "led", "<mark>LED</mark> lamp"),
        ("<b>膜</b>", "膜", "&lt;b&gt;<mark>膜</mark>&lt;/b&gt;"),
        ("a&b", "", "a&amp;b"),
    ],
)
def test_marked(text: str, query: str, shown: str) -> None:
    assert marked(text, query) == shown


@given(st.text(max_size=80), st.text(max_size=12))
def test_marking_only_adds_marks(text: str, query: str) -> None:
    from django.utils.html import escape

    plain = marked(text, query).replace("<mark>", "").replace("</mark>", "")
    assert plain == escape(text)
    assert "<script" not in snippet(text, query)
