"""Who may ask what of postings."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from listings.models import Objection, Posting
from listings.rules.postings import Agreed
from listings.services.trading import price_postings as services
from listings.types import Route
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import LOGIN, Row, World, everyone, only
from tests.matrix.listings_auctions import KEEPERS, NOT_THEIRS, RAISERS, SAID


def _draft(world: World, now: Any = stock.NOON) -> Posting:
    office = world.members["office"]
    pk = services.draft_posting(
        patent_id=stock.listed_patent(office).pk,
        agreed=Agreed(
            route=Route.TRANSFER,
            counterparty="示例公司",
            price=Decimal(1),
            summary="协商定价",
            days=15,
        ),
        by=make.actor(office),
        now=now,
    )
    return Posting.objects.get(pk=pk)


def draft(world: World) -> Posting:
    return world.thing("posting draft", _draft)


def posted(world: World) -> Posting:
    def build(w: World) -> Posting:
        row = _draft(w)
        services.post(posting_id=row.pk, by=make.actor(w.members["office"]), now=timezone.now())
        return row

    return world.thing("posting", build)


def completed(world: World) -> Posting:
    def build(w: World) -> Posting:
        row = _draft(w)
        past = timezone.now() - timedelta(days=30)
        services.post(posting_id=row.pk, by=make.actor(w.members["office"]), now=past)
        services.complete(posting_id=row.pk, now=timezone.now())
        return row

    return world.thing("completed posting", build)


def objection(world: World) -> Objection:
    def build(w: World) -> Objection:
        return Objection.objects.create(
            posting=posted(w), text="有争议", raised_at=timezone.now(), raised_by="system"
        )

    return world.thing("posting objection", build)


def of(thing: Any) -> Any:
    return lambda world: {"pk": thing(world).pk}


EXPECTATIONS: dict[str, Row] = {
    "listings:postings": Row(get=everyone(200)),
    "listings:posting": Row(kwargs=of(posted), get=everyone(200)),
    "listings:posting-certificate": Row(kwargs=of(completed), get=everyone(200)),
    "listings:posting-certificate-pdf": Row(kwargs=of(completed), get=everyone(200)),
    "listings:posting-object": Row(
        kwargs=of(posted),
        data=lambda w: SAID,
        post=everyone(422, anonymous=LOGIN) | dict.fromkeys(RAISERS, 302),
    ),
    "listings:library-postings": Row(get=only(*KEEPERS)),
    "listings:posting-new": Row(get=only(*KEEPERS), post=only(*KEEPERS)),
    "listings:library-posting": Row(kwargs=of(posted), get=only("office", **NOT_THEIRS)),
    "listings:posting-post": Row(kwargs=of(draft), post=only("office", status=302, **NOT_THEIRS)),
    "listings:posting-withdraw": Row(
        kwargs=of(posted),
        data=lambda w: {"reason": "谈判终止"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:posting-answer": Row(
        kwargs=lambda w: {"pk": posted(w).pk, "objection_id": objection(w).pk},
        data=lambda w: {"upheld": "0", "answer": "已核查，没有争议。"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
}
