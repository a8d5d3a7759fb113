"""Who may ask what of offer sheets."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from listings import services
from listings.models import Listing
from tests.factories import core as make
from tests.factories import listings as stock
from tests.matrix import Row, World, everyone, only
from tests.matrix.listings import KEY, NOT_THEIRS, drafted, of_patent, public

KEEPERS = ("office", "office2", "broker")


def filed(world: World) -> dict[str, Any]:
    """A file beside a sheet on the board."""

    def build(w: World) -> dict[str, Any]:
        row = public(w)
        key = services.add_sheet_file(
            listing_id=Listing.objects.get(patent=row).pk,
            file=SimpleUploadedFile("报告.pdf", b"%PDF-1.4 x"),
            caption="",
            by=make.actor(w.members["office"]),
            now=stock.NOON,
        )
        return {"pk": row.pk, "file_id": key}

    return world.thing("sheet file", build)


def in_review(world: World) -> dict[str, Any]:
    """A draft sheet handed in, of an office with one member."""

    def build(w: World) -> dict[str, Any]:
        listing = stock.draft(stock.patent(w.members["office"]))
        services.submit_sheet(
            listing_id=listing.pk, by=make.actor(w.members["office"]), now=stock.NOON
        )
        return {"pk": listing.patent_id}

    return world.thing("sheet in review", build)


def upload(world: World) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("报告.pdf", b"%PDF-1.4 x")}


def of_public(world: World) -> dict[str, Any]:
    return {"pk": public(world).pk}


EXPECTATIONS: dict[str, Row] = {
    "listings:sheets": Row(get=only(*KEEPERS)),
    "listings:sheet-settings": Row(
        data=lambda w: {"review_required": ""},
        get=only("office", "office2"),
        post=only("office", "office2", status=302),
    ),
    "listings:sheet-check": Row(
        kwargs=of_patent, data=lambda w: {"problem": "x"}, post=only("office", **NOT_THEIRS)
    ),
    "listings:sheet-submit": Row(kwargs=of_patent, post=only("office", status=302, **NOT_THEIRS)),
    "listings:sheet-review": Row(
        kwargs=in_review,
        data=lambda w: {"version": "1", "verdict": "approve"},
        get=only("office", **NOT_THEIRS),
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:sheet-versions": Row(kwargs=of_patent, get=only("office", **NOT_THEIRS)),
    "listings:sheet-restore": Row(
        kwargs=lambda w: {"pk": drafted(w).patent_id, "number": 1},
        post=only("office", status=302, **NOT_THEIRS),
    ),
    "listings:sheet-file-add": Row(
        kwargs=of_patent, data=upload, post=only("office", status=302, **NOT_THEIRS)
    ),
    "listings:sheet-file-remove": Row(kwargs=filed, post=only("office", status=302, **NOT_THEIRS)),
    "listings:sheet-print": Row(kwargs=of_public, get=everyone(200)),
    "listings:sheet-pdf": Row(kwargs=of_public, get=everyone(200)),
    "listings:sheet-file": Row(kwargs=filed, get=everyone(200)),
    # API
    "listings-api:sheet-list": Row(get=everyone(200)),
    "listings-api:sheet-detail": Row(kwargs=of_patent, get=everyone(404, office=200)),
    "listings-api:sheet-versions": Row(kwargs=of_patent, get=everyone(404, office=200)),
    "listings-api:sheet-submit": Row(kwargs=of_patent, headers=KEY, post=everyone(404, office=200)),
    "listings-api:sheet-approve": Row(
        kwargs=in_review,
        headers=KEY,
        data=lambda w: {"version": 1},
        post=everyone(404, office=200),
    ),
    "listings-api:sheet-return": Row(
        kwargs=in_review,
        headers=KEY,
        data=lambda w: {"version": 1, "remarks": "补数据"},
        post=everyone(404, office=200),
    ),
    "listings-api:sheet-restore": Row(
        kwargs=of_patent, headers=KEY, data=lambda w: {"number": 1}, post=everyone(404, office=200)
    ),
}
