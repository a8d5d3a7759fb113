"""Who may ask what of disclosures: inventor and office of one house; others find nothing."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.people.models import Membership
from core.people.types import Role
from listings import services
from listings.models import Disclosure
from tests.factories import core as make
from tests.factories import disclosures
from tests.factories import listings as stock
from tests.matrix import Row, World, everyone, only
from tests.matrix.listings import ANY, KEY

SCORED = {
    "trl": "6",
    "novelty": "4",
    "market": "4",
    "enforceability": "4",
    "cost": "3",
    "team": "4",
}
ELSEWHERE = {"inventor": 404, "office2": 404}


def colleague(world: World) -> Membership:
    """An inventor in the office's own house."""
    return world.thing(
        "colleague",
        lambda w: make.MembershipFactory(
            role=Role.INVENTOR, organisation=w.members["office"].organisation
        ),
    )


def at(stands: str) -> Any:
    """A colleague's disclosure that has come so far."""

    def build(w: World) -> Disclosure:
        return disclosures.disclosure(colleague(w), w.members["office"], stands=stands)

    return lambda w, **more: {"pk": w.thing(f"disclosure {stands}", build).pk, **more}


def own(world: World) -> dict[str, Any]:
    """The inventor's own draft."""
    build = lambda w: disclosures.disclosure(w.members["inventor"])  # noqa: E731
    return {"pk": world.thing("own disclosure", build).pk}


def filed(world: World) -> dict[str, Any]:
    """The inventor's own draft with a file."""

    def build(w: World) -> dict[str, Any]:
        pk = own(w)["pk"]
        key = services.add_disclosure_file(
            disclosure_id=pk,
            file=SimpleUploadedFile("图纸.pdf", b"%PDF-1.4 x"),
            by=make.actor(w.members["inventor"]),
            now=stock.NOON,
        )
        return {"pk": pk, "file_id": key}

    return world.thing("disclosure file", build)


def upload(world: World) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("图纸.pdf", b"%PDF-1.4 x")}


TYPED = {"title": "一种新办法"}
EXPECTATIONS: dict[str, Row] = {
    "listings:disclosures": Row(get=only("inventor", "office", "office2")),
    "listings:disclosure-new": Row(
        data=lambda w: TYPED,
        get=only("inventor", "office", "office2"),
        post=only("inventor", "office", "office2", status=302),
    ),
    "listings:disclosure": Row(kwargs=at("submitted"), get=only("office", **ELSEWHERE)),
    "listings:disclosure-edit": Row(
        kwargs=own,
        data=lambda w: TYPED,
        get=only("inventor", office=404, office2=404),
        post=only("inventor", status=302, office=404, office2=404),
    ),
    "listings:disclosure-neighbours": Row(kwargs=at("submitted"), get=only("office", **ELSEWHERE)),
    "listings:disclosure-evaluate": Row(
        kwargs=at("evaluating"),
        data=lambda w: SCORED,
        post=only("office", status=302, office2=404),
    ),
    "listings:disclosure-decide": Row(
        kwargs=at("evaluated"),
        data=lambda w: {"decision": "file"},
        post=only("office", status=302, office2=404),
    ),
    "listings:disclosure-send-back": Row(
        kwargs=at("submitted"),
        data=lambda w: {"reason": "补充数据"},
        post=only("office", status=302, office2=404),
    ),
    "listings:disclosure-apply": Row(
        kwargs=at("decided"),
        data=lambda w: {"number": "ZL 2017 1 0601862.3"},
        post=only("office", status=302, office2=404),
    ),
    "listings:disclosure-file-add": Row(
        kwargs=own, data=upload, post=only("inventor", status=302, office=404, office2=404)
    ),
    "listings:disclosure-file-remove": Row(
        kwargs=filed, post=only("inventor", status=302, office=404, office2=404)
    ),
    "listings:disclosure-file": Row(kwargs=filed, get=only("inventor", office=404, office2=404)),
    "listings:disclosure-verdict": Row(kwargs=at("evaluated"), get=only("office", **ELSEWHERE)),
    "listings:disclosure-move": Row(
        kwargs=lambda w: at("submitted")(w, move="take"),
        post=only("office", status=302, **ELSEWHERE),
    ),
    "matching:needs-fitting": Row(
        data=lambda w: {"text": "电池加热"},
        post=only("inventor", "office", "office2", "broker"),
    ),
    # API
    "listings-api:disclosure-list": Row(
        headers=KEY,
        data=lambda w: TYPED,
        get=everyone(200),
        post=everyone(403, inventor=201, office=201, office2=201),
    ),
    "listings-api:disclosure-detail": Row(
        kwargs=own,
        headers=ANY,
        data=lambda w: TYPED,
        get=everyone(404, inventor=200),
        patch=everyone(404, inventor=200),
    ),
    "listings-api:disclosure-submit": Row(
        kwargs=own, headers=KEY, post=everyone(404, inventor=200)
    ),
    "listings-api:disclosure-withdraw": Row(
        kwargs=own, headers=KEY, post=everyone(404, inventor=200)
    ),
    "listings-api:disclosure-take": Row(
        kwargs=at("submitted"), headers=KEY, post=everyone(404, office=200)
    ),
    "listings-api:disclosure-return": Row(
        kwargs=at("submitted"),
        headers=KEY,
        data=lambda w: {"reason": "补数据"},
        post=everyone(404, office=200),
    ),
    "listings-api:disclosure-evaluate": Row(
        kwargs=at("evaluating"),
        headers=KEY,
        data=lambda w: SCORED,
        post=everyone(404, office=200),
    ),
    "listings-api:disclosure-decide": Row(
        kwargs=at("evaluated"),
        headers=KEY,
        data=lambda w: {"decision": "file"},
        post=everyone(404, office=200),
    ),
    "listings-api:disclosure-apply": Row(
        kwargs=at("decided"),
        headers=KEY,
        data=lambda w: {"number": "ZL 2017 1 0601862.3"},
        post=everyone(404, office=200),
    ),
    "listings-api:disclosure-neighbours": Row(
        kwargs=at("submitted"), get=everyone(404, office=200)
    ),
}
