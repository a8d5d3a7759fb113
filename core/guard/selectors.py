"""What browsers have refused lately."""

from __future__ import annotations

from django.db.models import QuerySet

from core.guard.models import PolicyReport
from core.people.types import Actor, Role


def policy_reports(*, viewer: Actor) -> QuerySet[PolicyReport]:
    """For auditors and administrators, the latest first."""
    rows = PolicyReport.objects.order_by("-last_seen_at", "-pk")
    if viewer.has(Role.AUDITOR, Role.SYSADMIN):
        return rows
    return rows.none()
