"""The second wall: which organisations' private rows the database shows to a page.

`visible_to` is the first, in every query of ours. Tables that hold what no other organisation may
ever see have row security too: to the role of the web processes (`patentops_web`) PostgreSQL shows
only rows of the organisations named in `patentops.tenant`, and none when nobody is named. What
forgets `visible_to` there finds nothing foreign, raw SQL included. Workers and commands have
another role (docs/adr/0021-row-walls.md).
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import connection

from core.people.types import Actor

WEB_ROLE: Final = "patentops_web"
TENANT: Final = "patentops.tenant"


def stand_for(actor: Actor) -> None:
    """Until this connection goes back to the pool, it acts for the actor's organisations."""
    if not settings.ROW_WALLS or not actor.acts_for:
        return
    told = ",".join(str(pk) for pk in sorted(actor.acts_for))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [TENANT, told])
