"""Who may ask what of writing, keeping and ending needs."""

from __future__ import annotations

from matching.models import NeedImport
from matching.services import need_imports
from matching.types import ListType
from tests.factories import core
from tests.factories import matching as make
from tests.matrix import Row, World, only
from tests.matrix.matching import ASKERS, FRESH, api, need, of, to_owner


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
    "matching-api:need-renew": Row(kwargs=of(need), post=api(200, 403, 403)),
}
