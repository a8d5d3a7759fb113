"""The ground floor's app."""

from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = "平台基础"

    def ready(self) -> None:
        from core.outbox import tasks  # noqa: F401  Celery finds the relay through this import
