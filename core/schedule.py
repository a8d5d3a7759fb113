"""What core does by the clock. Nudges do the work sooner; these sweeps find what was lost."""

from __future__ import annotations

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    "core.relay": {"task": "core.relay", "schedule": 5.0},
    "core.forget_copies": {"task": "core.forget_copies", "schedule": 3600.0},
    "core.forget_unconfirmed": {"task": "core.forget_unconfirmed", "schedule": 3600.0},
    "core.seal_audit": {"task": "core.seal_audit", "schedule": 30.0},
    "core.forget_idempotency_keys": {
        "task": "core.forget_idempotency_keys",
        "schedule": 3600.0,
    },
    "core.forget_policy_reports": {
        "task": "core.forget_policy_reports",
        "schedule": 24 * 3600.0,
    },
}
