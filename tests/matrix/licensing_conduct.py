"""Who states, answers, appeals, decides and reads conduct notes."""

from __future__ import annotations

from typing import Any

from licensing.services import conduct
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.matrix import Row, World, logged_in, only

READERS = ("enterprise", "bureau")
PARTIES = ("office", "enterprise")
HEADERS = {"Idempotency-Key": "matrix"}


def licence(world: World) -> Any:
    parties = world.members["office"], world.members["enterprise"]
    return world.thing("conduct-licence", lambda w: lic.licence(*parties))


def said(world: World) -> dict[str, Any]:
    return {
        "licence_id": licence(world).pk,
        "organisation_id": world.members["enterprise"].organisation_id,
        "kind": "broke",
        "happened_on": lic.TODAY,
        "fact": "超出地域",
        "source": "核查笔录 1 号",
    }


def note(world: World) -> Any:
    def build(w: World) -> Any:
        by = actor(w.members["bureau"])
        return conduct.state_conduct(**said(w), by=by, now=lic.NOON)

    return world.thing("conduct-note", build)


def of(world: World) -> dict[str, Any]:
    return {"note_id": note(world).pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": note(world).pk}


def contract(world: World) -> dict[str, Any]:
    return {"sort": "licence", "contract_id": licence(world).pk}


def made(world: World) -> dict[str, Any]:
    note(world)
    return {}


def acts(*who: str, status: int, readers: tuple[str, ...] = READERS) -> dict[str, int]:
    refused = {r: 403 for r in readers if r not in who}
    return only(*who, status=status, others=404, **refused)


def api(*who: str, data: dict[str, Any], status: int = 200) -> Row:
    post = acts(*who, status=status) | {"anonymous": 401}
    return Row(kwargs=pk, post=post, data=lambda w: data)


SEERS = (*PARTIES, "bureau", "auditor")
EXPECTATIONS: dict[str, Row] = {
    "licensing:conduct": Row(get=logged_in()),
    "licensing:conduct-of": Row(kwargs=contract, get=acts(*PARTIES, status=200, readers=SEERS)),
    "licensing:conduct-state": Row(
        kwargs=contract,
        get=acts("bureau", status=200, readers=SEERS),
        post=acts("bureau", status=422, readers=SEERS),
    ),
    "licensing:conduct-note": Row(kwargs=of, get=only(*READERS, others=404)),
    "licensing:conduct-step": Row(
        kwargs=lambda w: of(w) | {"name": "appeal"},
        get=acts("enterprise", status=200),
        post=acts("enterprise", status=422),
    ),
    "licensing-api:conduct-list": Row(
        kwargs=made,
        get=logged_in(anonymous=401),
        post=acts("bureau", status=201, readers=SEERS) | {"anonymous": 401},
        data=lambda w: said(w) | {"happened_on": "2026-11-20"},
        headers=HEADERS,
    ),
    "licensing-api:conduct-of": Row(get=logged_in(422, anonymous=401)),
    "licensing-api:conduct-detail": Row(kwargs=pk, get=only(*READERS, others=404, anonymous=401)),
    "licensing-api:conduct-answer": api("enterprise", data={"answer": "x"}),
    "licensing-api:conduct-appeal": api("enterprise", data={"appeal": "x"}),
    "licensing-api:conduct-decide": api(
        "bureau", data={"uphold": True, "decision": "x"}, status=409
    ),
    "licensing-api:conduct-correct": api(
        "bureau", data={"happened_on": "2026-11-20", "fact": "x", "reason": "x"}
    ),
    "licensing-api:conduct-strike": api("bureau", data={"reason": "x"}),
}
