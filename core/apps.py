"""The ground floor's app."""

from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = "平台基础"

    def ready(self) -> None:
        from core.access import checks  # noqa: F401  check --deploy
        from core.access import consumers as access_consumers  # noqa: F401
        from core.access import tasks as access_tasks  # noqa: F401
        from core.guard import tasks as guarding  # noqa: F401  Celery finds both by these imports
        from core.joining import consumers, home  # noqa: F401  events, home pages
        from core.joining import tasks as joining_tasks  # noqa: F401
        from core.members import consumers as member_consumers  # noqa: F401
        from core.outbox import tasks  # noqa: F401
        from core.privacy import consumers as privacy_consumers  # noqa: F401
        from core.privacy import tasks as privacy_tasks  # noqa: F401
        from core.ratings import web as ratings  # noqa: F401  home pages fed
