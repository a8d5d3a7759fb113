"""The matching room as a Django app."""

from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "matching"
    verbose_name = "供需匹配"

    def ready(self) -> None:
        from matching import consumers  # noqa: F401  what this room hears
        from matching.web import home, sitemap  # noqa: F401  home pages and sitemaps fed
