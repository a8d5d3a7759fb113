"""Who may renew a licence or end it early, and who sees the calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from licensing.rules.terminations import Ground
from licensing.services import renewals, terminations
from licensing.services.terminations import Wanted
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.matrix import Row, World, logged_in, only
from tests.matrix.licensing import licence
from tests.matrix.licensing_fees import API_SEEN, SEEN, seen


def of_licence(world: World) -> dict[str, Any]:
    return {"licence_id": licence(world).pk}


def renewal(world: World) -> Any:
    """The firm asks three weeks before the term ends."""

    def build(w: World) -> Any:
        row = lic.licence(w.members["office"], w.members["enterprise"])
        assert row.ends_on is not None
        near = lic.NOON + (row.ends_on - lic.TODAY) - timedelta(days=20)
        firm = actor(w.members["enterprise"])
        return renewals.ask_renewal(licence_id=row.pk, months=12, by=firm, now=near)

    return world.thing("renewal", build)


def termination(world: World) -> Any:
    """The firm gives notice of a breach, with proof."""

    def build(w: World) -> Any:
        row = lic.licence(w.members["office"], w.members["enterprise"])
        return terminations.open_one(
            licence_id=row.pk,
            wanted=Wanted(Ground.BREACH, "未交付资料"),
            evidence=paper(),
            by=actor(w.members["enterprise"]),
            now=lic.NOON,
        )

    return world.thing("termination", build)


def of_renewal(world: World) -> dict[str, Any]:
    return {"renewal_id": renewal(world).pk}


def of_termination(world: World) -> dict[str, Any]:
    return {"termination_id": termination(world).pk}


def pk_of(build: Any) -> Any:
    return lambda world: {"pk": build(world).pk}


def made(world: World) -> dict[str, Any]:
    licence(world)
    renewal(world)
    termination(world)
    return {}


BOTH = ("office", "enterprise")
KEY = {"Idempotency-Key": "matrix"}
CREATED = only(others=404, anonymous=401)
EXPECTATIONS: dict[str, Row] = {
    "licensing:endings": Row(kwargs=of_licence, get=SEEN),
    "licensing:renew": Row(kwargs=of_licence, get=seen(*BOTH), post=seen(*BOTH, status=422)),
    "licensing:terminate": Row(kwargs=of_licence, get=seen(*BOTH), post=seen(*BOTH, status=422)),
    "licensing:renewal-answer": Row(
        kwargs=of_renewal, get=seen(*BOTH), post=seen(*BOTH, status=422)
    ),
    "licensing:renewal-withdraw": Row(kwargs=of_renewal, post=seen("enterprise", status=302)),
    "licensing:termination-answer": Row(
        kwargs=of_termination, get=seen(*BOTH), post=seen(*BOTH, status=422)
    ),
    "licensing:termination-withdraw": Row(
        kwargs=of_termination, post=seen("enterprise", status=302)
    ),
    "licensing:termination-mended": Row(kwargs=of_termination, post=seen("enterprise", status=302)),
    "licensing:termination-evidence": Row(kwargs=of_termination, get=SEEN),
    "licensing:licence-calendar": Row(get=logged_in(200)),
    "licensing:licence-calendar-file": Row(get=logged_in(200)),
    "licensing-api:licence-calendar": Row(get=logged_in(200, anonymous=401)),
    "licensing-api:renewal-list": Row(
        kwargs=made,
        get=logged_in(200, anonymous=401),
        post=CREATED | seen("enterprise", status=409, anonymous=401) | {"office": 403},
        data=lambda w: of_licence(w) | {"months": 12},
        headers=KEY,
    ),
    "licensing-api:renewal-detail": Row(kwargs=pk_of(renewal), get=API_SEEN),
    "licensing-api:renewal-accept": Row(kwargs=pk_of(renewal), post=seen("office", anonymous=401)),
    "licensing-api:renewal-refuse": Row(
        kwargs=pk_of(renewal),
        post=seen("office", anonymous=401),
        data=lambda w: {"reason": "自用"},
    ),
    "licensing-api:renewal-withdraw": Row(
        kwargs=pk_of(renewal), post=seen("enterprise", anonymous=401)
    ),
    "licensing-api:termination-list": Row(
        kwargs=made,
        get=logged_in(200, anonymous=401),
        post=CREATED | seen(*BOTH, status=422, anonymous=401),
        data=lambda w: of_licence(w) | {"ground": "agreement", "reason": "停产"},
        headers=KEY,
    ),
    "licensing-api:termination-detail": Row(kwargs=pk_of(termination), get=API_SEEN),
    "licensing-api:termination-answer": Row(
        kwargs=pk_of(termination),
        post=seen("office", anonymous=401),
        data=lambda w: {"verdict": "object", "reason": "已交付"},
    ),
    "licensing-api:termination-withdraw": Row(
        kwargs=pk_of(termination), post=seen("enterprise", anonymous=401)
    ),
    "licensing-api:termination-mended": Row(
        kwargs=pk_of(termination), post=seen("enterprise", anonymous=401)
    ),
}
