"""Who may ask what of writing, keeping and ending needs."""

from __future__ import annotations

from dataclasses import replace

from core.people.types import Actor
from matching.models import NeedImport, NeedRevision
from matching.services import need_imports, revisions
from matching.types import ListType
from tests.factories import core
from tests.factories import matching as make
from tests.matrix import Row, World, everyone, logged_in, only
from tests.matrix.matching import ASKERS, DEMAND, FRESH, api, match, need, of, to_owner


def own(status: int) -> dict[str, int]:
    """The organisation whose list it is; who has lists of its own knows nothing of it."""
    return only("enterprise", status=status) | {
        name: 404 for name in ASKERS if name != "enterprise"
    }


FILE = "需求名称,技术问题,所属行业\n求低温快充办法,加热膜升温太慢客户等不起半小时,38\n".encode()


def batch(world: World) -> NeedImport:
    def build(w: World) -> NeedImport:
        by = core.actor(w.members["enterprise"])
        return need_imports.check_list(
            content=FILE, file_name="清单.csv", list_type=ListType.FIRM, by=by, now=make.NOON
        )

    return world.thing("need-import", build)


NOT_MINE = {name: 404 for name in ASKERS if name != "enterprise"}


def agent(world: World) -> Actor:
    """The broker, empowered by the enterprise for as long as this thing is in the world."""
    broker = world.members["broker"]
    world.thing("mandate", lambda w: give(w))
    return core.actor(broker)


def give(world: World) -> int:
    return revisions.give_mandate(
        agent_id=world.members["broker"].organisation_id,
        starts_on=make.NOON.date(),
        ends_on=None,
        by=core.actor(world.members["enterprise"]),
        now=make.NOON,
    )


def proposal(world: World) -> NeedRevision:
    def build(w: World) -> NeedRevision:
        row = need(w)
        data = replace(make.COLD, title="储能柜低温十分钟升温办法")
        return revisions.propose_revision(
            need_id=row.pk, data=data, note="写明时间", by=agent(w), now=make.NOON
        )

    return world.thing("proposal", build)


def mandate(world: World) -> dict[str, int]:
    return {"pk": world.thing("mandate", give)}


def ours(status: int, others: int = 404, **but: int) -> dict[str, int]:
    """The firm and its agent."""
    return only("enterprise", "broker", status=status, others=others) | but


def patent(world: World) -> dict[str, int]:
    return {"pk": match(world).patent_id}


EXPECTATIONS: dict[str, Row] = {
    "matching:need-new": Row(get=only(*ASKERS), post=only(*ASKERS, status=422)),
    "matching:need-check": Row(post=only(*ASKERS)),
    "matching:need-discard": Row(post=only(*ASKERS, status=302)),
    "matching:need-edit": Row(kwargs=of(need), get=to_owner(200), post=to_owner(422)),
    "matching:need-finish": Row(kwargs=of(need), get=to_owner(200), post=to_owner(422)),
    "matching:need-imports": Row(get=only(*ASKERS), post=only(*ASKERS, status=422)),
    "matching:need-import-template": Row(get=only(*ASKERS)),
    "matching:need-import": Row(kwargs=of(batch), get=own(200)),
    "matching:need-import-mend": Row(kwargs=of(batch), get=own(200)),
    "matching:need-import-take": Row(kwargs=of(batch), post=own(302)),
    "matching:need-import-undo": Row(kwargs=of(batch), post=own(302)),
    "matching-api:need-import-list": Row(
        post=only(*ASKERS, status=400, others=400, anonymous=400), headers=FRESH
    ),
    "matching-api:need-import-detail": Row(kwargs=of(batch), get=api(200, auditor=200)),
    "matching-api:need-import-take": Row(kwargs=of(batch), post=api(200, auditor=403)),
    "matching-api:need-import-undo": Row(kwargs=of(batch), post=api(409, auditor=403)),
    "matching:mandates": Row(get=only(*ASKERS), post=only(*ASKERS, status=422)),
    "matching:mandate-revoke": Row(kwargs=mandate, post=own(302)),
    "matching:need-refine": Row(kwargs=of(need), get=to_owner(302), post=to_owner(302)),
    "matching:revision": Row(
        kwargs=of(proposal), get=ours(200, auditor=200), post=ours(422, auditor=422)
    ),
    "matching:need-versions": Row(kwargs=of(need), get=to_owner(200, auditor=200)),
    "matching-api:mandate-list": Row(
        get=logged_in(200, anonymous=401),
        post=everyone(400),
        data=lambda world: {"agent_id": 1, "starts_on": "2026-01-01", "ends_on": "x"},
        headers=FRESH,
    ),
    "matching-api:mandate-revoke": Row(kwargs=mandate, post=api(204, 403, 401) | NOT_MINE),
    "matching-api:need-revision-detail": Row(
        kwargs=of(proposal), get=api(200, auditor=200, broker=200)
    ),
    "matching-api:need-revision-propose": Row(
        kwargs=of(need),
        data=lambda world: {"title": "储能柜低温十分钟升温办法", "note": "写明时间"},
        post=api(409, others=403),
    ),
    "matching-api:need-revision-answer": Row(
        kwargs=of(proposal),
        data=lambda world: {"agrees": True},
        post=api(200, auditor=403, broker=403),
    ),
    "matching:demand-profile": Row(get=only(*DEMAND), post=only(*DEMAND, status=422)),
    "matching:demand-profile-end": Row(post=only(*DEMAND, status=302)),
    "matching:reading-allow": Row(post=only(*DEMAND, status=302)),
    "matching:reading-stop": Row(post=only(*DEMAND, status=302)),
    "matching:reading-forget": Row(post=only(*DEMAND, status=302)),
    "matching-api:demand-profile": Row(
        get=only(*DEMAND, anonymous=403),
        put=only(*DEMAND, anonymous=403),
        delete=only(*DEMAND, status=204, anonymous=403),
        data=lambda world: {"uses": [], "agreed": True},
    ),
    "matching:need-similar": Row(kwargs=of(need), get=everyone(200)),
    "matching:wanting": Row(kwargs=patent, get=only("office", office2=404, broker=404)),
    "matching:wanting-push": Row(
        kwargs=patent, post=only("office", status=302, office2=403, broker=403)
    ),
    "matching-api:need-similar": Row(kwargs=of(need), get=everyone(200)),
    "matching-api:wanting": Row(
        kwargs=patent,
        data=lambda world: {"token": "x"},
        get=everyone(404, office=200),
        post=everyone(403, office=404),
    ),
    "matching-api:need-renew": Row(kwargs=of(need), post=api(200, 403, 403)),
}
