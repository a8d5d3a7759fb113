"""Who may ask what of auctions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from listings.models import Auction, Objection
from tests.factories import auctions as make
from tests.matrix import LOGIN, Row, World, everyone, only
from tests.matrix.listings import KEY

KEEPERS = ("office", "office2", "broker")
NOT_THEIRS = {"office2": 404, "broker": 404}
RAISERS = ("inventor", "office", "office2", "enterprise", "enterprise2", "broker", "bank")
SAID = {"text": "该专利与我单位有权属争议，请核查。"}


def _times() -> dict[str, Any]:
    opens = timezone.now() + timedelta(days=30)
    return {"opens_at": opens, "closes_at": opens + timedelta(hours=2)}


def draft(world: World) -> Auction:
    return world.thing("draft auction", lambda w: make.draft(w.members["office"], **_times()))


def announced(world: World) -> Auction:
    return world.thing("auction", lambda w: make.announced(w.members["office"], **_times()))


def objection(world: World) -> Objection:
    def build(w: World) -> Objection:
        return Objection.objects.create(
            auction=announced(w), text="有争议", raised_at=timezone.now(), raised_by="system"
        )

    return world.thing("objection", build)


def of(thing: Any) -> Any:
    return lambda world: {"pk": thing(world).pk}


def new(world: World) -> dict[str, Any]:
    times = {k: v.isoformat() for k, v in _times().items()}
    return {
        "title": "转让", "right": "transfer", "method": "open", "start_price": "1000",
        "step": "100", "terms": "须知", **times,
    }  # fmt: skip


def new_api(world: World) -> dict[str, Any]:
    return new(world) | {"patent_ids": [draft(world).patents.get().pk]}


BID = {"amount": "100000", "confirmed": "on"}
EXPECTATIONS: dict[str, Row] = {
    "listings:auctions": Row(get=everyone(200)),
    "listings:auction": Row(kwargs=of(announced), get=everyone(200)),
    "listings:auction-now": Row(kwargs=of(announced), get=everyone(200)),
    "listings:auction-bid": Row(
        kwargs=of(announced),
        data=lambda w: BID,
        post=everyone(
            403, anonymous=LOGIN, enterprise=409, enterprise2=409, broker=409
        ),  # too early for those who may
    ),
    "listings:auction-object": Row(
        kwargs=of(announced),
        data=lambda w: SAID,
        post=everyone(422, anonymous=LOGIN) | dict.fromkeys(RAISERS, 302),
    ),
    "listings:library-auctions": Row(get=only(*KEEPERS)),
    "listings:auction-new": Row(
        get=only(*KEEPERS), post=only(*KEEPERS)
    ),  # both lead to choosing patents
    "listings:library-auction": Row(kwargs=of(announced), get=only("office", **NOT_THEIRS)),
    "listings:auction-edit": Row(
        kwargs=of(draft),
        data=new,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:auction-announce": Row(
        kwargs=of(draft), post=only("office", status=302, **NOT_THEIRS)
    ),
    "listings:auction-cancel": Row(
        kwargs=of(announced),
        data=lambda w: {"reason": "条款有误"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:auction-answer": Row(
        kwargs=lambda w: {"pk": announced(w).pk, "objection_id": objection(w).pk},
        data=lambda w: {"upheld": "0", "answer": "已核查，没有争议。"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings-api:auction-list": Row(
        kwargs=lambda w: {} | dict.fromkeys((), draft(w)),  # built before the first request
        headers=KEY,
        data=new_api,
        get=everyone(200),
        post=everyone(403, office=201, office2=404, broker=404),
    ),
    "listings-api:auction-detail": Row(kwargs=of(announced), get=everyone(200)),
    "listings-api:auction-announce": Row(
        kwargs=of(draft), headers=KEY, post=everyone(404, office=200, auditor=403)
    ),
    "listings-api:auction-cancel": Row(
        kwargs=of(announced),
        headers=KEY,
        data=lambda w: {"reason": "条款有误"},
        post=everyone(403, office=200),
    ),
    "listings-api:auction-bids": Row(
        kwargs=of(announced),
        headers=KEY,
        data=lambda w: {"amount": "100000", "binding": True},
        get=everyone(200),
        post=everyone(403, enterprise=409, enterprise2=409, broker=409),
    ),
    "listings-api:auction-object-to": Row(
        kwargs=of(announced),
        headers=KEY,
        data=lambda w: SAID,
        post=everyone(403, **dict.fromkeys(RAISERS, 201)),
    ),
}
