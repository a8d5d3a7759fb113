"""The open platform's URLs."""

from __future__ import annotations

from tests.matrix import Row, World, everyone, only

CONSOLE = only("exchange")
ACT = only("exchange", status=404)
NOTHING_THERE = 10**9


def missing(name: str) -> dict[str, object]:
    return {name: NOTHING_THERE}


def endpoint_id(world: World) -> dict[str, object]:
    return missing("endpoint_id")


EXPECTATIONS: dict[str, Row] = {
    "api-schema": Row(get=everyone(200)),
    "interchange:about": Row(get=everyone(200)),
    "interchange:docs": Row(get=everyone(200)),
    "interchange:console": Row(get=CONSOLE),
    "interchange:issue-key": Row(post=only("exchange", status=422)),
    "interchange:add-endpoint": Row(post=only("exchange", status=422)),
    "interchange:revoke-key": Row(kwargs=lambda w: missing("credential_id"), post=ACT),
    "interchange:endpoint": Row(kwargs=endpoint_id, get=ACT, post=ACT),
    "interchange:test-endpoint": Row(kwargs=endpoint_id, post=ACT),
    "interchange:rotate-secret": Row(kwargs=endpoint_id, post=ACT),
    "interchange:remove-endpoint": Row(kwargs=endpoint_id, post=ACT),
    "interchange:replay": Row(kwargs=lambda w: missing("delivery_id"), post=ACT),
    "interchange-api:changes": Row(get=only("exchange", anonymous=403)),
    "interchange-api:webhook-endpoint-list": Row(
        get=everyone(200, anonymous=401), post=everyone(400, anonymous=401)
    ),
    "interchange-api:webhook-endpoint-detail": Row(
        kwargs=lambda w: {"pk": NOTHING_THERE},
        get=everyone(404, anonymous=401),
        delete=everyone(404, anonymous=401),
    ),
}
