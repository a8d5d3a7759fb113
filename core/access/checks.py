"""What `check --deploy` demands of an installation that strangers reach."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def second_factor_is_required(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Bureaus, banks and administrators must have a second factor."""
    if settings.SECOND_FACTOR in {"required", "everyone"}:
        return []
    return [
        Warning(
            "PATENTOPS_SECOND_FACTOR is not 'required': a stolen password of a bureau, a bank or "
            "an administrator is enough.",
            hint="Unset it, or set PATENTOPS_SECOND_FACTOR=required (docs/operation.md).",
            id="patentops.W001",
        )
    ]
