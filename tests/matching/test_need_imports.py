"""A list of needs: a verdict per row, partial success, repeats without doubles, taken back."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from django.core.exceptions import ObjectDoesNotExist
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import Error, transaction
from django.test import Client
from rest_framework.test import APIClient

from core.errors import Conflict, Invalid, NotAllowed
from core.people.models import Membership
from listings.selectors import tables
from matching.models import Need, NeedImport
from matching.rules import need_imports as rules
from matching.selectors import need_imports as selectors
from matching.services import need_imports as services
from matching.types import ListType, Metric
from tests.factories import core
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
HEAD = "需求名称*,需求描述,所属行业,预算（万元）,期限,成熟度,合作方式,地区,量化指标,是否保密"
GOOD = (
    "储能柜低温升温办法,加热膜升温慢电芯温差大,38,35,2027-06-30,6,普通许可；转让,上海,"
    "升温时间：30→≤10分钟,否"
)
BAD = (
    "含氟废水除氟达标,出水氟离子超标想找吸附剂,没有的行业,便宜,二〇二七年,十级,"
    "送给我,火星,更快,可能"
)


def csv(*lines: str) -> bytes:
    return "\n".join((HEAD, *lines, "")).encode("utf-8-sig")


def check(firm: Membership, *lines: str, **more: Any) -> NeedImport:
    given = {"content": csv(*lines), "file_name": "清单.csv", "list_type": ListType.FIRM} | more
    return services.check_list(by=core.actor(firm), now=make.NOON, **given)


def verdicts(batch: NeedImport) -> list[str]:
    return [row.verdict for row in selectors.import_rows(batch)]


def test_rows_are_judged_taken_in_and_say_all_they_said() -> None:
    firm = core.enterprise()
    batch = check(firm, GOOD, BAD, GOOD.replace("上海", "江苏"), ",没有名称,38")
    assert verdicts(batch) == ["new", "refused", "same", "refused"]
    assert not Need.objects.exists()
    bad = selectors.import_rows(batch)[1]
    told = {(r["column"], bool(r["mend"])) for r in bad.remarks}
    assert told == {
        (title, True)
        for title in (
            "所属行业", "预算（万元）", "期限", "成熟度", "合作方式", "地区", "量化指标", "是否保密"
        )
    }  # fmt: skip
    services.take_list(import_id=batch.pk, open_now=True, by=core.actor(firm), now=make.NOON)
    need = Need.objects.get()
    assert (need.status, need.budget, need.trl) == ("open", Decimal(350_000), 6)
    assert need.targets_with_numbers == (Metric("升温时间", "≤10", "30", "分钟"),)
    assert (need.region, need.licence_modes) == ("310000", ["ordinary", "transfer"])
    assert verdicts(batch) == ["taken", "refused", "same", "refused"]
    with pytest.raises(Conflict):
        services.take_list(import_id=batch.pk, open_now=True, by=core.actor(firm), now=make.NOON)


def test_a_repeat_brings_nothing_twice_and_undo_keeps_what_was_touched() -> None:
    firm = core.enterprise()
    by = core.actor(firm)
    second = GOOD.replace("储能柜低温升温办法", "焊缝跟踪偏移气孔多")
    batch = check(firm, GOOD, second)
    services.take_list(import_id=batch.pk, open_now=False, by=by, now=make.NOON)
    assert verdicts(check(firm, GOOD, second)) == ["same", "same"]
    touched = Need.objects.order_by("pk").last()
    assert touched is not None
    Need.objects.filter(pk=touched.pk).update(version=2)
    services.undo_list(import_id=batch.pk, by=by, now=make.NOON)
    assert verdicts(batch) == ["undone", "stays"]
    assert list(Need.objects.all()) == [touched]
    with pytest.raises(Conflict):
        services.undo_list(import_id=batch.pk, by=by, now=make.NOON)


def test_a_long_list_goes_by_portions_whatever_dies_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "INLINE_ROWS", 1)
    monkeypatch.setattr(rules, "PORTION", 2)
    firm = core.enterprise()
    lines = [GOOD.replace("储能柜", f"储能柜{n}号") for n in range(5)]
    batch = check(firm, *lines)
    services.take_list(import_id=batch.pk, open_now=False, by=core.actor(firm), now=make.NOON)
    assert services.unfinished_lists() == [batch.pk]
    steps = [services.take_portion(import_id=batch.pk, now=make.NOON) for _ in range(4)]
    assert steps == [True, True, False, False]
    assert Need.objects.count() == 5
    assert services.unfinished_lists() == []


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "空"),
        (b"\x89PNG\r\n", "不是表格"),
        ("题外,话\n1,2\n".encode(), "需求名称"),
        (csv(GOOD, GOOD)[:-60], "没有传完整"),
        (b"x" * (rules.MOST_BYTES + 1), "MB"),
    ],
)
def test_files_that_are_no_list_are_refused_in_words(content: bytes, part: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check(core.enterprise(), content=content)
    assert part in refusal.value.fields["file"][0]
    assert not NeedImport.objects.exists()


def test_too_many_rows_and_formulas_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["需求名称", "技术问题"])
    sheet.write_formula(1, 0, '="危险"')
    book.close()
    batch = check(core.enterprise(), content=buffer.getvalue(), file_name="a.xlsx")
    assert "公式" in selectors.import_rows(batch)[0].remarks[0]["reason"]
    monkeypatch.setattr(rules, "MOST_ROWS", 1)
    with pytest.raises(Invalid):
        check(core.enterprise(), GOOD, BAD)


def test_strangers_and_other_roles_are_refused() -> None:
    firm, other = core.enterprise(), core.enterprise()
    with pytest.raises(NotAllowed):
        check(core.office(), GOOD)
    with pytest.raises(NotAllowed):
        check(firm, GOOD, list_type=ListType.INDUSTRY)
    batch = check(firm, GOOD)
    for command in (services.undo_list,):
        with pytest.raises(ObjectDoesNotExist):
            command(import_id=batch.pk, by=core.actor(other), now=make.NOON)
    with pytest.raises(ObjectDoesNotExist):
        services.take_list(import_id=batch.pk, open_now=True, by=core.actor(other), now=make.NOON)
    assert not Need.objects.exists()


def test_pages_and_rows_to_mend(client_as: As) -> None:
    firm = core.enterprise()
    client = client_as(firm)
    file = SimpleUploadedFile("清单.csv", csv(GOOD, BAD))
    answer = client.post("/needs/imports/", {"file": file}, follow=True)
    assert "可导入 <strong>1</strong> 条" in answer.content.decode()
    batch = NeedImport.objects.get()
    content = client.get(f"/needs/imports/{batch.pk}/mend/").content
    table = tables.uploaded_table(content, most_rows=9, most_bytes=10**6)
    assert len(table.rows) == 1
    assert "升温时间" in str(table.rows[0][1][-1])
    template = client.get("/needs/imports/template/").content
    assert verdicts(check(core.enterprise(), content=template, file_name="t.xlsx")) == ["new"]
    client.post(f"/needs/imports/{batch.pk}/take/")
    client.post(f"/needs/imports/{batch.pk}/undo/")
    assert "已撤销" in client.get(f"/needs/imports/{batch.pk}/").content.decode()
    broken = client.post("/needs/imports/", {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")})
    assert broken.status_code == 422


def test_the_api_does_the_same(api_as: Callable[[Membership | None], APIClient]) -> None:
    client = api_as(core.enterprise())
    file = SimpleUploadedFile("清单.csv", csv(GOOD, BAD))
    made = client.post(
        "/api/v1/need-imports/", {"file": file}, format="multipart", HTTP_IDEMPOTENCY_KEY="k1"
    )
    assert made.status_code == 201
    assert (made.json()["counts"]["new"], made.json()["rows"][1]["verdict"]) == (1, "refused")
    url = f"/api/v1/need-imports/{made.json()['id']}/"
    assert client.post(url + "take/", {}, format="json").json()["state"] == "taken"
    assert client.post(url + "undo/").json()["state"] == "undone"
    assert client.get(url).json()["counts"]["undone"] == 1


@pytest.mark.parametrize(
    "fields", [{"state": "odd"}, {"list_type": "odd"}, {"taken_by": "x"}, {"state": "undone"}]
)
def test_broken_imports_are_refused(fields: dict[str, Any]) -> None:
    batch = check(core.enterprise(), GOOD)
    with pytest.raises(Error), transaction.atomic():
        NeedImport.objects.filter(pk=batch.pk).update(**fields)
    with pytest.raises(Error), transaction.atomic():
        batch.rows.update(verdict="odd")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("升温时间：30→≤10分钟", (Metric("升温时间", "≤10", "30", "分钟"),)),
        ("效率:>95%；重量: 2kg", (Metric("效率", ">95", "", "%"), Metric("重量", "2", "", "kg"))),
        ("更快", None),
        ("速度：很快", None),
    ],
)
def test_targets_written_in_one_cell(text: str, found: Any) -> None:
    assert rules.metrics_of(text) == found
