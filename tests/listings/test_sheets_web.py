"""The pages of offer sheets: writing, checking, conflicts, review, versions, paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.people.models import Membership
from core.people.types import Role
from listings import services
from listings.models import Listing, SheetVersion
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
ClientAs = Callable[[Membership], Client]
TYPED = {
    "summary": "冷库门口不结霜",
    "problem": "夏天冷库门口结霜，叉车打滑，每月停工两天。",
    "scenes": "冷库\n屠宰车间",
    "gain-0-quantity": "除霜停工",
    "gain-0-value": "0.5",
    "gain-0-unit": "天/月",
    "gain-0-against": "人工铲霜 2 天/月",
    "contrast-0-aspect": "改装",
    "contrast-0-usual": "换门 3 万元",
    "contrast-0-ours": "加两道风幕 8000 元",
    "asking_price": "60000",
}


def url(name: str, pk: int, *more: int) -> str:
    return reverse(f"listings:{name}", args=[pk, *more])


@pytest.fixture
def writer() -> Membership:
    return core.office()


def test_a_sheet_is_written_and_read_by_everyone(client_as: ClientAs, writer: Membership) -> None:
    row = make.patent(writer)
    client = client_as(writer)
    page = client.get(url("offer-edit", row.pk)).content.decode()
    assert "写作助手" in page
    assert "坏例子" in page
    done = client.post(url("offer-edit", row.pk), {**TYPED, "then": "publish", "contact": "林老师"})
    assert done.status_code == 302
    public = Client().get(url("patent", row.pk)).content.decode()
    for words in ("冷库门口不结霜", "人工铲霜 2 天/月", "加两道风幕 8000 元", "屠宰车间"):
        assert words in public
    assert "0.5 天/月" in public
    assert "林老师" not in public, "a person's contact is for people who logged in"
    assert "林老师" in client_as(core.enterprise()).get(url("patent", row.pk)).content.decode()
    board = Client().get("/patents/").content.decode()
    assert "冷库门口不结霜" in board


def test_wrong_cells_are_named_and_nothing_typed_is_lost(
    client_as: ClientAs, writer: Membership
) -> None:
    row = make.patent(writer)
    bad = {**TYPED, "gain-0-value": "很多", "contrast-0-usual": "", "asking_price": "-1"}
    page = client_as(writer).post(url("offer-edit", row.pk), bad)
    text = page.content.decode()
    assert page.status_code == 422
    for words in ("第 1 行 · 数值", "第 1 行 · 常规方案", "很多", "除霜停工", "每月停工两天"):
        assert words in text
    assert not Listing.objects.filter(patent=row).exists()


def test_checking_stores_nothing(client_as: ClientAs, writer: Membership) -> None:
    row = make.patent(writer)
    typed = {"problem": "本发明公开了一种国内领先的风幕", "gain-0-value": "x"}
    client = client_as(writer)
    live = client.post(url("sheet-check", row.pk), typed, headers={"HX-Request": "true"})
    assert "专利文书" in live.content.decode()
    assert "广告法" in live.content.decode()
    page = client.post(url("offer-edit", row.pk), {**TYPED, "then": "check"})
    assert page.status_code == 200
    assert "每月停工两天" in page.content.decode()
    assert not Listing.objects.filter(patent=row).exists()


def test_two_editors_see_both_texts(client_as: ClientAs, writer: Membership) -> None:
    listing = make.draft(make.patent(writer))
    client, place = client_as(writer), url("offer-edit", listing.patent_id)
    services.edit_listing(
        listing_id=listing.pk, offer=make.offer(problem="同事的写法"), version=None,
        by=core.actor(writer), now=NOON,
    )  # fmt: skip
    page = client.post(place, {**TYPED, "version": "1"})
    text = page.content.decode()
    assert page.status_code == 409
    assert "同事的写法" in text
    assert "每月停工两天" in text
    assert 'name="version" value="2"' in text
    assert client.post(place, {**TYPED, "version": "2"}).status_code == 302
    listing.refresh_from_db()
    assert listing.problem.startswith("夏天冷库")


def test_review_by_a_colleague_and_back(client_as: ClientAs, writer: Membership) -> None:
    reviewer = core.MembershipFactory(role=Role.OFFICE, organisation=writer.organisation)
    row = make.patent(writer)
    author, colleague = client_as(writer), client_as(reviewer)
    rule = colleague.post(reverse("listings:sheet-settings"), {"review_required": "on"})
    assert rule.status_code == 302
    author.post(url("offer-edit", row.pk), {**TYPED, "then": "submit"})
    assert "要由本单位另一位同事审核" in author.get(url("sheet-review", row.pk)).content.decode()
    place = url("sheet-review", row.pk)
    page = colleague.get(place).content.decode()
    assert "加两道风幕 8000 元" in page
    refused = colleague.post(place, {"version": "1", "verdict": "return", "remarks": ""})
    assert refused.status_code == 422
    assert "请写明哪里要改" in refused.content.decode()
    sent = {"version": "1", "verdict": "return", "remarks": "风幕的电费没算进去"}
    assert colleague.post(place, sent).status_code == 302
    assert "风幕的电费没算进去" in author.get(url("offer-edit", row.pk)).content.decode()
    changed = {**TYPED, "how": "加两道风幕，每月电费 90 元", "version": _version(row.pk)}
    author.post(url("offer-edit", row.pk), {**changed, "then": "submit"})
    stale = colleague.post(place, {"version": "1", "verdict": "approve"})
    assert stale.status_code == 422
    assert colleague.post(place, {"version": "2", "verdict": "publish"}).status_code == 302
    assert Listing.objects.get(patent=row).status == "listed"


def test_what_cannot_be_listed_yet_is_approved_without_listing(
    client_as: ClientAs, writer: Membership
) -> None:
    listing = make.draft(make.patent(writer, granted_on=None))
    services.submit_sheet(listing_id=listing.pk, by=core.actor(writer), now=NOON)
    client, place = client_as(writer), url("sheet-review", listing.patent_id)
    page = client.get(place).content.decode()
    assert "通过并挂牌" not in page
    refused = client.post(place, {"version": "1", "verdict": "publish"})
    assert refused.status_code == 422
    assert "尚未授权" in refused.content.decode()
    assert client.post(place, {"version": "1", "verdict": "approve"}).status_code == 302
    listing.refresh_from_db()
    assert listing.status == "submitted"


def _version(patent_id: int) -> str:
    return str(Listing.objects.get(patent=patent_id).version)


def test_versions_side_by_side_and_back(client_as: ClientAs, writer: Membership) -> None:
    listing = make.draft(make.patent(writer))
    client, pk = client_as(writer), listing.patent_id
    client.post(url("offer-edit", pk), {**TYPED, "version": "1"})
    page = client.get(url("sheet-versions", pk)).content.decode()
    assert "<ins>" in page
    assert "<del>" in page
    assert client.post(url("sheet-restore", pk, 1)).status_code == 302
    assert SheetVersion.objects.filter(listing=listing).count() == 3
    assert client.post(url("sheet-restore", pk, 77)).status_code == 404
    assert client.get(url("sheet-versions", pk) + "?v=abc").status_code == 200


def test_paper_and_files(client_as: ClientAs, writer: Membership) -> None:
    row = make.listed_patent(writer, sheet={"summary": "好用"})
    client = client_as(writer)
    place = url("sheet-file-add", row.pk)
    proof = SimpleUploadedFile("报告.pdf", b"%PDF-1.4 x")
    assert client.post(place, {"file": proof, "caption": "实测"}).status_code == 302
    wrong = client.post(place, {"file": SimpleUploadedFile("a.exe", b"MZ")}, follow=True)
    assert "只接受 PDF" in wrong.content.decode()
    printed = Client().get(url("sheet-print", row.pk)).content.decode()
    assert "报告.pdf" in printed
    assert "<svg" in printed
    pdf = Client().get(url("sheet-pdf", row.pk))
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["Content-Type"] == "application/pdf"
    key = Listing.objects.get(patent=row).files[0]
    got = Client().get(url("sheet-file", row.pk, key))
    assert got.content == b"%PDF-1.4 x"
    assert "attachment" in got.headers["Content-Disposition"]
    client.post(url("sheet-file-remove", row.pk, key))
    assert Client().get(url("sheet-file", row.pk, key)).status_code == 404


@pytest.mark.parametrize("state", ["to_write", "in_review", "returned", "ready", "live", "x", ""])
def test_the_list_answers_for_every_state(
    state: str, client_as: ClientAs, writer: Membership
) -> None:
    make.listed_patent(writer)
    page = client_as(writer).get(f"/library/sheets/?state={state}&q=%00")
    assert page.status_code == 200


def test_the_api_writes_a_whole_sheet(api_as: Callable[..., Any], writer: Membership) -> None:
    listing = make.draft(make.patent(writer))
    body = {
        "summary": "一句话",
        "gains": [{"quantity": "寿命", "value": "2", "unit": "年", "against": "旧款"}],
        "contrasts": [{"aspect": "成本", "usual": "高", "ours": "低"}],
        "scenes": ["冷库"],
    }
    answer = api_as(writer).patch(
        f"/api/v1/listings/{listing.pk}/", body, format="json",
        headers={"If-Match": f'"listing-{listing.pk}-1"'},
    )  # fmt: skip
    assert answer.status_code == 200
    got = answer.json()
    assert got["problem"] == make.offer().problem, "what was not sent stays"
    assert (got["summary"], got["scenes"]) == ("一句话", ["冷库"])
    assert got["gains"][0]["value"] == "2.000000"


def test_the_rule_of_review_names_whose_it_is(client_as: ClientAs) -> None:
    keeper = core.office()
    text = client_as(keeper).get(reverse("listings:sheet-settings")).content.decode()
    assert f">{keeper.organisation.name}<" in text.replace("\n", "")
    assert "OrganisationCard" not in text
