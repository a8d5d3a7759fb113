"""`migrate`, several times as fast on an empty database, and patient beside running pages."""

import time
from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from patentops.migrating import GrowingExecutor

migrate.MigrationExecutor = GrowingExecutor  # type: ignore[attr-defined]

PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
BUSY = "有一张表正被别的操作占用，这一步没有做，页面不受影响。{seconds:g} 秒后再试……"
GIVEN_UP = (
    "一张表一直被占用，还有迁移没有完成；已完成的不受影响。请找出占用它的长操作"
    "（数据库的 pg_stat_activity 里看得到），结束它以后再运行 migrate，会从没有完成的一步继续。"
)


class Command(migrate.Command):
    """Django's; a step that found its table taken is asked anew, what is done stays done."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate. CommandError when a table stays taken for a minute."""
        for pause in (*PAUSES, None):
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                if pause is None:
                    raise CommandError(GIVEN_UP) from error
            self.stderr.write(BUSY.format(seconds=pause))
            time.sleep(pause)
