"""Who may ask what of the work list, archives to review and requests for services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from listings.models import ServiceRequest
from listings.services.layers import promotion
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import Row, World, only
from tests.matrix.listings import NOT_THEIRS, bare, of


def archived(world: World) -> Any:
    def build(w: World) -> Any:
        row = stock.patent(w.members["office"])
        promotion.archive_stock(
            patent_ids=[row.pk],
            reason="路线被替代",
            review_on=stock.NOON.date() + timedelta(days=90),
            by=make.actor(w.members["office"]),
            now=stock.NOON,
        )
        return row

    return world.thing("archived patent", build)


def asked(world: World) -> ServiceRequest:
    def build(w: World) -> ServiceRequest:
        pk = promotion.request_service(
            patent_id=stock.patent(w.members["office"]).pk,
            kind="valuation",
            provider_id=w.members["valuer"].organisation_id,
            wish="用于质押的评估报告",
            by=make.actor(w.members["office"]),
            now=stock.NOON,
        )
        return ServiceRequest.objects.get(pk=pk)

    return world.thing("service request", build)


def wanted(world: World) -> dict[str, Any]:
    valuer = world.members["valuer"].organisation_id
    return {"kind": "valuation", "provider": valuer, "wish": "用于质押的评估报告"}


def next_year(world: World) -> dict[str, Any]:
    return {"review_on": (timezone.localdate() + timedelta(days=300)).isoformat()}


EXPECTATIONS: dict[str, Row] = {
    "listings:promotion": Row(get=only("office", "office2", "broker")),
    "listings:promotion-publish": Row(
        data=lambda w: {"patents": [bare(w).pk]},
        post=only("office", "office2", "broker", status=302),
    ),
    "listings:promotion-archive": Row(
        data=lambda w: {"patents": [bare(w).pk], "reason": "过时", **next_year(w)},
        post=only("office", "office2", "broker", status=302),
    ),
    "listings:promotion-push": Row(kwargs=of(bare), post=only("office", status=302, **NOT_THEIRS)),
    "listings:promotion-review": Row(
        kwargs=of(archived),
        data=next_year,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:service-ask": Row(
        kwargs=of(bare),
        data=wanted,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:service-requests": Row(
        get=only("office", "office2", "broker", "valuer", "exchange", "auditor")
    ),
    "listings:service-request": Row(
        kwargs=of(asked),
        data=lambda w: {"act": "answer", "answer": "可以办理，两周出报告"},
        get=only("office", "valuer", "auditor", others=404),
        post=only("valuer", status=302, others=404, office=422, auditor=422),
    ),
}
