"""Batches of stock: judged, carried out, repeated, undone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from listings import services
from listings.imports import limits, sheets
from listings.models import (
    CoOwnerConsent,
    DeclaredHolders,
    ImportBatch,
    ImportRow,
    Listing,
    Patent,
)
from listings.rules import numbers
from listings.selectors import imports as selectors
from listings.services import importing
from listings.services.importing import carrying
from listings.services.register.holding import as_plain
from listings.types import ListingStatus
from listings.web.importing.imports import shown
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
HEADER = (
    "申请号",
    "名称",
    "专利权人",
    "IPC",
    "申请日",
    "授权日",
    "年费缴至",
    "报价",
    "解决什么问题",
    "怎样解决",
    "被引次数",
)
Upload = Callable[..., ImportBatch]


@pytest.fixture
def keeper() -> Membership:
    return make.office()


def row(serial: int, **changes: Any) -> list[Any]:
    values = {
        "申请号": numbers.mint(2019, "1", serial),
        "名称": f"一种测试装置{serial}",
        "专利权人": "示例大学",
        "IPC": "H01M 10/0525",
        "申请日": "2019-03-01",
        "授权日": "2021-06-01",
        "年费缴至": "2027-03-01",
        "报价": "",
        "解决什么问题": "",
        "怎样解决": "",
        "被引次数": "",
    } | changes
    return [values[name] for name in HEADER]


@pytest.fixture
def upload(tmp_path: Path, keeper: Membership, now: datetime) -> Upload:
    def make_batch(*rows: list[Any], by: Membership = keeper) -> ImportBatch:
        buffer = io.StringIO()
        csv.writer(buffer).writerows([HEADER, *rows])
        path = tmp_path / "list.csv"
        path.write_text(buffer.getvalue(), "utf-8")
        pk = importing.take_in(path=path, filename="清单.csv", by=make.actor(by), now=now)
        return ImportBatch.objects.get(pk=pk)

    return make_batch


def start(batch: ImportBatch, keeper: Membership, now: datetime) -> None:
    importing.start(batch_id=batch.pk, by=make.actor(keeper), now=now)


def carry_out(batch: ImportBatch, keeper: Membership, now: datetime) -> ImportBatch:
    start(batch, keeper, now)
    batch.refresh_from_db()
    return batch


def verdicts(batch: ImportBatch) -> list[str]:
    return list(batch.rows.order_by("number").values_list("verdict", flat=True))


def test_the_dry_run_writes_nothing_and_says_what_the_real_run_does(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    batch = upload(row(1), row(2, 申请日="x"), row(3, 专利权人=""), row(1), row(4, 申请号=""))
    assert Patent.objects.count() == 0
    dry = (verdicts(batch), list(batch.rows.values_list("problems", flat=True)), batch.counts)
    assert dry[0] == ["created", "rejected", "created", "rejected", "warning"]
    carry_out(batch, keeper, now)
    real = (verdicts(batch), list(batch.rows.values_list("problems", flat=True)), batch.counts)
    assert real == dry
    assert Patent.objects.count() == 3
    Patent.objects.update(indexed_at=now)
    assert selectors.unindexed(batch) == 0  # refused rows have no patent, and wait for nothing
    Patent.objects.filter(pk=Patent.objects.first().pk).update(indexed_at=None)
    assert selectors.unindexed(batch) == 1


def test_good_rows_land_whole_and_bad_ones_do_not(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    price = {"报价": "12万", "解决什么问题": "局部过热"}
    batch = carry_out(upload(row(1, **price), row(2, 申请号="201910000002.9")), keeper, now)
    patent = Patent.objects.get()
    assert (patent.status, patent.region) == ("granted", keeper.organisation.region)
    assert patent.search
    assert patent.inventory.status == "admitted"
    assert [event.code for event in patent.events.all()] == ["GR01"]
    draft = Listing.objects.get()
    assert (draft.status, draft.asking_price, draft.problem) == ("draft", 120_000, "局部过热")
    told = batch.rows.get(verdict="rejected").problems[0]
    assert told["column"] == "申请号"
    assert told["mend"]


def test_the_same_file_again_changes_nothing_and_doubles_nothing(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    rows = [row(n, 报价="面议", 解决什么问题="发热") for n in range(5)] + [row(9, 申请号="")]
    carry_out(upload(*rows), keeper, now)
    events = OutboxEvent.objects.count()
    again = carry_out(upload(*rows), keeper, now)
    assert set(verdicts(again)) == {"unchanged"}
    assert Patent.objects.count() == 6
    assert OutboxEvent.objects.count() == events


def test_a_changed_cell_updates_only_its_patent(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    carry_out(upload(row(1), row(2)), keeper, now)
    again = carry_out(upload(row(1), row(2, 年费缴至="2028-03-01", IPC="")), keeper, now)
    assert verdicts(again) == ["unchanged", "updated"]
    changed = Patent.objects.get(number=numbers.mint(2019, "1", 2))
    assert changed.annuity_paid_to is not None
    assert changed.annuity_paid_to.year == 2028
    assert changed.ipc == ["H01M 10/0525"]
    assert changed.version == 2


def test_a_reported_lapse_takes_the_offer_off_the_board(
    upload: Upload, keeper: Membership, now: datetime, tmp_path: Path
) -> None:
    patent = stock.listed_patent(keeper)
    path = tmp_path / "s.csv"
    path.write_text(
        f"申请号,名称,法律状态,法律状态日\n{patent.number},{patent.title},未缴年费终止,2026-10-01\n",
        "utf-8",
    )
    pk = importing.take_in(path=path, filename="s.csv", by=make.actor(keeper), now=now)
    carry_out(ImportBatch.objects.get(pk=pk), keeper, now)
    patent.refresh_from_db()
    assert patent.status == "lapsed"
    assert Listing.objects.get().status == ListingStatus.SUSPENDED


def test_a_patent_of_another_office_is_refused_and_untouched(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    carry_out(upload(row(1)), keeper, now)
    stranger = make.office()
    batch = upload(row(1, 名称="改名"), by=stranger)
    assert batch.rows.get().problems[-1]["code"] == "number-taken"
    carry_out(batch, stranger, now)
    assert Patent.objects.get().title == "一种测试装置1"


def test_choosing_columns_judges_anew(upload: Upload, keeper: Membership, now: datetime) -> None:
    batch = upload(row(1, 报价="不知道"))
    assert verdicts(batch) == ["rejected"]
    mapping = {name: place for name, place in batch.mapping.items() if name != "price"}
    by = make.actor(keeper)
    importing.choose_columns(batch_id=batch.pk, mapping=mapping, by=by, now=now)
    assert verdicts(batch) == ["created"]
    with pytest.raises(Invalid, match="名称"):
        importing.choose_columns(batch_id=batch.pk, mapping={"number": 0}, by=by, now=now)


def test_undo_takes_back_what_nobody_touched_and_names_the_rest(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    by = make.actor(keeper)
    carry_out(upload(row(1), row(5, 怎样解决="老办法")), keeper, now)
    batch = carry_out(
        upload(
            row(1, 年费缴至="2028-03-01", 报价="5"),
            row(2),
            row(3),
            row(4, 报价="9"),
            row(5, 怎样解决="新办法", 被引次数="12"),
        ),
        keeper,
        now,
    )
    edited = Patent.objects.get(number=numbers.mint(2019, "1", 2))
    services.correct_patent(
        patent_id=edited.pk, changes={"title": "改过的名称"}, version=1, by=by, now=now
    )
    public = Patent.objects.get(number=numbers.mint(2019, "1", 4))
    holder = public.holders.get()
    services.set_consent(patent_id=public.pk, holder_id=holder.pk, consent="all", by=by, now=now)  # type: ignore[arg-type]
    services.publish_listing(listing_id=public.listings.get().pk, by=by, now=now)
    cited = Patent.objects.get(number=numbers.mint(2019, "1", 5))
    assert (cited.cited_by, cited.listings.get().how) == (12, "新办法")
    kept = importing.undo(batch_id=batch.pk, by=by, now=now)
    assert [number for number, _ in kept] == [3, 5]
    cited.refresh_from_db()
    assert (cited.cited_by, cited.listings.get().how) == (None, "老办法")
    first = Patent.objects.get(number=numbers.mint(2019, "1", 1))
    assert first.annuity_paid_to is not None
    assert first.annuity_paid_to.year == 2027
    assert not first.listings.filter(status="draft").exists()
    left = set(Patent.objects.kept().values_list("number", flat=True))
    assert left == {numbers.mint(2019, "1", n) for n in (1, 2, 4, 5)}
    with pytest.raises(Conflict):
        importing.undo(batch_id=batch.pk, by=by, now=now)


def test_undo_puts_patentees_back_whole_but_for_what_they_said_since(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    """Kind, share and account return with the name; a consent taken back meanwhile does not."""
    by, partner = make.actor(keeper), make.office()
    carry_out(upload(row(1, 专利权人="共有单位；王工程师")), keeper, now)
    patent = Patent.objects.get()
    patent.holders.all().delete()
    columns = ("name", "kind", "share", "consent", "organisation_id")
    for place, values in enumerate(
        [("共有单位", "foreign", "60.00", "open", partner.organisation_id),
         ("王工程师", "person", "30.00", "all", None),
         ("老厂", "organisation", "10.00", "all", None)]
    ):  # fmt: skip
        patent.holders.create(position=place, **dict(zip(columns, values, strict=True)))
    start = [as_plain(holder) for holder in patent.holders.all()]
    DeclaredHolders.objects.create(patent=patent, holders=start, after_event=0)
    was = list(patent.holders.values_list(*columns))
    batch = carry_out(upload(row(1, 专利权人="王工程师；新厂")), keeper, now)
    assert [name for name, *_ in patent.holders.values_list(*columns)] == ["王工程师", "新厂"]
    CoOwnerConsent.objects.create(
        patent=patent, holder_name="老厂", status="withdrawn", asked_scope="all",
        given_scope="all", asked_at=now, asked_by=by.key, answered_at=now, answered_by=by.key,
        ended_at=now, ended_by=by.key,
    )  # fmt: skip
    assert importing.undo(batch_id=batch.pk, by=by, now=now) == []
    back = list(patent.holders.values_list(*columns))
    assert back[:2] == was[:2]
    assert back[2] == ("老厂", "organisation", was[2][2], "none", None)
    assert DeclaredHolders.objects.get().holders == start


def test_an_undone_patent_can_be_imported_again(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    importing.undo(
        batch_id=carry_out(upload(row(1)), keeper, now).pk, by=make.actor(keeper), now=now
    )
    again = carry_out(upload(row(1)), keeper, now)
    assert verdicts(again) == ["created"]
    assert Patent.objects.kept().count() == 1


def test_starting_twice_lands_once(upload: Upload, keeper: Membership, now: datetime) -> None:
    batch = upload(row(1), row(2))
    carry_out(batch, keeper, now)
    carry_out(batch, keeper, now)
    assert Patent.objects.count() == 2
    assert AuditEntry.objects.filter(event="import.carried_out").count() == 1


class Killed(BaseException):
    """What no handler sees: the worker is gone, as after kill -9."""


def test_after_a_kill_the_sweep_goes_on_and_nothing_is_lost_or_doubled(
    upload: Upload, keeper: Membership, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "PORTION", 2)
    batch = upload(row(1), row(2), row(3), row(4), row(2))
    real, calls = carrying.land, []

    def dies(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        calls.append(1)
        if len(calls) == 2:
            raise Killed  # written, but not committed

    monkeypatch.setattr(carrying, "land", dies)
    with pytest.raises(Killed):
        importing.start(batch_id=batch.pk, by=make.actor(keeper), now=now)
    assert Patent.objects.count() == 2
    importing.work_on(batch_id=batch.pk, clock=lambda: now)  # the dead one's lease still runs
    assert Patent.objects.count() == 2
    later = now + timedelta(minutes=5)
    assert importing.stuck_batches(now=now) == []
    assert importing.stuck_batches(now=later) == [batch.pk]
    importing.work_on(batch_id=batch.pk, clock=lambda: later)
    batch.refresh_from_db()
    assert batch.state == "done"
    assert Patent.objects.count() == 4
    assert batch.rows.get(number=6).problems[-1]["reason"].startswith("与第 3 行")
    told = OutboxEvent.objects.filter(name="stock.imported").values_list("payload", flat=True)
    heard = [pk for payload in told for pk in payload["patent_ids"]]
    assert sorted(heard) == sorted(Patent.objects.values_list("pk", flat=True))


def test_large_files_are_left_to_a_worker_and_the_sweep_finds_them(
    upload: Upload, keeper: Membership, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "INLINE_BYTES", 1)
    monkeypatch.setattr(limits, "INLINE_ROWS", 1)
    batch = upload(row(1), row(2))
    assert batch.state == "checking"
    assert importing.stuck_batches(now=now) == [batch.pk]
    importing.work_on(batch_id=batch.pk, clock=lambda: now)
    batch.refresh_from_db()
    assert (batch.state, batch.about["rows"]) == ("checked", 2)
    assert not batch.pieces.exists()
    start(batch, keeper, now)
    importing.work_on(batch_id=batch.pk, clock=lambda: now)
    batch.refresh_from_db()
    assert batch.state == "done"
    assert set(Patent.objects.values_list("indexed_at", flat=True)) == {None}  # left to the sweep
    told = Notice.objects.filter(user=keeper.user).order_by("pk").values_list("title", flat=True)
    assert list(told) == ["预检完成：清单.csv", "导入完成：清单.csv"]


def test_a_stranger_may_do_nothing_with_a_batch(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    batch = upload(row(1))
    for stranger in (make.office(), make.enterprise(), make.auditor()):
        by = make.actor(stranger)
        with pytest.raises((Missing, NotAllowed)):
            importing.start(batch_id=batch.pk, by=by, now=now)
        with pytest.raises((Missing, NotAllowed)):
            importing.undo(batch_id=batch.pk, by=by, now=now)
        with pytest.raises((Missing, NotAllowed)):
            importing.choose_columns(batch_id=batch.pk, mapping={"title": 1}, by=by, now=now)
    batch.refresh_from_db()
    assert batch.state == "checked"
    assert Patent.objects.count() == 0


def test_a_firm_may_not_import(upload: Upload) -> None:
    with pytest.raises(NotAllowed):
        upload(row(1), by=make.enterprise())
    assert ImportBatch.objects.count() == 0


def test_a_wreck_leaves_nothing_behind(tmp_path: Path, keeper: Membership, now: datetime) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"PK\x03\x04 half")
    with pytest.raises(Invalid) as caught:
        importing.take_in(path=path, filename="x.xlsx", by=make.actor(keeper), now=now)
    assert caught.value.code == "file-broken-workbook"
    assert "另存为" in caught.value.fields["file"][0]
    assert ImportBatch.objects.count() == 0


def test_rows_to_mend_are_the_refused_ones(upload: Upload) -> None:
    batch = upload(row(1), row(2, 申请日="13/13/2019"))
    found = list(selectors.to_mend(batch))
    assert [number for number, _, _ in found] == [3]
    assert found[0][2][0].column == HEADER.index("申请日")


def test_one_audit_entry_and_few_statements_per_batch(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    def cost(rows: list[list[Any]]) -> int:
        batch = upload(*rows)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            carry_out(batch, keeper, now)
        return len(seen)

    one = cost([row(1, 报价="1")])
    ten = cost([row(n, 报价="1") for n in range(10, 20)])
    assert ten == one
    assert AuditEntry.objects.filter(event="import.carried_out").count() == 2
    assert not AuditEntry.objects.filter(event="patent.registered").exists()


def test_whoever_listens_hears_of_a_portion_once(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    carry_out(upload(row(1), row(2), row(3, 申请日="x")), keeper, now)
    told = OutboxEvent.objects.get(name="stock.imported")
    assert len(told.payload["patent_ids"]) == 2


def test_a_change_of_what_is_on_the_board_is_told_to_those_who_look(
    upload: Upload, keeper: Membership, now: datetime
) -> None:
    listed = stock.listed_patent(keeper)
    changed = OutboxEvent.objects.filter(name="patent.changed")
    before = changed.count()
    carry_out(upload(row(1), row(2, 申请号=listed.number, 名称="新的名称")), keeper, now)
    told = list(changed.values_list("subject_id", flat=True))
    assert len(told) == before + 1
    assert set(told) == {str(listed.pk)}


def test_a_row_that_came_back_shows_its_own_cells_and_a_claim_that_was_made() -> None:
    batch = ImportBatch(about={"header": ["名称", sheets.reason_header(1)]})
    problem = {
        "code": "number-taken",
        "reason": "已由另一家单位登记。",
        "mend": "导入后会提出主张。",
    }
    row = ImportRow(
        batch=batch, number=2, verdict="rejected", raw=["育秧盘", "原第 3 行"], problems=[problem]
    )
    before, after = shown(row), shown(row, landed=True)
    assert before["text"] == "育秧盘"
    assert before["problems"] == [problem]
    assert "已提出权属主张" in after["problems"][0]["mend"]
