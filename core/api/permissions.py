"""Who gets past the door of a resource. What they may do there, the services decide."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission

from core.api.types import Request


class SignedIn(BasePermission):
    """Only somebody with an account or a key: for resources that show visitors nothing at all."""

    def has_permission(self, request: Request, view: Any) -> bool:  # type: ignore[override]
        return not request.actor.is_anonymous
