"""Who may ask what of events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from matching.models import Gathering, Meeting, SignUp
from matching.services import attending
from tests.factories import core
from tests.factories import gatherings as make
from tests.matrix import Row, World, everyone, logged_in, only

RUN = ("office", "office2", "broker", "bureau", "bureau2")
COME = ("office", "office2", "broker", "enterprise", "enterprise2")
FRESH = {"Idempotency-Key": "matrix"}


def event(world: World) -> Gathering:
    def build(w: World) -> Gathering:
        starts = timezone.now() + timedelta(days=7)
        times = {"starts_at": starts, "ends_at": starts + timedelta(hours=3)}
        return make.published(w.members["office"], **times)

    return world.thing("gathering", build)


def sign_up(world: World) -> SignUp:
    def build(w: World) -> SignUp:
        return make.comes(event(w), w.members["enterprise"])

    return world.thing("sign-up", build)


def coming(world: World) -> dict[str, Any]:
    """Two firms come."""
    sign_up(world)
    world.thing("sign-up-2", lambda w: make.comes(event(w), w.members["enterprise2"]))
    return {"pk": event(world).pk}


def meeting(world: World) -> Meeting:
    def build(w: World) -> Meeting:
        coming(w)
        return attending.ask_meeting(
            gathering_id=event(w).pk,
            asked_id=w.members["enterprise2"].organisation_id,
            slot=0,
            by=core.actor(w.members["enterprise"]),
            now=make.NOON,
        )

    return world.thing("meeting", build)


def of(build: Any, name: str = "pk", **more: str) -> Any:
    return lambda world: {name: build(world).pk, **more}


def body(world: World) -> dict[str, Any]:
    starts = timezone.now() + timedelta(days=3)
    return {
        "kind": "roadshow",
        "title": "路演",
        "place": "张江路 1 号",
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=2)).isoformat(),
    }


def host(status: int, others: int = 403, anonymous: int = 403, **but: int) -> dict[str, int]:
    return only("office", status=status, others=others, anonymous=anonymous) | but


OF = of(event)
LEAVE = {"office": 403}
ACCEPT = {"enterprise": 403}

EXPECTATIONS: dict[str, Row] = {
    "matching:gatherings": Row(get=everyone(200)),
    "matching:gathering-new": Row(get=only(*RUN), post=only(*RUN, status=422)),
    "matching:gathering": Row(kwargs=OF, get=everyone(200)),
    "matching:gathering-calendar": Row(kwargs=OF, get=everyone(200)),
    "matching:gathering-edit": Row(
        kwargs=OF,
        get=only(*RUN, status=404) | {"office": 200},
        post=only(*RUN, status=404) | {"office": 422},
    ),
    "matching:gathering-sign-up": Row(kwargs=OF, post=logged_in(422)),
    "matching:gathering-meet": Row(kwargs=OF, post=logged_in(422)),
    "matching:gathering-result": Row(kwargs=OF, post=host(422, anonymous=302)),
    "matching:gathering-move": Row(kwargs=of(event, move="finish"), post=host(409, anonymous=302)),
    "matching:sign-up-decide": Row(
        kwargs=of(sign_up, move="leave"), post=only("enterprise", status=302, others=404) | LEAVE
    ),
    "matching:meeting-answer": Row(
        kwargs=of(meeting, move="accept"),
        post=only("enterprise2", status=302, others=404) | ACCEPT,
    ),
    "matching-api:gathering-list": Row(
        get=everyone(200),
        post=only(*RUN, status=201, anonymous=403),
        data=body,
        headers=FRESH,
    ),
    "matching-api:gathering-detail": Row(
        kwargs=OF,
        get=everyone(200),
        put=host(200, anonymous=401),
        data=body,
        headers={"If-Match": "*"},
    ),
    "matching-api:gathering-publish": Row(kwargs=OF, post=host(409)),
    "matching-api:gathering-finish": Row(kwargs=OF, post=host(409)),
    "matching-api:gathering-cancel": Row(
        kwargs=OF, post=host(200), data=lambda world: {"because": "场地停电"}
    ),
    "matching-api:gathering-sign-ups": Row(kwargs=OF, get=logged_in(200, anonymous=401)),
    "matching-api:gathering-sign-up": Row(
        kwargs=OF,
        post=only(*COME, status=201, anonymous=403),
        data=lambda world: {"attendees": "张工", "seats": 2},
        headers=FRESH,
    ),
    "matching-api:gathering-meetings": Row(kwargs=OF, get=logged_in(200, anonymous=401)),
    "matching-api:gathering-meet": Row(
        kwargs=coming,
        post=only(*COME, status=409, anonymous=403) | {"enterprise": 201, "enterprise2": 422},
        data=lambda world: {"asked": world.members["enterprise2"].organisation_id, "slot": 0},
        headers=FRESH,
    ),
    "matching-api:gathering-note-result": Row(
        kwargs=OF,
        post=host(404),
        data=lambda world: {"item": 1, "organisation": 1, "outcome": "lead"},
        headers=FRESH,
    ),
    "matching-api:sign-up-decide": Row(
        kwargs=of(sign_up, "id", move="leave"),
        post=only("enterprise", others=404, anonymous=404) | LEAVE,
    ),
    "matching-api:meeting-answer": Row(
        kwargs=of(meeting, "id", move="accept"),
        post=only("enterprise2", others=404, anonymous=404) | ACCEPT,
    ),
}
