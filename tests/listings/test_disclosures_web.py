"""The pages of disclosures, for the inventor, the office and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from core.people.models import Membership
from listings.models import Disclosure
from tests.factories import core
from tests.factories import disclosures as make
from tests.factories import listings as stock
from tests.factories import matching as needs

pytestmark = pytest.mark.django_db
ClientAs = Callable[[Membership], Client]
TYPED = {
    "title": "低温下快速加热电池的办法",
    "novelty": "不用加热膜，让两半电池互相充放电，自己发热，升温快三倍。",
    "problem": "冬天电池充不进电、跑不远，加热膜要二十多分钟还会局部过热。",
    "how": "把电池组分成两半，经双向变换器互相充放电，频率取阻抗最大处。",
    "person-0-name": "甲",
    "person-0-share": "60",
    "person-1-name": "乙",
    "person-1-share": "40",
    "public-0-kind": "conference",
    "public-0-on": "2026-11-01",
    "public-0-where": "示例学术年会",
}
SCORED = {
    "trl": "6", "novelty": "4", "market": "4", "enforceability": "4", "cost": "3", "team": "4",
}  # fmt: skip


def url(name: str, pk: int, *more: object) -> str:
    return reverse(f"listings:{name}", args=[pk, *more])


@pytest.fixture
def office() -> Membership:
    return core.office()


@pytest.fixture
def inventor(office: Membership) -> Membership:
    return make.inventor_of(office)


def test_from_the_inventors_form_to_the_verdict_on_paper(
    client_as: ClientAs, office: Membership, inventor: Membership
) -> None:
    author, judge = client_as(inventor), client_as(office)
    assert author.get("/disclosures/").status_code == 200
    done = author.post("/disclosures/new/", {**TYPED, "then": "submit"})
    row = Disclosure.objects.get()
    assert done.headers["Location"] == url("disclosure", row.pk)
    page = judge.get(url("disclosure", row.pk)).content.decode()
    assert "六个月宽限期" in page
    assert row.title in judge.get("/disclosures/?status=submitted").content.decode()
    assert judge.post(url("disclosure-move", row.pk, "take")).status_code == 302
    wrong = judge.post(url("disclosure-evaluate", row.pk), {**SCORED, "trl": "12"})
    assert wrong.status_code == 422
    assert judge.get(url("disclosure-verdict", row.pk)).status_code == 404
    assert judge.post(url("disclosure-evaluate", row.pk), SCORED).status_code == 302
    page = author.get(url("disclosure", row.pk)).content.decode()
    assert "核心专利" in page
    assert "算出建议" not in page
    differs = {"decision": "secret", "reason": ""}
    refused = judge.post(url("disclosure-decide", row.pk), differs)
    assert refused.status_code == 422
    assert "请写明理由" in refused.content.decode()
    assert judge.post(url("disclosure-decide", row.pk), {"decision": "file"}).status_code == 302
    number = {"number": stock.fresh_number(year=2026)}
    assert judge.post(url("disclosure-apply", row.pk), {"number": "1"}).status_code == 422
    assert judge.post(url("disclosure-apply", row.pk), number).status_code == 302
    paper = author.get(url("disclosure-verdict", row.pk))
    assert paper.content.startswith(b"%PDF-")
    assert "no-store" in paper.headers["Cache-Control"]


def test_an_unfinished_one_is_saved_and_says_what_is_missing(
    client_as: ClientAs, inventor: Membership
) -> None:
    author = client_as(inventor)
    sent = {"title": "新办法", "novelty": "短", "then": "submit"}
    page = author.post("/disclosures/new/", sent, follow=True)
    told = page.content.decode()
    assert "已存为草稿，还不能提交" in told
    assert page.request["QUERY_STRING"] == "missing=1"
    for field in ("novelty", "problem", "how", "contributors"):  # each leads to its field
        assert f'<li><a href="#id_{field}">' in told
        assert f'id="id_{field}"' in told
    assert told.count("提交时必填，不少于 20 字") == 3
    assert Disclosure.objects.get().status == "draft"
    bad = {**TYPED, "person-0-share": "很多", "public-0-on": "昨天"}
    page = author.post("/disclosures/new/", bad)
    assert page.status_code == 422
    for words in ("第 1 行 · 贡献比例", "第 1 行 · 日期", "很多", "两半电池"):
        assert words in page.content.decode()


def test_a_form_gone_back_to_goes_on_with_its_draft(
    client_as: ClientAs, inventor: Membership
) -> None:
    author, new = client_as(inventor), "/disclosures/new/"
    page = author.get(new).context
    form = {**TYPED, "form_token": "back", "version": page["form"].initial["version"]}
    author.post(new, {**form, "novelty": "短", "then": "submit"})
    row = Disclosure.objects.get()
    assert (row.status, row.novelty) == ("draft", "短")
    author.post(new, {**form, "then": "submit"})  # the browser's Back, the text mended
    row = Disclosure.objects.get()
    assert (row.status, row.novelty) == ("submitted", TYPED["novelty"])
    author.post(new, {**form, "title": "另一项发明"})  # what is handed in is never touched
    assert Disclosure.objects.count() == 2
    row.refresh_from_db()
    assert row.title == TYPED["title"]


def test_a_draft_changed_meanwhile_is_shown_beside_the_form_gone_back_to(
    client_as: ClientAs, inventor: Membership
) -> None:
    author, new = client_as(inventor), "/disclosures/new/"
    form = {**TYPED, "form_token": "back", "version": 1}
    author.post(new, form)
    pk = Disclosure.objects.get().pk
    author.post(url("disclosure-edit", pk), {**form, "problem": "后来改过的话，比前一版更清楚。"})
    shown = author.post(new, {**form, "problem": "先前窗口里的话，还没有改过来呢。"})
    assert shown.status_code == 409
    assert f'action="{url("disclosure-edit", pk)}"' in shown.content.decode()
    assert Disclosure.objects.get().problem.startswith("后来改过")


def test_its_course_keeps_that_it_was_sent_back(
    client_as: ClientAs, office: Membership, inventor: Membership
) -> None:
    row = make.disclosure(inventor, office, stands="evaluating")
    judge, author = client_as(office), client_as(inventor)
    judge.post(url("disclosure-send-back", row.pk), {"reason": "请补充对比数据。"})
    author.post(url("disclosure-move", row.pk, "submit"))
    course = [step["title"] for step in author.get(url("disclosure", row.pk)).context["history"]]
    assert course.index("提交给办公室") < course.index("退回补充")  # the newest first


def test_two_windows_see_both_texts(client_as: ClientAs, inventor: Membership) -> None:
    row = make.disclosure(inventor)
    author, place = client_as(inventor), url("disclosure-edit", row.pk)
    author.post(place, {**TYPED, "how": "先存的这一份，写得也很长很长很长很长。", "version": "1"})
    page = author.post(place, {**TYPED, "version": "1"})
    text = page.content.decode()
    assert page.status_code == 409
    assert "先存的这一份" in text
    assert "频率取阻抗最大处" in text
    assert 'name="version" value="2"' in text


def test_neighbours_as_fragment_and_as_page(
    client_as: ClientAs, inventor: Membership, drain: Callable[[], int]
) -> None:
    stock.listed_patent(title="一种低温快速加热电池的装置", abstract="电池互相充放电加热。")
    drain()
    row = make.disclosure(inventor)
    author, place = client_as(inventor), url("disclosure-neighbours", row.pk)
    part = author.get(place, headers={"HX-Request": "true"}).content.decode()
    assert "一种低温快速加热电池的装置" in part
    assert "<html" not in part
    assert "<html" in author.get(place).content.decode()


def test_needs_are_compared_and_nothing_is_kept(client_as: ClientAs, inventor: Membership) -> None:
    from core.audit.models import AuditEntry
    from core.outbox.models import OutboxEvent
    from matching import services as matching
    from matching.models import Match, Need

    need = needs.need()
    stock.listed_patent(title="一种低温快速加热电池的装置", abstract="电池互相充放电加热。")
    matching.active_engine(now=stock.NOON)
    before = [m.objects.count() for m in (AuditEntry, OutboxEvent, Match, Need)]
    author = client_as(inventor)
    text = {"text": f"{need.title}\n{need.problem}"}
    answer = author.post("/needs/fitting/", text, headers={"HX-Request": "true"})
    assert need.title in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert [m.objects.count() for m in (AuditEntry, OutboxEvent, Match, Need)] == before
    assert "<html" in author.post("/needs/fitting/", text).content.decode()
    assert "没有收到文字" in author.post("/needs/fitting/", {}).content.decode()
    assert client_as(core.enterprise()).post("/needs/fitting/", text).status_code == 403
    assert author.get("/needs/fitting/", text).status_code == 405
