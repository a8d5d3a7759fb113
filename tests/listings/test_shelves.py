"""Collections, bundles and promotion lists: rules, rows that cannot be, commands, pages, API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from core.people.types import Actor
from listings import services
from listings.models import Bundle, Collection, Listing, Patent, PromotionList
from listings.rules import moves, numbers
from listings.rules import shelves as rules
from listings.selectors.shelves import bundles as bundle_questions
from listings.selectors.shelves import collections as collection_questions
from listings.services.shelves import bundles, collections, promotion_lists
from listings.types import Route
from tests.factories import core
from tests.factories import listings as stock
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
AsApi = Callable[[Membership | None], APIClient]
SYSTEM = Actor.system()


def url(name: str, *args: Any) -> str:
    return reverse(f"listings:{name}", args=args)


def text(response: Any) -> str:
    return str(response.content.decode())


def listed(keeper: Membership, **fields: Any) -> Patent:
    row = stock.listed_patent(keeper, **fields)
    services.index_patents(patent_ids=[row.pk], now=NOON)
    return row


# Rules


@pytest.mark.parametrize(
    ("table", "legal"),
    [
        (rules.COLLECTION_MOVES, {("draft", "publish"), ("published", "take-down")}),
        (
            rules.BUNDLE_MOVES,
            {("draft", "list"), ("listed", "suspend"), ("suspended", "resume"),
             ("draft", "withdraw"), ("listed", "withdraw"), ("suspended", "withdraw")},
        ),
    ],
)  # fmt: skip
def test_every_move_of_every_status(table: Any, legal: set[tuple[str, str]]) -> None:
    states = rules.CollectionStatus if table is rules.COLLECTION_MOVES else rules.BundleStatus
    for status, move in product(states, table):
        if (status.value, move) in legal:
            assert moves.after(table, status, move) is table[move][1]
        else:
            with pytest.raises(moves.IllegalMove):
                moves.after(table, status, move)


def test_lines_are_read_as_people_type_them() -> None:
    found = rules.lines("ZL 1 | 好用 \n\n 2｜全角\n3\t制表\n4")
    assert [(line.place, line.number, line.note) for line in found] == [
        (1, "ZL 1", "好用"), (3, "2", "全角"), (4, "3", "制表"), (5, "4", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "good"),
    [("water-treatment", True), ("a1b", True), ("ab", False), ("-ab", False), ("Water", False),
     ("水处理", False), ("123", False), ("new", False), ("a" * 41, False), ("a b", False)],
)  # fmt: skip
def test_short_addresses(slug: str, good: bool) -> None:
    assert (rules.slug_problem(slug) is None) is good


# Collections


def made(keeper: Membership, *patents: Patent, **fields: Any) -> Collection:
    given: dict[str, Any] = {
        "title": "工业废水", "slug": "water", "kind": "curated", "intro": "导语",
        "patents": "\n".join(f"{p.number} | 点评{n}" for n, p in enumerate(patents)),
    } | fields  # fmt: skip
    pk = collections.make_collection(
        draft=collections.Draft(**given), by=core.actor(keeper), now=NOON
    )
    return Collection.objects.get(pk=pk)


def published(keeper: Membership, *patents: Patent, **fields: Any) -> Collection:
    row = made(keeper, *patents, **fields)
    collections.publish_collection(collection_id=row.pk, by=core.actor(keeper), now=NOON)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"slug": "Bad Slug"}, "collection_slug_shape"),
        ({"title": ""}, "collection_has_title"),
        ({"kind": "random"}, "collection_kind_known|collection_live_has_a_query"),
        ({"kind": "live"}, "collection_live_has_a_query"),
        ({"query": "q=x"}, "collection_live_has_a_query"),
        ({"published_at": NOON}, "collection_published_pair"),
        ({"status": "published"}, "collection_public_was_published"),
        ({"status": "lost"}, "Invalid transition"),
    ],
)
def test_a_broken_collection(fields: dict[str, Any], constraint: str) -> None:
    row = made(core.office())
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        Collection.objects.filter(pk=row.pk).update(**fields)


def test_a_curated_one_keeps_its_order_and_hides_what_is_not_on_the_board(
    client: Client, client_as: As
) -> None:
    keeper = core.office()
    first, second = listed(keeper, title="甲装置"), listed(keeper, title="乙装置")
    hidden = stock.patent(keeper, title="没有在架的装置")
    published(keeper, second, first, hidden)
    page = text(client.get(url("collection", "water")))
    assert page.index("乙装置") < page.index("点评0") < page.index("甲装置") < page.index("点评1")
    assert "没有在架的装置" not in page
    assert "共 <strong>2</strong> 件" in page
    assert "没有在架的装置" not in text(client.get(url("collection-feed", "water")))
    assert "件不在架" not in page
    assert "清单里有 1 件不在架" in text(client_as(keeper).get(url("collection", "water")))


def test_a_live_one_follows_the_board_and_has_a_feed_and_light_facets(client: Client) -> None:
    keeper = core.office()
    published(core.bureau("31"), kind="live", query="q=散热", patents="")
    assert "现在没有在架专利" in text(client.get(url("collection", "water")))
    listed(keeper, title="一种散热膜")
    listed(keeper, title="一种水泵")
    page = text(client.get(url("collection", "water")))
    assert "散热膜" in page
    assert "水泵" not in page
    assert 'class="facets"' in page
    feed = client.get(url("collection-feed", "water"))
    assert feed.headers["Content-Type"].startswith("application/atom+xml")
    assert "一种散热膜" in text(feed)
    assert list(collection_questions.public_paths()) == [("/collections/water/", NOON)]


def test_drafts_are_missing_for_strangers_and_feeds(client: Client, client_as: As) -> None:
    keeper = core.office()
    row = made(keeper)
    assert client.get(url("collection", "water")).status_code == 404
    assert client_as(keeper).get(url("collection-feed", "water")).status_code == 404
    assert client_as(core.office()).get(url("collection-edit", row.pk)).status_code == 404
    assert list(collection_questions.public_paths()) == []


def test_strangers_curate_nothing() -> None:
    keeper = core.office()
    row = published(keeper, listed(keeper))
    for stranger in (core.enterprise(), core.auditor(), core.inventor()):
        with pytest.raises(NotAllowed):
            made(stranger, slug="other")
    for stranger in (core.office(), core.enterprise(), core.bureau("32")):
        by = core.actor(stranger)
        with pytest.raises(NotAllowed):
            collections.take_down_collection(collection_id=row.pk, by=by, now=NOON)
        with pytest.raises(NotAllowed):
            collections.edit_collection(
                collection_id=row.pk,
                draft=collections.Draft(title="改", slug="water", kind="curated"),
                version=None,
                by=by,
                now=NOON,
            )
    collections.take_down_collection(
        collection_id=row.pk, by=core.actor(core.bureau("31")), now=NOON
    )


def test_a_collection_is_made_and_mended_on_its_pages(client_as: As) -> None:
    keeper = core.office()
    patent = listed(keeper)
    browser = client_as(keeper)
    form = {"title": "工业废水", "slug": "water", "kind": "curated", "patents": "胡写的号码"}
    wrong = browser.post(url("collection-new"), form)
    assert wrong.status_code == 422
    assert "第 1 行“胡写的号码”没有找到" in text(wrong)
    every = browser.post(url("collection-new"), form | {"title": "", "slug": "Bad Slug"})
    assert set(every.context["form"].errors) == {"title", "slug", "patents"}
    live = browser.post(url("collection-new"), form | {"title": "", "kind": "live"})
    assert "胡写的号码”没有找到" not in text(live)
    assert "自动更新的专题要有检索条件" in text(live)
    assert Collection.objects.count() == 0
    form["patents"] = f"{patent.number}\n{patent.number}"
    assert "与前面重复" in text(browser.post(url("collection-new"), form))
    form["patents"] = f"ZL{patent.number} | 首选"
    assert browser.post(url("collection-new"), form).status_code == 302
    assert "已经有别的专题库在用" in text(browser.post(url("collection-new"), form))
    row = Collection.objects.get()
    empty = client_as(keeper).post(url("collection-edit", row.pk), form | {"patents": ""})
    assert empty.status_code == 302
    refused = browser.post(url("collection-move", row.pk, "publish"))
    assert refused.status_code == 409
    assert "还没有专利" in text(refused)
    stale = browser.post(url("collection-edit", row.pk), form | {"version": "1"})
    assert "刚被其他人修改过" in text(stale)
    browser.post(url("collection-edit", row.pk), form | {"version": "2"})
    browser.post(url("collection-move", row.pk, "publish"))
    row.refresh_from_db()
    assert row.status == "published"
    assert "首选" in text(browser.get(url("collection-edit", row.pk)))


@pytest.mark.parametrize(
    ("given", "kept"),
    [("https://x.cn/patents/?q=散热&section=H", "q=%E6%95%A3%E7%83%AD&section=H"),
     ("?q=泵&page=3", "q=%E6%B3%B5"),
     ("泵 叶轮", "q=%E6%B3%B5+%E5%8F%B6%E8%BD%AE"),
     ("/patents/", None), ("q=泵&section=Z", None)],
)  # fmt: skip
def test_a_query_is_taken_from_the_boards_address(
    client_as: As, given: str, kept: str | None
) -> None:
    form = {"title": "专题", "slug": "topic", "kind": "live", "query": given}
    answer = client_as(core.office()).post(url("collection-new"), form)
    assert answer.status_code == (302 if kept else 422)
    assert list(Collection.objects.values_list("query", flat=True)) == ([kept] if kept else [])


# Bundles


def bundle(keeper: Membership, *patents: Patent, **fields: Any) -> Bundle:
    given: dict[str, Any] = {
        "title": "低温电池组合", "summary": "说明", "routes": (Route.ORDINARY,),
        "price": Decimal(500_000), "patents": "\n".join(f"{p.number} | 作用" for p in patents),
    } | fields  # fmt: skip
    pk = bundles.make_bundle(draft=bundles.Draft(**given), by=core.actor(keeper), now=NOON)
    return Bundle.objects.get(pk=pk)


def offered(keeper: Membership) -> Bundle:
    row = bundle(keeper, listed(keeper), listed(keeper))
    bundles.list_bundle(bundle_id=row.pk, by=core.actor(keeper), now=NOON)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"title": ""}, "bundle_has_title"),
        ({"routes": ["gift"]}, "bundle_routes_known"),
        ({"price": -1}, "bundle_price_not_negative"),
        ({"listed_at": NOON}, "bundle_listed_pair"),
        ({"status": "listed"}, "bundle_public_was_listed"),
        ({"status": "suspended"}, "Invalid transition"),
    ],
)
def test_a_broken_bundle(fields: dict[str, Any], constraint: str) -> None:
    row = bundle(core.office())
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        Bundle.objects.filter(pk=row.pk).update(**fields)


def test_a_bundle_says_why_it_is_suspended_and_a_member_who_agreed() -> None:
    row = offered(core.office())
    for act, constraint in (
        (lambda: Bundle.objects.filter(pk=row.pk).update(status="suspended"), "says_why"),
        (lambda: row.members.update(consented_at=NOON), "bundle_consented_pair"),
        (lambda: row.members.create(patent=row.members.all()[0].patent, position=9), "once"),
    ):
        with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
            act()


def test_every_reason_against_listing_is_told_at_once() -> None:
    keeper = core.office()
    row = bundle(keeper, stock.patent(keeper))
    with pytest.raises(Conflict) as refusal:
        bundles.list_bundle(bundle_id=row.pk, by=core.actor(keeper), now=NOON)
    assert {"too-few", "not-listed"} <= {b.code for b in refusal.value.blockers}


def test_another_holders_patent_needs_that_holders_consent_to_these_terms() -> None:
    keeper, other = core.office(), core.office()
    mine, theirs = listed(keeper), listed(other)
    row = bundle(keeper, mine, theirs)
    by, them = core.actor(keeper), core.actor(other)
    assert Notice.objects.filter(user=other.user, title__startswith="请确认是否同意").exists()
    with pytest.raises(Conflict, match="还没有同意"):
        bundles.list_bundle(bundle_id=row.pk, by=by, now=NOON)
    for stranger, refusal in ((core.office(), Missing), (keeper, NotAllowed)):
        with pytest.raises(refusal):
            bundles.consent_to_bundle(
                bundle_id=row.pk, patent_id=theirs.pk, by=core.actor(stranger), now=NOON
            )
    bundles.consent_to_bundle(bundle_id=row.pk, patent_id=theirs.pk, by=them, now=NOON)
    draft = bundles.Draft(title="改价", patents=f"{mine.number}\n{theirs.number}", price=Decimal(1))
    bundles.edit_bundle(bundle_id=row.pk, draft=draft, version=None, by=by, now=NOON)
    with pytest.raises(Conflict, match="还没有同意"):
        bundles.list_bundle(bundle_id=row.pk, by=by, now=NOON)
    bundles.consent_to_bundle(bundle_id=row.pk, patent_id=theirs.pk, by=them, now=NOON)
    bundles.list_bundle(bundle_id=row.pk, by=by, now=NOON)
    assert list(bundle_questions.public_paths()) == [(f"/bundles/{row.pk}/", NOON)]


@pytest.mark.parametrize("how", ["lapse", "withdrawal"])
def test_a_patent_that_is_gone_suspends_its_bundle(how: str, drain: Callable[[], int]) -> None:
    keeper = core.office()
    row = offered(keeper)
    patent = row.members.all()[0].patent
    if how == "lapse":
        services.record_legal_event(
            patent_id=patent.pk, code="CF01", occurred_on=date(2026, 11, 1), by=SYSTEM, now=NOON
        )
    else:
        services.withdraw_listing(
            listing_id=Listing.objects.get(patent=patent).pk, by=SYSTEM, now=NOON
        )
    drain()
    row.refresh_from_db()
    assert row.status == "suspended"
    assert patent.title[:10] in row.suspended_because
    assert OutboxEvent.objects.filter(name="bundle.suspended").count() == 1
    assert Notice.objects.filter(user=keeper.user, title__startswith="专利组合已暂停").count() == 1


def test_strangers_keep_no_bundles() -> None:
    row = offered(core.office())
    for stranger in (core.office(), core.enterprise(), core.bureau(), core.auditor()):
        by = core.actor(stranger)
        for act in (bundles.withdraw_bundle, bundles.list_bundle):
            with pytest.raises(NotAllowed):
                act(bundle_id=row.pk, by=by, now=NOON)
        with pytest.raises(NotAllowed):
            bundles.suspend_bundle(bundle_id=row.pk, reason="x", by=by, now=NOON)
    with pytest.raises(NotAllowed):
        bundle(core.enterprise())


def test_a_bundle_is_made_offered_shown_and_ended_on_its_pages(
    client_as: As, client: Client
) -> None:
    keeper = core.office()
    one, two = listed(keeper, title="甲专利"), listed(keeper, title="乙专利")
    browser = client_as(keeper)
    assert "甲专利" in text(browser.get(url("bundle-new")))
    form = {"title": "组合", "patents": f"{one.number} | 核心\n{two.number}", "price": "1000"}
    assert browser.post(url("bundle-new"), form | {"patents": "无"}).status_code == 422
    browser.post(url("bundle-new"), form)
    row = Bundle.objects.get()
    assert client.get(url("bundle", row.pk)).status_code == 404
    assert "可以上架" in text(browser.get(url("library-bundle", row.pk)))
    browser.post(url("bundle-move", row.pk, "list"))
    page = text(client.get(url("bundle", row.pk)))
    assert "甲专利" in page
    assert "核心" in page
    assert "组合" in text(client.get(url("bundles")))
    assert url("bundle", row.pk) in text(client.get(url("patent", one.pk)))
    written = f"{numbers.printed(one.number or '')} | 核心"  # as the form's own example has it
    assert written in text(browser.get(url("bundle-edit", row.pk)))
    assert browser.post(url("bundle-edit", row.pk), form).status_code == 422
    assert browser.post(url("bundle-move", row.pk, "suspend"), {}).status_code == 422
    browser.post(url("bundle-move", row.pk, "suspend"), {"reason": "改价"})
    assert browser.post(url("bundle-edit", row.pk), form | {"price": "900"}).status_code == 302
    browser.post(url("bundle-move", row.pk, "withdraw"))
    row.refresh_from_db()
    assert (row.status, row.price) == ("withdrawn", 900)


# Promotion lists


def promotion(keeper: Membership, *patents: Patent, **fields: Any) -> PromotionList:
    given: dict[str, Any] = {
        "title": "对接会清单", "audience": "装备企业",
        "patents": "\n".join(f"{p.number} | 推荐" for p in patents),
        "expires_on": timezone.localdate() + timedelta(days=30),
    } | fields  # fmt: skip
    pk = promotion_lists.make_list(
        draft=promotion_lists.Draft(**given), by=core.actor(keeper), now=timezone.now()
    )
    return PromotionList.objects.get(pk=pk)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [({"title": ""}, "promotion_has_title"), ({"token": "short"}, "promotion_token_shape")],
)
def test_a_broken_promotion_list(fields: dict[str, Any], constraint: str) -> None:
    keeper = core.office()
    row = promotion(keeper, listed(keeper))
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        PromotionList.objects.filter(pk=row.pk).update(**fields)


def test_the_link_opens_for_anyone_counts_looks_and_expires(client: Client, client_as: As) -> None:
    keeper = core.office()
    shown, hidden = listed(keeper, title="在架的"), stock.patent(keeper, title="不在架的")
    row = promotion(keeper, shown, hidden)
    link = url("shared-list", row.token)
    page = client.get(link)
    assert "在架的" in text(page)
    assert "不在架的" not in text(page)
    assert page.headers["X-Robots-Tag"] == "noindex"
    client_as(keeper).get(link)  # one's own look does not count
    row.refresh_from_db()
    assert row.views == 1
    assert "对方看不到" in text(client_as(keeper).get(url("list", row.pk)))
    client_as(keeper).post(url("list-move", row.pk, "renew"))
    assert client.get(link).status_code == 404
    row.refresh_from_db()
    PromotionList.objects.filter(pk=row.pk).update(expires_on=date(2020, 1, 1))
    assert client.get(url("shared-list", row.token)).status_code == 404


def test_a_list_is_made_mended_exported_and_thrown_away(client_as: As) -> None:
    keeper = core.office()
    patent = listed(keeper, title="=危险的标题")
    browser = client_as(keeper)
    day = timezone.localdate() + timedelta(days=9)
    form = {"title": "清单", "patents": str(patent.number), "expires_on": day.isoformat()}
    late = browser.post(url("list-new"), form | {"expires_on": "2020-01-01"})
    assert late.status_code == 422
    assert "一年以内" in text(late)
    browser.post(url("list-new"), form)
    row = PromotionList.objects.get()
    browser.post(url("list-edit", row.pk), form | {"title": "新标题", "version": "1"})
    assert "刚被其他人修改过" in text(
        browser.post(url("list-edit", row.pk), form | {"version": "1"})
    )
    assert "'=危险的标题" in browser.get(url("list-export", row.pk)).content.decode("utf-8-sig")
    assert client_as(core.office()).get(url("list", row.pk)).status_code == 404
    assert "新标题" in text(browser.get(url("lists")))
    browser.post(url("list-move", row.pk, "remove"))
    assert not PromotionList.objects.exists()


def test_strangers_make_no_lists() -> None:
    keeper = core.office()
    row = promotion(keeper, listed(keeper))
    with pytest.raises(NotAllowed):
        promotion(core.enterprise(), listed(keeper))
    for act in (promotion_lists.renew_link, promotion_lists.remove_list):
        with pytest.raises(Missing):
            act(list_id=row.pk, by=core.actor(core.office()), now=NOON)
    with pytest.raises(Invalid):
        promotion(keeper)


# Cost, and the API


@pytest.mark.parametrize("name", ["collections", "bundles"])
def test_lists_cost_the_same_for_one_as_for_four(name: str, client: Client) -> None:
    keeper = core.office()

    def add(n: int) -> None:
        if name == "bundles":
            offered(keeper)
        else:
            published(keeper, listed(keeper), slug=f"topic{n}")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(name)).status_code == 200
        return len(queries)

    add(0)
    one = cost()
    for n in range(1, 4):
        add(n)
    assert cost() == one


def test_the_api_of_collections_and_bundles(api_as: AsApi) -> None:
    keeper = core.office()
    one, two = listed(keeper), listed(keeper)
    client, anyone = api_as(keeper), api_as(None)

    def send(path: str, data: dict[str, Any], key: str) -> Any:
        return client.post(path, data, format="json", headers={"Idempotency-Key": key})

    body = {"title": "专题", "slug": "topic", "kind": "curated", "patents": f"{one.number} | 好"}
    assert send("/api/v1/collections/", body, "1").status_code == 201
    assert send("/api/v1/collections/", body, "2").status_code == 422
    assert anyone.get("/api/v1/collections/topic/").status_code == 404
    assert send("/api/v1/collections/topic/publish/", {}, "3").json()["status"] == "published"
    found = anyone.get("/api/v1/collections/topic/patents/").json()
    assert (found["total"], found["results"][0]["note"]) == (1, "好")
    assert found["results"][0]["patent"]["id"] == one.pk
    assert len(anyone.get("/api/v1/collections/").json()["results"]) == 1
    send("/api/v1/collections/topic/take-down/", {}, "4")
    assert anyone.get("/api/v1/collections/").json()["results"] == []

    body = {"title": "组合", "patents": f"{one.number}\n{two.number}", "price": "1000.00"}
    made_ = send("/api/v1/bundles/", body, "5")
    assert made_.status_code == 201
    path = made_.headers["Location"]
    assert anyone.get(path).status_code == 404
    assert send(f"{path}offer/", {}, "6").json()["status"] == "listed"
    assert len(anyone.get(path).json()["members"]) == 2
    assert len(anyone.get("/api/v1/bundles/").json()["results"]) == 1
    assert send(f"{path}suspend/", {"reason": "改价"}, "7").json()["status"] == "suspended"
    assert send(f"{path}withdraw/", {}, "8").json()["status"] == "withdrawn"
