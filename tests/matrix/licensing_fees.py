"""Who may reckon fees, report royalties, and see statements."""

from __future__ import annotations

from typing import Any

from tests.matrix import Row, World, everyone, only
from tests.matrix.licensing import announced, licence

PARTIES = ("office", "enterprise", "bureau", "auditor")


def of_licence(world: World) -> dict[str, Any]:
    return {"licence_id": licence(world).pk}


EXPECTATIONS: dict[str, Row] = {
    "licensing:licence-calculator": Row(kwargs=of_licence, get=only(*PARTIES, others=404)),
    "licensing-api:open-declaration-estimate": Row(
        kwargs=lambda w: {"pk": announced(w).pk}, get=everyone(200)
    ),
}
