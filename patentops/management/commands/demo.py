"""`python3 manage.py demo --data DIR`: real patents and needs, matched before your eyes."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.utils import timezone
from tqdm import tqdm

from core.errors import DomainError
from patentops.demo import sources
from patentops.demo.showing import Bar, Show
from patentops.demo.stage import FIRM_ACCOUNT, OFFICE_ACCOUNT
from patentops.sample.crew import PASSWORD


class Command(BaseCommand):
    """A door: reads the clock, the folder and the options, and prints what came of it."""

    help = "导入真实专利与需求，挂牌、匹配并推送；没有号码的记录使用标明“示例”的号段。可重复运行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", required=True, type=Path, help="数据文件夹")
        parser.add_argument("--limit", type=int, help="每个文件只取前 N 条")
        parser.add_argument("--lang", choices=["zh", "en"], help="只取中文或只取英文的记录")
        parser.add_argument("--force", action="store_true", help="在生产环境中也运行")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION and not options["force"]:
            raise CommandError("现在是生产环境，没有运行演示。确实需要时请加 --force。")
        folder: Path = options["data"]
        try:
            stock = sources.patents(folder, limit=options["limit"], lang=options["lang"])
            needs = sources.needs(folder, limit=options["limit"], lang=options["lang"])
        except (sources.NoData, OSError, ValueError) as problem:
            raise CommandError(f"读不了数据：{problem}") from problem
        try:
            connection.ensure_connection()
        except OperationalError as problem:
            raise CommandError(
                "连不上数据库。请先在另一个窗口运行 python3 manage.py up，再运行 demo。"
            ) from problem
        show = Show(clock=timezone.now, open_bar=self._bar)
        try:
            show.run(stock, needs)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self._report(show)

    def _bar(self, name: str, total: int) -> Bar:
        bar: Bar = tqdm(total=total, desc=name, unit="件", file=self.stderr, disable=None)
        return bar

    def _report(self, show: Show) -> None:
        self.stdout.write("")
        for phase in show.phases:
            self.stdout.write(f"{phase.name}：{phase.count}，{phase.seconds:.1f} 秒")
        total = sum(phase.seconds for phase in show.phases)
        self.stdout.write(f"合计 {total:.1f} 秒")
        for line in show.refused[:10]:
            self.stdout.write(self.style.WARNING(line[:300]))
        self.stdout.write(
            f"演示账号：{OFFICE_ACCOUNT} 与 {FIRM_ACCOUNT.format(1)} 起，密码都是 {PASSWORD}。"
        )
