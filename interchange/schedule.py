"""What this room does by the clock."""

from __future__ import annotations

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    "interchange.push_deliveries": {"task": "interchange.push_deliveries", "schedule": 5.0},
}
