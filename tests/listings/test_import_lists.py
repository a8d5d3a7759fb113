"""Complete lists, learned columns, and rows that come back mended."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from core.audit.models import AuditEntry
from core.errors import Conflict, Missing, NotAllowed
from core.people.models import Membership
from listings.imports import changes, columns, habits, sheets
from listings.models import Absence, ImportBatch, InventoryItem, Patent
from listings.rules import numbers
from listings.selectors import imports as selectors
from listings.services import importing
from tests.factories import core as make
from tests.factories import listings as stock

Upload = Callable[..., ImportBatch]
Page = Callable[[Membership], Client]


def number(n: int) -> str:
    return numbers.mint(2019, "1", n)


@pytest.fixture
def keeper(db: None) -> Membership:
    return make.office()


@pytest.fixture
def upload(tmp_path: Path, keeper: Membership, now: datetime) -> Upload:
    def take(text: str, *, complete: bool = False, by: Membership = keeper) -> ImportBatch:
        path = tmp_path / "list.csv"
        path.write_text(text, "utf-8")
        pk = importing.take_in(
            path=path, filename="清单.csv", complete=complete, by=make.actor(by), now=now
        )
        return ImportBatch.objects.get(pk=pk)

    return take


def start(batch: ImportBatch, by: Membership, now: datetime) -> ImportBatch:
    importing.start(batch_id=batch.pk, by=make.actor(by), now=now)
    batch.refresh_from_db()
    return batch


# Complete lists


def test_a_complete_list_shows_what_is_new_changed_and_gone_before_anything_happens(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    old = "申请号,名称,年费缴至\n" + "".join(
        f"{number(n)},膜{n},2027-03-01\n" for n in (1, 2, 3, 4)
    )
    start(upload(old), keeper, now)
    news = f"申请号,名称,年费缴至\n{number(1)},膜1,2028-03-01\n{number(5)},膜5,\n{number(4)},,x\n"
    batch = upload(news, complete=True)
    assert batch.counts["absent"] == 2
    assert (batch.counts["created"], batch.counts["updated"]) == (1, 1)
    gone = {row.patent.number for row in selectors.absences(batch)}
    assert gone == {number(2), number(3)}  # 4 is named, though its row is refused
    row = batch.rows.get(number=2)
    assert changes.shown(row.changes) == [changes.Change("年费缴至", "2027-03-01", "2028-03-01")]
    assert Patent.objects.count() == 4
    assert not InventoryItem.objects.filter(status="archived").exists()


def test_an_ordinary_list_says_nothing_of_what_it_does_not_name(
    upload: Upload, keeper: Membership
) -> None:
    stock.patent(keeper)
    batch = upload(f"申请号,名称\n{number(1)},膜\n")
    assert "absent" not in batch.counts
    assert not batch.absences.exists()


@pytest.fixture
def done(upload: Upload, keeper: Membership, now: datetime) -> ImportBatch:
    stock.patent(keeper)
    stock.patent(keeper)
    stock.listed_patent(keeper)
    return start(upload(f"申请号,名称\n{number(1)},膜\n", complete=True), keeper, now)


def test_what_is_gone_is_archived_when_the_office_says_so_and_what_is_on_offer_is_not(
    done: ImportBatch, keeper: Membership, now: datetime
) -> None:
    by = make.actor(keeper)
    assert importing.decide_absent(
        batch_id=done.pk, decision="archive", absence_ids=None, by=by, now=now
    ) == (2, 1)
    assert InventoryItem.objects.filter(status="archived").count() == 2
    assert "清单.csv" in InventoryItem.objects.filter(status="archived")[0].archived_because
    assert Patent.objects.kept().count() == 4
    assert AuditEntry.objects.filter(event="inventory.archived").count() == 2
    left = done.absences.get(state="proposed")
    assert importing.decide_absent(
        batch_id=done.pk, decision="keep", absence_ids=[left.pk], by=by, now=now
    ) == (1, 0)
    assert selectors.absences_waiting(done) == 0


def test_nothing_is_archived_before_the_import_is_done_or_by_a_stranger(
    upload: Upload, done: ImportBatch, keeper: Membership, now: datetime
) -> None:
    def archive(batch: ImportBatch, by: Membership) -> None:
        importing.decide_absent(
            batch_id=batch.pk, decision="archive", absence_ids=None, by=make.actor(by), now=now
        )

    with pytest.raises(Conflict, match="先完成"):
        archive(upload(f"申请号,名称\n{number(9)},膜\n", complete=True), keeper)
    for stranger in (make.office(), make.enterprise(), make.auditor()):
        with pytest.raises((Missing, NotAllowed)):
            archive(done, stranger)
    assert not InventoryItem.objects.filter(status="archived").exists()


def test_an_absence_is_noted_once_and_decided_by_somebody(done: ImportBatch, now: datetime) -> None:
    row = done.absences.first()
    assert row is not None
    for broken in (
        Absence(batch=done, patent=row.patent),
        Absence(batch=done, patent=stock.patent(), state="archived"),
        Absence(batch=done, patent=stock.patent(), decided_at=now),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            broken.save()


def test_the_page_of_what_is_gone(client_as: Page, done: ImportBatch, keeper: Membership) -> None:
    url = reverse("listings:import-absent", kwargs={"pk": done.pk})
    page = client_as(keeper).get(url)
    assert page.content.decode().count('name="absence"') == 3
    assert "正在挂牌" in page.content.decode()
    ticked = done.absences.order_by("pk")[0]
    answer = client_as(keeper).post(
        url,
        {"absence": [ticked.pk], "scope": "ticked", "decision": "archive", "form_token": "a"},
        follow=True,
    )
    assert "已归档 1 件" in answer.content.decode()
    nothing = client_as(keeper).post(url, {"decision": "archive", "form_token": "b"}, follow=True)
    assert "没有选中" in nothing.content.decode()


# Columns


def test_the_same_header_is_read_as_it_was_confirmed_last() -> None:
    header = ["编号", "题名", "备注"]
    mapping, learned = habits.propose(header, [(header, {"title": 2, "number": 0})])
    assert mapping == {"title": 2, "number": 0}
    assert learned == ["number", "title"]


def test_a_known_word_is_read_as_it_was_also_when_it_was_left_unused() -> None:
    confirmed = [(["成果名", "报价", "申请号"], {"title": 0, "number": 2})]
    mapping, learned = habits.propose(["申请号", "报价", "成果名", "摘要"], confirmed)
    assert mapping == {"number": 0, "title": 2, "abstract": 3}  # 报价 was left unused
    assert learned == ["number", "title"]


def test_the_newest_habit_wins_and_without_any_the_guess_stands() -> None:
    confirmed = [(["甲"], {"title": 0}), (["甲", "乙"], {"abstract": 0, "title": 1})]
    assert habits.propose(["甲", "丙"], confirmed)[0] == {"title": 0}
    header = ["申请号", "名称"]
    assert habits.propose(header, [])[0] == columns.guess(header)


def test_an_offices_columns_are_learned_and_nobody_elses(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    text = f"成果,流水\n膜,{number(1)}\n"
    first = upload(text)
    assert first.mapping == {}
    by = make.actor(keeper)
    importing.choose_columns(batch_id=first.pk, mapping={"title": 0, "number": 1}, by=by, now=now)
    assert AuditEntry.objects.filter(event="import.columns_chosen").exists()
    start(first, keeper, now)
    again = upload(text)
    assert again.mapping == {"title": 0, "number": 1}
    assert again.about["learned"] == ["number", "title"]
    assert upload(text, by=make.office()).mapping == {}


def test_a_sheet_of_two_hundred_columns_is_taken(upload: Upload) -> None:
    spare = ",".join(f"备用{n}" for n in range(198))
    batch = upload(f"申请号,名称,{spare}\n{number(1)},膜,{',' * 197}\n")
    assert batch.mapping == {"number": 0, "title": 1}
    assert batch.counts["created"] == 1


# Mended rows


@pytest.mark.parametrize("kind", ["csv", "gbk", "jsonl", "xlsx"])
def test_refused_rows_come_back_mended_in_the_format_they_came_in(
    kind: str, client_as: Page, tmp_path: Path, keeper: Membership, now: datetime
) -> None:
    good, bad = number(1), number(2)[:-1] + ("1" if number(2)[-1] != "1" else "2")
    text = f"申请号,名称\n{good},膜一\n{bad},膜二\n"
    if kind == "jsonl":
        text = f'{{"申请号": "{good}", "名称": "膜一"}}\n{{"申请号": "{bad}", "名称": "膜二"}}\n'
    path = tmp_path / "list"
    path.write_bytes(text.encode("gb18030" if kind == "gbk" else "utf-8"))
    if kind == "xlsx":
        path.write_bytes(
            sheets.rows_to_mend(
                ["申请号", "名称"], [(2, [good, "膜一"], []), (3, [bad, "膜二"], [])]
            )
        )
    by = make.actor(keeper)
    pk = importing.take_in(path=path, filename="a", by=by, now=now)
    first = start(ImportBatch.objects.get(pk=pk), keeper, now)
    answer = client_as(keeper).get(reverse("listings:import-to-mend", kwargs={"pk": pk}))
    ending = {"gbk": "csv"}.get(kind, kind)
    assert f".{ending}" in answer.headers["Content-Disposition"]
    body = answer.content
    if kind != "xlsx":
        coding = "gb18030" if kind == "gbk" else "utf-8"
        mended = body.decode(coding).replace(bad, number(2))
        assert "应为" in mended
        path.write_bytes(mended.encode(coding))
    else:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0)
        header, *rows = [[str(cell) for cell in row] for row in sheet.to_python()]
        assert header == ["申请号", "名称", sheets.reason_header(pk)]
        mended_rows = [(2, [number(2), *row[1:]], []) for row in rows]
        path.write_bytes(sheets.rows_to_mend(header, mended_rows))
    second = importing.take_in(path=path, filename="b", by=by, now=now)
    again = ImportBatch.objects.get(pk=second)
    assert again.continues_id == pk
    assert again.counts["created"] == 1
    start(again, keeper, now)
    assert set(Patent.objects.values_list("number", flat=True)) == {good, number(2)}
    assert selectors.mended_in(first) == [again]


def test_a_cell_that_a_spreadsheet_would_run_makes_the_file_a_workbook() -> None:
    rows: list[Any] = [(2, ["=cmd|' /C calc'!A0", "膜"], [sheets.Remark(0, "公式")])]
    body, ending = sheets.mendable(["申请号", "名称"], rows, about={"format": "csv"}, title="问题")
    assert ending == "xlsx"
    assert body[:2] == b"PK"
    for header, cell in (["=1+1", "膜"], ["申请号", "＝1+1"]):
        _, ending = sheets.mendable(
            [header], [(2, [cell], [])], about={"format": "csv"}, title="问题"
        )
        assert ending == "xlsx"
    body, ending = sheets.mendable(
        ["申请号", "名称"], [(2, ["-1.5", "膜"], [])], about={"format": "csv"}, title="问题"
    )
    assert ending == "csv"


def test_what_was_wrong_the_last_time_is_not_carried_along() -> None:
    header = ["申请号", sheets.reason_header(1)]
    again = sheets.reason_header(2)
    body, _ = sheets.mendable(header, [(2, ["1", "旧"], [])], about={"format": "csv"}, title=again)
    assert "〔导入2〕" in body.decode("utf-8-sig")
    assert "〔导入1〕" not in body.decode("utf-8-sig")


def test_another_offices_import_cannot_be_continued(upload: Upload, tmp_path: Path) -> None:
    theirs = upload(f"申请号,名称\n{number(1)},膜\n", by=make.office())
    header = sheets.reason_header(theirs.pk)
    assert upload(f"申请号,名称,{header}\n{number(2)},膜,x\n").continues_id is None


def test_what_left_the_stock_meanwhile_is_not_put_aside_by_an_old_list(
    done: ImportBatch, keeper: Membership, now: datetime, client_as: Page
) -> None:
    gone, moved, _offered = (row.patent for row in done.absences.order_by("pk"))
    Patent.objects.filter(pk=gone.pk).update(
        removed_at=now, removed_by="system"
    )  # an undo took it back
    other = make.office()
    Patent.objects.filter(pk=moved.pk).update(organisation_id=other.organisation_id)
    assert selectors.absences_waiting(done) == 1
    page = reverse("listings:import-absent", kwargs={"pk": done.pk})
    text = client_as(keeper).get(page).content.decode()
    assert moved.title not in text or "ZL" in text
    every = {"scope": "all", "decision": "archive"}
    told = client_as(keeper).post(page, every, follow=True).content.decode()
    assert "需先撤回" in told
    assert "已归档 0 件" not in told
    assert not InventoryItem.objects.filter(status="archived").exists()


@pytest.mark.parametrize("key", ["²", "9" * 30, "9" * 5_000, "-1", "x", "\0"])
def test_a_strange_tick_is_no_tick(
    done: ImportBatch, keeper: Membership, client_as: Page, key: str
) -> None:
    page = reverse("listings:import-absent", kwargs={"pk": done.pk})
    sent = {"absence": key, "decision": "archive"}
    assert "没有选中" in client_as(keeper).post(page, sent, follow=True).content.decode()
    away = reverse("listings:promotion-publish")
    assert client_as(keeper).post(away, {"patents": key}).status_code in {302, 422}


def test_an_undone_import_says_undone_and_not_new(
    upload: Upload, client_as: Page, keeper: Membership, now: datetime
) -> None:
    done = start(upload(f"申请号,名称\n{number(1)},膜一\n{number(2)},膜二\n"), keeper, now)
    importing.undo(batch_id=done.pk, by=make.actor(keeper), now=now)
    done.refresh_from_db()
    assert selectors.result_words(done)[0] == ("undone", "已撤销", 2)
    assert {code for code, _label, _n in selectors.result_words(done)}.isdisjoint(
        {"created", "updated", "warning"}
    )
    client, here = client_as(keeper), reverse("listings:import", kwargs={"pk": done.pk})
    page = client.get(f"{here}?verdict=undone").content.decode()
    assert "膜一" in page
    assert "新增" not in page


def test_a_header_that_nobody_can_read_is_told_as_an_encoding(
    client_as: Page, tmp_path: Path, keeper: Membership, now: datetime
) -> None:
    path = tmp_path / "list"
    path.write_bytes("号码,乱码\n1,膜\n".encode("gb18030"))
    pk = importing.take_in(path=path, filename="a", by=make.actor(keeper), now=now)
    page = client_as(keeper).get(reverse("listings:import", kwargs={"pk": pk})).content.decode()
    assert "另存为“CSV UTF-8（逗号分隔）”" in page


def test_an_empty_list_of_imports_has_one_main_thing_to_do(
    client_as: Page, keeper: Membership
) -> None:
    page = client_as(keeper).get(reverse("listings:imports")).content.decode()
    assert page.partition("<main")[2].count("btn-primary") == 1
    reading = client_as(make.auditor()).get(reverse("listings:imports")).content.decode()
    assert reverse("listings:import-new") not in reading
