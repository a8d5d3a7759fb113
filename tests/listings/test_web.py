"""Pages: what people see, what happens to bad input, two editors and impatient clicks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.people.models import Membership
from listings import services
from listings.imports import limits
from listings.models import Favourite, ImportBatch, Listing, Patent
from listings.types import EncumbranceKind, HolderKind
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
NASTY = "<script>alert(1)</script>'; DROP TABLE listings_patent;--"
CSV = "名称,申请号,申请日\n一种膜,201710601862.3,2017-07-21\n坏行,201710601862.4,\n".encode()


@pytest.fixture
def keeper() -> Membership:
    return make.office()


@pytest.fixture
def office(client_as: As, keeper: Membership) -> Client:
    return client_as(keeper)


def url(name: str, **kwargs: Any) -> str:
    return reverse(f"listings:{name}", kwargs=kwargs)


def text(response: Any) -> str:
    return str(response.content.decode())


def listed(keeper: Membership, **fields: Any) -> Patent:
    patent = stock.listed_patent(keeper, **fields)
    services.index_patents(patent_ids=[patent.pk], now=stock.NOON)
    return patent


# The board


def test_matched_words_are_marked_and_markup_is_escaped(client: Client, keeper: Membership) -> None:
    listed(keeper, title=f"一种散热膜{NASTY}")
    page = text(client.get(url("board"), {"q": "散热"}))
    assert "<mark>散热</mark>膜&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_a_number_jumps_to_its_patent(client: Client, keeper: Membership) -> None:
    patent = listed(keeper)
    answer = client.get(url("board"), {"q": f"zl {patent.number}"})
    assert answer.headers["Location"] == url("patent", pk=patent.pk)


def test_nothing_found_offers_at_least_three_ways_on(client: Client) -> None:
    page = text(client.get(url("board"), {"q": "绝对没有的词", "section": "H"}))
    ways = re.search(r'<ul class="empty-ways">(.*?)</ul>', page, re.DOTALL)
    assert ways is not None
    assert ways.group(1).count("<a ") >= 3


@pytest.mark.parametrize(
    ("query", "status"),
    [({"q": "长" * 2_000}, 400), ({"page": "9999"}, 400), ({"q": "%_*'\\"}, 200),
     ({"trl": "99", "section": "Z", "ipc": "(", "year": "x", "sort": "y", "page": "-1"}, 200)],
)  # fmt: skip
def test_senseless_addresses_get_a_designed_answer(
    client: Client, query: dict[str, str], status: int
) -> None:
    answer = client.get(url("board"), query)
    assert answer.status_code == status
    assert "<h1>" in text(answer)


def test_a_fragment_for_htmx_and_the_page_for_its_history(client: Client) -> None:
    fragment = client.get(url("board"), HTTP_HX_REQUEST="true")
    assert text(fragment).lstrip().startswith('<div id="results">')
    assert "HX-Request" in fragment.headers["Vary"]
    whole = client.get(url("board"), HTTP_HX_REQUEST="true", HTTP_HX_HISTORY_RESTORE_REQUEST="true")
    assert "<html" in text(whole)


def test_a_page_of_results_costs_the_same_for_one_as_for_ten(
    client: Client, keeper: Membership
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url("board"), {"q": "膜"}).status_code == 200
        return len(seen)

    listed(keeper, title="一种膜")
    one = cost()
    for place in range(9):
        listed(keeper, title=f"一种膜{place}")
    assert cost() == one <= 12


# One patent


def test_a_patent_page_says_it_all(client: Client, keeper: Membership) -> None:
    patent = listed(keeper, sheet={"problem": "低温掉电"})
    page = text(client.get(url("patent", pk=patent.pk)))
    for words in ("低温掉电", "12 万元", "能做什么", "H01M 10/0525", "法律状态"):
        assert words in page
    assert '<script type="application/ld+json">' in page
    assert f'hx-get="/open-licences/of/{patent.pk}/"' in page


def test_an_open_licence_on_offer_is_said_wherever_the_patent_is(
    client: Client, keeper: Membership
) -> None:
    patent = listed(keeper)
    pages = (url("board"), url("patent", pk=patent.pk))
    badge = "开放许可 · 可直接取得</span>"
    before = [text(client.get(page)) for page in pages]
    assert all(badge not in page.replace("\n", "") for page in before)
    stock.bound(patent, EncumbranceKind.OPEN_DECLARATION)
    for page in pages:
        assert badge in text(client.get(page)).replace("\n", "")
    home = text(client.get("/"))
    assert '<span class="chip">开放许可</span>' in home


def test_json_ld_cannot_break_out(client: Client, keeper: Membership) -> None:
    patent = listed(keeper, title=f"膜</script>{NASTY}")
    page = text(client.get(url("patent", pk=patent.pk)))
    assert "</script><script>" not in page
    assert "alert(1)</script>" not in page


@pytest.mark.parametrize("pk", [10**17, 999_999])
def test_what_one_may_not_see_is_a_404(client: Client, keeper: Membership, pk: int) -> None:
    hidden = stock.patent(keeper)
    assert client.get(url("patent", pk=hidden.pk)).status_code == 404
    assert client.get(url("patent", pk=pk)).status_code == 404


def test_blockers_are_shown_with_their_articles(office: Client, keeper: Membership) -> None:
    patent = stock.patent(keeper, number="", granted_on=None)
    page = text(office.get(url("library-patent", pk=patent.pk)))
    assert "号码待核实" in page
    assert "check-article" in page


def test_favourites(client_as: As, keeper: Membership) -> None:
    patent, fan = listed(keeper), client_as(make.enterprise())
    for _ in range(2):
        fan.post(url("favourite", pk=patent.pk), {"on": "1"})
    assert Favourite.objects.count() == 1
    assert patent.title in text(fan.get(url("favourites")))
    fragment = fan.post(url("favourite", pk=patent.pk), {"on": "0"}, HTTP_HX_REQUEST="true")
    assert 'aria-pressed="false"' in text(fragment)
    assert Favourite.objects.count() == 0


def test_favouring_leads_nowhere_else(client_as: As, keeper: Membership) -> None:
    patent, fan = listed(keeper), client_as(make.enterprise())
    answer = fan.post(url("favourite", pk=patent.pk), {"on": "1", "next": "https://evil.example/"})
    assert answer.headers["Location"] == url("patent", pk=patent.pk)


# The library


def test_the_stock_is_narrowed_and_is_ones_own(office: Client, keeper: Membership) -> None:
    stock.patent(keeper, title="一种水泵")
    listed(keeper, title="一种散热膜")
    stock.patent(title="别家的水泵")
    assert "别家" not in text(office.get(url("library")))
    narrowed = text(office.get(url("library"), {"q": "水泵", "offer": "none", "sort": "annuity"}))
    assert "一种水泵" in narrowed
    assert "一种散热膜" not in narrowed
    assert "没有符合条件" in text(office.get(url("library"), {"status": "lapsed"}))


def test_the_stock_costs_the_same_for_one_as_for_ten(office: Client, keeper: Membership) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert office.get(url("library")).status_code == 200
        return len(seen)

    stock.listed_patent(keeper)
    cost()  # the first request of a session notes the time
    one = cost()
    for _ in range(9):
        stock.listed_patent(keeper)
    assert cost() == one


def record(**changes: Any) -> dict[str, Any]:
    return {"title": "一种膜", "number": "201710601862.3", "kind": "", "version": "1"} | changes


def test_registering_by_hand_and_an_impatient_second_click(office: Client) -> None:
    data = record(form_token="t1", filed_on="2017-07-21", ipc="H01M10/05；C01B32/184")
    for _ in range(2):
        assert office.post(url("patent-new"), data).status_code == 302
    patent = Patent.objects.get()
    assert patent.ipc == ["H01M 10/05", "C01B 32/184"]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [("number", "201710601862.4", "应为 3"), ("ipc", "H01L 1/0", "格式不对"),
     ("title", "x" * 10_000, "500"), ("filed_on", "2017-13-45", "日期"),
     ("industry_codes", "Z9", "GB/T 4754"), ("trl", "12", "")],
)  # fmt: skip
def test_a_bad_field_is_told_and_nothing_is_lost(
    office: Client, field: str, value: str, says: str
) -> None:
    answer = office.post(url("patent-new"), record(**{field: value, "abstract": NASTY}))
    assert answer.status_code == 422
    page = text(answer)
    assert says in page
    assert "一种膜" in page or field == "title"
    assert "&lt;script&gt;" in page
    assert Patent.objects.count() == 0


def test_two_editors_see_both_values_and_lose_nothing(office: Client, keeper: Membership) -> None:
    patent = stock.patent(keeper, title="原来的名称")
    first = record(number=patent.number, title="甲改的名称", version=patent.version)
    assert office.post(url("patent-edit", pk=patent.pk), first).status_code == 302
    second = first | {"title": "乙改的名称", "abstract": "乙写了很多"}
    answer = office.post(url("patent-edit", pk=patent.pk), second)
    assert answer.status_code == 409
    page = text(answer)
    for words in ("甲改的名称", "乙改的名称", "乙写了很多", "别人刚刚也改了"):
        assert words in page
    patent.refresh_from_db()
    assert patent.title == "甲改的名称"
    again = second | {"version": re.search(r'name="version" value="(\d+)"', page).group(1)}  # type: ignore[union-attr]
    assert office.post(url("patent-edit", pk=patent.pk), again).status_code == 302
    patent.refresh_from_db()
    assert patent.title == "乙改的名称"


def test_an_offer_sheet_is_saved_even_when_it_may_not_be_published(
    office: Client, keeper: Membership
) -> None:
    patent = stock.patent(keeper, granted_on=None, number="")
    data = {"problem": "掉电", "then": "publish"}
    answer = office.post(url("offer-edit", pk=patent.pk), data, follow=True)
    assert "还不能挂牌" in text(answer)
    assert Listing.objects.get().problem == "掉电"


def test_an_offer_goes_up_pauses_and_comes_down(office: Client, keeper: Membership) -> None:
    patent = stock.patent(keeper)
    office.post(url("offer-edit", pk=patent.pk), {"problem": "掉电", "then": "publish"})
    listing = Listing.objects.get()
    assert listing.status == "listed"
    for move, status in (("suspend", "suspended"), ("resume", "listed"), ("withdraw", "withdrawn")):
        office.post(url("listing-move", pk=patent.pk, move=move), {"reason": "改价"})
        listing.refresh_from_db()
        assert listing.status == status
    assert office.post(url("listing-move", pk=patent.pk, move="explode")).status_code == 404


def test_a_legal_event_moves_the_status(office: Client, keeper: Membership) -> None:
    patent = stock.patent(keeper)
    data = {"code": "CF01", "occurred_on": "2026-01-05"}
    assert office.post(url("event-new", pk=patent.pk), data).status_code == 302
    patent.refresh_from_db()
    assert patent.status == "lapsed"
    refused = office.post(url("event-new", pk=patent.pk), {"code": "XX99", "occurred_on": "x"})
    assert refused.status_code == 422


# Imports


def upload(body: bytes = CSV, name: str = "清单.csv") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, body), "form_token": "one"}


def test_an_import_from_upload_to_undo(office: Client) -> None:
    made = office.post(url("import-new"), upload())
    page = text(office.get(made.headers["Location"]))
    assert "会导入 <strong>1</strong> 行" in page
    assert "应为 3" in page
    pk = ImportBatch.objects.get().pk
    office.post(url("import-start", pk=pk))
    assert Patent.objects.kept().count() == 1
    to_mend = office.get(url("import-to-mend", pk=pk))
    assert to_mend.headers["Content-Disposition"].startswith("attachment")
    assert len(to_mend.content.decode("utf-8-sig").splitlines()) == 2
    assert office.get(url("import-undo", pk=pk)).status_code == 200
    office.post(url("import-undo", pk=pk))
    assert Patent.objects.kept().count() == 0
    assert "已撤销" in text(office.get(url("import", pk=pk)))


def test_a_double_submit_makes_one_batch(office: Client) -> None:
    answers = [office.post(url("import-new"), upload()) for _ in range(2)]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert ImportBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"", "空"), (b"PK\x03\x04nope", "另存为"), (b"%PDF-1.4", "PDF"), (b"<html>", "网页")],
)
def test_a_wreck_is_told_on_the_page(office: Client, body: bytes, says: str) -> None:
    answer = office.post(url("import-new"), upload(body))
    assert answer.status_code == 422
    assert says in text(answer)
    assert ImportBatch.objects.count() == 0


def test_an_oversized_file_is_refused_early(
    office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_BYTES", 50)
    monkeypatch.setattr(limits, "MIB", 1)
    answer = office.post(url("import-new"), upload())
    assert answer.status_code == 413
    assert "200 MB" in text(answer)


def test_columns_can_be_chosen(office: Client) -> None:
    office.post(url("import-new"), upload("品名,号\n一种膜,201710601862.3\n".encode()))
    batch = ImportBatch.objects.get()
    page = text(office.get(url("import", pk=batch.pk)))
    assert "没有指定“名称”列" in page
    assert office.post(url("import-columns", pk=batch.pk), {"number": "1"}).status_code == 422
    chosen = {"title": "0", "number": "1"}
    assert office.post(url("import-columns", pk=batch.pk), chosen).status_code == 302
    batch.refresh_from_db()
    assert batch.counts["created"] == 1


def test_while_a_worker_is_at_it_the_page_asks_again(
    office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "INLINE_BYTES", 0)
    made = office.post(url("import-new"), upload())
    page = text(office.get(made.headers["Location"]))
    assert 'hx-trigger="every 2s"' in page
    fragment = text(office.get(made.headers["Location"], HTTP_HX_REQUEST="true"))
    assert fragment.lstrip().startswith('<div id="batch"')


def test_the_template_is_there_to_take(office: Client) -> None:
    answer = office.get(url("import-template"))
    assert answer.content[:2] == b"PK"


def test_an_expired_session_is_sent_to_log_in_and_changes_nothing(
    client: Client, keeper: Membership
) -> None:
    patent = stock.patent(keeper)
    answer = client.post(url("patent-edit", pk=patent.pk), record(title="偷改"))
    assert answer.status_code == 302
    assert "/accounts/login/" in answer.headers["Location"]
    patent.refresh_from_db()
    assert patent.title != "偷改"


def test_a_patentee_is_added_beside_those_who_are_there(keeper: Membership, client_as: Any) -> None:
    """Who stays keeps kind, share and consent; sent twice, it is the same list."""
    row = stock.patent(
        keeper,
        holders=(stock.holder("学校"), stock.holder("张三", kind=HolderKind.PERSON)),
    )
    page, url = client_as(keeper), reverse("listings:holders-edit", kwargs={"pk": row.pk})
    for _ in range(2):
        assert page.post(url, {"names": "学校\n张三\n李四厂"}).status_code == 302
    found = list(row.holders.order_by("position").values_list("name", "kind"))
    assert found == [("学校", "organisation"), ("张三", "person"), ("李四厂", "organisation")]
