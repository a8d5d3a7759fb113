"""Who may ask what of matching."""

from __future__ import annotations

from typing import Any

from core.people.types import Actor
from matching import services
from matching.models import Match, MatchOptOut, Need, Subscription
from matching.types import DemandKind
from tests.factories import core
from tests.factories import matching as make
from tests.matrix import Row, World, everyone, logged_in, only

DEMAND = ("enterprise", "enterprise2", "broker")
ASKERS = (*DEMAND, "bureau", "bureau2")
HOLDER = ("office", "office2")


def need(world: World) -> Need:
    return world.thing("need", lambda w: make.need(w.members["enterprise"]))


def subscription(world: World) -> Subscription:
    return world.thing("subscription", lambda w: make.subscription(w.members["enterprise"]))


def match(world: World) -> Match:
    def build(w: World) -> Match:
        patents = make.stock(w.members["office"])
        row = need(w)
        services.run_for_demand(
            kind=DemandKind.NEED, demand_id=row.pk, by=Actor.system(), now=make.NOON
        )
        return Match.objects.get(need=row, patent=patents["battery"])

    return world.thing("match", build)


def with_match(world: World) -> dict[str, Any]:
    """No part of the address, but there before any request."""
    match(world)
    return {}


def opt_out(world: World) -> MatchOptOut:
    def build(w: World) -> MatchOptOut:
        by = core.actor(w.members["enterprise"])
        return services.opt_out(match_id=match(w).pk, by=by, now=make.NOON)

    return world.thing("opt-out", build)


def of(build: Any, **more: str) -> Any:
    return lambda world: {"pk": build(world).pk, **more}


def to_owner(status: int, others: int = 404, **but: int) -> dict[str, int]:
    """The firm whose it is gets `status`, anonymous visitors the login page."""
    return only("enterprise", status=status, others=others) | but


def api(status: int, others: int = 404, anonymous: int = 401, **but: int) -> dict[str, int]:
    return only("enterprise", status=status, others=others, anonymous=anonymous) | but


DEMAND_ONLY = only(*DEMAND)
PAIR = {"enterprise2": 404, "broker": 404}
FRESH = {"Idempotency-Key": "matrix"}
KNOWN = {"If-Match": "*"}
MINE = logged_in(200, anonymous=401)
NEED_BODY = {
    "title": "求低温快充办法",
    "problem": "加热膜升温太慢，客户等不起半小时。",
    "industry_codes": ["3841"],
}
PROFILE_BODY = {"name": "低温", "keywords": ["自加热"]}

EXPECTATIONS: dict[str, Row] = {
    "matching:needs": Row(get=everyone(200)),
    "matching:needs-mine": Row(get=only(*ASKERS)),
    "matching:need": Row(kwargs=of(need), get=everyone(200)),
    "matching:need-matches": Row(kwargs=of(need), get=to_owner(200, auditor=200)),
    "matching:need-move": Row(kwargs=of(need, move="close"), post=to_owner(302, 403)),
    "matching:matches": Row(get=only(*DEMAND, office=302, office2=302)),
    "matching:compare": Row(get=logged_in()),
    "matching:received": Row(get=only(*HOLDER)),
    "matching:opt-outs": Row(get=DEMAND_ONLY),
    "matching:opt-out-lift": Row(kwargs=of(opt_out), post=to_owner(302, 403, **PAIR)),
    "matching:match": Row(kwargs=of(match), get=to_owner(200, auditor=200)),
    "matching:rate": Row(kwargs=of(match), post=to_owner(302, auditor=403)),
    "matching:opt-out": Row(kwargs=of(match), post=to_owner(302, auditor=403)),
    "matching:subscriptions": Row(get=DEMAND_ONLY),
    "matching:subscription-new": Row(get=DEMAND_ONLY, post=only(*DEMAND, status=422)),
    "matching:subscription": Row(kwargs=of(subscription), get=to_owner(200, 403, **PAIR)),
    "matching:subscription-edit": Row(
        kwargs=of(subscription), get=to_owner(200, 403, **PAIR), post=to_owner(422, 403, **PAIR)
    ),
    "matching:subscription-move": Row(
        kwargs=of(subscription, move="pause"), post=to_owner(302, 403, **PAIR)
    ),
    "matching-api:need-list": Row(
        get=everyone(200),
        post=only(*ASKERS, status=201, anonymous=403),
        data=lambda world: NEED_BODY,
        headers=FRESH,
    ),
    "matching-api:need-detail": Row(
        kwargs=of(need),
        get=everyone(200),
        patch=api(200, 403, 403),
        data=lambda world: {"title": "求更快的低温升温办法"},
        headers=KNOWN,
    ),
    "matching-api:need-open-need": Row(kwargs=of(need), post=api(409, 403, 403)),
    "matching-api:need-close": Row(kwargs=of(need), post=api(200, 403, 403)),
    "matching-api:need-solve": Row(kwargs=of(need), post=api(200, 403, 403)),
    "matching-api:subscription-list": Row(
        get=MINE,
        post=only(*DEMAND, status=201, anonymous=403),
        data=lambda world: PROFILE_BODY,
        headers=FRESH,
    ),
    "matching-api:subscription-detail": Row(
        kwargs=of(subscription),
        get=api(200, auditor=200),
        patch=api(200, auditor=403),
        data=lambda world: {"name": "更低温"},
        headers=KNOWN,
    ),
    "matching-api:subscription-pause": Row(kwargs=of(subscription), post=api(200, auditor=403)),
    "matching-api:subscription-resume": Row(kwargs=of(subscription), post=api(409, auditor=403)),
    "matching-api:match-list": Row(get=MINE),
    "matching-api:match-detail": Row(kwargs=of(match), get=api(200, auditor=200)),
    "matching-api:evaluation-list": Row(
        get=MINE,
        kwargs=with_match,
        post=api(201, auditor=403),
        data=lambda world: {"match": match(world).pk, "interested": True},
        headers=FRESH,
    ),
    "matching-api:opt-out-list": Row(
        get=MINE,
        kwargs=with_match,
        post=api(201, auditor=403),
        data=lambda world: {"match": match(world).pk},
        headers=FRESH,
    ),
    "matching-api:opt-out-detail": Row(kwargs=of(opt_out), delete=api(204)),
}
