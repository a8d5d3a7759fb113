"""Who may end a contract that grants no licence: its parties; overseers read."""

from __future__ import annotations

from typing import Any

from licensing.rules.deal_endings import DealGround
from licensing.services import deal_endings
from licensing.services.deal_endings import Wanted
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.matrix import Row, World, everyone, only
from tests.matrix.licensing_deals import PARTIES, READERS, at, by

KEY = {"Idempotency-Key": "matrix-deal-endings"}
WORK = {
    "goal": "液冷板", "deliverables": "样机", "acceptance": "测试报告", "future_rights": "shared",
}  # fmt: skip
READ = only(*READERS, others=404)
API_READ = only(*READERS, others=404, anonymous=401)


def contract(world: World) -> Any:
    """A development contract in force."""
    return world.thing(
        "work",
        lambda w: given.signed(at(w), kind="tech_dev", months=None, particulars=WORK),
    )


def ending(world: World) -> Any:
    """The firm gives notice of a breach, with proof."""

    def build(w: World) -> Any:
        row = given.signed(at(w), kind="tech_dev", months=None, particulars=WORK)
        return deal_endings.open_deal_ending(
            deal_id=row.pk,
            wanted=Wanted(DealGround.BREACH, "未交付样机"),
            evidence=given.paper(),
            by=actor(w.members["enterprise"]),
            now=lic.NOON,
        )

    return world.thing("deal-ending", build)


def of_contract(world: World) -> dict[str, Any]:
    return {"deal_id": contract(world).pk}


def of_ending(world: World) -> dict[str, Any]:
    return {"ending_id": ending(world).pk}


def made(world: World) -> dict[str, Any]:
    contract(world)
    return {}


def pk_of(world: World) -> dict[str, Any]:
    return {"pk": ending(world).pk}


EXPECTATIONS: dict[str, Row] = {
    "licensing:deal-endings": Row(kwargs=of_contract, get=READ),
    "licensing:deal-terminate": Row(
        kwargs=of_contract, get=by(*PARTIES, status=200), post=by(*PARTIES, status=422)
    ),
    "licensing:deal-ending-answer": Row(
        kwargs=of_ending, get=by(*PARTIES, status=200), post=by(*PARTIES, status=422)
    ),
    "licensing:deal-ending-withdraw": Row(kwargs=of_ending, post=by("enterprise", status=302)),
    "licensing:deal-ending-mended": Row(kwargs=of_ending, post=by("enterprise", status=302)),
    "licensing:deal-ending-evidence": Row(kwargs=of_ending, get=READ),
    "licensing-api:deal-ending-list": Row(
        kwargs=made,
        get=everyone(200, anonymous=401),
        post=by(*PARTIES, status=422, anonymous=401),
        data=lambda w: of_contract(w) | {"ground": "agreement", "reason": "停"},
        headers=KEY,
    ),
    "licensing-api:deal-ending-detail": Row(kwargs=pk_of, get=API_READ),
    "licensing-api:deal-ending-answer": Row(
        kwargs=pk_of,
        post=by("office", status=200, anonymous=401),
        data=lambda w: {"verdict": "object", "reason": "已交付"},
    ),
    "licensing-api:deal-ending-withdraw": Row(
        kwargs=pk_of, post=by("enterprise", status=200, anonymous=401)
    ),
    "licensing-api:deal-ending-mended": Row(
        kwargs=pk_of, post=by("enterprise", status=200, anonymous=401)
    ),
}
