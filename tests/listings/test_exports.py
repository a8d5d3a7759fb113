"""Exports: written by a worker, honest about their extent, for whoever asked and nobody else."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from core.audit.models import AuditEntry
from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.notices.models import Notice
from core.people.models import Membership
from core.people.types import Actor
from listings import services as library
from listings.models import Patent, ResultExport
from listings.rules import exports as rules
from listings.rules.exports import ExportState, Form
from listings.selectors.searching import exports as ask
from listings.selectors.searching.search import BoardQuery
from listings.services.searching import exports
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
NOON = stock.NOON


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


@pytest.fixture
def firm() -> Membership:
    return make.enterprise()


def asked(who: Membership, form: Form = Form.CSV, **query: Any) -> ResultExport:
    pk = exports.ask_for_export(
        query=BoardQuery(**query), form=form, described="条件", by=make.actor(who), now=NOON
    )
    return ResultExport.objects.get(pk=pk)


def indexed(**fields: Any) -> Patent:
    patent = stock.listed_patent(**fields)
    library.index_patents(patent_ids=[patent.pk], now=NOON)
    return patent


def written(row: ResultExport) -> ResultExport:
    assert exports.write_export(export_id=row.pk, clock=lambda: NOON)
    row.refresh_from_db()
    return row


# Rules


@pytest.mark.parametrize(
    ("unfinished", "recent", "refused"),
    [(0, 0, False), (1, 19, False), (2, 2, True), (0, 20, True)],
)
def test_how_much_one_person_may_ask(unfinished: int, recent: int, refused: bool) -> None:
    assert bool(rules.refusal(unfinished=unfinished, within_a_day=recent)) is refused


def test_the_extent_is_honest() -> None:
    assert rules.extent(10_000) == "结果共 10,000 件，全部在本文件中。"
    assert "共 10,001 件，本文件只含排在最前的 10,000 件" in rules.extent(10_001)


def test_the_database_knows_the_same_steps(firm: Membership) -> None:
    row = asked(firm)
    for source, target in itertools.permutations(ExportState, 2):
        with transaction.atomic():
            ResultExport.objects.all().delete()
            ready = {"file": "f", "expires_at": NOON, "read_at": NOON}
            row = ResultExport.objects.create(
                user_id=firm.user_id,
                described="x",
                form="csv",
                asked_at=NOON,
                state=source,
                **(ready if source == ExportState.READY else {}),
            )
            becomes = {"state": target, "file": "", **(ready if target == "ready" else {})}
            if (source, target) in rules.STEPS:
                ResultExport.objects.filter(pk=row.pk).update(**becomes)
            else:
                with pytest.raises(DatabaseError), transaction.atomic():
                    ResultExport.objects.filter(pk=row.pk).update(**becomes)


@pytest.mark.parametrize(
    "broken", [{"form": "pdf"}, {"progress": 1}, {"rows": 10_001}, {"file": "x"}]
)
def test_broken_rows_cannot_be_stored(firm: Membership, broken: dict[str, Any]) -> None:
    row = asked(firm)
    with pytest.raises(IntegrityError), transaction.atomic():
        ResultExport.objects.filter(pk=row.pk).update(**broken)


# Files


def test_a_csv_says_what_it_is_and_runs_nothing(firm: Membership) -> None:
    indexed(title="=cmd|' /C calc'!A0 石墨烯")
    patent = indexed(title="一种石墨烯散热膜", now=NOON + timedelta(hours=1))
    row = written(asked(firm, text="石墨烯", sort="newest"))
    assert (row.state, row.total, row.rows, row.progress) == ("ready", 2, 2, 2)
    assert row.expires_at == NOON + timedelta(days=7)
    raw = row.file.read()
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    head = dict(line for line in lines[:5])
    assert head["检索条件"] == "条件"
    assert head["数据时间"].startswith("2026-11-20 12:00")
    assert head["范围"] == "结果共 2 件，全部在本文件中。"
    assert lines[6] == list(ask.HEADER)
    assert [line[1] for line in lines[7:]] == ["一种石墨烯散热膜", "'=cmd|' /C calc'!A0 石墨烯"]
    assert lines[7][-1].endswith(f"/patents/{patent.pk}/")


def test_a_workbook_holds_the_same(firm: Membership) -> None:
    indexed(title="=1+1 石墨烯")
    row = written(asked(firm, Form.XLSX, text="石墨烯"))
    book = CalamineWorkbook.from_filelike(io.BytesIO(row.file.read()))
    header, line = book.get_sheet_by_name("专利").to_python()
    assert tuple(header) == ask.HEADER
    assert line[1] == "'=1+1 石墨烯"
    assert line[header.index("意向价格（元）")] == 120_000
    notes = dict(book.get_sheet_by_name("导出说明").to_python())
    assert notes["检索条件"] == "条件"


def test_a_larger_result_is_cut_and_says_so(
    firm: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "MOST_ROWS", 1)
    monkeypatch.setattr(rules, "MOST_ROWS", 1)
    old = stock.listed_patent()
    new = stock.listed_patent(now=NOON + timedelta(hours=1))
    row = written(asked(firm))
    body = row.file.read().decode()
    assert (row.total, row.rows) == (2, 1)
    assert "结果共 2 件，本文件只含排在最前的 1 件" in body
    assert f"/patents/{new.pk}/" in body
    assert f"/patents/{old.pk}/" not in body


def test_rows_cost_queries_by_the_portion(firm: Membership) -> None:
    ids = [stock.listed_patent().pk for _ in range(3)]
    counts = []
    for some in (ids[:1], ids):
        with CaptureQueriesContext(connection) as queries:
            list(ask.lines(some, viewer=make.actor(firm), address="/"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_ready_is_told_once_and_written_once(firm: Membership) -> None:
    row = written(asked(firm))
    assert not exports.write_export(export_id=row.pk, clock=lambda: NOON)
    notice = Notice.objects.get(user=firm.user, kind="export.finished")
    assert notice.url == f"/searches/exports/{row.pk}/"
    assert AuditEntry.objects.filter(event="export.asked", subject_id=str(row.pk)).count() == 1


def test_a_dead_worker_is_followed_by_another(firm: Membership) -> None:
    row = asked(firm)
    ResultExport.objects.filter(pk=row.pk).update(
        state="running", attempts=1, leased_until=NOON + timedelta(minutes=1)
    )
    assert ask.waiting(now=NOON) == []
    assert not exports.write_export(export_id=row.pk, clock=lambda: NOON)
    later = NOON + timedelta(minutes=2)
    assert ask.waiting(now=later) == [row.pk]
    assert exports.write_export(export_id=row.pk, clock=lambda: later)


def test_what_keeps_failing_is_given_up(
    firm: Membership, monkeypatch: pytest.MonkeyPatch, client_as: As
) -> None:
    row = asked(firm)
    monkeypatch.setattr(exports, "_write", lambda *a, **k: 1 / 0)
    for _ in range(rules.MOST_ATTEMPTS + 1):
        assert not exports.write_export(export_id=row.pk, clock=lambda: NOON)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("failed", 3)
    assert "重新导出" in row.problem
    page = client_as(firm).get(f"/searches/exports/{row.pk}/file/")
    assert "这次导出没有成功" in page.content.decode()
    assert Notice.objects.get(user=firm.user).title == "导出没有完成"


def test_files_are_deleted_after_a_week(
    firm: Membership, shelf: Path, django_capture_on_commit_callbacks: Any
) -> None:
    row = written(asked(firm))
    assert list(shelf.rglob("*.csv"))
    assert exports.expire_exports(now=NOON + timedelta(days=6)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert exports.expire_exports(now=NOON + timedelta(days=7)) == 1
    row.refresh_from_db()
    assert (row.state, row.file.name) == ("expired", "")
    assert not list(shelf.rglob("*.csv"))


# Who


def test_strangers_and_floods_are_refused(firm: Membership) -> None:
    for nobody in (Actor.anonymous(), make.actor(make.auditor())):
        with pytest.raises(NotAllowed):
            exports.ask_for_export(
                query=BoardQuery(), form=Form.CSV, described="", by=nobody, now=NOON
            )
    with pytest.raises(Invalid):
        asked(firm, text="膜" * 201)
    asked(firm)
    asked(firm)
    with pytest.raises(Conflict) as refusal:
        asked(firm)
    assert refusal.value.status == 429
    assert ResultExport.objects.count() == 2


def test_pages_and_files_are_the_askers_alone(firm: Membership, client_as: As) -> None:
    page, other = client_as(firm), client_as(make.enterprise(region="310115"))
    stock.listed_patent()
    assert "共 1 件" in page.get("/searches/exports/new/?kind=invention").content.decode()
    made = page.post("/searches/exports/new/?kind=invention", {"form": "xlsx"})
    row = ResultExport.objects.get()
    assert made.headers["Location"] == f"/searches/exports/{row.pk}/"
    assert row.described == "专利类型：发明"
    url = f"/searches/exports/{row.pk}/"
    assert "every 2s" in page.get(url).content.decode()
    assert page.get(f"{url}file/").status_code == 409
    written(row)
    assert "文件已生成：1 件" in page.get(url).content.decode()
    file = page.get(f"{url}file/")
    named = file.headers["Content-Disposition"]
    assert "attachment" in named
    assert f"-{legal_day(row.asked_at):%Y%m%d}-{row.pk}.xlsx" in named  # the day here, not in UTC
    assert b"".join(file).startswith(b"PK")  # type: ignore[arg-type]
    assert [other.get(path).status_code for path in (url, f"{url}file/")] == [404, 404]
    assert "专利类型：发明" not in other.get("/searches/exports/").content.decode()
    assert page.post("/searches/exports/new/?kind=x", {"form": "xlsx"}).status_code == 422
    assert page.post("/searches/exports/new/", {"form": "exe"}).status_code == 422


def test_a_file_that_expires_while_it_is_fetched_is_said_to_be_gone(
    firm: Membership, client_as: As
) -> None:
    """The row was read as ready, and the sweep deleted the file a moment later."""
    row = asked(firm)
    written(row)
    row.refresh_from_db()
    row.file.storage.delete(row.file.name)
    answer = client_as(firm).get(f"/searches/exports/{row.pk}/file/")
    assert (answer.status_code, "已过期" in answer.content.decode()) == (409, True)


def test_the_api_does_what_the_pages_do(firm: Membership, api_as: Any) -> None:
    api, other = api_as(firm), api_as(make.enterprise())
    stock.listed_patent()
    body = {"query": "?kind=invention", "form": "csv"}
    made = api.post("/api/v1/exports/", body, headers={"Idempotency-Key": "1"})
    assert made.status_code == 201
    one = made.headers["Location"]
    assert api.get(f"{one}file/").status_code == 409
    written(ResultExport.objects.get())
    assert api.get(one).data["state"] == "ready"
    assert b"\xe4\xb8\x93" in b"".join(api.get(f"{one}file/"))
    assert other.get(one).status_code == other.get(f"{one}file/").status_code == 404
    assert [row["id"] for row in api.get("/api/v1/exports/").data["results"]] == [made.data["id"]]
