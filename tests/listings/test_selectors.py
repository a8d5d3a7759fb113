"""Who sees which patents and offers, in how many queries, and what the answers hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Missing
from core.people.types import Actor
from listings import selectors, services
from listings.models import Listing, Patent
from listings.types import EncumbranceKind, Layer, ListingStatus, Route
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system()


def queries(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    return len(captured)


def test_who_sees_which_patents() -> None:
    keeper, holder = core.office(), core.enterprise(name="共有公司")
    listed = make.listed_patent(keeper)
    stock = make.patent(
        keeper,
        holders=(
            make.holder(keeper.organisation.name),
            make.holder("共有公司", organisation_id=holder.organisation_id),
        ),
    )
    removed = make.patent(keeper)
    Patent.objects.filter(pk=removed.pk).update(removed_at=NOON, removed_by="system")
    both, public = {listed.pk, stock.pk}, {listed.pk}
    seen = {
        "anonymous": (Actor.anonymous(), public),
        "keeper": (core.actor(keeper), both),
        "co-owner": (core.actor(holder), both),
        "other office": (core.actor(core.office()), public),
        "enterprise": (core.actor(core.enterprise()), public),
        "bank": (core.actor(core.bank()), public),
        "district bureau": (core.actor(core.bureau("310115")), both),
        "city bureau": (core.actor(core.bureau("31")), both),
        "other bureau": (core.actor(core.bureau("32")), public),
        "national bureau": (core.actor(core.bureau("")), both),
        "auditor": (core.actor(core.auditor()), both),
        "system": (SYSTEM, both),
    }
    for name, (actor, expected) in seen.items():
        rows = Patent.objects.visible_to(actor)
        assert sorted(rows.values_list("pk", flat=True)) == sorted(expected), name
        assert set(selectors.cards([listed.pk, stock.pk], viewer=actor)) == expected, name


def test_who_sees_which_offers() -> None:
    keeper = core.office()
    row = make.patent(keeper)
    listing = make.draft(row)
    bureau = core.actor(core.bureau("31"))

    def sees(actor: Actor) -> bool:
        return Listing.objects.visible_to(actor).filter(pk=listing.pk).exists()

    firm = core.actor(core.enterprise())
    assert [sees(a) for a in (core.actor(keeper), bureau, firm)] == [True, False, False]
    services.publish_listing(listing_id=listing.pk, by=SYSTEM, now=NOON)
    assert [sees(a) for a in (core.actor(keeper), bureau, firm)] == [True, True, True]
    services.suspend_listing(listing_id=listing.pk, reason="", by=SYSTEM, now=NOON)
    assert [sees(a) for a in (core.actor(keeper), bureau, firm)] == [True, True, False]
    assert sees(core.actor(core.auditor()))
    with pytest.raises(Missing):
        selectors.listing(listing.pk, viewer=firm)
    assert selectors.live_listing(row.pk, viewer=firm) is None
    assert selectors.listing(listing.pk, viewer=bureau).patent == row


def test_a_card_hides_the_draft_from_others() -> None:
    keeper = core.office()
    row = make.patent(keeper)
    make.draft(row)
    own = selectors.card(row.pk, viewer=core.actor(keeper))
    assert (own.listing_status, own.asking_price) == (ListingStatus.DRAFT, Decimal("120000.00"))
    overseer = selectors.card(row.pk, viewer=core.actor(core.bureau("31")))
    assert (overseer.listing_id, overseer.asking_price, overseer.problem) == (None, None, "")


def test_a_card_holds_what_a_page_shows() -> None:
    keeper = core.office(name="华东某大学")
    row = make.listed_patent(keeper, number="201710601862.3", filed_on=date(2017, 7, 24), trl=6)
    card = selectors.card(row.pk, viewer=Actor.anonymous())
    assert card.printed == "ZL 2017 1 0601862.3"
    assert card.holder_names == ("华东某大学",)
    assert (card.organisation_id, card.organisation_name) == (
        keeper.organisation_id,
        "华东某大学",
    )
    assert (card.status, card.layer, card.trl) == ("granted", Layer.B, 6)
    assert (card.licence_mode, card.routes) == ("ordinary", ("ordinary",))
    assert card.is_public
    make.bound(row, EncumbranceKind.OPEN_DECLARATION)
    declared = selectors.card(row.pk, viewer=Actor.anonymous())
    assert declared.licence_mode == Route.OPEN_LICENCE


def test_what_is_not_seen_is_missing() -> None:
    row = make.patent()
    firm = core.actor(core.enterprise())
    for ask in (
        lambda: selectors.card(row.pk, viewer=firm),
        lambda: selectors.holders(row.pk, viewer=firm),
        lambda: selectors.timeline(row.pk, viewer=firm),
        lambda: selectors.inventory_item(row.pk, viewer=firm),
        lambda: selectors.card(0, viewer=SYSTEM),
        lambda: selectors.standing_of(0, at=NOON),
        lambda: selectors.annuity_of(0, at=NOON),
    ):
        with pytest.raises(Missing):
            ask()


@pytest.mark.parametrize(
    "text",
    ["ZL 2017 1 0601862.3", "CN201710601862", "２０１７１０６０１８６２．３", "CN 103323265 B"],
)
def test_find_takes_any_spelling(text: str) -> None:
    row = make.listed_patent(
        number="201710601862.3",
        filed_on=date(2017, 7, 24),
        publication_numbers=("CN103323265B",),
    )
    found = selectors.find(text, viewer=Actor.anonymous())
    assert found is not None
    assert found.id == row.pk


def test_find_answers_none_to_what_is_no_number_or_unseen() -> None:
    row = make.patent()
    assert selectors.find("锂电池", viewer=SYSTEM) is None
    assert selectors.find(row.number or "", viewer=Actor.anonymous()) is None


def test_timeline_holds_dates_events_and_bonds_oldest_first() -> None:
    row = make.patent()
    make.bound(row, EncumbranceKind.ORDINARY, reference="licence:1", ends_on=date(2027, 1, 1))
    services.record_legal_event(
        patent_id=row.pk, code="TR01", occurred_on=date(2022, 5, 5), by=SYSTEM, now=NOON
    )
    found = [(e.on, e.label) for e in selectors.timeline(row.pk, viewer=SYSTEM)]
    assert found == [
        (date(2019, 3, 1), "申请"),
        (date(2021, 6, 1), "授权公告"),
        (date(2022, 5, 5), "专利权的转移"),
        (NOON.date(), "专利 · 登记"),
        (NOON.date(), "普通许可"),
    ]


def test_timeline_shows_the_public_only_what_is_public() -> None:
    keeper, licensee = core.office(), core.enterprise()
    row = make.listed_patent(keeper)
    make.bound(row, EncumbranceKind.ORDINARY, party_id=licensee.organisation_id)
    make.bound(row, EncumbranceKind.PLEDGE)
    services.record_legal_event(
        patent_id=row.pk,
        code="TR01",
        occurred_on=date(2022, 5, 5),
        detail={"from": ["甲"], "to": ["乙"]},
        by=SYSTEM,
        now=NOON,
    )

    def seen(viewer: Actor) -> list[str]:
        return [entry.label for entry in selectors.timeline(row.pk, viewer=viewer)]

    public = ["申请", "授权公告", "专利权的转移"]
    assert seen(Actor.anonymous()) == public
    assert seen(core.actor(core.bureau("31"))) == public
    assert seen(core.actor(licensee)) == [*public, "普通许可"]
    assert {"普通许可", "质押", "专利 · 登记", "挂牌 · 发布"} < set(seen(core.actor(keeper)))
    [transfer] = [
        e for e in selectors.timeline(row.pk, viewer=core.actor(keeper)) if e.code == "TR01"
    ]
    assert (transfer.detail, transfer.source, transfer.noted_on) == (
        "甲 → 乙",
        "gazette",
        NOON.date(),
    )


def test_supply_tells_matching_what_it_needs() -> None:
    keeper = core.office()
    row = make.listed_patent(keeper, industry_codes=("C38",), trl=6)
    make.patent(keeper)
    (fact,) = selectors.supply()
    assert (fact.patent_id, fact.organisation_id, fact.matchable) == (
        row.pk,
        keeper.organisation_id,
        True,
    )
    assert fact.ipc == ("H01M 10/0525",)
    assert fact.industry_codes == ("C38",)
    assert "低温" in fact.offer_text
    assert (fact.asking_price, fact.licence_mode) == (Decimal("120000.00"), "ordinary")


def test_supply_is_not_matchable_when_suspended_taken_or_preserved() -> None:
    suspended, taken, preserved = (make.listed_patent() for _ in range(3))
    services.suspend_listing(listing_id=suspended.listings.get().pk, reason="", by=SYSTEM, now=NOON)
    make.bound(taken, EncumbranceKind.EXCLUSIVE)
    make.bound(preserved, EncumbranceKind.PRESERVATION)
    pledged = make.listed_patent()
    make.bound(pledged, EncumbranceKind.PLEDGE)
    assert {f.patent_id: f.matchable for f in selectors.supply()} == {
        suspended.pk: False,
        taken.pk: False,
        preserved.pk: False,
        pledged.pk: True,
    }


def test_supply_pages_by_patent_id() -> None:
    ids = [make.listed_patent().pk for _ in range(5)]
    first = [f.patent_id for f in selectors.supply(limit=2)]
    rest = [f.patent_id for f in selectors.supply(after=first[-1])]
    assert first + rest == ids
    assert [f.patent_id for f in selectors.supply([ids[3], ids[1]])] == [ids[1], ids[3]]
    assert list(selectors.supply([])) == []


def test_lists_cost_the_same_for_one_row_as_for_ten() -> None:
    keeper = core.office()
    by = core.actor(keeper)
    asks: dict[str, Callable[[], Any]] = {
        "cards": lambda: selectors.cards(Patent.objects.values_list("pk", flat=True), viewer=by),
        "supply": lambda: list(selectors.supply()),
        "stock": lambda: [p.holders.all() for p in selectors.stock(viewer=by)],
        "favourites": lambda: selectors.favourites(viewer=by),
        "rows": lambda: selectors.stock_rows("31", "listed", viewer=by),
    }

    def add() -> None:
        row = make.listed_patent(keeper)
        services.favourite(patent_id=row.pk, by=by, now=NOON)

    add()
    one = {name: queries(ask) for name, ask in asks.items()}
    for _ in range(9):
        add()
    assert {name: queries(ask) for name, ask in asks.items()} == one


def test_counts_are_their_rows() -> None:
    keeper = core.office()
    listed = make.listed_patent(keeper)
    pending = make.patent(keeper, granted_on=None)
    done = make.listed_patent(keeper)
    services.mark_converted(patent_id=done.pk, by=SYSTEM, now=NOON)
    services.admit(patent_id=pending.pk, by=core.actor(keeper), now=NOON)
    make.patent(core.office(region="440300"))
    counts = selectors.stock_counts("31")
    assert (counts.registered, counts.granted) == (3, 2)
    assert (counts.admitted, counts.listed, counts.converted) == (1, 1, 1)
    bureau = core.actor(core.bureau("31"))

    def ids(measure: Any) -> list[int]:
        return [card.id for card in selectors.stock_rows("31", measure, viewer=bureau)]

    assert ids("listed") == [listed.pk]
    assert ids("converted") == [done.pk]
    assert ids("admitted") == [pending.pk]
    assert len(ids("registered")) == 3
    assert selectors.stock_counts("").registered == 4
    assert selectors.portfolio(keeper.organisation_id).registered == 3


def test_standing_and_annuity_of_a_patent() -> None:
    row = make.patent(annuity_paid_to=date(2026, 9, 1))
    assert selectors.standing_of(row.pk, at=NOON).is_in_force
    assert selectors.annuity_of(row.pk, at=NOON).state == "grace"
