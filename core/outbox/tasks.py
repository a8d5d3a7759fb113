"""The relay as Celery tasks: a nudge after each commit, a sweep every few seconds."""

from __future__ import annotations

from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core.audit import heads
from core.audit import services as audit
from core.idempotency import services as idempotency
from core.outbox import services


@shared_task(name="core.relay", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def relay() -> None:
    """Hand over what is due until nothing is."""
    services.relay(clock=timezone.now)


@shared_task(name="core.seal_audit", acks_late=True, ignore_result=True)
def seal_audit() -> None:
    """Chain what was written since the last time."""
    while audit.seal():  # one batch a transaction
        pass
    heads.remember(Path(settings.AUDIT_HEADS), now=timezone.now())


@shared_task(name="core.forget_idempotency_keys", ignore_result=True)
def forget_idempotency_keys() -> None:
    """Drop keys that nobody will repeat any more."""
    idempotency.forget_old(now=timezone.now())
