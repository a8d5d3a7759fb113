"""A stock too large for objects: the same lists from arrays on disk, explained when read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from core.people.types import Actor
from listings import services as listings
from matching import rules, selectors, services
from matching.models import EngineVersion, Match
from matching.selectors import arena, grand, hearing
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
Drain = Callable[[], int]


def scores() -> dict[tuple[int | None, int | None, int], int]:
    return {(m.need_id, m.subscription_id, m.patent_id): m.ticks for m in Match.objects.all()}


@pytest.fixture
def then(now: datetime) -> datetime:
    """The moment at which `drain` hands events over."""
    return now.replace(year=2100)


@pytest.fixture
def large(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on one patent is a large stock, read in parts of two."""

    def begin() -> None:
        settings.MATCHING_ARENA_FROM, settings.MATCHING_ARENA_DIR = 1, str(tmp_path / "arena")
        monkeypatch.setattr(grand, "PART", 2)
        grand._listed.cache_clear()
        arena.forget()

    grand._listed.cache_clear()
    return begin


def test_arrays_leave_the_lists_that_objects_leave(
    large: Callable[[], None], drain: Drain, then: datetime, tmp_path: Path
) -> None:
    make.stock()
    firm = core.enterprise()
    need = make.need(firm)
    make.need(data=make.FLUORIDE)
    make.subscription(firm)
    drain()
    before = scores()
    said = {m.pk: m.reasons for m in Match.objects.all()}
    large()
    services.run_everything(by=SYSTEM, now=then)
    assert scores() == before
    assert {tuple(m.reasons) for m in Match.objects.all()} == {()}
    cards = selectors.cards(Match.objects.filter(need=need), viewer=core.actor(firm))
    assert cards
    for card in cards:
        assert list(card.reasons) == said[card.id]
        assert rules.adds_up(card.ticks, card.reasons)
    assert [f.name for f in (tmp_path / "arena").iterdir()] == [
        f.name for f in (tmp_path / "arena").glob("v*-p*")
    ]
    assert not list((tmp_path / "arena").rglob("*.part"))


def test_what_comes_later_is_ranked_beside_the_arrays(
    large: Callable[[], None], drain: Drain, then: datetime
) -> None:
    make.stock()
    make.need()
    drain()
    large()
    services.run_everything(by=SYSTEM, now=then)
    late = board.listed_patent(**make.BATTERY | {"title": "磷酸铁锂电池低温充电的脉冲自加热装置"})
    second = make.need(data=make.COLD)
    drain()
    stepwise = scores()
    assert any(key[0] == second.pk and key[2] == late.pk for key in stepwise)
    arena.forget()
    services.run_everything(by=SYSTEM, now=then)
    assert scores() == stepwise
    assert EngineVersion.objects.count() == 1


def test_a_score_that_no_longer_holds_is_not_explained_wrongly(
    large: Callable[[], None], drain: Drain, then: datetime
) -> None:
    make.stock()
    firm = core.enterprise()
    need = make.need(firm)
    drain()
    large()
    services.run_everything(by=SYSTEM, now=then)
    Match.objects.update(ticks=123_456)
    for card in selectors.cards(Match.objects.filter(need=need), viewer=core.actor(firm)):
        assert card.reasons == ()
        assert card.bars == ()


def test_a_patent_enters_the_lists_that_objects_would_say(
    drain: Drain, then: datetime, settings: Any
) -> None:
    """A crowd of demands held as arrays: what is listed, posted and withdrawn later counts."""
    patents = make.stock()
    firm = core.enterprise()
    make.need(firm)
    make.subscription(firm)
    drain()
    with connection.cursor() as cursor:  # what the planner knows tells how many there are
        cursor.execute("ANALYZE matching_need, matching_subscription")
    settings.MATCHING_AUDIENCE_FROM = 1
    assert hearing.is_needed()
    board.listed_patent(**make.BATTERY | {"title": "一种磷酸铁锂电池脉冲自加热控制电路"})
    drain()
    second = make.need(data=make.FLUORIDE)
    drain()
    late = board.listed_patent(**make.WATER | {"title": "一种高氟废水除氟的吸附装置"})
    listing = patents["battery"].listings.get()
    listings.suspend_listing(listing_id=listing.pk, reason="补充材料", by=SYSTEM, now=then)
    drain()
    stepwise = scores()
    assert (second.pk, None, late.pk) in stepwise
    settings.MATCHING_AUDIENCE_FROM = 0
    Match.objects.all().delete()
    arena.forget()
    services.run_everything(by=SYSTEM, now=then)
    assert scores() == stepwise
