"""Who may ask for explanations."""

from __future__ import annotations

from typing import Any

from tests.matrix import Row, World, only
from tests.matrix.matching import api, match, of, to_owner

DEMAND = ("enterprise", "enterprise2", "broker")


def match_id(world: World) -> dict[str, Any]:
    return {"id": match(world).pk}


EXPECTATIONS: dict[str, Row] = {
    "matching:why-not": Row(get=only(*DEMAND)),
    "matching:alternatives": Row(kwargs=of(match), get=to_owner(200, auditor=200)),
    "matching-api:match-why-not": Row(
        get=only(status=200, others=422, anonymous=401), query="?patent=1"
    ),
    "matching-api:match-explanation": Row(kwargs=match_id, get=api(200, auditor=200)),
    "matching-api:match-alternatives": Row(kwargs=match_id, get=api(200, auditor=200)),
}
