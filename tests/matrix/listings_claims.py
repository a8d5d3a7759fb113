"""Who may ask what of claims on patents that another office keeps."""

from __future__ import annotations

from listings import services
from listings.models import PatentClaim
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import Row, World, everyone, only
from tests.matrix.listings import KEY, of

SIDES = {"office": 200, "office2": 200, "bureau": 200, "sysadmin": 200, "auditor": 200}
UNSEEN = {"broker": 404, "bureau2": 404}
READERS = ("office", "office2", "broker", "bureau", "bureau2", "sysadmin", "auditor")


def claim(world: World) -> PatentClaim:
    def build(w: World) -> PatentClaim:
        patent = stock.patent(w.members["office"])
        pk = services.open_claim(
            number=patent.number or "",
            grounds="受让",
            by=make.actor(w.members["office2"]),
            now=stock.NOON,
        )
        return PatentClaim.objects.get(pk=pk)

    return world.thing("claim", build)


EXPECTATIONS: dict[str, Row] = {
    "listings:claims": Row(get=only(*READERS)),
    "listings:claim-new": Row(
        data=lambda w: {"number": "x"},
        get=only("office", "office2", "broker"),
        post=only("office", "office2", "broker", status=422),
    ),
    "listings:claim": Row(kwargs=of(claim), get=everyone(403, anonymous=302, **SIDES, **UNSEEN)),
    "listings:claim-argue": Row(
        kwargs=of(claim),
        data=lambda w: {"text": "说明"},
        post=only("office", "office2", status=302, broker=404),
    ),
    "listings:claim-settle": Row(
        kwargs=of(claim),
        data=lambda w: {"move": "refuse", "reason": "依据"},
        post=only("bureau", "sysadmin", status=302, **UNSEEN),
    ),
    "listings-api:claim-list": Row(
        headers=KEY,
        data=lambda w: {"number": "x"},
        get=everyone(200),
        post=everyone(403, office=422, office2=422, broker=422),
    ),
    "listings-api:claim-detail": Row(kwargs=of(claim), get=everyone(404, **SIDES)),
    "listings-api:claim-settle": Row(
        kwargs=of(claim),
        headers=KEY,
        data=lambda w: {"move": "refuse", "reason": "依据"},
        post=everyone(404, office=403, office2=403, auditor=403, bureau=200, sysadmin=200),
    ),
}
