"""When this room's tasks run by themselves."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "pledges.daily": {"task": "pledges.daily", "schedule": crontab(hour="1,8", minute="35")},
}
