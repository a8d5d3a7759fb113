"""`python3 manage.py remove_sample`: take the sample 示例 out again."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import Conflict
from core.web.filling import progress
from patentops.runner.freshness import Unwanted
from patentops.runner.places import state_folder
from patentops.sample.removal import remove, survey


class Command(BaseCommand):
    """A door: asks, makes one call, notes that `up` shall not bring it back."""

    help = "删除全部示例数据（会先询问）；有真实数据挂在上面时一条也不删，并列出是哪些。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="不再询问")
        parser.add_argument(
            "--entered-too", action="store_true", help="连同用示例账号录入的数据一起删除"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if progress():
            raise CommandError("示例数据还在载入，请等它载完再删除。")
        owed = apps.get_model("core.OutboxDelivery")._base_manager
        if owed.filter(done_at=None, dead_at=None).exists():
            raise CommandError("后台还有事件没有处理完，平台运行几分钟后再删除。")
        entered_too = options["entered_too"]
        found = survey(entered_too=entered_too)
        if lines := found.obstacles():
            raise CommandError(_refusal(lines))
        if not found.size:
            self.stdout.write("没有示例数据。")
            return
        if not options["yes"] and not self._confirmed(found.size):
            raise CommandError("没有删除任何东西。")
        try:
            gone = remove(now=timezone.now(), entered_too=entered_too)
        except Conflict as problem:  # somebody came while we asked
            raise CommandError(_refusal([str(problem)])) from problem
        call_command("rebuild_board", stdout=self.stdout)
        Unwanted(state_folder()).note()
        self.stdout.write(
            f"已删除 {gone} 条示例数据，审计记录保留。以后 up 不再载入；"
            "要重新载入：python3 manage.py load_sample"
        )

    def _confirmed(self, size: int) -> bool:
        if not sys.stdin.isatty():
            self.stderr.write("要在脚本里使用，请加 --yes。")
            return False
        return input(f"将删除 {size} 条示例数据，无法恢复。确定吗？[y/N] ").lower() in {"y", "yes"}


def _refusal(lines: list[str]) -> str:
    return (
        "下列数据不是示例，却挂在示例数据上，没有删除任何东西：\n  "
        + "\n  ".join(lines)
        + "\n请先处理它们。只是用示例账号试着录入的，可以加 --entered-too 一并删除。"
    )
