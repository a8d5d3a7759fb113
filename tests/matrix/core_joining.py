"""Applications to take part: asked by anyone, answered by the bureau of the region."""

from __future__ import annotations

from typing import Any

from tests.factories.joining import joining
from tests.matrix import Row, World, everyone, only


def _ours(world: World) -> dict[str, Any]:
    """One of the inventor's, in Shanghai."""
    asked = world.thing("joining", lambda w: joining(applicant=w.members["inventor"].user))
    return {"application_id": asked.pk}


def _step(name: str) -> Any:
    return lambda world: _ours(world) | {"name": name}


SEEN = only("inventor", "bureau", "auditor", "sysadmin", others=404)
EXPECTATIONS: dict[str, Row] = {
    "core:joining-ask": Row(get=everyone(200), post=everyone(422)),
    "core:joining-sent": Row(get=everyone(200)),
    "core:joining-confirm": Row(
        kwargs=lambda world: {"link": "made-up"}, get=everyone(404), post=everyone(404)
    ),
    "core:joining-queue": Row(get=only("bureau", "bureau2", "auditor", "sysadmin")),
    "core:joining": Row(kwargs=_ours, get=SEEN),
    "core:joining-evidence": Row(kwargs=_ours, get=SEEN),
    "core:joining-step": Row(
        kwargs=_step("refuse"),
        get=SEEN | {"inventor": 403, "auditor": 403},
        post=only("bureau", "sysadmin", status=422, others=404, inventor=403, auditor=403),
    ),
}
