"""Seal every authenticator's secrets under the newest key (docs/operation.md)."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core.errors import Conflict
from core.sealed import renewed

SECRETS = ("secret", "seed")


class Command(BaseCommand):
    help = "用最新的密钥重新加密两步验证的密钥和恢复码；更换密钥后运行一次，再去掉旧密钥。"

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = 0, []
        for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
            with transaction.atomic():
                row = Authenticator.objects.select_for_update().get(pk=pk)
                try:
                    row.data |= {k: renewed(row.data[k]) for k in SECRETS if k in row.data}
                except Conflict:
                    lost.append(row.user_id)
                    continue
                row.save(update_fields=["data"])
                done += 1
        self.stdout.write(f"已加密 {done} 项。")
        if lost:
            people = "、".join(map(str, sorted(set(lost))))
            raise CommandError(
                f"有 {len(lost)} 项用现有密钥读不出来（用户 {people}）：请补上旧密钥后重试，"
                "或为他们移除两步验证。"
            )
