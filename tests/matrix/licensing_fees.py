"""Who may reckon fees, report royalties, and see statements."""

from __future__ import annotations

from typing import Any

from tests.factories import licensing as lic
from tests.matrix import Row, World, everyone, logged_in, only
from tests.matrix.licensing import announced, licence

PARTIES = ("office", "enterprise", "bureau", "auditor")


def of_licence(world: World) -> dict[str, Any]:
    return {"licence_id": licence(world).pk}


def royal(world: World) -> Any:
    return world.thing(
        "royal", lambda w: lic.royal_licence(w.members["office"], w.members["enterprise"])
    )


def report(world: World) -> Any:
    return world.thing("royalty", lambda w: lic.royalty(royal(w), w.members["enterprise"]))


def of_royal(world: World) -> dict[str, Any]:
    return {"licence_id": royal(world).pk}


def of_report(world: World) -> dict[str, Any]:
    return {"report_id": report(world).pk}


def of_due(world: World) -> dict[str, Any]:
    return {"licence_id": licence(world).pk, "due_id": licence(world).dues.get().pk}


def of_paper(world: World) -> dict[str, Any]:
    """A paper that does not exist: what matters is who would be let near it."""
    return {"licence_id": licence(world).pk, "document_id": 1}


def pk(world: World) -> dict[str, Any]:
    return {"pk": report(world).pk}


def made(world: World) -> dict[str, Any]:
    report(world)
    return {}


def new(world: World) -> dict[str, Any]:
    return {"licence_id": royal(world).pk, "starts_on": "2024-11-20", "amount": "5"}


def seen(*who: str, status: int = 200, anonymous: int = 302) -> dict[str, int]:
    """Those who see the licence are refused with 403 unless named; strangers get 404."""
    refused = dict.fromkeys(PARTIES, 403)
    return only(others=404, anonymous=anonymous) | refused | dict.fromkeys(who, status)


SEEN = only(*PARTIES, others=404)
API_SEEN = only(*PARTIES, others=404, anonymous=401)
EXPECTATIONS: dict[str, Row] = {
    "licensing:dues": Row(kwargs=made, get=logged_in(200)),
    "licensing:royalties": Row(kwargs=of_royal, get=SEEN),
    "licensing:royalty-report": Row(
        kwargs=of_royal, get=seen("enterprise"), post=seen("enterprise", status=422)
    ),
    "licensing:royalty-accept": Row(kwargs=of_report, post=seen("office", status=302)),
    "licensing:royalty-question": Row(
        kwargs=of_report, get=seen("office"), post=seen("office", status=422)
    ),
    "licensing:royalty-evidence": Row(kwargs=of_report, get=only(others=404)),
    "licensing:statement": Row(kwargs=of_royal, get=SEEN),
    "licensing:statement-csv": Row(kwargs=of_royal, get=SEEN),
    "licensing:statement-pdf": Row(kwargs=of_royal, get=SEEN),
    "licensing:due-paper": Row(kwargs=of_paper, get=only(others=404)),
    "licensing:due-interest": Row(kwargs=of_due, post=seen("office", status=409)),
    "licensing-api:royalty-report-list": Row(
        kwargs=made,
        get=logged_in(200, anonymous=401),
        post=only(others=404, anonymous=401) | seen("enterprise", status=201, anonymous=401),
        data=new,
        headers={"Idempotency-Key": "matrix"},
    ),
    "licensing-api:royalty-report-detail": Row(kwargs=pk, get=API_SEEN),
    "licensing-api:royalty-report-accept": Row(kwargs=pk, post=seen("office", anonymous=401)),
    "licensing-api:royalty-report-question": Row(
        kwargs=pk, post=seen("office", anonymous=401), data=lambda w: {"question": "为何下降？"}
    ),
    "licensing-api:licence-statement": Row(kwargs=lambda w: {"pk": royal(w).pk}, get=API_SEEN),
    "licensing:licence-calculator": Row(kwargs=of_licence, get=only(*PARTIES, others=404)),
    "licensing-api:open-declaration-estimate": Row(
        kwargs=lambda w: {"pk": announced(w).pk}, get=everyone(200)
    ),
}
