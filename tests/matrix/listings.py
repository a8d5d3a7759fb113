"""Who may ask what of listings' pages and API."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from listings.models import ImportBatch, Listing, Patent
from listings.services import importing
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import Row, World, everyone, logged_in, only

CSV = "名称,申请号\n一种待核实的装置,\n".encode()
KEEPERS = ("office", "broker")
NOT_THEIRS = {"office2": 404, "broker": 404}


def public(world: World) -> Patent:
    return world.thing("public patent", lambda w: stock.listed_patent(w.members["office"]))


def drafted(world: World) -> Listing:
    def build(w: World) -> Listing:
        return stock.draft(stock.patent(w.members["office"]))

    return world.thing("drafted listing", build)


def bare(world: World) -> Patent:
    return world.thing("bare patent", lambda w: stock.patent(w.members["office"]))


def batch(world: World) -> ImportBatch:
    def build(w: World) -> ImportBatch:
        import tempfile
        from pathlib import Path

        with tempfile.NamedTemporaryFile(suffix=".csv") as kept:
            kept.write(CSV)
            kept.flush()
            pk = importing.take_in(
                path=Path(kept.name),
                filename="清单.csv",
                by=make.actor(w.members["office"]),
                now=stock.NOON,
            )
        return ImportBatch.objects.get(pk=pk)

    return world.thing("batch", build)


def halted(state: str, name: str) -> Any:
    """A batch of the office's own in another state; `of` builds one for each request's world."""

    def find(world: World) -> ImportBatch:
        def build(w: World) -> ImportBatch:
            row = batch(w)
            row.pk, row.state, row.was = None, state, "running" if state == "stopped" else ""
            row._state.adding = True
            row.save()
            return row

        return world.thing(name, build)

    return find


checking, stopped = halted("checking", "checking batch"), halted("stopped", "stopped batch")


def done(world: World) -> ImportBatch:
    def build(w: World) -> ImportBatch:
        row = batch(w)
        importing.start(batch_id=row.pk, by=make.actor(w.members["office"]), now=stock.NOON)
        row.refresh_from_db()
        return row

    return world.thing("done batch", build)


def of(thing: Any, **more: Any) -> Any:
    return lambda world: {"pk": thing(world).pk, **more}


def of_patent(world: World) -> dict[str, Any]:
    return {"pk": drafted(world).patent_id}


def etag(world: World) -> str:
    return f'"listing-{drafted(world).pk}-1"'


NEW = {"title": "一种新装置", "kind": "invention"}
OFFER = {"problem": "发热"}
KEY = {"Idempotency-Key": "matrix"}
ANY = {"If-Match": "*"}
EVENT = {"code": "CP01", "occurred_on": date(2024, 1, 5).isoformat()}
FANS = ("inventor", "office", "office2", "enterprise", "enterprise2", "broker", "bank")


def file_of(world: World) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("清单.csv", CSV)}


EXPECTATIONS: dict[str, Row] = {
    "listings:board": Row(get=everyone(200)),
    "listings:patent": Row(kwargs=of(public), get=everyone(200)),
    "listings:favourite": Row(
        kwargs=of(public), data=lambda w: {"on": "1"}, post=only(*FANS, status=302)
    ),
    "listings:favourites": Row(get=logged_in()),
    "listings:library": Row(get=only("office", "office2", "broker")),
    "listings:patent-new": Row(
        data=lambda w: NEW,
        get=only("office", "office2", "broker"),
        post=only("office", "office2", "broker", status=302),
    ),
    "listings:library-patent": Row(kwargs=of(bare), get=only("office", **NOT_THEIRS)),
    "listings:patent-edit": Row(
        kwargs=of(bare),
        data=lambda w: NEW,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=422, **NOT_THEIRS),
    ),
    "listings:holders-edit": Row(
        kwargs=of(bare),
        data=lambda w: {"names": "示例大学\n张三"},
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:event-new": Row(
        kwargs=of(bare),
        data=lambda w: EVENT,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:offer-edit": Row(
        kwargs=of(bare),
        data=lambda w: OFFER,
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:listing-move": Row(
        kwargs=lambda w: {**of_patent(w), "move": "publish"},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:stock-move": Row(
        kwargs=of(bare, move="admit"), post=only("office", status=302, **NOT_THEIRS)
    ),
    "listings:imports": Row(get=only("office", "office2", "broker", "auditor")),
    "listings:import-new": Row(
        data=file_of,
        get=only("office", "office2", "broker"),
        post=only("office", "office2", "broker", status=302),
    ),
    "listings:import-template": Row(get=only("office", "office2", "broker", "auditor")),
    "listings:import": Row(kwargs=of(batch), get=only("office", "auditor", **NOT_THEIRS)),
    "listings:import-columns": Row(
        kwargs=of(batch),
        data=lambda w: {"title": "0", "number": "1"},
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:import-start": Row(kwargs=of(batch), post=only("office", status=302, **NOT_THEIRS)),
    "listings:import-stop": Row(kwargs=of(checking), post=only("office", status=302, **NOT_THEIRS)),
    "listings:import-resume": Row(
        kwargs=of(stopped), post=only("office", status=302, **NOT_THEIRS)
    ),
    "listings:import-undo": Row(
        kwargs=of(done),
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:import-absent": Row(
        kwargs=of(done),
        data=lambda w: {"decision": "keep", "scope": "all"},
        get=only("office", "auditor", **NOT_THEIRS),
        post=only("office", status=302, auditor=403, **NOT_THEIRS),
    ),
    "listings:import-to-mend": Row(kwargs=of(batch), get=only("office", "auditor", **NOT_THEIRS)),
    # API
    "listings-api:listing-list": Row(
        kwargs=lambda w: {} | dict.fromkeys((), bare(w)),  # built before the first request
        headers=KEY,
        data=lambda w: {"patent_id": bare(w).pk, **OFFER},
        get=everyone(200),
        post=only("office", status=201, others=404, anonymous=404, auditor=403, bureau=403),
    ),
    "listings-api:listing-detail": Row(
        kwargs=of(drafted),
        headers=ANY,
        data=lambda w: OFFER,
        get=everyone(404, office=200, auditor=200),
        patch=everyone(404, office=200, auditor=403),
    ),
    "listings-api:listing-publish": Row(
        kwargs=of(drafted), headers=KEY, post=everyone(404, office=200, auditor=403)
    ),
    "listings-api:listing-suspend": Row(
        kwargs=of(drafted),
        headers=KEY,
        data=lambda w: {"reason": "更新价格"},
        post=everyone(404, office=409, auditor=403),
    ),
    "listings-api:listing-resume": Row(
        kwargs=of(drafted), headers=KEY, post=everyone(404, office=409, auditor=403)
    ),
    "listings-api:listing-withdraw": Row(
        kwargs=of(drafted), headers=KEY, post=everyone(404, office=200, auditor=403)
    ),
    "listings-api:patent-list": Row(
        headers=KEY,
        data=lambda w: NEW,
        get=everyone(200),
        post=everyone(403, office=201, office2=201, broker=201),
    ),
    "listings-api:patent-detail": Row(
        kwargs=of(bare),
        headers=ANY,
        data=lambda w: {"trl": 5},
        get=everyone(404, office=200, bureau=200, auditor=200),
        patch=everyone(404, office=200, bureau=403, auditor=403),
    ),
    "listings-api:patent-events": Row(
        kwargs=of(bare),
        headers=KEY,
        data=lambda w: EVENT,
        get=everyone(404, office=200, bureau=200, auditor=200),
        post=everyone(404, office=201, bureau=403, auditor=403),
    ),
    "listings-api:patent-favourite": Row(
        kwargs=of(public),
        put=everyone(403, **dict.fromkeys(FANS, 204)),
        delete=everyone(403, **dict.fromkeys(FANS, 204)),
    ),
    "listings-api:favourite-list": Row(get=everyone(200)),
    "listings-api:import-list": Row(
        headers=KEY,
        get=everyone(200),
        post=everyone(400),  # no file in it; tests/listings/test_api.py sends one
    ),
    "listings-api:import-detail": Row(kwargs=of(batch), get=everyone(404, office=200, auditor=200)),
    "listings-api:import-rows": Row(kwargs=of(batch), get=everyone(404, office=200, auditor=200)),
    "listings-api:import-start": Row(
        kwargs=of(batch), headers=KEY, post=everyone(404, office=200, auditor=403)
    ),
    "listings-api:import-absent": Row(kwargs=of(done), get=everyone(404, office=200, auditor=200)),
    "listings-api:import-decide-absent": Row(
        kwargs=of(done),
        headers=KEY,
        data=lambda w: {"decision": "keep"},
        post=everyone(404, office=200, auditor=403),
    ),
    "listings-api:import-stop": Row(
        kwargs=of(checking), headers=KEY, post=everyone(404, office=200, auditor=403)
    ),
    "listings-api:import-resume": Row(
        kwargs=of(stopped), headers=KEY, post=everyone(404, office=200, auditor=403)
    ),
    "listings-api:import-undo": Row(
        kwargs=of(done), headers=KEY, post=everyone(404, office=200, auditor=403)
    ),
}
