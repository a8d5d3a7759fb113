"""The open platform's URLs."""

from __future__ import annotations

from tests.matrix import Row, World, everyone, only

PARTNERS = ("exchange", "enterprise", "enterprise2")
CONSOLE = only(*PARTNERS)
ACT = only(*PARTNERS, status=404)
NOTHING_THERE = 10**9


def missing(name: str) -> dict[str, object]:
    return {name: NOTHING_THERE}


def endpoint_id(world: World) -> dict[str, object]:
    return missing("endpoint_id")


NOT_MINE = Row(kwargs=lambda w: missing("pk"), post=everyone(404, anonymous=401))

EXPECTATIONS: dict[str, Row] = {
    "api-schema": Row(get=everyone(200)),
    "interchange:about": Row(get=everyone(200)),
    "interchange:docs": Row(get=everyone(200)),
    "interchange:console": Row(get=CONSOLE),
    "interchange:issue-key": Row(post=only(*PARTNERS, status=422)),
    "interchange:add-endpoint": Row(post=only(*PARTNERS, status=422)),
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
        put=everyone(404, anonymous=401),
        delete=everyone(404, anonymous=401),
        data=lambda w: {"events": ["patent.listed"], "active": True},
    ),
    "interchange-api:webhook-endpoint-rotate": NOT_MINE,
    "interchange-api:webhook-endpoint-test": NOT_MINE,
    "interchange-api:webhook-delivery-list": Row(get=everyone(200, anonymous=401)),
    "interchange-api:webhook-delivery-replay": NOT_MINE,
    "interchange-api:key-list": Row(
        get=everyone(200, anonymous=401),
        post=everyone(403, exchange=201, enterprise=201, enterprise2=201, anonymous=401),
        data=lambda w: {"label": "生产系统"},
    ),
    "interchange-api:key-detail": Row(
        kwargs=lambda w: missing("pk"), delete=everyone(404, anonymous=401)
    ),
}
