"""One's personal data; requests to be forgotten are an administrator's."""

from __future__ import annotations

from typing import Any

from core.privacy.models import ErasureRequest
from tests.conftest import NOON
from tests.matrix import Row, World, logged_in, only


def _request(world: World) -> dict[str, Any]:
    row = world.thing(
        "erasure",
        lambda w: ErasureRequest.objects.create(user=w.members["inventor"].user, asked_at=NOON),
    )
    return {"erasure_id": row.pk}


EXPECTATIONS: dict[str, Row] = {
    "core:privacy": Row(get=logged_in()),
    "core:privacy-consent": Row(post=logged_in(302)),
    # All three first ask who is there.
    "core:privacy-copy": Row(post=logged_in(302)),
    "core:privacy-download": Row(kwargs=lambda world: {"copy_id": 1}, get=logged_in(302)),
    "core:privacy-erase": Row(get=logged_in(302), post=logged_in(302)),
    "core:privacy-keep": Row(post=logged_in(404)),
    "core:erasures": Row(get=only("auditor", "sysadmin")),
    "core:erasure": Row(kwargs=_request, get=only("sysadmin"), post=only("sysadmin", status=422)),
}
