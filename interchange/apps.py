"""The interchange room as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class InterchangeConfig(AppConfig):
    name = "interchange"
    verbose_name = "互联互通"

    def ready(self) -> None:
        from interchange import consumers, tasks  # noqa: F401  registers what this room hears
