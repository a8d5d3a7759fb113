"""The oversight room as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "oversight"
    verbose_name = "主管部门"

    def ready(self) -> None:
        from oversight import home  # noqa: F401  registers this room's part of home pages
