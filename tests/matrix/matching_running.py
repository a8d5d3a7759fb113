"""Who may ask what of full runs: whoever administers the platform."""

from __future__ import annotations

from typing import Any

from core.people.types import Actor
from matching import services
from matching.models import Run
from tests.factories import matching as make
from tests.matrix import Row, World, only

KEY = {"Idempotency-Key": "matrix-run"}


def run(world: World, **more: str) -> dict[str, Any]:
    def build(w: World) -> Run:
        make.need(w.members["enterprise"])
        under_way = Run.objects.under_way().first()
        return under_way or services.start_full_run(by=Actor.system(), now=make.NOON)

    return {"pk": world.thing("run", build).pk, **more}


def paused(world: World) -> dict[str, Any]:
    return run(world, move="pause")


def some_size(world: World) -> dict[str, Any]:
    return {"size": "50"}


def api(status: int) -> dict[str, int]:
    return only("sysadmin", status=status, anonymous=401)


EXPECTATIONS: dict[str, Row] = {
    "matching:running": Row(get=only("sysadmin"), post=only("sysadmin", status=302)),
    "matching:run": Row(kwargs=run, get=only("sysadmin")),
    "matching:run-recut": Row(kwargs=run, post=only("sysadmin", status=302), data=some_size),
    "matching:run-steer": Row(kwargs=paused, post=only("sysadmin", status=302)),
    "matching-api:match-run-list": Row(get=api(200), post=api(201), headers=KEY),
    "matching-api:match-run-detail": Row(kwargs=run, get=api(200)),
    "matching-api:match-run-pause": Row(kwargs=run, post=api(200)),
    "matching-api:match-run-resume": Row(kwargs=run, post=api(409)),
    "matching-api:match-run-cancel": Row(kwargs=run, post=api(200)),
    "matching-api:match-run-recut": Row(kwargs=run, post=api(200), data=lambda w: {"size": 50}),
}
