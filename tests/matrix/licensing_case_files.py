"""Who may build and read case files: the office builds; its bureau and auditors read too."""

from __future__ import annotations

from typing import Any

from licensing.services import case_files
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.matrix import Row, World, logged_in, only
from tests.matrix.licensing import licence, prepared

READERS = ("office", "bureau", "auditor")
ROOM = only("office", "office2", "bureau", "bureau2", "auditor")
FILE = only(*READERS, office2=404, bureau2=404)


def built(world: World) -> Any:
    return world.thing(
        "case-file",
        lambda w: case_files.build_case_file(
            number=licence(w).patent_number, by=actor(w.members["office"]), now=NOON
        ),
    )


def of(world: World) -> dict[str, Any]:
    return {"case_file_id": built(world).pk}


EXPECTATIONS: dict[str, Row] = {
    "licensing:case-files": Row(get=ROOM, post=only("office", "office2", status=422)),
    "licensing:case-file": Row(kwargs=of, get=FILE),
    "licensing:case-file-pdf": Row(kwargs=of, get=FILE),
    "licensing:case-file-json": Row(kwargs=of, get=FILE),
    "licensing-api:case-file-list": Row(
        kwargs=prepared(licence),
        get=logged_in(200, anonymous=401),
        post=only("office", status=201, anonymous=401, office2=422),
        data=lambda w: {"number": licence(w).patent_number},
        headers={"Idempotency-Key": "matrix"},
    ),
    "licensing-api:case-file-detail": Row(
        kwargs=lambda w: {"pk": built(w).pk}, get=only(*READERS, others=404, anonymous=401)
    ),
}
