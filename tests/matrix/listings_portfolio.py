"""Who may ask what of an office's portfolio, and of a region's layers."""

from __future__ import annotations

from tests.matrix import Row, everyone, only
from tests.matrix.listings import bare

KEEPERS = ("office", "office2", "broker")

EXPECTATIONS: dict[str, Row] = {
    "listings:portfolio": Row(get=only(*KEEPERS)),
    "listings:portfolio-act": Row(
        data=lambda w: {"act": "list", "patent": [bare(w).pk]}, post=only(*KEEPERS, status=302)
    ),
    "listings-api:portfolio": Row(get=everyone(403, **dict.fromkeys(KEEPERS, 200))),
    "oversight:layers": Row(get=only("bureau", "bureau2", "auditor", "sysadmin")),
}
