"""The pledges' URLs: office's patent is pledged to bank; bureau 31 oversees them."""

from __future__ import annotations

from typing import Any

from tests.factories import licensing as patents
from tests.factories import pledges as pled
from tests.matrix import Row, World, everyone, logged_in, only
from tests.matrix.licensing import prepared

KEY = {"Idempotency-Key": "matrix"}


def pledge(world: World) -> Any:
    return world.thing("pledge", lambda w: pled.pledge(w.members["office"], w.members["bank"]))


def of_pledge(world: World) -> dict[str, Any]:
    return {"pledge_id": pledge(world).pk}


def free_patent(world: World) -> int:
    return world.thing("free-patent", lambda w: patents.patent(w.members["office"]))


def pledgee(status: int = 200) -> dict[str, int]:
    """The bank may; those who only see the pledge may not; strangers do not know of it."""
    return only("bank", status=status, others=404) | {
        "office": 403, "bureau": 403, "auditor": 403,
    }  # fmt: skip


READERS = ("bank", "office", "bureau", "auditor")

EXPECTATIONS: dict[str, Row] = {
    "pledges:start": Row(get=everyone(200)),
    "pledges:check": Row(get=everyone(200)),
    "pledges:records": Row(get=logged_in()),
    "pledges:record": Row(get=only("bank"), post=only("bank", status=422)),
    "pledges:pledge": Row(kwargs=of_pledge, get=only(*READERS, others=404)),
    "pledges:consent": Row(kwargs=of_pledge, get=pledgee(), post=pledgee(422)),
    "pledges:release": Row(kwargs=of_pledge, get=pledgee(), post=pledgee(422)),
    # the API
    "pledges-api:pledge-check": Row(get=everyone(404), query="?number=ZL%202017%201%200601862.3"),
    "pledges-api:pledge-list": Row(
        kwargs=prepared(free_patent),
        get=everyone(200, anonymous=401),
        post=everyone(403, bank=201, anonymous=401),
        data=lambda world: {
            "patent_ids": [free_patent(world)],
            "debtor_name": "示例科技有限公司",
            "principal": "3000000.00",
            "starts_on": "2026-11-01",
            "ends_on": "2027-10-31",
            "register_number": "Y2026980009999",
            "registered_on": "2026-11-10",
            "confirmed": ["invalidation-pending"],
        },
        headers=KEY,
    ),
    "pledges-api:pledge-detail": Row(
        kwargs=lambda world: {"pk": pledge(world).pk},
        get=only(*READERS, others=404, anonymous=401),
    ),
    "pledges-api:pledge-consents": Row(
        kwargs=lambda world: {"pk": pledge(world).pk},
        post=pledgee(201) | {"anonymous": 401},
        data=lambda world: {
            "patent_id": pledge(world).items.get().patent_id,
            "action": "transfer",
            "reference": "同意书1",
        },
        headers=KEY,
    ),
    "pledges-api:pledge-release": Row(
        kwargs=lambda world: {"pk": pledge(world).pk},
        post=pledgee(200) | {"anonymous": 401},
        data=lambda world: {"ending": "paid", "released_on": "2026-11-20"},
    ),
}
