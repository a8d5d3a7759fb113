"""The second wall: which organisations' private rows the database shows to a page.

`visible_to` is the first, in every query of ours. Tables that hold what no other organisation may
ever see have row security too: to the role of the web processes (`patentops_web`) PostgreSQL shows
only rows of the organisations named in `patentops.tenant`, and none when nobody is named. Where
a bureau or the audit reads too, `patentops.overseen` says of which regions, as a pattern. What
forgets `visible_to` there finds nothing foreign, raw SQL included. Workers and commands have
another role (docs/adr/0021-row-walls.md).
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import connection

from core.people.types import Actor, Role

WEB_ROLE: Final = "patentops_web"
TENANT: Final = "patentops.tenant"
OVERSEEN: Final = "patentops.overseen"


def stand_for(actor: Actor) -> None:
    """Until this connection goes back to the pool, it acts for the actor's organisations."""
    if not settings.ROW_WALLS or not (actor.acts_for or overseen(actor)):
        return
    told = ",".join(str(pk) for pk in sorted(actor.acts_for))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(%s, %s, false), set_config(%s, %s, false)",
            [TENANT, told, OVERSEEN, overseen(actor)],
        )


def overseen(actor: Actor) -> str:
    """The codes of the regions that the actor oversees, as LIKE has it; "" for none."""
    if actor.has(Role.AUDITOR, Role.SYSADMIN):
        return "%"
    return f"{actor.region}%" if actor.has(Role.BUREAU) else ""
