"""Write the board's read model anew from the facts: after a restore, or when in doubt."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from listings.services.searching import token_postings


class Command(BaseCommand):
    help = "从专利和挂牌事实重建检索用的在架条目、词和常用词位图；恢复备份后请运行一次。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--postings-only", action="store_true", help="只重建常用词位图")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["postings_only"]:
            made = token_postings.build_postings(now=timezone.now(), say=self.stdout.write)
            self.stdout.write(f"常用词 {made} 个，位图已重建。")
            return
        wrong = token_postings.rebuild_board(now=timezone.now(), say=self.stdout.write)
        self.stdout.write(f"在架条目已重建，其中 {wrong} 条与事实不符，已改正。")
