"""Who may run, join and take patent pools: office2 runs one, office joins, enterprise takes."""

from __future__ import annotations

from typing import Any

from tests.factories import pools as make
from tests.matrix import LOGIN, Row, World, everyone, logged_in, only

KEY = {"Idempotency-Key": "matrix"}
KEEPERS = ("office", "office2", "broker")


def pool(world: World) -> Any:
    """A pool with a patent in it and one that waits, and a licence of it."""

    def build(w: World) -> Any:
        row = make.pool(w.members["office2"])
        row.entry = make.admitted(row, w.members["office"], w.members["office2"])  # type: ignore[attr-defined]
        row.waiting = make.applied(row, w.members["office"])  # type: ignore[attr-defined]
        row.licence = make.taken(row, w.members["enterprise"])  # type: ignore[attr-defined]
        return row

    return world.thing("pool", build)


def of_pool(world: World) -> dict[str, Any]:
    return {"pool_id": pool(world).pk}


def of_waiting(world: World) -> dict[str, Any]:
    return {"entry_id": pool(world).waiting.pk}


def of_licence(world: World) -> dict[str, Any]:
    return {"licence_id": pool(world).licence.pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": pool(world).pk}


def waiting_pk(world: World) -> dict[str, Any]:
    return {"pk": pool(world).waiting.pk}


def licence_pk(world: World) -> dict[str, Any]:
    return {"pk": pool(world).licence.pk}


def made(world: World) -> dict[str, Any]:
    pool(world)
    return {}


def runs(status: int = 200, anonymous: int = LOGIN) -> dict[str, int]:
    return only("office2", status=status, anonymous=anonymous)


# Who sees what is not admitted (the pool lies in Jiangsu), and the licence.
SEEN = ("office", "office2", "bureau2", "auditor")
LICENCE_SEEN = (*SEEN, "enterprise")


def seen(
    *who: str, among: tuple[str, ...] = SEEN, status: int = 200, anonymous: int = LOGIN
) -> dict[str, int]:
    """Of those who see the row these may; the others who see it get 403, strangers 404."""
    answers = only(others=404, anonymous=anonymous)
    return answers | dict.fromkeys(among, 403) | dict.fromkeys(who, status)


EXPECTATIONS: dict[str, Row] = {
    "licensing:pools": Row(kwargs=made, get=everyone(200)),
    "licensing:pool": Row(kwargs=of_pool, get=everyone(200)),
    "licensing:pool-found": Row(get=only(*KEEPERS), post=only(*KEEPERS, status=422)),
    "licensing:pools-mine": Row(kwargs=made, get=logged_in(200)),
    "licensing:pool-statement": Row(kwargs=made, get=only(*KEEPERS)),
    "licensing:pool-terms": Row(kwargs=of_pool, get=runs(), post=runs(422)),
    "licensing:pool-weights": Row(kwargs=of_pool, get=runs(), post=runs(422)),
    "licensing:pool-close": Row(kwargs=of_pool, get=runs(), post=runs(422)),
    "licensing:pool-apply": Row(
        kwargs=of_pool, get=only(*KEEPERS), post=only(*KEEPERS, status=422)
    ),
    "licensing:pool-decide": Row(
        kwargs=of_waiting, get=seen("office2"), post=seen("office2", status=422)
    ),
    "licensing:pool-leave": Row(
        kwargs=of_waiting,
        get=seen("office", "office2"),
        post=seen("office", "office2", status=422),
    ),
    "licensing:pool-take": Row(
        kwargs=of_pool,
        get=only("enterprise", "enterprise2", "broker"),
        post=only("enterprise", "enterprise2", "broker", status=422),
    ),
    "licensing:pool-licence": Row(kwargs=of_licence, get=only(*LICENCE_SEEN, others=404)),
    "licensing:pool-income": Row(
        kwargs=of_licence,
        get=seen("office2", among=LICENCE_SEEN),
        post=seen("office2", among=LICENCE_SEEN, status=422),
    ),
    "licensing:pool-licence-pdf": Row(kwargs=of_licence, get=only(*LICENCE_SEEN, others=404)),
    "licensing:pool-licence-file": Row(
        kwargs=of_licence,
        get=seen("office2", "enterprise", among=LICENCE_SEEN),
        post=seen("office2", "enterprise", among=LICENCE_SEEN, status=422),
    ),
    "licensing-api:pool-licence-filing": Row(
        kwargs=licence_pk,
        post=seen("office2", "enterprise", among=LICENCE_SEEN, anonymous=401),
        data=lambda w: {"filing_number": "B1", "filed_on": "2026-11-20"},
    ),
    "licensing-api:pool-list": Row(
        kwargs=made,
        get=everyone(200),
        post=only(*KEEPERS, status=201, anonymous=401),
        data=lambda w: {
            "name": "池",
            "field": "材料",
            "rules": "已授权",
            "split": "equal",
            "fee_percent": "5",
        },
        headers=KEY,
    ),
    "licensing-api:pool-detail": Row(kwargs=pk, get=everyone(200)),
    "licensing-api:pool-terms": Row(
        kwargs=pk,
        post=runs(201, anonymous=401),
        data=lambda w: {"fee_parts": [{"kind": "lump", "amount": "5"}], "months": 12},
        headers=KEY,
    ),
    "licensing-api:pool-weights": Row(
        kwargs=pk, post=runs(409, anonymous=401), data=lambda w: {"weights": []}
    ),
    "licensing-api:pool-close": Row(
        kwargs=pk, post=runs(anonymous=401), data=lambda w: {"reason": "合并"}
    ),
    "licensing-api:pool-apply": Row(
        kwargs=pk,
        post=only(*KEEPERS, status=422, anonymous=401),
        data=lambda w: {"patent_ids": [pool(w).entry.patent_id], "covenant": False},
        headers=KEY,
    ),
    "licensing-api:pool-take": Row(
        kwargs=pk,
        post=only("enterprise", "enterprise2", anonymous=401, enterprise=409, enterprise2=201),
        data=lambda w: {"version": 1},
        headers=KEY,
    ),
    "licensing-api:pool-entry-list": Row(kwargs=made, get=logged_in(200, anonymous=401)),
    "licensing-api:pool-entry-detail": Row(
        kwargs=waiting_pk, get=only(*SEEN, others=404, anonymous=401)
    ),
    "licensing-api:pool-entry-admit": Row(kwargs=waiting_pk, post=seen("office2", anonymous=401)),
    "licensing-api:pool-entry-refuse": Row(
        kwargs=waiting_pk, post=seen("office2", anonymous=401), data=lambda w: {"reason": "不符"}
    ),
    "licensing-api:pool-entry-leave": Row(
        kwargs=waiting_pk, post=seen("office", anonymous=401), data=lambda w: {"reason": "另用"}
    ),
    "licensing-api:pool-licence-list": Row(kwargs=made, get=logged_in(200, anonymous=401)),
    "licensing-api:pool-licence-detail": Row(
        kwargs=licence_pk, get=only(*LICENCE_SEEN, others=404, anonymous=401)
    ),
    "licensing-api:pool-licence-income": Row(
        kwargs=licence_pk,
        post=seen("office2", among=LICENCE_SEEN, status=201, anonymous=401),
        data=lambda w: {"amount": "5.00", "received_on": "2026-11-20", "reference": "x"},
        headers=KEY,
    ),
}
