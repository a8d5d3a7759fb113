"""Licensing's pages as people use them."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from licensing import services
from licensing.models import Document, Licence, OpenDeclaration, Outcome, Payment
from licensing.rules.fees import FeeMode
from licensing.services.clocks import note_lapse
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, PDF

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        yield


def text(response):
    return response.content.decode()


def test_an_office_declares_in_four_screens(office, client_as):
    client, patent_id = client_as(office), lic.patent(office)
    first = client.get(reverse("licensing:declare-choose"))
    assert reverse("licensing:declare", args=[patent_id]) in text(first)
    second = client.get(reverse("licensing:declare", args=[patent_id]))
    assert "专利法实施细则第八十六条" in text(second)
    third = client.post(
        reverse("licensing:declare", args=[patent_id]),
        {"mode": "entry_running", "amount": "20000", "base": "net_sales", "rate": "3"},
    )
    row = OpenDeclaration.objects.get()
    assert third.url == reverse("licensing:declaration-check", args=[row.pk])
    assert "入门费 2 万元，随通知一次付清。" in text(client.get(third.url))
    fourth = client.post(
        third.url, {"filed_on": "2026-11-18", "announced_on": "2026-11-20", "sure": "on"}
    )
    page = text(client.get(fourth.url))
    row.refresh_from_db()
    assert row.status == "announced"
    assert row.number in page
    assert reverse("licensing:declaration-pdf", args=[row.pk]) in page


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({}, "mode", ""),
        ({"mode": "fixed"}, "amount", "大于 0"),
        ({"mode": "fixed", "amount": "一万"}, "amount", ""),
        ({"mode": "running", "rate": "3"}, "base", "基数"),
        ({"mode": "running", "base": "profit"}, "rate", "比例"),
        ({"mode": "deferred", "amount": "1"}, "due_days", "多少天"),
    ],
)
def test_terms_are_refused_at_their_field(office, client_as, data, field, words):
    answer = client_as(office).post(reverse("licensing:declare", args=[lic.patent(office)]), data)
    assert answer.status_code == 422
    errors = answer.context["form"].errors[field]
    assert any(words in error for error in errors)
    assert not OpenDeclaration.objects.exists()


def test_the_live_check_answers_what_is_filled_in(office, client_as):
    url = reverse("licensing:declare-guards", args=[lic.patent(office)])
    client = client_as(office)
    fine = text(client.get(url, {"mode": "fixed", "amount": "50000"}))
    assert "check-danger" not in fine
    bad = text(client.get(url, {"mode": "fixed", "amount": "30000000", "remarks": "国际领先"}))
    assert "国际领先" in bad
    assert "一般不高于 2000 万元" in bad


def test_what_stops_a_declaration_is_shown_and_nothing_is_announced(office, client_as):
    row = lic.draft(office, remarks="全国第一，欢迎来电")
    url = reverse("licensing:declaration-check", args=[row.pk])
    client = client_as(office)
    assert "还有不符合的条件" in text(client.get(url))
    answer = client.post(
        url, {"filed_on": "2026-11-20", "announced_on": "2026-11-20", "sure": "on"}
    )
    assert answer.status_code == 422
    assert "请删去：全国第一、欢迎来电" in text(answer)
    row.refresh_from_db()
    assert row.status == "draft"


def test_a_firm_takes_pays_and_files(office, firm, client_as):
    row = lic.declaration(office)
    client = client_as(firm)
    assert "取得许可" in text(client.get(reverse("licensing:declaration", args=[row.pk])))
    taken = client.post(reverse("licensing:take", args=[row.pk]), {"accept": "on"})
    licence = Licence.objects.get()
    assert taken.url == reverse("licensing:pay", args=[licence.pk])
    paid = client.post(
        taken.url,
        {
            "due": licence.dues.get().pk,
            "amount": "50000",
            "paid_at": "2026-11-20T12:03",
            "proof": SimpleUploadedFile("回单.pdf", PDF),
        },
    )
    page = text(client.get(paid.url))
    licence.refresh_from_db()
    assert licence.status == "effective"
    assert "两者以后到者为准" in page
    assert "2027-02-20" in page  # the last day for filing
    filed = client.post(
        reverse("licensing:file", args=[licence.pk]),
        {"filing_number": "X2026980001234", "filed_on": "2026-11-20"},
    )
    assert "X2026980001234" in text(client.get(filed.url))


def test_a_second_submit_of_the_same_form_changes_nothing(office, firm, client_as):
    row = lic.declaration(office, mode=FeeMode.FREE)
    client = client_as(firm)
    url, data = reverse("licensing:take", args=[row.pk]), {"accept": "on", "form_token": "t1"}
    first, second = client.post(url, data), client.post(url, data)
    assert first.url == second.url == reverse("licensing:licence", args=[Licence.objects.get().pk])


def test_the_same_payment_submitted_twice_is_one(office, firm, client_as):
    licence = lic.licence(office, firm, mode=FeeMode.FIXED)
    client, url = client_as(firm), reverse("licensing:pay", args=[licence.pk])
    data = {
        "due": licence.dues.get().pk, "amount": "50000", "paid_at": "2026-11-20T12:03",
        "reference": "回单1", "form_token": "t2",
    }  # fmt: skip
    assert client.post(url, data).url == client.post(url, data).url
    assert Payment.objects.count() == 1
    again = client.post(url, data | {"form_token": "t3"})
    assert again.status_code == 422
    assert Payment.objects.count() == 1


def test_a_refusal_keeps_what_was_typed(office, firm, client_as):
    licence = lic.licence(office, firm, mode=FeeMode.FIXED)
    answer = client_as(firm).post(
        reverse("licensing:pay", args=[licence.pk]),
        {"due": licence.dues.get().pk, "amount": "60000", "paid_at": "2026-11-20T12:03",
         "reference": "回单9"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert "金额超过这一期尚未支付的 5 万元" in text(answer)
    assert "回单9" in text(answer)


def test_contest_and_its_decision(office, firm, client_as):
    licence = lic.licence(office, firm)
    url = reverse("licensing:licence", args=[licence.pk])
    client_as(office).post(
        reverse("licensing:contest", args=[licence.pk]), {"reason": "<b>未通知</b>"}
    )
    for who in (firm, make.bureau("31")):
        page = text(client_as(who).get(url))
        assert "有异议待处理" in page
        assert "&lt;b&gt;未通知&lt;/b&gt;" in page
    client_as(make.bureau("31")).post(
        reverse("licensing:contest-resolve", args=[licence.pk]),
        {"verdict": "uphold", "resolution": "属实"},
    )
    licence.refresh_from_db()
    assert licence.status == "void"


def test_a_lapsed_patent_is_said_on_every_page(office, firm, client_as):
    licence = lic.licence(office, firm)
    note_lapse(patent_id=licence.patent_id, lapsed_on=NOON.date(), turn="t", now=NOON)
    client = client_as(firm)
    for url in (
        reverse("licensing:licence", args=[licence.pk]),
        reverse("licensing:licences"),
        reverse("licensing:declaration", args=[licence.declaration_id]),
    ):
        assert "专利已失效" in text(client.get(url))
    assert licence.patent_title not in text(client.get(reverse("licensing:shelf")))


def test_the_shelf_filters_by_fee_words_and_region(office, client):
    lic.declaration(office, lic.patent(office, title="一种无人机电池"), mode=FeeMode.FREE)
    lic.declaration(office, lic.patent(office, title="一种水泵密封件"), mode=FeeMode.RUNNING)
    url = reverse("licensing:shelf")
    assert {c.mode for c in client.get(url).context["cards"]} == {"free", "running"}
    assert [c.mode for c in client.get(url, {"mode": "free"}).context["cards"]] == ["free"]
    found = client.get(url, {"q": "水泵"}).context["cards"]
    assert [c.patent_title for c in found] == ["一种水泵密封件"]
    assert client.get(url, {"region": "32"}).context["cards"] == []
    assert client.get(url, {"mode": "x", "region": "'", "page": "-9"}).status_code == 200
    options = client.get(url, {"q": "电池"}).context["facets"][0]["options"]
    assert [(o["label"], o["count"]) for o in options] == [("免费", 1)]


def test_the_fee_calculator(office, client):
    row = lic.declaration(office, mode=FeeMode.ENTRY_RUNNING)
    url = reverse("licensing:declaration", args=[row.pk])
    page = client.get(url, {"sales": "1,000,000"})
    assert page.context["calculator"].result.years[0].total == 80_000
    assert "1,000,000 × 3% = 30,000" in text(page)
    by_units = text(client.get(url, {"units": "1000", "price": "19.9", "growth": "100"}))
    assert "1,000 件 × 19.90 = 19,900" in by_units
    assert "39,800 × 3% = 1,194" in by_units
    for nonsense in ("x", "-1", "NaN", "1e99"):
        page = client.get(url, {"sales": nonsense})
        assert page.status_code == 200
        assert page.context["calculator"].result is None
        assert page.context["calculator"].form.errors
    assert "同时填写" in text(client.get(url, {"units": "5"}))


def test_a_plan_without_royalty_is_reckoned_without_figures(office, client):
    row = lic.declaration(office, mode=FeeMode.DEFERRED)
    page = client.get(reverse("licensing:declaration", args=[row.pk]))
    assert page.context["calculator"].result.total == 50_000


def test_a_licence_has_its_calculator(office, firm, client_as):
    row = lic.licence(office, firm, mode=FeeMode.RUNNING)
    url = reverse("licensing:licence-calculator", args=[row.pk])
    assert "3,000" in text(client_as(firm).get(url, {"sales": "100000"}))


def test_the_papers_and_their_check_page(office, firm, client_as, client):
    licence = lic.licence(office, firm)
    mine = client_as(firm)
    for url in (
        reverse("licensing:contract-pdf", args=[licence.pk]),
        reverse("licensing:declaration-pdf", args=[licence.declaration_id]),
    ):
        answer = mine.get(url)
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
    paper = Document.objects.get(licence=licence)
    page = text(client.get(reverse("licensing:check", args=[paper.content_hash])))
    assert "这是平台出具的文书" in page
    assert paper.number in page
    assert firm.organisation.name in page
    unknown = client.get(reverse("licensing:check", args=["0" * 64]))
    assert (unknown.status_code, "没有找到这份文书" in text(unknown)) == (404, True)
    typed = client.get(reverse("licensing:check-form"), {"hash": f" {paper.content_hash} "})
    assert typed.url == reverse("licensing:check", args=[paper.content_hash])


def test_a_draft_has_no_paper(office, client_as):
    row = lic.draft(office)
    assert (
        client_as(office).get(reverse("licensing:declaration-pdf", args=[row.pk])).status_code
        == 404
    )


def test_proofs_are_downloads_for_the_parties_only(office, firm, client_as):
    licence = lic.licence(office, firm, mode=FeeMode.FIXED)
    due = licence.dues.get()
    payment = services.record_payment(
        licence_id=licence.pk, due_id=due.pk, amount=due.amount, paid_at=NOON,
        proof=SimpleUploadedFile("回单.pdf", PDF), by=actor(firm), now=NOON,
    )  # fmt: skip
    url = reverse("licensing:proof", args=[licence.pk, payment.pk])
    for who in (office, firm, make.bureau("31")):
        answer = client_as(who).get(url)
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer.content == PDF
    assert client_as(make.enterprise()).get(url).status_code == 404


def test_outcomes_are_reported_rejected_and_mended(office, client_as):
    patent_id = lic.patent(office)
    client = client_as(office)
    number = lic.printed(patent_id)
    answer = client.post(
        reverse("licensing:outcome-report"),
        {"patent": number, "code": "transferred", "happened_on": "2026-11-20",
         "contract_number": "HT-9"},
    )  # fmt: skip
    outcome = Outcome.objects.get()
    assert answer.url == reverse("licensing:outcome", args=[outcome.pk])
    bureau = client_as(make.bureau("31"))
    url = reverse("licensing:outcome-decide", args=[outcome.pk])
    assert bureau.post(url, {"verdict": "reject"}).status_code == 422
    bureau.post(url, {"verdict": "reject", "reason": "缺合同"})
    assert "缺合同" in text(client.get(answer.url))
    client.post(
        reverse("licensing:outcome-again", args=[outcome.pk]),
        {"evidence": SimpleUploadedFile("合同.pdf", PDF)},
    )
    bureau.post(url, {"verdict": "verify"})
    outcome.refresh_from_db()
    assert outcome.status == "verified"
    unknown = client.post(
        reverse("licensing:outcome-report"),
        {"patent": "123", "code": "pool", "happened_on": "2026-11-20", "contract_number": "x"},
    )
    assert unknown.status_code == 422


@pytest.mark.parametrize("identity", ["office", "enterprise", "bureau"])
def test_home_shows_what_waits(office, firm, client_as, identity):
    lic.draft(office)
    lic.licence(office, firm, mode=FeeMode.FIXED)
    lic.licence(office, firm)
    who = {"office": office, "enterprise": firm, "bureau": make.bureau("31")}[identity]
    expected = {
        "office": ["许可待备案", "开放许可草稿待声明"],
        "enterprise": ["许可待付款", "许可待备案"],
        "bureau": ["转化反馈待核验"],
    }[identity]
    page = text(client_as(who).get("/"))
    assert [title for title in expected if title not in page] == []


def test_lists_cost_the_same_for_one_as_for_five(
    office, firm, client_as, client, django_assert_max_num_queries
):
    pages = [
        (client, reverse("licensing:shelf")),
        (client_as(office), reverse("licensing:declarations")),
        (client_as(office), reverse("licensing:declare-choose")),
        (client_as(firm), reverse("licensing:licences")),
        (client_as(office), reverse("licensing:outcomes")),
    ]
    lic.licence(office, firm)
    costs = []
    for browser, url in pages:
        browser.get(url)
        with django_assert_max_num_queries(40) as spent:
            browser.get(url)
        costs.append(len(spent))
    for _ in range(4):
        lic.licence(office, firm)
    for (browser, url), cost in zip(pages, costs, strict=True):
        with django_assert_max_num_queries(cost):
            browser.get(url)


def test_a_paper_keeps_the_order_of_its_items(office, client):
    row = lic.declaration(office)
    labels = [label for label, _ in Document.objects.get(declaration=row).content]
    assert labels[:4] == ["声明编号", "专利号", "专利名称", "专利权人"]
    page = text(client.get(reverse("licensing:check", args=[row.document.content_hash])))
    assert page.index("声明编号") < page.index("付费方式") < page.index("公告日")
