"""Pushing deliveries: nudged after commit, swept every few seconds."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from interchange import services
from interchange.exchanges.webhooks import HttpSender

log = logging.getLogger(__name__)

LANES = 16  # addresses called at once by one worker process; they mostly wait
TURN = timedelta(seconds=20)  # then the sweep comes round again


@shared_task(
    name="interchange.push_deliveries",
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
)
def push_deliveries() -> None:
    """Push what is due: one address after its own pace, none behind another."""
    lanes = services.lanes(now=timezone.now())
    if len(lanes) == 1:
        _push(lanes[0])
    elif lanes:
        with ThreadPoolExecutor(min(len(lanes), LANES)) as pool:
            for _lane in pool.map(_push_beside, lanes):
                pass


def _push(endpoint_id: int) -> None:
    services.push_lane(
        endpoint_id=endpoint_id,
        sender=HttpSender(loopback=settings.WEBHOOKS_LOOPBACK),
        clock=timezone.now,
        until=timezone.now() + TURN,
    )


def _push_beside(endpoint_id: int) -> None:
    """In a thread, with a connection of its own; what goes wrong in one lane stays in it."""
    try:
        _push(endpoint_id)
    except Exception:
        log.exception("Pushing to endpoint %s failed", endpoint_id)
    finally:
        connection.close()
