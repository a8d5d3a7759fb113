"""Who may correct, queue and list outcomes."""

from __future__ import annotations

from typing import Any

from licensing.models import Outcome
from licensing.services import outcome_imports
from licensing.services import outcomes as reporting
from licensing.types import OutcomeReport
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.matrix import Row, World, logged_in, only
from tests.matrix.licensing import prepared

HOLDERS = ("office", "office2", "broker")
SEEN = ("office", "bureau", "auditor")
API_SEEN = only(*SEEN, others=404, anonymous=401)
KEY = {"Idempotency-Key": "matrix"}


def reported(world: World) -> Outcome:
    def build(w: World) -> Outcome:
        office = w.members["office"]
        said = OutcomeReport(lic.patent(office), "ordinary", TODAY, contract_number="HT-1")
        return reporting.report_outcome(report=said, by=actor(office), now=NOON)

    return world.thing("reported-outcome", build)


def batch(world: World) -> Any:
    def build(w: World) -> Any:
        office = w.members["office"]
        line = f"{lic.printed(lic.patent(office))},转让,2026-03-01,HT-9\n"
        content = f"专利号,转化方式,发生日期,合同编号\n{line}".encode()
        return outcome_imports.check_outcomes(
            content=content, file_name="a.csv", by=actor(office), now=NOON
        )

    return world.thing("outcome-import", build)


def of_outcome(world: World) -> dict[str, Any]:
    return {"outcome_id": reported(world).pk}


def of_batch(world: World) -> dict[str, Any]:
    return {"import_id": batch(world).pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": reported(world).pk}


def batch_pk(world: World) -> dict[str, Any]:
    return {"pk": batch(world).pk}


def owner(status: int, anonymous: int = 302) -> dict[str, int]:
    """The holder acts; who only sees it is refused; others do not find it."""
    seen = only(others=404, anonymous=anonymous)
    return seen | dict.fromkeys(SEEN, 403) | {"office": status}


def chosen(world: World) -> dict[str, Any]:
    return {"outcome_ids": [reported(world).pk], "verified": True}


CORRECTED = {"code": "ordinary", "happened_on": "2026-03-01", "contract_number": "1", "reason": "x"}
EXPECTATIONS: dict[str, Row] = {
    "licensing:outcome-queue": Row(
        get=only("bureau", "bureau2"), post=only("bureau", "bureau2", status=422)
    ),
    "licensing:outcome-imports": Row(get=only(*HOLDERS), post=only(*HOLDERS, status=422)),
    "licensing:outcome-import-template": Row(get=only(*HOLDERS)),
    "licensing:outcome-import": Row(kwargs=of_batch, get=only("office", "auditor", others=404)),
    "licensing:outcome-import-mend": Row(
        kwargs=of_batch, get=only("office", "auditor", others=404)
    ),
    "licensing:outcome-import-take": Row(
        kwargs=of_batch, post=only("office", status=302, others=404, auditor=403)
    ),
    "licensing:outcome-correct": Row(kwargs=of_outcome, get=owner(200), post=owner(422)),
    "licensing:outcome-withdraw": Row(kwargs=of_outcome, get=owner(200), post=owner(422)),
    "licensing:outcome-revision-evidence": Row(
        kwargs=lambda w: {**of_outcome(w), "number": 1}, get=logged_in(404)
    ),
    "licensing-api:outcome-decisions": Row(
        kwargs=prepared(reported), post=only("bureau", "bureau2", anonymous=401), data=chosen
    ),
    "licensing-api:outcome-correction": Row(
        kwargs=pk, post=owner(200, anonymous=401), data=lambda w: CORRECTED
    ),
    "licensing-api:outcome-withdrawal": Row(
        kwargs=pk, post=owner(200, anonymous=401), data=lambda w: {"reason": "x"}
    ),
    "licensing-api:outcome-history": Row(kwargs=pk, get=API_SEEN),
    "licensing-api:outcome-import-list": Row(
        get=logged_in(200, anonymous=401),
        post=logged_in(400, anonymous=401),
        headers=KEY,
    ),
    "licensing-api:outcome-import-detail": Row(
        kwargs=batch_pk, get=only("office", "auditor", others=404, anonymous=401)
    ),
    "licensing-api:outcome-import-rows": Row(
        kwargs=batch_pk, get=only("office", "auditor", others=404, anonymous=401)
    ),
    "licensing-api:outcome-import-take": Row(
        kwargs=batch_pk, post=only("office", others=404, anonymous=401, auditor=403)
    ),
}
