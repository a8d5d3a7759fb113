"""`manage.py rematch`: everything against everything, in this process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from core.people.types import Actor
from matching import services


class Command(BaseCommand):
    help = "全量重新匹配，完成后显示数量。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--freeze",
            action="store_true",
            help="先按当前库存重建词频与主题（升级后执行一次，新的匹配依据才会生效）。",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = services.run_everything(
                by=Actor.system(), now=timezone.now(), freeze=options["freeze"]
            )
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(
            f"{run.demands} 条需求与订阅，{run.matches} 条匹配，{run.pushes} 次推送。"
        )
