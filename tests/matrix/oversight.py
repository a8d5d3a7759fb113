"""The bureau's URLs."""

from __future__ import annotations

from tests.matrix import Row, only

OVERSEERS = only("bureau", "bureau2", "auditor", "sysadmin")
LISTED = {"code": "listed"}

EXPECTATIONS: dict[str, Row] = {
    "oversight:dashboard": Row(get=OVERSEERS),
    "oversight:metric": Row(kwargs=lambda world: dict(LISTED), get=OVERSEERS),
    "oversight:export": Row(kwargs=lambda world: dict(LISTED), get=OVERSEERS),
    "oversight-api:metrics": Row(get=OVERSEERS | {"anonymous": 403}),
    "oversight-api:metric-rows": Row(
        kwargs=lambda world: dict(LISTED), get=OVERSEERS | {"anonymous": 403}
    ),
}
