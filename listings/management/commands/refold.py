"""`manage.py refold`: fold the whole stock anew from its legal events, or check that it agrees."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from listings.services.register.many_hands import refold_all
from listings.services.register.refolding import Tally

PARTS = {
    "status": "状态与期限",
    "bonds": "公报登记的权利负担",
    "effects": "公报对平台记录的确认与注销",
    "holders": "专利权人",
    "contradictions": "与公报不一致",
}


class Command(BaseCommand):
    help = "由全部法律事件重新计算法律状态、期限、权利人和权利负担；--check 只核对，不改动。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="只核对：有出入时以 1 退出")
        parser.add_argument(
            "--quietly",
            action="store_true",
            help="首次装载用：成批写入，不通知任何人",
        )
        parser.add_argument("--processes", type=int, default=2, help="并行进程数（默认 2）")

    def handle(self, *args: Any, **options: Any) -> None:
        tally, started = Tally(), time.monotonic()
        for part in refold_all(
            now=timezone.now(),
            check=options["check"],
            quietly=options["quietly"],
            processes=options["processes"],
        ):
            tally.add(part)
            if options["verbosity"] > 1:
                self.stdout.write(f"… {tally.patents:,} 件，{tally.events:,} 条事件")
        took = time.monotonic() - started
        self.stdout.write(
            f"{tally.patents:,} 件专利，{tally.events:,} 条法律事件，用时 {took:.1f} 秒；"
            f"与记录有出入的 {tally.differing:,} 件。"
        )
        for name, count in tally.parts.items():
            self.stdout.write(f"  {PARTS.get(name, name)}：{count:,} 件")
        for patent_id, wrong in tally.samples:
            self.stdout.write(f"  例：专利 {patent_id}：{wrong}")
        if options["check"] and tally.differing:
            raise CommandError("记录与法律事件有出入；去掉 --check 再运行一次即可修正。")
