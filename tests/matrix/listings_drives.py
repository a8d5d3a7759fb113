"""Who may ask what of drives: organisers and overseers, and the institutions that are asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from listings.models import DriveTask
from listings.services import drives
from listings.services.drives import DriveInput
from tests.factories import core as make
from tests.factories.listings import NOON
from tests.matrix import Row, World, everyone, only

TODAY = NOON.date()
INPUT = {
    "title": "盘点动员",
    "goal": "全部有结论",
    "todo": "导入清单并确认。",
    "starts_on": TODAY.isoformat(),
    "ends_on": "2099-01-01",
}
KEY = {"Idempotency-Key": "matrix"}


def asked(world: World) -> DriveTask:
    def build(w: World) -> DriveTask:
        pk = drives.open_drive(
            data=DriveInput(
                title="盘点动员",
                goal="全部有结论",
                todo="导入",
                starts_on=TODAY,
                ends_on=TODAY + timedelta(days=30),
            ),
            organisations=[w.members["office"].organisation_id],
            by=make.actor(w.members["bureau"]),
            now=NOON,
        )
        return DriveTask.objects.get(drive_id=pk)

    return world.thing("drive task", build)


def drive(world: World) -> dict[str, Any]:
    return {"pk": asked(world).drive_id}


def task(world: World) -> dict[str, Any]:
    return {"pk": asked(world).pk}


def theirs(world: World) -> dict[str, Any]:
    """What API callers send: the office is theirs to invite."""
    return {
        **INPUT,
        "ends_on": "2027-06-01",
        "organisations": [world.members["office"].organisation_id],
    }


RUNNERS = ("bureau", "bureau2", "broker")
SEERS = only("bureau", "auditor", broker=404, bureau2=404)
CHANGERS = only("bureau", broker=404, bureau2=404)
CHANGED = only("bureau", status=302, broker=404, bureau2=404)
EXPECTATIONS: dict[str, Row] = {
    "listings:drives": Row(get=only("office", "office2", *RUNNERS, "auditor")),
    "listings:drive-new": Row(get=only(*RUNNERS), post=only(*RUNNERS, status=422)),
    "listings:drive": Row(kwargs=drive, get=SEERS),
    "listings:drive-edit": Row(
        kwargs=drive,
        data=lambda w: {**INPUT, "ends_on": "2027-06-01"},
        get=CHANGERS,
        post=CHANGED,
    ),
    "listings:drive-invite": Row(
        kwargs=drive, data=lambda w: {"kinds": ["hospital"]}, get=CHANGERS, post=CHANGED
    ),
    "listings:drive-remind": Row(kwargs=drive, post=CHANGED),
    "listings:drive-close": Row(kwargs=drive, get=CHANGERS, post=CHANGED),
    "listings:drive-export": Row(kwargs=drive, get=SEERS),
    "listings:drive-task": Row(
        kwargs=task,
        data=lambda w: {"declared": "3"},
        get=only("office", office2=404, broker=404),
        post=only("office", status=302, office2=404, broker=404),
    ),
    "listings:drive-confirm": Row(
        kwargs=task,
        get=only("office", office2=404, broker=404),
        post=only("office", status=422, office2=404, broker=404),
    ),
    "listings:drive-excuse": Row(
        kwargs=task,
        data=lambda w: {"reason": "没有专利"},
        get=only("office", "bureau", office2=404, broker=404, bureau2=404),
        post=only("office", "bureau", status=302, office2=404, broker=404, bureau2=404),
    ),
    "listings:drive-reopen": Row(
        kwargs=task,
        post=only("office", "bureau", status=302, office2=404, broker=404, bureau2=404),
    ),
    "listings-api:drive-list": Row(
        headers=KEY,
        data=theirs,
        get=everyone(200),
        post=everyone(403, bureau=201),
    ),
    "listings-api:drive-detail": Row(
        kwargs=drive,
        data=lambda w: {"version": 1, "title": "盘点", "ends_on": "2027-06-01"},
        get=everyone(404, bureau=200, auditor=200),
        patch=everyone(404, bureau=200, auditor=403),
    ),
    "listings-api:drive-invite": Row(
        kwargs=drive,
        headers=KEY,
        data=lambda w: {"organisations": []},
        post=everyone(404, bureau=200, auditor=403),
    ),
    "listings-api:drive-remind": Row(
        kwargs=drive, headers=KEY, post=everyone(404, bureau=200, auditor=403)
    ),
    "listings-api:drive-close": Row(
        kwargs=drive, headers=KEY, post=everyone(404, bureau=200, auditor=403)
    ),
    "listings-api:drive-task-list": Row(get=everyone(200)),
    "listings-api:drive-task-detail": Row(
        kwargs=task,
        data=lambda w: {"declared": 3},
        get=everyone(404, office=200),
        patch=everyone(404, office=200),
    ),
    "listings-api:drive-task-confirm": Row(
        kwargs=task, headers=KEY, post=everyone(404, office=409)
    ),
    "listings-api:drive-task-excuse": Row(
        kwargs=task,
        headers=KEY,
        data=lambda w: {"reason": "没有专利"},
        post=everyone(404, office=200),
    ),
}
