"""Who may ask what of pushing."""

from __future__ import annotations

from typing import Any

from matching.selectors import receivers
from tests.matrix import Row, World, everyone, logged_in, only

DEMAND = ("enterprise", "enterprise2", "broker")


def link(world: World) -> dict[str, Any]:
    firm = world.members["enterprise"]
    token = receivers.stop_token(user_id=firm.user_id, organisation_id=firm.organisation_id)
    return {"token": token}


COUNTERS = ("office", "office2", "broker", "bureau", "bureau2", "auditor", "sysadmin")
BODY = {
    "bell": "daily", "mail": "weekly", "quiet_from": "22:00", "quiet_until": "07:00",
    "weekly_cap": 5, "per_holder": 2,
}  # fmt: skip

EXPECTATIONS: dict[str, Row] = {
    "matching:pushes": Row(get=only(*COUNTERS)),
    "matching-api:push-preference": Row(
        get=only(*DEMAND, anonymous=403),
        put=only(*DEMAND, anonymous=403),
        data=lambda world: BODY,
        headers={"If-Match": "*"},
    ),
    "matching-api:push-list": Row(get=logged_in(200, anonymous=401)),
    "matching-api:push-funnel": Row(get=only(*COUNTERS, anonymous=403)),
    "matching:push-settings": Row(get=only(*DEMAND), post=only(*DEMAND, status=422)),
    "matching:push-stop": Row(kwargs=link, get=everyone(200), post=everyone(200)),
}
