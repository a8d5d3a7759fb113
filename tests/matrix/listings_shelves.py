"""Who may ask what of collections, bundles and promotion lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from listings.models import Bundle, Collection, PromotionList
from listings.services.shelves import bundles, collections, promotion_lists
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import Row, World, everyone, only
from tests.matrix.listings import KEY
from tests.matrix.listings_auctions import KEEPERS, NOT_THEIRS

CURATORS = (*KEEPERS, "bureau", "bureau2", "sysadmin")
# bureau oversees the region of office; the others may not know what they may not edit
FOREIGN = {"office2": 404, "broker": 404, "bureau2": 404, "sysadmin": 404}


def two(world: World) -> str:
    office = world.members["office"]
    found = world.thing(
        "two patents", lambda w: [stock.listed_patent(office), stock.listed_patent(office)]
    )
    return "\n".join(str(patent.number) for patent in found)


def said(world: World, slug: str = "topic") -> dict[str, Any]:
    return {"title": "专题", "slug": slug, "kind": "curated", "patents": two(world)}


def published(world: World) -> Collection:
    def build(w: World) -> Collection:
        by = make.actor(w.members["office"])
        pk = collections.make_collection(draft=collections.Draft(**said(w)), by=by, now=stock.NOON)
        collections.publish_collection(collection_id=pk, by=by, now=stock.NOON)
        return Collection.objects.get(pk=pk)

    return world.thing("collection", build)


def offered(world: World) -> Bundle:
    def build(w: World) -> Bundle:
        by = make.actor(w.members["office"])
        pk = bundles.make_bundle(
            draft=bundles.Draft(title="组合", patents=two(w)), by=by, now=stock.NOON
        )
        bundles.list_bundle(bundle_id=pk, by=by, now=stock.NOON)
        return Bundle.objects.get(pk=pk)

    return world.thing("bundle", build)


def suspended(world: World) -> Bundle:
    def build(w: World) -> Bundle:
        by = make.actor(w.members["office"])
        pk = bundles.make_bundle(
            draft=bundles.Draft(title="暂停的组合", patents=two(w)), by=by, now=stock.NOON
        )
        bundles.list_bundle(bundle_id=pk, by=by, now=stock.NOON)
        bundles.suspend_bundle(bundle_id=pk, reason="改价", by=by, now=stock.NOON)
        return Bundle.objects.get(pk=pk)

    return world.thing("suspended bundle", build)


def shared(world: World) -> PromotionList:
    def build(w: World) -> PromotionList:
        now = timezone.now()
        pk = promotion_lists.make_list(
            draft=promotion_lists.Draft(
                title="清单", patents=two(w), expires_on=(now + timedelta(days=30)).date()
            ),
            by=make.actor(w.members["office"]),
            now=now,
        )
        return PromotionList.objects.get(pk=pk)

    return world.thing("promotion list", build)


def of(thing: Any, **more: Any) -> Any:
    return lambda world: {"pk": thing(world).pk, **more}


def first(build: Any) -> Any:
    """Nothing for the address, but `build` runs before the first request."""
    return lambda world: {} | dict.fromkeys((), build(world))


def bundle_said(world: World) -> dict[str, Any]:
    return {"title": "组合", "patents": two(world)}


def list_said(world: World) -> dict[str, Any]:
    day = timezone.localdate() + timedelta(days=9)
    return bundle_said(world) | {"expires_on": day.isoformat()}


EXPECTATIONS: dict[str, Row] = {
    "listings:collections": Row(get=everyone(200)),
    "listings:collection": Row(kwargs=lambda w: {"slug": published(w).slug}, get=everyone(200)),
    "listings:collection-feed": Row(
        kwargs=lambda w: {"slug": published(w).slug}, get=everyone(200)
    ),
    "listings:library-collections": Row(get=only(*CURATORS)),
    "listings:collection-new": Row(
        kwargs=first(two),
        data=lambda w: said(w, "another"),
        get=only(*CURATORS),
        post=only(*CURATORS, status=302),
    ),
    "listings:collection-edit": Row(
        kwargs=of(published),
        data=said,
        get=only("office", "bureau", **FOREIGN),
        post=only("office", "bureau", status=302, **FOREIGN),
    ),
    "listings:collection-move": Row(
        kwargs=of(published, move="take-down"),
        post=only("office", "bureau", status=302, **FOREIGN),
    ),
    "listings:bundles": Row(get=everyone(200)),
    "listings:bundle": Row(kwargs=of(offered), get=everyone(200)),
    "listings:library-bundles": Row(get=only(*KEEPERS)),
    "listings:bundle-new": Row(
        kwargs=first(two),
        data=bundle_said,
        get=only(*KEEPERS),
        post=only(*KEEPERS, status=302),
    ),
    "listings:library-bundle": Row(kwargs=of(offered), get=only("office", **NOT_THEIRS)),
    "listings:bundle-edit": Row(
        kwargs=of(suspended),
        data=bundle_said,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:bundle-consent": Row(
        kwargs=lambda w: {
            "pk": offered(w).pk,
            "patent_id": offered(w).members.all()[0].patent_id,
        },
        post=only("office", status=302, others=403),
    ),
    "listings:bundle-move": Row(
        kwargs=of(offered, move="withdraw"), post=only("office", status=302, **NOT_THEIRS)
    ),
    "listings:lists": Row(get=only(*KEEPERS)),
    "listings:list-new": Row(
        kwargs=first(two), data=list_said, get=only(*KEEPERS), post=only(*KEEPERS, status=302)
    ),
    "listings:list": Row(kwargs=of(shared), get=only("office", **NOT_THEIRS)),
    "listings:list-edit": Row(
        kwargs=of(shared),
        data=list_said,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:list-export": Row(kwargs=of(shared), get=only("office", **NOT_THEIRS)),
    "listings:list-move": Row(
        kwargs=of(shared, move="renew"), post=only("office", status=302, **NOT_THEIRS)
    ),
    "listings:shared-list": Row(kwargs=lambda w: {"token": shared(w).token}, get=everyone(200)),
    "listings-api:collection-list": Row(
        kwargs=first(two),
        headers=KEY,
        data=lambda w: said(w, "another"),
        get=everyone(200),
        post=everyone(403, **dict.fromkeys(CURATORS, 201)),
    ),
    "listings-api:collection-detail": Row(
        kwargs=lambda w: {"slug": published(w).slug}, get=everyone(200)
    ),
    "listings-api:collection-patents": Row(
        kwargs=lambda w: {"slug": published(w).slug}, get=everyone(200)
    ),
    "listings-api:collection-publish": Row(
        kwargs=lambda w: {"slug": published(w).slug},
        headers=KEY,
        post=everyone(403, office=409, bureau=409),
    ),
    "listings-api:collection-take-down": Row(
        kwargs=lambda w: {"slug": published(w).slug},
        headers=KEY,
        post=everyone(403, office=200, bureau=200),
    ),
    "listings-api:bundle-list": Row(
        kwargs=first(two),
        headers=KEY,
        data=bundle_said,
        get=everyone(200),
        post=everyone(403, **dict.fromkeys(KEEPERS, 201)),
    ),
    "listings-api:bundle-detail": Row(kwargs=of(offered), get=everyone(200)),
    "listings-api:bundle-offer": Row(
        kwargs=of(suspended), headers=KEY, post=everyone(404, office=200, auditor=403)
    ),
    "listings-api:bundle-suspend": Row(
        kwargs=of(offered),
        headers=KEY,
        data=lambda w: {"reason": "改价"},
        post=everyone(403, office=200),
    ),
    "listings-api:bundle-withdraw": Row(
        kwargs=of(offered), headers=KEY, post=everyone(403, office=200)
    ),
}
