"""The Celery app. Tasks live in each room's tasks.py, schedules in its schedule.py."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import (
    after_task_publish,
    beat_init,
    heartbeat_sent,
    task_prerun,
    worker_process_init,
)

from patentops.runner.processes import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
warnings.filterwarnings("ignore", category=SecurityWarning)  # root in a container is deliberate

app = Celery("patentops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _follow_the_worker(**_: Any) -> None:
    """A pool process dies with its worker, even when that is killed by -9."""
    if sys.platform == "linux":
        die_with_parent(signal.SIGKILL)


@task_prerun.connect
def _name_what_it_works_for(task_id: str, **_: Any) -> None:
    """Lines a task logs carry its id."""
    from core.web import tracing

    tracing.begin(task_id)


@heartbeat_sent.connect
def _alive(**_: Any) -> None:
    """A container's health check looks when this file was touched last (docker-compose.yml).

    A worker's heart beats every two seconds while the broker answers; the scheduler sends
    something every five.
    """
    if file := os.environ.get("PATENTOPS_ALIVE"):
        Path(file).touch()


@beat_init.connect
def _alive_while_it_sends(**_: Any) -> None:
    after_task_publish.connect(_alive, weak=False)
