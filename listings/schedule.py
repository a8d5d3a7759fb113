"""What this room does by the clock."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "listings.refresh_standing": {"task": "listings.refresh_standing", "schedule": 3600.0},
    "listings.resume_event_files": {"task": "listings.resume_event_files", "schedule": 60.0},
    "listings.resume_imports": {"task": "listings.resume_imports", "schedule": 60.0},
    "listings.score_due": {"task": "listings.score_due", "schedule": 20.0},
    "listings.tell_searches": {"task": "listings.tell_searches", "schedule": 30.0},
    "listings.remind_drives": {"task": "listings.remind_drives", "schedule": 3600.0},
    "listings.resume_exports": {"task": "listings.resume_exports", "schedule": 60.0},
    "listings.expire_exports": {"task": "listings.expire_exports", "schedule": 3600.0},
    "listings.settle_auctions": {"task": "listings.settle_auctions", "schedule": 10.0},
    # By day of China, and at noon again for what a dead worker left at dawn.
    "listings.remind_of_annuities": {
        "task": "listings.remind_of_annuities",
        "schedule": crontab(hour="7,12", minute="30"),
    },
    "listings.remind_of_reviews": {
        "task": "listings.remind_of_reviews",
        "schedule": crontab(hour="8,14", minute="10"),
    },
    "listings.keep_postings": {"task": "listings.keep_postings", "schedule": 60.0},
    "listings.index_stale": {"task": "listings.index_stale", "schedule": 60.0},
}
