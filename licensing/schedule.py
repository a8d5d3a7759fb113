"""When this room's tasks run by themselves."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

# Twice a day, so that a machine that was off in the night still rings before work begins.
SCHEDULE: dict[str, dict[str, Any]] = {
    "licensing.daily": {"task": "licensing.daily", "schedule": crontab(hour="1,8", minute="20")},
}
