"""What matching does by the clock."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "matching.sweep": {"task": "matching.sweep", "schedule": 30.0},
    "matching.full_run": {"task": "matching.full_run", "schedule": crontab(hour=2, minute=30)},
    "matching.deliver": {"task": "matching.deliver", "schedule": 20.0},
    "matching.keep_standing": {
        "task": "matching.keep_standing",
        "schedule": crontab(hour="0,8", minute=10),
    },
    "matching.take_lists": {"task": "matching.take_lists", "schedule": 60.0},
    "matching.refresh_profiles": {
        "task": "matching.refresh_profiles",
        "schedule": crontab(hour=1, minute=40),
    },
    "matching.remind_gatherings": {"task": "matching.remind_gatherings", "schedule": 900.0},
    "matching.push_waiting": {
        "task": "matching.push_waiting",
        "schedule": crontab(hour=9, minute=0),
    },
    "matching.learn": {
        "task": "matching.learn",
        "schedule": crontab(day_of_week="sun", hour=4, minute=30),
    },
}
