"""How much there is."""

from __future__ import annotations

from django.db import connection

ROOMS = {"core", "listings", "licensing", "matching", "pledges", "interchange"}


def counts() -> dict[str, int]:
    """The number of rows of every table of ours."""
    names = connection.introspection.table_names()
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for name in names:
            if name.split("_")[0] in ROOMS:
                cursor.execute(f'SELECT count(*) FROM "{name}"')
                found[name] = cursor.fetchone()[0]
    return found
