"""Offers from draft to their end, favourites, the library and its layers, the index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.audit.models import AuditEntry
from core.errors import Conflict, DomainError, Invalid, Missing, NotAllowed
from core.outbox import services as outbox
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from listings import selectors, services
from listings.models import Favourite, InventoryItem, Listing, MarketSignal, Patent
from listings.types import EncumbranceKind, Layer, ListingStatus, Route
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system()


def told(name: str) -> list[dict[str, Any]]:
    return [row.payload for row in OutboxEvent.objects.filter(name=name).order_by("written_at")]


def step(name: str, listing: Listing, *, by: Actor = SYSTEM, **extra: Any) -> None:
    getattr(services, name)(listing_id=listing.pk, by=by, now=NOON, **extra)
    listing.refresh_from_db()


def test_the_life_of_an_offer() -> None:
    keeper = core.office()
    by = core.actor(keeper)
    row = make.patent(keeper)
    listing = make.draft(row)
    step("submit_listing", listing, by=by)
    step("return_listing", listing, by=by)
    step("submit_listing", listing, by=by)
    step("publish_listing", listing, by=by)
    assert (listing.status, listing.published_at, listing.published_by) == (
        ListingStatus.LISTED,
        NOON,
        by.key,
    )
    step("suspend_listing", listing, by=by, reason="谈判中")
    assert listing.suspended_because == "谈判中"
    step("resume_listing", listing, by=by)
    services.mark_converted(patent_id=row.pk, by=by, now=NOON)
    listing.refresh_from_db()
    assert listing.status == ListingStatus.CONVERTED
    expected = {
        "patent_id": row.pk,
        "listing_id": listing.pk,
        "organisation_id": keeper.organisation_id,
        "region": "310115",
    }
    assert told("patent.listed") == [expected, expected]
    assert told("patent.suspended") == [expected | {"reason": "谈判中"}]
    assert told("patent.converted") == [expected]
    again = make.draft(row)
    assert again.pk != listing.pk, "an ended offer makes room for another"


def test_a_draft_withdrawn_is_nobodys_news() -> None:
    listing = make.draft(make.patent())
    step("withdraw_listing", listing)
    assert told("patent.withdrawn") == []
    public = Listing.objects.get(patent=make.listed_patent())
    step("withdraw_listing", public)
    assert len(told("patent.withdrawn")) == 1


def test_a_blocked_patent_is_not_published_and_every_reason_is_given() -> None:
    row = make.patent(granted_on=None, holders=(make.holder("某公司"),))
    listing = make.draft(row)
    with pytest.raises(Conflict) as refusal:
        step("publish_listing", listing)
    assert {b.code for b in refusal.value.blockers} >= {"not-granted", "co-owner-consent"}
    assert "尚未授权" in refusal.value.message
    listing.refresh_from_db()
    assert listing.status == ListingStatus.DRAFT
    assert told("patent.listed") == []


def test_a_suspended_offer_is_not_resumed_while_blocked() -> None:
    row = make.listed_patent()
    listing = Listing.objects.get(patent=row)
    step("suspend_listing", listing, reason="x")
    make.bound(row, EncumbranceKind.EXCLUSIVE)
    with pytest.raises(Conflict) as refusal:
        step("resume_listing", listing)
    assert {b.code for b in refusal.value.blockers} == {"exclusive-licence"}


@pytest.mark.parametrize(
    "name", ["submit_listing", "return_listing", "publish_listing", "resume_listing"]
)
def test_a_wrong_step_is_refused_in_chinese(name: str) -> None:
    listing = Listing.objects.get(patent=make.listed_patent())
    with pytest.raises(Conflict, match="现在是“已挂牌”") as refusal:
        step(name, listing)
    assert refusal.value.code == "illegal-move"


def test_a_second_live_offer_is_refused() -> None:
    row = make.patent()
    make.draft(row)
    with pytest.raises(Conflict) as refusal:
        make.draft(row)
    assert refusal.value.code == "already-listed"


def test_an_offer_is_edited_by_one_at_a_time() -> None:
    keeper = core.office()
    listing = Listing.objects.get(patent=make.listed_patent(keeper))
    edit = {"listing_id": listing.pk, "version": listing.version, "by": core.actor(keeper)}
    services.edit_listing(offer=make.offer(asking_price=Decimal("99.50")), now=NOON, **edit)
    listing.refresh_from_db()
    assert (listing.asking_price, len(told("patent.changed"))) == (Decimal("99.50"), 1)
    assert AuditEntry.objects.get(event="listing.edited").changes == {
        "asking_price": ["120000.00", "99.50"]
    }
    with pytest.raises(Conflict) as refusal:
        services.edit_listing(offer=make.offer(problem="乙"), now=NOON, **edit)
    assert refusal.value.code == "edited-meanwhile"


def test_an_unchanged_offer_is_no_news() -> None:
    listing = Listing.objects.get(patent=make.listed_patent())
    version = services.edit_listing(
        listing_id=listing.pk, offer=make.offer(), version=None, by=SYSTEM, now=NOON
    )
    assert version == listing.version
    assert told("patent.changed") == []


def test_an_ended_offer_is_not_edited() -> None:
    listing = make.draft(make.patent())
    step("withdraw_listing", listing)
    with pytest.raises(Conflict) as refusal:
        services.edit_listing(
            listing_id=listing.pk, offer=make.offer(), version=None, by=SYSTEM, now=NOON
        )
    assert refusal.value.code == "listing-ended"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"problem": "长" * 5_001}, "problem"),
        ({"asking_price": Decimal("-0.01")}, "asking_price"),
        ({"asking_price": Decimal("NaN")}, "asking_price"),
        ({"asking_price": Decimal("1e17")}, "asking_price"),
    ],
)
def test_an_offer_that_cannot_be(given: dict[str, Any], field: str) -> None:
    row = make.patent()
    with pytest.raises(Invalid) as refusal:
        make.draft(row, **given)
    assert set(refusal.value.fields) == {field}
    assert not Listing.objects.exists()


STEPS: list[Callable[[Listing, Actor], object]] = [
    lambda row, by: services.submit_listing(listing_id=row.pk, by=by, now=NOON),
    lambda row, by: services.return_listing(listing_id=row.pk, by=by, now=NOON),
    lambda row, by: services.publish_listing(listing_id=row.pk, by=by, now=NOON),
    lambda row, by: services.suspend_listing(listing_id=row.pk, reason="", by=by, now=NOON),
    lambda row, by: services.resume_listing(listing_id=row.pk, by=by, now=NOON),
    lambda row, by: services.withdraw_listing(listing_id=row.pk, by=by, now=NOON),
    lambda row, by: services.mark_converted(patent_id=row.patent_id, by=by, now=NOON),
    lambda row, by: services.edit_listing(
        listing_id=row.pk, offer=make.offer(problem="x"), version=None, by=by, now=NOON
    ),
]


@pytest.mark.parametrize("command", STEPS)
@pytest.mark.parametrize("is_public", [True, False])
def test_strangers_are_refused_and_nothing_changes(
    command: Callable[[Listing, Actor], object], is_public: bool
) -> None:
    row = make.listed_patent() if is_public else make.draft(make.patent()).patent
    listing = Listing.objects.get(patent=row)
    before = Listing.objects.filter(pk=listing.pk).values().get()
    entries, events = AuditEntry.objects.count(), OutboxEvent.objects.count()
    strangers = [core.office(), core.enterprise(), core.bank(), core.auditor(), core.bureau()]
    for stranger in [*map(core.actor, strangers), Actor.anonymous()]:
        with pytest.raises((NotAllowed, Missing)):
            command(listing, stranger)
    assert Listing.objects.filter(pk=listing.pk).values().get() == before
    assert (AuditEntry.objects.count(), OutboxEvent.objects.count()) == (entries, events)


def test_converting_without_an_offer_does_nothing() -> None:
    row = make.patent()
    services.mark_converted(patent_id=row.pk, by=SYSTEM, now=NOON)
    assert told("patent.converted") == []


# --- favourites ---


def test_favourites_are_a_persons_own() -> None:
    row, firm = make.listed_patent(), core.actor(core.enterprise())
    for _ in range(2):
        services.favourite(patent_id=row.pk, by=firm, now=NOON)
    assert [card.id for card in selectors.favourites(viewer=firm)] == [row.pk]
    assert selectors.is_favourite(row.pk, viewer=firm)
    assert selectors.favourite_ids([row.pk, 0], viewer=firm) == {row.pk}
    other = core.actor(core.enterprise())
    assert selectors.favourites(viewer=other) == []
    services.unfavourite(patent_id=row.pk, by=other, now=NOON)
    assert selectors.is_favourite(row.pk, viewer=firm)
    services.unfavourite(patent_id=row.pk, by=firm, now=NOON)
    assert not selectors.is_favourite(row.pk, viewer=firm)
    assert selectors.favourite_ids([row.pk], viewer=Actor.anonymous()) == set()


def test_what_one_cannot_see_one_cannot_favour() -> None:
    row = make.patent()
    with pytest.raises(Missing):
        services.favourite(patent_id=row.pk, by=core.actor(core.enterprise()), now=NOON)
    for nobody in (Actor.anonymous(), SYSTEM):
        with pytest.raises(DomainError):
            services.favourite(patent_id=row.pk, by=nobody, now=NOON)
    assert not Favourite.objects.exists()


# --- the library ---


def test_admit_archive_and_admit_again() -> None:
    keeper = core.office()
    by, row = core.actor(keeper), make.patent(keeper)
    services.admit(patent_id=row.pk, by=by, now=NOON)
    with pytest.raises(Conflict):
        services.admit(patent_id=row.pk, by=by, now=NOON)
    services.archive(patent_id=row.pk, reason="技术过时", by=by, now=NOON)
    assert InventoryItem.objects.get().archived_because == "技术过时"
    services.admit(patent_id=row.pk, by=by, now=NOON)
    item = selectors.inventory_item(row.pk, viewer=by)
    assert item is not None
    assert (item.status, item.admitted_by) == ("admitted", by.key)
    listed = make.listed_patent(keeper)
    with pytest.raises(Conflict):
        services.archive(patent_id=listed.pk, reason="", by=by, now=NOON)


def rate(row: Patent, firm: Any, prospect: int, **given: Any) -> bool:
    fields: dict[str, Any] = {"interested": True, "rated_at": NOON, "by": SYSTEM} | given
    return services.take_rating(
        patent_id=row.pk,
        organisation_id=firm.organisation_id,
        prospect=prospect,
        now=NOON,
        **fields,
    )


def test_ratings_move_the_layer_by_the_rule_and_say_so() -> None:
    row = make.listed_patent()
    assert row.layer == Layer.B
    first, second = core.enterprise(), core.enterprise()
    assert rate(row, first, 5)
    assert not rate(row, first, 5), "the same word again moves nothing"
    assert rate(row, second, 1, interested=False)
    row.refresh_from_db()
    assert row.layer == Layer.B
    moved = [(p["from"], p["to"], p["rule_version"]) for p in told("patent.layer_moved")]
    assert moved[-2:] == [("B", "A", "2026-2"), ("A", "B", "2026-2")]
    item = InventoryItem.objects.get()
    market = next(part for part in item.parts if part["code"] == "market")
    assert "2 家企业评价" in market["words"]
    assert sum(part["tenths"] for part in item.parts) == item.score * 10


def test_a_late_older_word_and_ones_own_word_do_not_count() -> None:
    keeper = core.office()
    row = make.listed_patent(keeper)
    firm = core.enterprise()
    rate(row, firm, 5)
    assert not rate(row, firm, 1, rated_at=NOON - timedelta(hours=1))
    assert MarketSignal.objects.get().prospect == 5
    assert not rate(row, keeper, 1)
    assert MarketSignal.objects.count() == 1
    with pytest.raises(Invalid):
        rate(row, firm, 6)
    with pytest.raises(NotAllowed):
        rate(row, firm, 1, by=core.actor(firm))


def test_a_rating_is_heard_as_an_event(drain: Callable[[], int]) -> None:
    row, firm = make.listed_patent(), core.enterprise()
    outbox.emit(
        "match.rated",
        subject=row,
        by=core.actor(firm),
        at=NOON,
        payload={
            "patent_id": row.pk,
            "organisation_id": firm.organisation_id,
            "prospect": 5,
            "interested": True,
            "reason": "",
        },
    )
    drain()
    parts = {part["code"]: part for part in InventoryItem.objects.get().parts}
    assert parts["market"]["known"]
    assert "1 家企业评价" in parts["market"]["words"]


# --- the index ---


def test_events_bring_the_index_up_to_date(drain: Callable[[], int]) -> None:
    row = make.listed_patent(title="一种阀门密封结构")
    assert row.search is None
    drain()
    row.refresh_from_db()
    assert "'阀门'" in row.search
    assert f"'{(row.number or '').lower()}'" in row.search
    assert "'包覆'" in row.search, "the offer sheet is searched too"
    vector = selectors.vectors([row.pk])[row.pk]
    assert vector.shape == (256,)
    assert float((vector**2).sum()) == pytest.approx(1, abs=1e-3)


def test_only_what_is_stale_is_indexed() -> None:
    rows = [make.patent() for _ in range(3)]
    ids = [row.pk for row in rows]
    assert services.index_patents(patent_ids=ids, now=NOON) == 3
    assert services.index_patents(patent_ids=ids, now=NOON) == 0
    services.correct_patent(
        patent_id=ids[0], changes={"title": "改名"}, version=None, by=SYSTEM, now=NOON
    )
    make.draft(rows[1])
    assert services.index_stale(now=NOON) == 2
    assert services.index_stale(now=NOON) == 0


def test_any_text_can_be_indexed() -> None:
    ugly = "c++ 'quoted' \\ \"x\" <b>&|!:*()</b> 10/0525 \U0001f600 ß Ω"
    row = make.patent(title=ugly, abstract=ugly * 50)
    assert services.index_patents(patent_ids=[row.pk], now=NOON) == 1


def test_routes_are_kept_once_and_in_order() -> None:
    listing = make.draft(make.patent(), routes=(Route.TRANSFER, Route.ORDINARY, Route.TRANSFER))
    assert listing.routes == ["transfer", "ordinary"]
