"""Who may ask what of the annuity pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.people.models import Membership
from listings.models import AnnuityPayment, FeeReduction
from listings.services import upkeep
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import Row, World, everyone, only
from tests.matrix.listings import KEY, NOT_THEIRS, bare, of

KEEPERS = ("office", "office2", "broker")
PAY = {"paid_on": "2026-11-01"}


def _office(world: World) -> Membership:
    return world.members["office"]


def payment(world: World) -> AnnuityPayment:
    def build(w: World) -> AnnuityPayment:
        pk = upkeep.record_payment(
            patent_id=stock.patent(_office(w)).pk,
            paid_on=date(2026, 11, 1),
            by=make.actor(_office(w)),
            now=stock.NOON,
        )
        return AnnuityPayment.objects.get(pk=pk)

    return world.thing("annuity payment", build)


def reduced(world: World) -> dict[str, Any]:
    def build(w: World) -> FeeReduction:
        row = stock.patent(_office(w))
        upkeep.state_reduction(
            patent_ids=[row.pk],
            percent=85,
            starts_on=date(2021, 6, 1),
            ends_on=date(2031, 6, 1),
            by=make.actor(_office(w)),
            now=stock.NOON,
        )
        return FeeReduction.objects.get(patent=row)

    row = world.thing("fee reduction", build)
    return {"pk": row.patent_id, "reduction_id": row.pk}


def dropped(world: World) -> dict[str, Any]:
    def build(w: World) -> Any:
        row = stock.patent(_office(w))
        upkeep.drop(patent_id=row.pk, reason="没用", by=make.actor(_office(w)), now=stock.NOON)
        return row

    return {"pk": world.thing("dropped patent", build).pk}


def secret(world: World) -> dict[str, Any]:
    def build(w: World) -> str:
        return upkeep.open_feed(by=make.actor(_office(w)), now=stock.NOON)

    return {"secret": world.thing("feed secret", build)}


EXPECTATIONS: dict[str, Row] = {
    "listings:annuities": Row(get=only(*KEEPERS)),
    "listings:annuity-export": Row(kwargs=lambda w: {"form": "csv"}, get=only(*KEEPERS)),
    "listings:annuity-pay": Row(
        kwargs=lambda w: {} | dict.fromkeys((), bare(w)),  # built before the first request
        data=lambda w: {**PAY, "patent": [bare(w).pk]},
        get=only(*KEEPERS, status=302),  # nothing is ticked
        post=only(*KEEPERS, status=302),
    ),
    "listings:annuity-patent": Row(
        kwargs=of(bare),
        data=lambda w: PAY,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:annuity-reduce": Row(
        kwargs=of(bare),
        data=lambda w: {"percent": 85, "starts_on": "2021-06-01", "ends_on": "2031-06-01"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:annuity-reduction-end": Row(
        kwargs=reduced, post=only("office", status=302, **NOT_THEIRS)
    ),
    "listings:annuity-drop": Row(
        kwargs=of(bare),
        data=lambda w: {"reason": "没用"},
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:annuity-keep": Row(kwargs=dropped, post=only("office", status=302, **NOT_THEIRS)),
    "listings:annuity-correct": Row(
        kwargs=of(payment),
        data=lambda w: {"reason": "登记错了"},
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:annuity-feed": Row(
        data=lambda w: {"do": "open"}, get=only(*KEEPERS), post=only(*KEEPERS)
    ),
    "listings:annuity-ics": Row(kwargs=secret, get=everyone(200)),
    # API
    "listings-api:annuity-list": Row(get=everyone(200)),
    "listings-api:annuity-payment-list": Row(
        kwargs=lambda w: {} | dict.fromkeys((), bare(w)),
        headers=KEY,
        data=lambda w: {**PAY, "patent_id": bare(w).pk},
        get=everyone(200),
        post=everyone(404, office=201, bureau=403, auditor=403),
    ),
    "listings-api:annuity-payment-detail": Row(
        kwargs=of(payment), get=everyone(404, office=200, auditor=200)
    ),
    "listings-api:annuity-payment-correct": Row(
        kwargs=of(payment),
        headers=KEY,
        data=lambda w: {"reason": "登记错了"},
        post=everyone(404, office=200, auditor=403),
    ),
}
