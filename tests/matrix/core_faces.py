"""Guides, the reader's display, ratings of services, the component gallery."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.ratings.models import ServiceRating
from core.ratings.services import offer_rating
from tests.matrix import Row, World, everyone, logged_in, only

NOW = datetime.now(UTC)


def rating(world: World) -> ServiceRating:
    """A registration that office may rate, and the bureau of Shanghai served."""

    def build(world: World) -> ServiceRating:
        row = offer_rating(
            service="registration",
            reference="matrix:1",
            title="技术合同登记",
            url="/registrations/",
            organisation_id=world.members["office"].organisation_id,
            now=NOW,
        )
        assert row is not None
        return row

    made: ServiceRating = world.thing("core.rating", build)
    return made


def page(world: World) -> dict[str, Any]:
    return {"rating_id": rating(world).pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": rating(world).pk}


SEEN = logged_in(404, office=200)
API = {"anonymous": 401}
SERVING = only(
    "office", "office2", "broker", "enterprise", "enterprise2", "bureau", "bureau2", "auditor",
    "sysadmin",
)  # fmt: skip
EXPECTATIONS: dict[str, Row] = {
    "core:services": Row(get=everyone(200)),
    "core:service": Row(kwargs=lambda w: {"slug": "pledge"}, get=everyone(200)),
    "core:policies": Row(get=everyone(200)),
    "core:display": Row(post=everyone(302)),
    "core:gallery": Row(get=only("sysadmin")),
    "core:ratings": Row(get=logged_in()),
    "core:ratings-received": Row(get=SERVING),
    "core:rating": Row(kwargs=page, get=SEEN, post=logged_in(404, office=422)),
    "ratings-api:service-ratings": Row(get=logged_in(anonymous=401)),
    "ratings-api:service-rating-summary": Row(get=logged_in(anonymous=401)),
    "ratings-api:service-rating": Row(kwargs=pk, get=SEEN | API),
    "ratings-api:service-rating-rate": Row(kwargs=pk, post=SEEN | API, data=lambda w: {"grade": 5}),
    "ratings-api:service-rating-answer": Row(
        kwargs=pk, post=logged_in(404, anonymous=401), data=lambda w: {"answer": "已核实。"}
    ),
}
