"""Who may compose a fee plan: those whose declaration, patent or deal it is."""

from __future__ import annotations

from typing import Any

from tests.factories import licensing as lic
from tests.matrix import Row, World, everyone, only


def draft(world: World) -> dict[str, Any]:
    row = world.thing("plan-draft", lambda w: lic.draft(w.members["office"]))
    return {"subject": "declaration", "pk": row.pk}


PARTS = [{"kind": "lump", "amount": "50000.00"}]
EXPECTATIONS: dict[str, Row] = {
    "licensing:plan": Row(
        kwargs=draft,
        get=only("office", others=404, anonymous=302) | {"auditor": 403},
        post=only("office", others=404, anonymous=302) | {"auditor": 403},
    ),
    "licensing-api:plan-estimate": Row(
        post=everyone(200, anonymous=401), data=lambda world: {"fee_parts": PARTS}
    ),
}
