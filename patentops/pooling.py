"""What happens to a connection that a page gives back to the pool."""

from __future__ import annotations

from typing import Any

import psycopg


def forget_tenant(connection: psycopg.Connection[Any]) -> None:
    """The next page begins as nobody (core/walls.py); done by the pool's own thread."""
    connection.execute(
        "SELECT set_config('patentops.tenant', '', false),"
        " set_config('patentops.overseen', '', false)"
    )
    if not connection.autocommit:
        connection.commit()
