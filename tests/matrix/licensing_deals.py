"""Deals: the office keeps the patents, the enterprise asks; bureau 31 sees what is agreed."""

from __future__ import annotations

from typing import Any

from licensing.services import deals
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import MembershipFactory
from tests.matrix import Row, World, everyone, logged_in, only

KEY = {"Idempotency-Key": "matrix-deals"}


def at(world: World) -> given.Table:
    office = world.members["office"]
    second = world.thing(
        "deal-second",
        lambda w: MembershipFactory(role=office.role, organisation=office.organisation),
    )
    return given.Table(office, second, world.members["enterprise"])


def listed(world: World) -> dict[str, Any]:
    built = world.thing("deal-listed", lambda w: lic.listed(w.members["office"]))
    return {"patent_id": built}


def agreed(world: World) -> Any:
    def build(w: World) -> Any:
        row = given.agreed(at(w))
        deals.send_message(deal_id=row.pk, text="附件", file=given.paper(), by=at(w).holder,
                           now=lic.NOON)  # fmt: skip
        return row

    return world.thing("deal-agreed", build)


def of(world: World) -> dict[str, Any]:
    return {"deal_id": agreed(world).pk}


def pk_of(world: World) -> dict[str, Any]:
    return {"pk": agreed(world).pk}


def a_file(world: World) -> dict[str, Any]:
    return of(world) | {"attachment_id": agreed(world).messages.get().attachment_id}


def of_step(world: World) -> dict[str, Any]:
    return of(world) | {"name": "close"}


PARTIES = ("office", "enterprise")
READERS = (*PARTIES, "bureau", "auditor")
FIRMS = ("enterprise", "enterprise2", "broker")


def by(*who: str, status: int, anonymous: int = 302) -> dict[str, int]:
    """Those who see the deal but may not: 403; strangers: 404."""
    answers = only(*who, status=status, others=404, anonymous=anonymous)
    return answers | {r: 403 for r in READERS if r not in who}


def api(*who: str, status: int, **data: Any) -> Row:
    return Row(
        kwargs=pk_of,
        post=by(*who, status=status, anonymous=401),
        data=lambda world: data,
        headers=KEY,
    )


EXPECTATIONS: dict[str, Row] = {
    "licensing:deals": Row(get=logged_in()),
    "licensing:deal-inquire": Row(kwargs=listed, get=only(*FIRMS), post=only(*FIRMS, status=422)),
    "licensing:deal-sublicence": Row(get=only(*FIRMS), post=only(*FIRMS, status=422)),
    "licensing:deal-terms-pdf": Row(kwargs=of, get=only(*READERS, others=404)),
    "licensing:deal": Row(kwargs=of, get=only(*READERS, others=404)),
    "licensing:deal-message": Row(
        kwargs=of, post=by(*PARTIES, status=302), data=lambda world: {"text": "你好"}
    ),
    "licensing:deal-file": Row(kwargs=a_file, get=only(*PARTIES, others=404)),
    "licensing:deal-step": Row(
        kwargs=of_step, get=by(*PARTIES, status=200), post=by(*PARTIES, status=422)
    ),
    "licensing-api:deal-list": Row(
        get=everyone(200, anonymous=401),
        post=only(*FIRMS, status=400, others=400, anonymous=401),
        headers=KEY,
    ),
    "licensing-api:deal-detail": Row(kwargs=pk_of, get=only(*READERS, others=404, anonymous=401)),
    "licensing-api:deal-answer": api("office", status=409, accept=True),
    "licensing-api:deal-messages": api(*PARTIES, status=201, text="你好"),
    "licensing-api:deal-terms": Row(
        kwargs=pk_of,
        get=only(*READERS, others=404, anonymous=401),
        post=everyone(400, anonymous=401),
        headers=KEY,
    ),
    "licensing-api:deal-terms-answer": api(*PARTIES, status=409, accept=True, version=1),
    "licensing-api:deal-reopening": api(*PARTIES, status=200, reason="改期限"),
    "licensing-api:deal-withdrawal": api(*PARTIES, status=200, reason="停"),
    "licensing-api:deal-posting": api("office", status=200, summary="协商定价"),
    "licensing-api:deal-approvals": Row(
        kwargs=pk_of, post=everyone(400, anonymous=401), headers=KEY
    ),
    "licensing-api:deal-contract": Row(
        kwargs=pk_of, post=everyone(400, anonymous=401), headers=KEY
    ),
    "licensing-api:deal-rejection": api("office", status=409, side="taker", reason="缺章"),
    "licensing-api:deal-seals": api("office", status=409),
    "licensing-api:deal-registration": api(
        *PARTIES, status=409, number="X1", registered_on="2026-11-20"
    ),
    "licensing-api:deal-settlement": api(
        "office", status=409, amount="1.00", settled_on="2026-11-20"
    ),
}
