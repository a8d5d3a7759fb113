"""The room of licences."""

from django.apps import AppConfig


class LicensingConfig(AppConfig):
    """Open licences 开放许可, licences, fee plans and outcomes 转化反馈."""

    name = "licensing"
    verbose_name = "许可"

    def ready(self) -> None:
        from licensing import consumers, home, tasks  # noqa: F401  events, home pages, tasks
