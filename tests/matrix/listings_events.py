"""Who may ask what of legal events: their pages, files and API."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.people.types import Actor
from listings import services
from listings.models import Contradiction, EventFile, WaitingEvent
from tests.factories import events as make
from tests.factories import listings as stock
from tests.matrix import Row, World, everyone, only

CSV = f"{make.HEADER}\n{stock.fresh_number()},CF01,2024-05-01\n".encode()
SENDERS = ("office", "office2", "broker", "bureau", "bureau2", "sysadmin")
READERS = (*SENDERS, "auditor")
KEY = {"Idempotency-Key": "matrix"}
OTHERS = {"office2": 404, "broker": 404, "bureau": 404, "bureau2": 404}


def sent(world: World) -> EventFile:
    def build(w: World) -> EventFile:
        return make.taken_in(w.members["office"], f"{stock.fresh_number()},CF01,2024-05-01")

    return world.thing("event file", build)


def waiting(world: World) -> WaitingEvent:
    def build(w: World) -> WaitingEvent:
        make.started(w.members["office"], f"{stock.fresh_number()},CF01,2024-05-01")
        return WaitingEvent.objects.get()

    return world.thing("waiting event", build)


def doubt(world: World) -> Contradiction:
    def build(w: World) -> Contradiction:
        row = stock.patent(w.members["office"])
        services.record_legal_event(
            patent_id=row.pk,
            code="TR01",
            occurred_on=date(2024, 1, 5),
            by=Actor.system(),
            now=stock.NOON,
        )
        return Contradiction.objects.get()

    return world.thing("contradiction", build)


def of(thing: Any) -> Any:
    return lambda world: {"pk": thing(world).pk}


EXPECTATIONS: dict[str, Row] = {
    "listings:events": Row(get=only(*READERS)),
    "listings:event-doubts": Row(get=only(*READERS)),
    "listings:event-doubt-settle": Row(
        kwargs=of(doubt),
        data=lambda w: {f"doubt{doubt(w).pk}-reason": "已查登记簿副本"},
        post=only("office", status=302, office2=404, broker=404),
    ),
    "listings:events-waiting": Row(get=only(*READERS)),
    "listings:event-waiting-drop": Row(
        kwargs=of(waiting), post=only("office", status=302, **OTHERS, sysadmin=403)
    ),
    "listings:event-files": Row(get=only(*READERS)),
    "listings:event-file-new": Row(
        data=lambda w: {"file": SimpleUploadedFile("公报.csv", CSV)},
        get=only(*SENDERS),
        post=only(*SENDERS, status=302),
    ),
    "listings:event-file-template": Row(get=only(*READERS)),
    "listings:event-file": Row(
        kwargs=of(sent), get=only("office", "auditor", "sysadmin", **OTHERS)
    ),
    "listings:event-file-start": Row(
        kwargs=of(sent), post=only("office", status=302, **OTHERS, sysadmin=403)
    ),
    "listings:event-file-to-mend": Row(
        kwargs=of(sent), get=only("office", "auditor", "sysadmin", **OTHERS)
    ),
    # API
    "listings-api:event-file-list": Row(
        headers=KEY,
        get=everyone(200),
        post=everyone(400),  # no file in it; tests/listings/test_events_doors.py sends one
    ),
    "listings-api:event-file-detail": Row(
        kwargs=of(sent), get=everyone(404, office=200, auditor=200, sysadmin=200)
    ),
    "listings-api:event-file-rows": Row(
        kwargs=of(sent), get=everyone(404, office=200, auditor=200, sysadmin=200)
    ),
    "listings-api:event-file-start": Row(
        kwargs=of(sent), headers=KEY, post=everyone(404, office=200, auditor=403, sysadmin=403)
    ),
    "listings-api:waiting-event-list": Row(get=everyone(200)),
    "listings-api:waiting-event-detail": Row(
        kwargs=of(waiting), delete=everyone(404, office=204, auditor=403, sysadmin=403)
    ),
    "listings-api:event-contradiction-list": Row(get=everyone(200)),
    "listings-api:event-contradiction-settle": Row(
        kwargs=of(doubt),
        headers=KEY,
        data=lambda w: {"reason": "已查登记簿副本"},
        post=everyone(404, office=200, bureau=403, auditor=403, sysadmin=403),
    ),
}
