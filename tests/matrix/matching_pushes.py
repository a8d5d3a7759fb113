"""Who may ask what of pushing."""

from __future__ import annotations

from typing import Any

from matching.selectors import receivers
from tests.matrix import Row, World, everyone, only

DEMAND = ("enterprise", "enterprise2", "broker")


def link(world: World) -> dict[str, Any]:
    firm = world.members["enterprise"]
    token = receivers.stop_token(user_id=firm.user_id, organisation_id=firm.organisation_id)
    return {"token": token}


EXPECTATIONS: dict[str, Row] = {
    "matching:push-settings": Row(get=only(*DEMAND), post=only(*DEMAND, status=422)),
    "matching:push-stop": Row(kwargs=link, get=everyone(200), post=everyone(200)),
}
