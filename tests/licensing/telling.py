"""What a test says of what was left behind: in the trail, in the outbox, in somebody's bell."""

from __future__ import annotations

from core.audit.models import AuditEntry
from core.notices.models import Notice
from core.outbox.models import OutboxEvent


def told(key: str) -> set[int]:
    """Whom this notice reached."""
    return set(Notice.objects.filter(key=key).values_list("user_id", flat=True))


def kept(prefix: str) -> list[str]:
    """What the audit trail has of these steps, in order."""
    rows = AuditEntry.objects.filter(event__startswith=prefix).order_by("pk")
    return list(rows.values_list("event", flat=True))


def trail(prefix: str) -> list[str]:
    """The same, where as much went out as was kept."""
    out = OutboxEvent.objects.filter(name__startswith=prefix).values_list("name", flat=True)
    said = kept(prefix)
    assert sorted(said) == sorted(out)
    return said
