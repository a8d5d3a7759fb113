"""One port: live notices (/events/) are ASGI and may be many, all else is WSGI in threads.

Measured: this hybrid serves pages 1.3 to 2.5 times as fast as Django's own ASGI path, and still
holds hundreds of open event streams on one worker.
"""

from __future__ import annotations

import os
import threading

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
os.environ.setdefault("PATENTOPS_PROCESS", "web")

from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application
from django.db import DatabaseError, connection

from core.text import encode
from patentops.wsgi import application as pages

LIVE_PREFIX = "/events/"
# Two: four fight over the interpreter (docs/operation.md has the figures).
THREADS = int(os.environ.get("PATENTOPS_WEB_THREADS", "2"))

live = get_asgi_application()

from listings.selectors.searching import columns  # models need the registry


def warm_up() -> None:
    """The word vectors (0.4 s) and the board's columns (seconds at national size), before the
    first search has to wait for them."""
    encode(["专利"])
    try:
        columns.current()
    except DatabaseError:  # not there yet: the first search will say so, or find it
        pass
    finally:
        connection.close()


threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
threaded: Any = WSGIMiddleware(pages, workers=THREADS)  # type: ignore[arg-type]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send each request to the server that suits it."""
    if scope["type"] == "http" and scope["path"].startswith(LIVE_PREFIX):
        await live(scope, receive, send)
    else:
        await threaded(scope, receive, send)
