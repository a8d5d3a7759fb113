"""Who may say that a milestone was reached, and who may answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from licensing.rules.fees import FeePart, PartKind
from licensing.services import claims
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.matrix import Row, World, logged_in, only
from tests.matrix.licensing_fees import API_SEEN, SEEN, seen

PART = FeePart(PartKind.MILESTONE, amount=Decimal(10), trigger="通过验收")


def waiting(world: World) -> Any:
    """A licence whose plan has a milestone."""

    def build(w: World) -> Any:
        offered = lic.declaration(w.members["office"], parts=(PART,))
        return lic.services.take_open_licence(
            declaration_id=offered.pk, by=actor(w.members["enterprise"]), now=lic.NOON
        )

    return world.thing("milestone-licence", build)


def claim(world: World) -> Any:
    """The firm's claim on it."""
    return world.thing(
        "milestone-claim",
        lambda w: claims.claim_milestone(
            licence_id=waiting(w).pk,
            part_id=waiting(w).plan.parts.get().pk,
            reached_on=date(2026, 11, 20),
            evidence=paper(),
            by=actor(w.members["enterprise"]),
            now=lic.NOON,
        ),
    )


def of(world: World) -> dict[str, Any]:
    return {"licence_id": waiting(world).pk}


def of_part(world: World) -> dict[str, Any]:
    return of(world) | {"part_id": waiting(world).plan.parts.get().pk}


def of_claim(world: World) -> dict[str, Any]:
    return {"claim_id": claim(world).pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": claim(world).pk}


def made(world: World) -> dict[str, Any]:
    claim(world)
    return {}


BOTH = ("office", "enterprise")
EXPECTATIONS: dict[str, Row] = {
    "licensing:milestones": Row(kwargs=of, get=SEEN),
    "licensing:milestone-report": Row(
        kwargs=of_part, get=seen(*BOTH), post=seen(*BOTH, status=422)
    ),
    "licensing:milestone-answer": Row(
        kwargs=of_claim, get=seen(*BOTH), post=seen(*BOTH, status=422)
    ),
    "licensing:milestone-withdraw": Row(kwargs=of_claim, post=seen("enterprise", status=302)),
    "licensing:milestone-evidence": Row(kwargs=of_claim, get=SEEN),
    "licensing-api:milestone-claim-list": Row(
        kwargs=made,
        get=logged_in(200, anonymous=401),
        post=only(others=404, anonymous=401) | seen(*BOTH, status=422, anonymous=401),
        data=lambda w: of_part(w) | {"reached_on": "2026-11-20"},
        headers={"Idempotency-Key": "matrix"},
    ),
    "licensing-api:milestone-claim-detail": Row(kwargs=pk, get=API_SEEN),
    "licensing-api:milestone-claim-confirm": Row(kwargs=pk, post=seen("office", anonymous=401)),
    "licensing-api:milestone-claim-dispute": Row(
        kwargs=pk, post=seen("office", anonymous=401), data=lambda w: {"reason": "不符"}
    ),
    "licensing-api:milestone-claim-withdraw": Row(
        kwargs=pk, post=seen("enterprise", anonymous=401)
    ),
}
