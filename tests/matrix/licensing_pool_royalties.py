"""Royalties of pool licences: the licensee reports, the administrator answers, no holder reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from licensing.models import Document
from licensing.rules.fees import FeePart, PartKind, RoyaltyBase
from licensing.services import pool_royalties, pools
from licensing.services.earnings import Earned
from tests.factories import pools as make
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.factories.licensing import LONG_AGO, NOON
from tests.matrix import Row, World, logged_in, only

KEY = {"Idempotency-Key": "matrix-pool-royalty"}
ROYAL = (
    FeePart(PartKind.ENTRY, amount=Decimal(5)),
    FeePart(PartKind.RUNNING, base=RoyaltyBase.NET_SALES, rate=Decimal(2)),
)
READ = ("office2", "enterprise", "bureau2", "auditor")


def royal(world: World) -> Any:
    """A licence of office2's pool with a royalty, of which a period is reported."""

    def build(w: World) -> Any:
        runs, firm = w.members["office2"], w.members["enterprise"]
        pool = make.pool(runs, name="提成专利池")
        known = {"by": actor(runs), "now": NOON}
        terms = pools.publish_terms(pool_id=pool.pk, parts=ROYAL, months=60, **known)
        make.admitted(pool, w.members["office"], runs)
        row = make.taken(pool, firm, version=terms.version, now=LONG_AGO)
        said = Earned(row.starts_on, Decimal(9), evidence=paper())
        row.report = pool_royalties.report_pool_royalty(  # type: ignore[attr-defined]
            pool_licence_id=row.pk, said=said, by=actor(firm), now=NOON
        )
        return row

    return world.thing("pool-royalty", build)


def of(world: World) -> dict[str, Any]:
    return {"licence_id": royal(world).pk}


def made(world: World) -> dict[str, Any]:
    royal(world)
    return {}


def of_report(world: World) -> dict[str, Any]:
    return {"report_id": royal(world).report.pk}


def of_paper(world: World) -> dict[str, Any]:
    letter = Document.objects.get(pool_due__licence=royal(world))
    return of(world) | {"document_id": letter.pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": royal(world).pk}


def of_due(world: World) -> dict[str, Any]:
    return of(world) | {"due_id": entry(world)}


def pk_due(world: World) -> dict[str, Any]:
    return pk(world) | {"due_id": entry(world)}


def entry(world: World) -> int:
    """The sum of its plan, paid on its day."""
    row = royal(world)
    if not row.income.exists():
        runs, on = world.members["office2"], row.starts_on
        make.income(row, runs, amount=Decimal(5), received_on=on)
    return int(row.dues.get(kind="entry").pk)


def report_pk(world: World) -> dict[str, Any]:
    return {"pk": royal(world).report.pk}


def reads(anonymous: int = 302) -> dict[str, int]:
    return only(*READ, others=404, anonymous=anonymous)


def may(who: str, status: int = 200, anonymous: int = 302) -> dict[str, int]:
    answers = only(others=404, anonymous=anonymous) | dict.fromkeys(READ, 403)
    return answers | {who: status}


def new(world: World) -> dict[str, Any]:
    row = royal(world)
    return {"licence_id": row.pk, "starts_on": f"{row.starts_on}", "amount": "8"}


EXPECTATIONS: dict[str, Row] = {
    "licensing:pool-royalties": Row(kwargs=of, get=reads()),
    "licensing:pool-paper": Row(kwargs=of_paper, get=reads()),
    "licensing:pool-royalty-evidence": Row(kwargs=of_report, get=reads()),
    "licensing:pool-royalty-report": Row(
        kwargs=of, get=may("enterprise"), post=may("enterprise", 422)
    ),
    "licensing:pool-royalty-accept": Row(kwargs=of_report, post=may("office2", 302)),
    "licensing:pool-royalty-question": Row(
        kwargs=of_report, get=may("office2"), post=may("office2", 422)
    ),
    "licensing:pool-due-interest": Row(kwargs=of_due, post=may("office2", 302) | {"office": 403}),
    "licensing-api:pool-licence-interest": Row(
        kwargs=pk_due, post=may("office2", 409, 401) | {"office": 403}, headers=KEY
    ),
    "licensing-api:pool-licence-account": Row(kwargs=pk, get=reads(401)),
    "licensing-api:pool-royalty-report-list": Row(
        kwargs=made,
        get=logged_in(200, anonymous=401),
        post=may("enterprise", 201, 401) | {"office": 403},  # a holder sees the licence
        data=new,
        headers=KEY,
    ),
    "licensing-api:pool-royalty-report-detail": Row(kwargs=report_pk, get=reads(401)),
    "licensing-api:pool-royalty-report-accept": Row(
        kwargs=report_pk, post=may("office2", anonymous=401)
    ),
    "licensing-api:pool-royalty-report-question": Row(
        kwargs=report_pk, post=may("office2", anonymous=401), data=lambda w: {"question": "依据？"}
    ),
}
