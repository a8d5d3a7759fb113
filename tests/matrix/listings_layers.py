"""Who may ask what of layers, screenings and the region's rules."""

from __future__ import annotations

from typing import Any

from listings.services.layers import layering
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import Row, World, everyone, only
from tests.matrix.listings import KEY, NOT_THEIRS, bare, of

MARKS = {"technology": 4, "product": 3, "market": 4, "resources": 2}
TOMORROW = "2030-01-01"  # far enough from any day the suite runs on, for a rule
RULE: dict[str, Any] = {
    "region": "31",
    "valid_from": TOMORROW,
    **{"screening": 18, "market": 30, "demand": 12, "legal": 10},
    **{"life": 8, "maturity": 10, "reach": 4, "sheet": 8},
    **{"a_from": 70, "b_from": 50, "neutral": 40, "evidence": 50},
    "reason": "沪知局〔2026〕1 号",
}


def soon(world: World) -> dict[str, Any]:
    from datetime import timedelta

    from django.utils import timezone

    day = timezone.localdate() + timedelta(days=30)
    return {"layer": "A", "until": day.isoformat(), "reason": "市重点转化项目"}


def overridden(world: World) -> Any:
    def build(w: World) -> Any:
        from datetime import timedelta

        row = stock.patent(w.members["office"])
        layering.override_layer(
            patent_id=row.pk,
            layer="B",
            reason="市重点转化项目",
            until=stock.NOON.date() + timedelta(days=300),
            by=make.actor(w.members["office"]),
            now=stock.NOON,
        )
        return row

    return world.thing("overridden patent", build)


EXPECTATIONS: dict[str, Row] = {
    "listings:screening": Row(
        kwargs=of(bare),
        data=lambda w: MARKS,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:layer-override": Row(
        kwargs=of(bare),
        data=soon,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:layer-revoke": Row(
        kwargs=of(overridden), post=only("office", status=302, **NOT_THEIRS)
    ),
    "listings:layer-rules": Row(
        data=lambda w: RULE,
        get=only("office", "office2", "broker", "bureau", "bureau2", "auditor", "sysadmin"),
        post=only(
            "bureau",
            "sysadmin",
            status=302,
            office=422,
            office2=422,
            broker=422,
            auditor=422,
            bureau2=422,
        ),
    ),
    "listings-api:patent-potential": Row(
        kwargs=of(bare), get=everyone(404, office=200, bureau=200, auditor=200)
    ),
    "listings-api:patent-screenings": Row(
        kwargs=of(bare),
        headers=KEY,
        data=lambda w: MARKS,
        post=everyone(404, office=201, bureau=403, auditor=403),
    ),
    "listings-api:patent-layer": Row(
        kwargs=of(overridden),
        headers=KEY,
        data=soon,
        post=everyone(404, office=201, bureau=403, auditor=403),
        delete=everyone(404, office=200, bureau=403, auditor=403),
    ),
}
