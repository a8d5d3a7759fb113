"""Who may ask what of the open-licence candidates."""

from __future__ import annotations

from tests.matrix import Row, everyone, only

EXPECTATIONS: dict[str, Row] = {
    "listings:candidates": Row(
        get=only("office", "office2", "broker", "bureau", "bureau2", "auditor")
    ),
    "listings-api:open-licence-candidate-list": Row(get=everyone(200)),
}
