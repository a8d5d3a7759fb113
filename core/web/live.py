"""The live stream of an open page: its person's notices, as server-sent events."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.notices import selectors
from core.notices.services import channel
from core.people.types import Actor

log = logging.getLogger(__name__)

HEARTBEAT = 15.0
LONGEST = 30 * 60.0


def _greeting(user_id: int) -> str:
    """How many are unread; the connection goes back to the pool, for the stream lasts half an hour.

    Django would keep it until the answer ends: as many open pages as the pool has connections,
    and nobody else could be served.
    """
    try:
        return str(selectors.unread_count(viewer=Actor(user_id=user_id)))
    finally:
        close_old_connections()


async def events(request: HttpRequest) -> HttpResponseBase:
    """The stream: an `unread` event at once, then a `notice` event for each new notice."""
    if request.method != "GET":  # a HEAD would hold the connection and never say a word
        return HttpResponseNotAllowed(["GET"])
    user = await request.auser()
    if not user.is_authenticated:
        return HttpResponse(status=204)
    response = StreamingHttpResponse(_stream(user.pk), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _stream(user_id: int) -> AsyncIterator[str]:
    end = asyncio.get_running_loop().time() + LONGEST
    try:
        async with Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as listening:
            await listening.subscribe(channel(user_id))
            unread = await sync_to_async(_greeting)(user_id)
            yield f"retry: 3000\nevent: unread\ndata: {json.dumps({'count': int(unread)})}\n\n"
            while asyncio.get_running_loop().time() < end:
                message = await listening.get_message(
                    ignore_subscribe_messages=True, timeout=HEARTBEAT
                )
                if message is None:
                    yield ": still here\n\n"
                else:
                    yield f"event: notice\ndata: {message['data'].decode()}\n\n"
    except RedisError:
        log.warning("The notice channel is down; the page will ask again.")
        yield "retry: 5000\n\n"
