"""Who may ask what of service institutions' lists of patents."""

from __future__ import annotations

from typing import Any

from matching.models import Shortlist, ShortlistItem
from tests.factories import shortlists as make
from tests.matrix import Row, World, everyone, logged_in, only
from tests.matrix.matching import match, need, of, with_match

BOTH = ("office", "office2", "enterprise", "enterprise2", "broker", "bureau", "bureau2")
MAKERS = ("office", "office2", "broker")
FRESH = {"Idempotency-Key": "matrix"}


def sent(world: World) -> Shortlist:
    def build(w: World) -> Shortlist:
        return make.sent(need(w), w.members["broker"], [match(w).patent])

    return world.thing("shortlist", build)


def item(world: World) -> ShortlistItem:
    return sent(world).items.get()


def line(world: World) -> dict[str, Any]:
    return {"pk": sent(world).pk, "item": item(world).pk}


def parties(
    status: int, firm: int = 200, others: int = 404, anonymous: int = 302
) -> dict[str, int]:
    """The maker, the firm, and everybody else."""
    return only("broker", status=status, others=others, anonymous=anonymous) | {"enterprise": firm}


def body(world: World) -> dict[str, Any]:
    return {"need": need(world).pk, "items": [{"patent": match(world).patent_id}]}


WATCHED = parties(200) | {"auditor": 200}
NO_FORM = {"p-TOTAL_FORMS": "0", "p-INITIAL_FORMS": "0", "note": "字" * 2_001}
EXPECTATIONS: dict[str, Row] = {
    "matching:shortlists": Row(get=only(*BOTH)),
    "matching:shortlist-write": Row(
        kwargs=of(need),
        get=only(*MAKERS),
        post=only(*MAKERS, status=422),
        data=lambda world: NO_FORM,
    ),
    "matching:shortlist": Row(kwargs=of(sent), get=WATCHED),
    "matching:shortlist-rate": Row(
        kwargs=line,
        get=parties(404) | {"auditor": 404},
        post=parties(404, firm=302) | {"auditor": 404},
    ),
    "matching:shortlist-move": Row(
        kwargs=of(sent, move="stop"), post=parties(403, firm=302) | {"auditor": 403}
    ),
    "matching-api:shortlist-list": Row(
        kwargs=with_match,
        get=logged_in(200, anonymous=401),
        post=only(*MAKERS, status=201, anonymous=403),
        data=body,
        headers=FRESH,
    ),
    "matching-api:shortlist-detail": Row(
        kwargs=of(sent),
        get=WATCHED | {"anonymous": 401},
        put=everyone(404, anonymous=401, broker=409, enterprise=403, auditor=403),
        data=body,
        headers={"If-Match": "*"},
    ),
    "matching-api:shortlist-send": Row(
        kwargs=of(sent), post=parties(409, firm=403, anonymous=404) | {"auditor": 403}
    ),
    "matching-api:shortlist-withdraw": Row(
        kwargs=of(sent),
        post=parties(200, firm=403, anonymous=404) | {"auditor": 403},
        data=lambda world: {"because": "放错了"},
    ),
    "matching-api:shortlist-read": Row(kwargs=of(sent), post=WATCHED | {"anonymous": 401}),
    "matching-api:shortlist-stop": Row(
        kwargs=of(sent), post=parties(403, firm=204, anonymous=404) | {"auditor": 403}
    ),
    "matching-api:shortlist-resume": Row(
        kwargs=of(sent), post=parties(403, firm=204, anonymous=404) | {"auditor": 403}
    ),
    "matching-api:shortlist-item-rate": Row(
        kwargs=lambda world: {"id": item(world).pk},
        post=parties(403, firm=200, anonymous=404) | {"auditor": 403},
        data=lambda world: {"interested": True},
    ),
}
