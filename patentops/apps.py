"""The roof as a Django app: it makes our Celery app the current one in every process."""

from django.apps import AppConfig
from django.urls import get_resolver


class RoofConfig(AppConfig):
    """Composes the rooms; has no models of its own."""

    name = "patentops"
    verbose_name = "PatentOps"

    def ready(self) -> None:
        """Load the Celery app, so that @shared_task finds it in web and commands too."""
        from patentops import celery  # noqa: F401
        from patentops.routing import remember

        remember(get_resolver())
