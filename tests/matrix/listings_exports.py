"""Who may ask what of exports: whoever asked for the file, and nobody else."""

from __future__ import annotations

from typing import Any

from listings.rules.exports import Form
from listings.selectors.searching.search import BoardQuery
from listings.services.searching import exports
from tests.factories import core as make
from tests.factories.listings import NOON
from tests.matrix import Row, World, everyone, logged_in, only
from tests.matrix.listings_searches import SAVERS


def waiting(world: World) -> dict[str, Any]:
    def build(w: World) -> int:
        return exports.ask_for_export(
            query=BoardQuery(text="电池"),
            form=Form.CSV,
            described="检索词：电池",
            by=make.actor(w.members["office"]),
            now=NOON,
        )

    return {"pk": world.thing("export", build)}


EXPECTATIONS: dict[str, Row] = {
    "listings:exports": Row(get=logged_in()),
    "listings:export-new": Row(
        query="?q=电池",
        data=lambda w: {"form": "xlsx"},
        get=only(*SAVERS),
        post=only(*SAVERS, status=302),
    ),
    "listings:export": Row(kwargs=waiting, get=only("office", others=404)),
    "listings:export-file": Row(kwargs=waiting, get=only("office", status=409, others=404)),
    "listings-api:export-list": Row(
        headers={"Idempotency-Key": "matrix"},
        data=lambda w: {"query": "q=电池", "form": "csv"},
        get=everyone(200),
        post=everyone(403, **dict.fromkeys(SAVERS, 201)),
    ),
    "listings-api:export-detail": Row(kwargs=waiting, get=everyone(404, office=200)),
    "listings-api:export-file": Row(kwargs=waiting, get=everyone(404, office=409)),
}
