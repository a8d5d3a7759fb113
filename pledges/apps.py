"""The room of pledges."""

from django.apps import AppConfig


class PledgesConfig(AppConfig):
    """Pledge financing 质押融资."""

    name = "pledges"
    verbose_name = "质押"

    def ready(self) -> None:
        from pledges import consumers, home, tasks  # noqa: F401  events, home pages, tasks
