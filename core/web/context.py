"""What every page's frame shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from core.notices.selectors import unread_count
from core.people.selectors import OrganisationCard, organisation
from core.web import filling
from core.web.display import wants_large_text


def frame(request: HttpRequest) -> dict[str, Any]:
    """The actor, the organisation acted for, and the bell: asked for only when shown."""
    actor = getattr(request, "actor", None)
    large_text = wants_large_text(request)
    if actor is None:
        return {"large_text": large_text}

    def acting_for() -> OrganisationCard | None:
        return organisation(actor.organisation_id) if actor.organisation_id else None

    return {
        "actor": actor,
        "large_text": large_text,
        "acting_for": acting_for,
        "sample_filling": filling.progress,
        "sso_name": settings.OIDC_NAME if settings.SOCIALACCOUNT_PROVIDERS else "",
        "unread_notices": lambda: unread_count(viewer=actor),
    }
