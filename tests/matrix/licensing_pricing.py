"""Who sees what comparable deals cost: everybody with an account, nobody a single deal."""

from __future__ import annotations

from typing import Any

from tests.matrix import Row, World, everyone, logged_in
from tests.matrix.licensing_deals import listed


def of(world: World) -> dict[str, Any]:
    return listed(world)


EXPECTATIONS: dict[str, Row] = {
    "licensing:price-guide": Row(get=logged_in(200)),
    "licensing:price-piece": Row(kwargs=of, get=logged_in(200)),
    "licensing-api:price-guide": Row(get=everyone(200, anonymous=401)),
}
