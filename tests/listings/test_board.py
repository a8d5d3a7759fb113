"""The board's read model: as true as the facts, with or without postings, for every road."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from core.people.types import Actor
from listings import services
from listings.models import (
    BoardBuild,
    BoardEntry,
    BoardPosting,
    BoardText,
    ForeignTitle,
    Listing,
    Patent,
)
from listings.selectors.searching import columns, search, wording
from listings.selectors.searching.search import BoardQuery
from listings.services.searching import token_postings
from listings.types import EncumbranceKind
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
ANYONE, SYSTEM = Actor.anonymous(), Actor.system()


def listed(title: str, **fields: Any) -> Patent:
    patent = stock.listed_patent(title=title, **fields)
    services.index_patents(patent_ids=[patent.pk], now=stock.NOON)
    return patent


def truth(patent: Patent) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM listings_board_truth(%s)", [patent.pk])
        names = [column.name for column in cursor.description]
        row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def kept(patent: Patent) -> dict[str, Any] | None:
    row = BoardEntry.objects.filter(patent_id=patent.pk, listed=True).values().first()
    left_out = {"id", "listed", "changed"}
    return {k: v for k, v in row.items() if k not in left_out} if row else None


def find(text: str = "", **chosen: tuple[str, ...]) -> list[int]:
    query = BoardQuery(text=text, chosen=chosen)
    return [c.id for c in search.board(viewer=ANYONE, query=query, now=stock.NOON).cards]


def test_an_entry_follows_every_change_in_the_same_transaction() -> None:
    keeper = make.office(region="310115")
    patent = listed("一种膜", keeper=keeper)
    listing = Listing.objects.get(patent=patent)
    assert kept(patent) == truth(patent) is not None
    declaration = stock.bound(patent, EncumbranceKind.OPEN_DECLARATION)
    assert kept(patent) == truth(patent)
    assert BoardEntry.objects.get(patent_id=patent.pk).is_open
    services.release(
        encumbrance_id=declaration, ended_on=stock.NOON.date(), reason="撤回", by=SYSTEM,
        now=stock.NOON,
    )  # fmt: skip
    Listing.objects.filter(pk=listing.pk).update(asking_price=Decimal("12345.67"))
    Patent.objects.filter(pk=patent.pk).update(layer="A", trl=9, region="110108")
    keeper.organisation.kind = "hospital"
    keeper.organisation.save()
    entry = BoardEntry.objects.get(patent_id=patent.pk)
    assert kept(patent) == truth(patent)
    assert (entry.price, entry.layer, entry.holder, entry.is_open) == (
        1_234_567, "A", "hospital", False,
    )  # fmt: skip
    services.suspend_listing(listing_id=listing.pk, reason="核实", by=SYSTEM, now=stock.NOON)
    assert kept(patent) is None
    assert find("膜") == []
    services.resume_listing(listing_id=listing.pk, by=SYSTEM, now=stock.NOON)
    assert find("膜") == [patent.pk]
    assert BoardEntry.objects.get(patent_id=patent.pk).pk == entry.pk
    Patent.objects.filter(pk=patent.pk).update(removed_at=stock.NOON, removed_by="system")
    assert kept(patent) is None


def test_a_listed_entry_names_its_listing() -> None:
    with pytest.raises(IntegrityError, match="board_listed_is_published"), transaction.atomic():
        BoardEntry.objects.create(patent_id=1, listed=True)


def test_since_a_snapshot_come_exactly_the_rows_it_did_not_see() -> None:
    first, second = listed("一种膜"), listed("一种泵")
    with connection.cursor() as cursor:
        # What this test has written so far counts as seen: the next transaction's view of it.
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (mine,) = cursor.fetchone()
        seen = f"{mine + 1}:{mine + 1}:"
        cursor.execute("UPDATE listings_boardentry SET changed = '1'::xid8")
    assert len(columns._read(seen)) == 0
    Listing.objects.filter(patent=second).update(asking_price=1)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_visible_in_snapshot(pg_current_xact_id(), '{mine}:{mine}:')")
        assert cursor.fetchone() == (False,)
    fresh = columns._read(f"{mine}:{mine}:")
    assert [int(row["patent_id"]) for row in fresh] == [second.pk]
    held = columns.Columns(columns._merged({}, columns._read(None)), seen, None)
    merged = columns._merged(held.arrays, fresh)
    assert merged["ipc"] is held["ipc"]  # what did not change is shared
    entry = BoardEntry.objects.get(patent_id=first.pk)
    assert merged["patent_id"][entry.pk] == first.pk


def test_what_was_not_committed_stays_with_who_wrote_it() -> None:
    listed("一种膜")
    assert columns.current()["listed"].sum() == 1
    assert columns._held is None


@pytest.fixture
def common_words(monkeypatch: pytest.MonkeyPatch) -> list[Patent]:
    """A board small enough for a test on which words are common all the same."""
    monkeypatch.setattr(token_postings, "SMALLEST", 1)
    monkeypatch.setattr(token_postings, "COMMON", 0.3)
    monkeypatch.setattr(token_postings, "FOLD_AT", 2)
    keeper = make.office()
    titles = ("一种水泵", "一种水泵密封", "一种石墨膜", "石墨水泵", "散热膜", "一种阀")
    return [listed(title, keeper=keeper, abstract="") for title in titles]


QUESTIONS = ("泵", "一种", "一种 水泵", "水泵 密封", "密封", "石墨", "膜 石墨", "没有", "一种 没有")


def answers() -> dict[str, list[int]]:
    return {text: sorted(find(text)) for text in QUESTIONS}


def test_postings_change_no_answer(common_words: list[Patent]) -> None:
    without = answers()
    assert without["一种 水泵"] == sorted(row.pk for row in common_words[:2])
    assert token_postings.keep_postings(now=stock.NOON) == "built"
    assert set(BoardPosting.objects.values_list("token", flat=True)) >= {"一种", "水泵", "泵"}
    assert answers() == without
    assert columns.current().build == BoardBuild.objects.get().pk


def test_a_text_that_changed_since_is_read_from_the_table(common_words: list[Patent]) -> None:
    token_postings.keep_postings(now=stock.NOON)
    # As a later transaction would: what was built saw nothing of what comes now.
    BoardText.objects.all().update(changed="1")
    BoardBuild.objects.update(snapshot=_before_us())
    one = common_words[0]
    Patent.objects.filter(pk=one.pk).update(title="一种散热膜", indexed_at=None)
    services.index_patents(patent_ids=[one.pk], now=stock.NOON)
    new = listed("一种水泵叶轮", keeper=None)
    assert one.pk in find("散热膜")
    assert one.pk not in find("水泵")
    assert new.pk in find("一种 水泵")
    before = answers()
    assert token_postings.keep_postings(now=stock.NOON) == "folded"
    assert answers() == before
    row = BoardPosting.objects.get(token="水泵")
    entry = BoardEntry.objects.get(patent_id=one.pk).pk
    assert not bytes(row.bits)[entry >> 3] >> (entry & 7) & 1


def _before_us() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        (mine,) = cursor.fetchone()
    return f"{mine}:{mine}:"


def test_rebuilding_mends_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    patent = listed("一种膜")
    BoardEntry.objects.filter(patent_id=patent.pk).update(listed=False, kind="design")
    BoardText.objects.all().delete()
    assert find("膜") == []
    call_command("rebuild_board")
    assert "已改正" in capsys.readouterr().out
    assert kept(patent) == truth(patent)
    assert find("膜") == [patent.pk]


# Near misses, numbers, meaning


TITLE = "一种用于低温环境的锂离子电池快速预热装置"


@pytest.mark.parametrize(
    "asked",
    [
        "锂离子电池 预热装置 低温环境",
        "预热装置锂离子电池快速低温环境",
        "一种用于低温环境的锂离孑电池快速预热装置",
        "低温环景锂离子电池预热",
    ],
)
def test_a_title_half_remembered_is_found(asked: str) -> None:
    patent = listed(TITLE)
    listed("一种水泵")
    assert find(asked)[:1] == [patent.pk]


def test_near_misses_come_only_when_nothing_says_it_and_say_so(client: Any) -> None:
    patent = listed(TITLE)
    query = BoardQuery(text="锂离孑电池预热装置")
    found = search.board(viewer=ANYONE, query=query, now=stock.NOON)
    assert found.is_close
    assert found.why == {patent.pk: "close"}
    page = client.get("/patents/", {"q": query.text}).content.decode()
    assert "写法相近" in page
    assert "名称最接近" in page
    exact = search.board(viewer=ANYONE, query=BoardQuery(text="锂离子"), now=stock.NOON)
    assert not exact.is_close
    assert exact.why == {}


@pytest.mark.parametrize(
    "asked",
    ["CN110005678B", "cn 110005678 b", "CN110005678", "110005678B", "ＣＮ１１０００５６７８Ｂ"],
)
def test_publication_numbers_in_any_spelling(asked: str) -> None:
    patent = listed("一种膜", publication_numbers=("CN110005678B",))
    assert search.exact(asked, viewer=ANYONE) == patent.pk


def test_a_part_of_a_number_finds_it_and_says_so(client: Any) -> None:
    patent = listed("一种膜")
    part = (patent.number or "")[2:10]
    found = search.board(viewer=ANYONE, query=BoardQuery(text=part), now=stock.NOON)
    assert found.why == {patent.pk: "number"}
    assert "号码相符" in client.get("/patents/", {"q": part}).content.decode()


def test_a_chinese_question_finds_the_english_patent(client: Any) -> None:
    english = listed("Rapid charging of a lithium battery", abstract="A battery charger.")
    listed("一种水稻种植方法", abstract="水稻")
    near = search.close_in_meaning("电池充电", viewer=ANYONE)
    assert [card.id for card in near][:1] == [english.pk]
    page = client.get("/patents/", {"q": "电池充电"}).content.decode()
    assert "译名相近 · 外文" in page


def test_what_word_vectors_miss_in_english_a_sentence_finds() -> None:
    english = listed(
        "Healing wounds with an electroactive dressing",
        abstract="The dressing makes a small current that helps the skin to close.",
    )
    listed("Rice transplanter")
    for n in range(8):
        listed(f"一种伤口敷料{n}", abstract="敷料")
    near = [card.id for card in search.close_in_meaning("电刺激促进创面愈合", viewer=ANYONE)]
    assert english.pk in near
    assert len(near) <= 6
    english.title = "电活性敷料"
    english.indexed_at = None
    english.save(update_fields=["title", "indexed_at"])
    services.index_patents(patent_ids=[english.pk], now=stock.NOON)
    assert not ForeignTitle.objects.filter(pk=english.pk).exists()


def test_the_page_asks_as_much_for_one_result_as_for_ten(client: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/patents/", {"q": "膜", "trl": "8"}).status_code == 200
        return len(seen)

    keeper = make.office()
    listed("一种膜", keeper=keeper, trl=8)
    one = cost()
    for n in range(9):
        listed(f"一种膜{n}", keeper=keeper, trl=8)
    assert cost() == one


def test_meaning_keeps_to_the_filters() -> None:
    listed("一种锂电池充电器", trl=3)
    wanted = listed("一种蓄电池充电装置", trl=8)
    query = BoardQuery(text="电瓶补电", chosen={"trl": ("8",)})
    near = search.close_in_meaning(query.text, viewer=ANYONE, query=query)
    assert [card.id for card in near] == [wanted.pk]


def test_exports_go_through_what_the_board_shows_and_guess_nothing(now: datetime) -> None:
    rows = [listed(f"一种泵{n}", keeper=None) for n in range(3)]
    query = BoardQuery(text="泵")
    total, ids = search.through(viewer=ANYONE, query=query, now=now, most=2)
    shown = [card.id for card in search.board(viewer=ANYONE, query=query, now=now).cards]
    assert (total, ids) == (3, shown[:2])
    assert {row.pk for row in rows} == set(shown)
    near = BoardQuery(text="一种呆2")
    assert search.total(near, viewer=ANYONE) == 0
    assert search.through(viewer=ANYONE, query=near, now=now, most=2) == (0, [])


def test_the_rows_of_the_database_say_the_same_as_the_columns() -> None:
    keeper = make.office(region="310115")
    for n in range(4):
        listed(f"一种泵{n}", keeper=keeper, trl=n + 1, ipc=(f"F04D 13/0{n}",))
    for chosen in ({}, {"trl": ("2", "3")}, {"ipc": ("F04D 13/01", "F04D13/02")}):
        query = BoardQuery(text="泵", chosen=chosen)
        rows: QuerySet[Listing] = search.on_board(query, viewer=ANYONE)
        assert sorted(rows.values_list("patent_id", flat=True)) == sorted(find("泵", **chosen))


def test_a_process_reads_each_posting_once(common_words: list[Patent]) -> None:
    token_postings.keep_postings(now=stock.NOON)
    find("一种")
    known = wording._known
    assert known is not None
    assert "一种" in known.bits
    with connection.execute_wrapper(_no_posting):
        find("一种 水泵"[:2])


def _no_posting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    assert "listings_boardposting" not in sql
    return execute(sql, params, many, context)
