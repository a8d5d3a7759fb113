"""Who opens, answers, mediates and reads disputes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from licensing.services import mediation
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.factories.disputes import NOON, Quarrel
from tests.matrix import Row, World, logged_in, only

READERS = ("office", "enterprise", "exchange", "bureau", "auditor")
INSIDE = ("office", "enterprise", "exchange")
HEADERS = {"Idempotency-Key": "matrix"}
REASON = {"reason": "x"}


def quarrel(world: World) -> Any:
    parties = world.members["office"], world.members["enterprise"]
    return world.thing("quarrel", lambda w: Quarrel(*parties))


def dispute(world: World) -> Any:
    """In mediation, led by the exchange."""

    def build(w: World) -> Any:
        return quarrel(w).mediated(w.members["bureau"], w.members["exchange"])

    return world.thing("dispute", build)


def session(world: World) -> Any:
    def build(w: World) -> Any:
        return mediation.call_session(
            dispute_id=dispute(w).pk,
            at=NOON + timedelta(days=5),
            place="线上",
            by=actor(w.members["exchange"]),
            now=NOON,
        )

    return world.thing("dispute-session", build)


def handed(world: World) -> Any:
    from licensing.services import disputes

    def build(w: World) -> Any:
        return disputes.add_paper(
            dispute_id=dispute(w).pk, evidence=paper(), note="", by=quarrel(w).firm, now=NOON
        )

    return world.thing("dispute-paper", build)


def of(world: World) -> dict[str, Any]:
    return {"dispute_id": dispute(world).pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": dispute(world).pk}


def contract(world: World) -> dict[str, Any]:
    return {"sort": "licence", "contract_id": quarrel(world).licence.pk}


def made(world: World) -> dict[str, Any]:
    quarrel(world)
    return {}


def acts(*who: str, status: int, readers: tuple[str, ...] = READERS) -> dict[str, int]:
    """These act, others who see it are refused, strangers find nothing."""
    refused = {r: 403 for r in readers if r not in who}
    return only(*who, status=status, others=404, **refused)


def api(*who: str, data: dict[str, Any], status: int = 409, **headers: str) -> Row:
    post = acts(*who, status=status) | {"anonymous": 401}
    return Row(kwargs=pk, post=post, data=lambda w: data, headers=headers or {})


NEW = {"topic": "title", "facts": "x", "wish": "x"}
PARTIES = ("office", "enterprise")
EXPECTATIONS: dict[str, Row] = {
    "licensing:disputes": Row(get=logged_in()),
    "licensing:dispute-new": Row(
        kwargs=contract,
        get=acts(*PARTIES, status=200, readers=(*PARTIES, "bureau", "auditor")),
        post=acts(*PARTIES, status=422, readers=(*PARTIES, "bureau", "auditor")),
    ),
    "licensing:dispute": Row(kwargs=of, get=only(*READERS, others=404)),
    "licensing:dispute-pdf": Row(kwargs=of, get=only(others=404)),
    "licensing:dispute-paper": Row(
        kwargs=lambda w: of(w) | {"paper_id": handed(w).pk}, get=only(*INSIDE, others=404)
    ),
    "licensing:dispute-minutes": Row(
        kwargs=lambda w: {"session_id": session(w).pk},
        get=acts("exchange", status=200, readers=INSIDE),
        post=acts("exchange", status=422, readers=INSIDE),
    ),
    "licensing:dispute-step": Row(
        kwargs=lambda w: of(w) | {"name": "session"},
        get=acts("exchange", status=200),
        post=acts("exchange", status=422),
    ),
    "licensing-api:dispute-list": Row(
        kwargs=made,
        get=logged_in(anonymous=401),
        post=only(*PARTIES, status=201, others=404, anonymous=401, bureau=403, auditor=403),
        data=lambda w: NEW | {"licence_id": quarrel(w).licence.pk},
        headers=HEADERS,
    ),
    "licensing-api:dispute-detail": Row(kwargs=pk, get=only(*READERS, others=404, anonymous=401)),
    "licensing-api:dispute-answer": api("office", data={"answer": "x"}),
    "licensing-api:dispute-papers": api(*INSIDE, data={"note": "x"}, status=422, **HEADERS),
    "licensing-api:dispute-mediation": api(*PARTIES, data={}),
    "licensing-api:dispute-consent": api("office", data={}),
    "licensing-api:dispute-refuse": api("office", data=REASON),
    "licensing-api:dispute-mediator": api(
        "bureau", data={"mediator_id": 1, "mediator_name": "x"}, status=422
    ),
    "licensing-api:dispute-decline": api("bureau", data=REASON),
    "licensing-api:dispute-stand-down": Row(
        kwargs=pk,
        post=acts("office", "enterprise", status=200) | {"exchange": 204, "anonymous": 401},
        data=lambda w: REASON,
    ),
    "licensing-api:dispute-sessions": api(
        "exchange", data={"at": "2020-01-01T00:00:00Z", "place": "x"}, status=422, **HEADERS
    ),
    "licensing-api:dispute-extend": api(
        "exchange", data={"until": "2020-01-01", "reason": "x"}, status=422
    ),
    "licensing-api:dispute-proposals": api(*INSIDE, data={"text": "x"}, status=200),
    "licensing-api:dispute-verdict": api(*PARTIES, data={"version": 1, "accept": True}, status=404),
    "licensing-api:dispute-end": api(*INSIDE, data=REASON, status=200),
    "licensing-api:dispute-withdraw": api("enterprise", data=REASON, status=200),
    "licensing-api:dispute-minutes": Row(
        kwargs=lambda w: {"pk": session(w).pk},
        post=only(*PARTIES, status=403, others=404, anonymous=401, exchange=409),
        data=lambda w: {"minutes": "x"},
    ),
}
