"""Licensing's URLs: office declares, enterprise takes; bureau 31 oversees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from licensing.models import Document, Outcome
from licensing.rules.fees import FeeMode
from tests.factories import licensing as lic
from tests.matrix import Row, World, everyone, logged_in, only

KEY = {"Idempotency-Key": "matrix"}


def patent(world: World) -> int:
    return world.thing("licence-patent", lambda w: lic.patent(w.members["office"]))


def of_patent(world: World) -> dict[str, Any]:
    return {"patent_id": patent(world)}


def announced(world: World) -> Any:
    return world.thing("announced", lambda w: lic.declaration(w.members["office"]))


def draft(world: World) -> Any:
    return world.thing("draft", lambda w: lic.draft(w.members["office"]))


def licence(world: World) -> Any:
    return world.thing(
        "licence",
        lambda w: lic.licence(w.members["office"], w.members["enterprise"], mode=FeeMode.DEFERRED),
    )


def outcome(world: World) -> int:
    return Outcome.objects.get(licence=licence(world)).pk


def of_announced(world: World) -> dict[str, Any]:
    return {"declaration_id": announced(world).pk}


def of_draft(world: World) -> dict[str, Any]:
    return {"declaration_id": draft(world).pk}


def of_licence(world: World) -> dict[str, Any]:
    return {"licence_id": licence(world).pk}


def of_outcome(world: World) -> dict[str, Any]:
    return {"outcome_id": outcome(world)}


def prepared(build: Callable[[World], object]) -> Callable[[World], dict[str, Any]]:
    """No part of the URL, but made before the tries, each of which is rolled back."""

    def kwargs(world: World) -> dict[str, Any]:
        build(world)
        return {}

    return kwargs


def party(*who: str, status: int = 200, **but: int) -> dict[str, int]:
    """Those who see the licence, without the right, get 403; strangers 404."""
    return only(*who, status=status, others=404) | but


def seen(*who: str, status: int = 200) -> dict[str, int]:
    """Of office, enterprise, bureau and auditor, who see a licence, only these may."""
    refused = {"office": 403, "enterprise": 403, "bureau": 403, "auditor": 403}
    return only(others=404) | refused | dict.fromkeys(who, status)


def holder(status: int = 200) -> dict[str, int]:
    """A patent of the office that is not on the board: its bureau and auditors see it."""
    return everyone(404, office=status, bureau=403, auditor=403)


def drafting(status: int = 200) -> dict[str, int]:
    """A draft: nobody but its office and auditors know of it."""
    return everyone(404, office=status, auditor=403)


READERS = ("office", "enterprise", "bureau", "auditor")
HOLDERS = ("office", "office2", "broker")
TAKERS = ("enterprise", "enterprise2", "broker")

EXPECTATIONS: dict[str, Row] = {
    "licensing:shelf": Row(get=everyone(200)),
    "licensing:declarations": Row(get=only(*HOLDERS)),
    "licensing:declare-choose": Row(get=only(*HOLDERS)),
    "licensing:declare": Row(kwargs=of_patent, get=holder(), post=holder(422)),
    "licensing:declare-guards": Row(kwargs=of_patent, get=holder()),
    "licensing:of-patent": Row(
        kwargs=lambda world: {"patent_id": announced(world).patent_id}, get=everyone(200)
    ),
    "licensing:declaration": Row(kwargs=of_announced, get=everyone(200)),
    "licensing:declaration-edit": Row(kwargs=of_draft, get=drafting(), post=drafting(422)),
    "licensing:declaration-check": Row(kwargs=of_draft, get=drafting(), post=drafting(422)),
    "licensing:declaration-withdraw": Row(
        kwargs=of_announced, get=only("office"), post=only("office", status=422)
    ),
    "licensing:declaration-discard": Row(
        kwargs=of_draft, post=everyone(404, office=302, auditor=403, anonymous=302)
    ),
    "licensing:declaration-pdf": Row(kwargs=of_announced, get=everyone(200)),
    "licensing:take": Row(kwargs=of_announced, get=only(*TAKERS), post=only(*TAKERS, status=422)),
    "licensing:licences": Row(get=logged_in()),
    "licensing:check-form": Row(get=everyone(200)),
    "licensing:check": Row(
        kwargs=lambda world: {
            "content_hash": Document.objects.get(licence=licence(world)).content_hash
        },
        get=everyone(200),
    ),
    "licensing:licence": Row(kwargs=of_licence, get=party(*READERS)),
    "licensing:pay": Row(
        kwargs=of_licence, get=seen("enterprise"), post=seen("enterprise", status=422)
    ),
    "licensing:cancel": Row(kwargs=of_licence, post=seen("enterprise", status=409)),
    "licensing:contest": Row(
        kwargs=of_licence, get=seen("office"), post=seen("office", status=422)
    ),
    "licensing:contest-drop": Row(kwargs=of_licence, post=seen("office", status=409)),
    "licensing:contest-resolve": Row(
        kwargs=of_licence, get=seen("bureau"), post=seen("bureau", status=422)
    ),
    "licensing:file": Row(
        kwargs=of_licence,
        get=seen("office", "enterprise"),
        post=seen("office", "enterprise", status=422),
    ),
    "licensing:contract-pdf": Row(kwargs=of_licence, get=party(*READERS)),
    "licensing:proof": Row(
        kwargs=lambda world: {**of_licence(world), "payment_id": 0}, get=logged_in(404)
    ),
    "licensing:notice-proof": Row(kwargs=of_licence, get=logged_in(404)),
    "licensing:outcomes": Row(get=logged_in()),
    "licensing:outcome-report": Row(get=only(*HOLDERS), post=only(*HOLDERS, status=422)),
    "licensing:outcome": Row(
        kwargs=of_outcome, get=only("office", "bureau", "auditor", others=404)
    ),
    "licensing:outcome-decide": Row(
        kwargs=of_outcome,
        get=only("bureau", others=404) | {"office": 403, "auditor": 403},
        post=only("bureau", status=422, others=404) | {"office": 403, "auditor": 403},
    ),
    "licensing:outcome-again": Row(
        kwargs=of_outcome,
        get=only("office", others=404) | {"bureau": 403, "auditor": 403},
        post=only("office", status=422, others=404) | {"bureau": 403, "auditor": 403},
    ),
    "licensing:outcome-evidence": Row(kwargs=of_outcome, get=logged_in(404)),
    # the API
    "licensing-api:open-declaration-list": Row(
        kwargs=prepared(patent),
        get=everyone(200),
        post=everyone(404, office=201, bureau=403, auditor=403, anonymous=401),
        data=lambda world: {"patent_id": patent(world), "fee_parts": [{"kind": "free_until"}]},
        headers=KEY,
    ),
    "licensing-api:open-declaration-detail": Row(
        kwargs=lambda world: {"pk": draft(world).pk},
        get=everyone(404, office=200, auditor=200),
        put=everyone(404, office=200, auditor=403, anonymous=401),
        delete=everyone(404, office=204, auditor=403, anonymous=401),
        data=lambda world: {"fee_parts": [{"kind": "free_until"}], "revision": 1},
    ),
    "licensing-api:open-declaration-announce": Row(
        kwargs=lambda world: {"pk": draft(world).pk},
        post=everyone(404, office=200, auditor=403, anonymous=401),
        data=lambda world: {
            "filed_on": "2026-11-20",
            "announced_on": "2026-11-20",
            "revision": 1,
        },
    ),
    "licensing-api:open-declaration-withdraw": Row(
        kwargs=lambda world: {"pk": announced(world).pk},
        post=everyone(403, office=200, anonymous=401),
        data=lambda world: {"reason": "停止开放"},
    ),
    "licensing-api:open-declaration-guards": Row(
        kwargs=lambda world: {"pk": draft(world).pk}, get=everyone(404, office=200)
    ),
    "licensing-api:licence-list": Row(
        kwargs=prepared(announced),
        get=everyone(200, anonymous=401),
        post=everyone(403, enterprise=201, enterprise2=201, anonymous=401),
        data=lambda world: {"declaration_id": announced(world).pk, "accept_terms": True},
        headers=KEY,
    ),
    "licensing-api:licence-detail": Row(
        kwargs=lambda world: {"pk": licence(world).pk}, get=party(*READERS, anonymous=401)
    ),
    "licensing-api:licence-payments": Row(
        kwargs=lambda world: {"pk": licence(world).pk},
        post=seen("enterprise", status=201) | {"anonymous": 401},
        data=lambda world: {
            "due_id": licence(world).dues.get().pk,
            "amount": "1.00",
            "paid_at": "2026-11-20T12:00:00+08:00",
            "reference": "回单1",
        },
        headers=KEY,
    ),
    "licensing-api:licence-contest": Row(
        kwargs=lambda world: {"pk": licence(world).pk},
        post=everyone(400, anonymous=401),
        data=lambda world: {"reason": ""},
        headers=KEY,
    ),
    "licensing-api:licence-drop-contest": Row(
        kwargs=lambda world: {"pk": licence(world).pk},
        post=seen("office", status=409) | {"anonymous": 401},
    ),
    "licensing-api:licence-cancel": Row(
        kwargs=lambda world: {"pk": licence(world).pk},
        post=seen("enterprise", status=409) | {"anonymous": 401},
        data=lambda world: {"reason": "另有安排"},
    ),
    "licensing-api:licence-resolve": Row(
        kwargs=lambda world: {"pk": licence(world).pk},
        post=seen("bureau", status=409) | {"anonymous": 401},
        data=lambda world: {"uphold": True, "resolution": "付款不实"},
    ),
    "licensing-api:licence-filing": Row(
        kwargs=lambda world: {"pk": licence(world).pk},
        post=seen("office", "enterprise", status=200) | {"anonymous": 401},
        data=lambda world: {"filing_number": "X2026980001234", "filed_on": "2026-11-20"},
    ),
    "licensing-api:outcome-list": Row(
        kwargs=prepared(patent),
        get=everyone(200, anonymous=401),
        post=everyone(404, office=201, bureau=403, auditor=403, anonymous=401),
        data=lambda world: {
            "patent_id": patent(world),
            "code": "transferred",
            "happened_on": "2026-11-20",
            "contract_number": "HT-1",
        },
        headers=KEY,
    ),
    "licensing-api:outcome-detail": Row(
        kwargs=lambda world: {"pk": outcome(world)},
        get=everyone(404, office=200, bureau=200, auditor=200, anonymous=401),
    ),
    "licensing-api:outcome-decision": Row(
        kwargs=lambda world: {"pk": outcome(world)},
        post=everyone(404, bureau=200, office=403, auditor=403, anonymous=401),
        data=lambda world: {"verified": True},
    ),
    "licensing-api:outcome-again": Row(
        kwargs=lambda world: {"pk": outcome(world)},
        post=everyone(404, office=409, bureau=403, auditor=403, anonymous=401),
        data=lambda world: {"note": "补充合同页"},
    ),
}
