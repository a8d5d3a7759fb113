"""`python3 manage.py load_sample`: the sample 示例, through the rooms' own services."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from patentops.runner.freshness import Unwanted
from patentops.runner.places import state_folder
from patentops.sample import filling
from patentops.sample.crew import PASSWORD
from patentops.sample.loading import load


class Command(BaseCommand):
    """A door: reads the clock and the options, makes one call."""

    help = "载入示例数据（机构、专利、需求、许可、质押），均标“示例”；重复载入不会产生重复记录。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--now", help="以此时刻为“现在”，如 2026-11-20T12:00:00+08:00")
        parser.add_argument("--force", action="store_true", help="在生产环境中也载入")
        part = parser.add_mutually_exclusive_group()
        part.add_argument("--heart", action="store_true", help="只载入第一批（60 件专利）")
        part.add_argument("--rest", action="store_true", help="只补齐第一批以外的各批")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION and not options["force"]:
            raise CommandError(
                "现在是生产环境，示例账号的密码是公开的，没有载入。确实需要时请加 --force。"
            )
        Unwanted(state_folder()).forget()
        now, steps = _moment(options["now"]), 0
        if not options["rest"]:
            steps += load(now=now)
        if not options["heart"]:
            steps += filling.fill(now=now)
        if steps == 0:
            self.stdout.write("示例数据已经在库中，没有变化。")
            return
        self.stdout.write(f"示例数据已载入（{steps} 步）。示例账号的密码都是 {PASSWORD}。")


def _moment(text: str | None) -> datetime:
    if not text:
        return timezone.now()
    moment = parse_datetime(text)
    if moment is None or timezone.is_naive(moment):
        raise CommandError("--now 请写成带时区的时刻，如 2026-11-20T12:00:00+08:00。")
    return moment
