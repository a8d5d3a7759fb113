"""A bundle as one deal: firms ask, both parties leave out what fell away, overseers read."""

from __future__ import annotations

from typing import Any

from licensing.services import bundle_deals, deals
from listings.services.shelves import bundles
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.matrix import Row, World, only
from tests.matrix.licensing_deals import FIRMS, PARTIES, at

KEY = {"Idempotency-Key": "matrix-bundle-deals"}


def bundle(world: World) -> dict[str, Any]:
    def build(w: World) -> int:
        office = w.members["office"]
        numbers = "\n".join(lic.printed(lic.listed(office)) for _ in range(2))
        draft = bundles.Draft(title="组合", patents=numbers)
        pk = bundles.make_bundle(draft=draft, by=actor(office), now=lic.NOON)
        bundles.list_bundle(bundle_id=pk, by=actor(office), now=lic.NOON)
        return pk

    return {"bundle_id": world.thing("bundle-to-ask", build)}


def deal(world: World) -> Any:
    """The enterprise and the office talk about it: not yet agreed, so overseers see nothing."""

    def build(w: World) -> Any:
        [row] = bundle_deals.inquire_bundle(
            **bundle(w), kind="ordinary", wish="整体", by=at(w).taker, now=lic.NOON
        )
        return deals.answer_inquiry(
            deal_id=row.pk, accept=True, reason="", by=at(w).holder, now=lic.NOON
        )

    return world.thing("bundle-deal", build)


def member(world: World) -> dict[str, Any]:
    return {"deal_id": deal(world).pk, "patent_id": deal(world).patent_id}


def pk_of(world: World) -> dict[str, Any]:
    return {"pk": deal(world).pk}


def parties(status: int, *, anonymous: int = 302) -> dict[str, int]:
    return only(*PARTIES, status=status, others=404, anonymous=anonymous)


EXPECTATIONS: dict[str, Row] = {
    "licensing:deal-bundle": Row(kwargs=bundle, get=only(*FIRMS), post=only(*FIRMS, status=422)),
    "licensing:deal-member-drop": Row(kwargs=member, get=parties(200), post=parties(422)),
    "licensing-api:deal-members": Row(kwargs=pk_of, get=parties(200, anonymous=401)),
    "licensing-api:deal-dropping": Row(
        kwargs=pk_of,
        post=parties(409, anonymous=401),
        data=lambda w: {"patent_id": deal(w).patent_id},
        headers=KEY,
    ),
}
