"""Who may ask what of saved searches: everybody sees their own only."""

from __future__ import annotations

from typing import Any

from listings.rules.alerts import Frequency
from listings.selectors.searching.search import BoardQuery
from listings.services.searching import searches
from tests.factories import core as make
from tests.factories.listings import NOON
from tests.matrix import Row, World, everyone, logged_in, only
from tests.matrix.listings import of, public

SAVERS = (
    "inventor", "office", "office2", "enterprise", "enterprise2", "broker", "bank", "guarantor",
    "valuer", "bureau", "bureau2",
)  # fmt: skip
KEY = {"Idempotency-Key": "matrix"}


def saved(world: World) -> dict[str, Any]:
    def build(w: World) -> int:
        return searches.save_search(
            name="电池",
            query=BoardQuery(text="电池"),
            frequency=Frequency.DAILY,
            by=make.actor(w.members["office"]),
            now=NOON,
        )

    return {"pk": world.thing("saved search", build)}


THEIRS = only("office", others=404)
NOT_SAVERS = {"exchange": 403, "auditor": 403, "sysadmin": 403}
MOVED = only("office", status=302, others=404, **NOT_SAVERS)
GIVEN = {"name": "新检索", "frequency": "weekly"}
EXPECTATIONS: dict[str, Row] = {
    "listings:similar": Row(kwargs=of(public), get=everyone(200)),
    "listings:searches": Row(get=logged_in()),
    "listings:search-new": Row(
        query="?q=电池",
        data=lambda w: GIVEN,
        get=only(*SAVERS),
        post=only(*SAVERS, status=302),
    ),
    "listings:search": Row(kwargs=saved, get=THEIRS),
    "listings:search-edit": Row(
        kwargs=saved,
        data=lambda w: GIVEN,
        get=THEIRS,
        post=only("office", status=302, others=404),
    ),
    "listings:search-stop": Row(kwargs=saved, post=MOVED),
    "listings:search-delete": Row(
        kwargs=saved, get=THEIRS, post=only("office", status=302, others=404)
    ),
    "listings-api:saved-search-list": Row(
        headers=KEY,
        data=lambda w: {**GIVEN, "query": "q=电池"},
        get=everyone(200),
        post=everyone(403, **dict.fromkeys(SAVERS, 201)),
    ),
    "listings-api:saved-search-detail": Row(
        kwargs=saved,
        data=lambda w: {"name": "改名"},
        get=everyone(404, office=200),
        patch=everyone(404, office=200, anonymous=403, **NOT_SAVERS),
        delete=everyone(404, office=204, anonymous=403, **NOT_SAVERS),
    ),
    "listings-api:saved-search-hits": Row(kwargs=saved, get=everyone(404, office=200)),
}
