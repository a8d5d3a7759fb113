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
    "core:privacy-name": Row(post=logged_in(422)),
    # All three first ask who is there.
    "core:privacy-copy": Row(post=logged_in(302)),
    "core:privacy-download": Row(kwargs=lambda world: {"copy_id": 1}, get=logged_in(302)),
    "core:privacy-erase": Row(get=logged_in(302), post=logged_in(302)),
    "core:privacy-keep": Row(post=logged_in(404)),
    # A POST that creates needs an Idempotency-Key before anything else.
    "privacy-api:copies": Row(
        get=logged_in(404, anonymous=401), post=logged_in(400, anonymous=401)
    ),
    "privacy-api:copy": Row(kwargs=lambda world: {"pk": 1}, get=logged_in(403, anonymous=401)),
    "privacy-api:erasure": Row(
        get=logged_in(404, anonymous=401), post=logged_in(400, anonymous=401)
    ),
    "privacy-api:erasure-withdraw": Row(post=logged_in(404, anonymous=401)),
    "core:erasures": Row(get=only("auditor", "sysadmin")),
    "core:erasure": Row(kwargs=_request, get=only("sysadmin"), post=only("sysadmin", status=422)),
}
