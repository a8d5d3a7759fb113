"""Seal every authenticator's secrets under the newest key (docs/operation.md)."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError

from core.errors import Conflict
from core.recovery import seal_anew


class Command(BaseCommand):
    help = (
        "用最新的密钥重新加密两步验证的密钥和恢复码，看过的恢复码只留散列值；"
        "更换密钥后运行一次，再去掉旧密钥。"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = 0, []
        rows = Authenticator.objects.order_by("pk")
        for pk, user_id in rows.values_list("pk", "user_id"):
            try:
                seal_anew(pk)
                done += 1
            except Conflict:
                lost.append(user_id)
        self.stdout.write(f"已加密 {done} 项。")
        if lost:
            people = "、".join(map(str, sorted(set(lost))))
            raise CommandError(
                f"有 {len(lost)} 项用现有密钥读不出来（用户 {people}）：请补上旧密钥后重试，"
                "或为他们移除两步验证。"
            )
