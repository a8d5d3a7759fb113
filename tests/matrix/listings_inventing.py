"""Who may ask what of inventors' names."""

from __future__ import annotations

from tests.matrix import Row, World, everyone, logged_in, only
from tests.matrix.matching import match, need, of

HOUSE = ("office", "office2", "inventor")


def patent(world: World) -> dict[str, int]:
    return {"pk": match(world).patent_id}


def one(world: World) -> dict[str, int]:
    return {"id": match(world).patent_id}


EXPECTATIONS: dict[str, Row] = {
    "matching-api:need-teams": Row(kwargs=of(need), get=everyone(404, enterprise=200, auditor=200)),
    "listings:patent-inventors": Row(
        kwargs=patent,
        get=only("office", office2=404, broker=404),
        post=only("office", status=422, office2=404, broker=404),
        data=lambda world: {"names": "13800138000"},
    ),
    "listings:inventor-silences": Row(get=only(*HOUSE), post=only(*HOUSE, status=422)),
    "listings:inventor-show": Row(
        post=only("office", "office2", status=302),
        data=lambda world: {"name": "林知远"},
    ),
    "listings-api:patent-inventors": Row(
        kwargs=one,
        put=everyone(403, office=200),
        data=lambda world: {"names": ["林知远"]},
    ),
    "listings-api:inventor-silences": Row(
        get=logged_in(200, anonymous=401),
        post=everyone(403, office=204, office2=204),
        data=lambda world: {"name": "林知远", "hidden": True},
    ),
}
