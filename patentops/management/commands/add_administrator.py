"""The first administrator of an installation without the sample (docs/operation.md)."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from core.errors import DomainError
from core.people.services import register_user
from core.people.types import Actor


class Command(BaseCommand):
    help = (
        "开设一个系统管理员账号：安装后的第一个由此而来。"
        "密码会询问两次；不在终端时从标准输入读一行。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="电子邮箱，登录时用")
        parser.add_argument("--name", required=True, help="姓名，写入审计记录")

    def handle(self, *args: Any, **options: Any) -> None:
        email, name = options["email"].strip().lower(), options["name"].strip()
        try:
            validate_email(email)
            password = ask()
            validate_password(password)
            register_user(
                email=email,
                display_name=name,
                password_hash=make_password(password),
                is_superuser=True,
                by=Actor.system(),
                now=timezone.now(),
            )
        except ValidationError as problem:
            raise CommandError("".join(problem.messages)) from problem
        except DomainError as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"已开设系统管理员 {name}（{email}）。登录后请先设置两步验证。")


def ask() -> str:
    """The password, typed twice; a program gives it as one line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("密码：")
    if password != getpass.getpass("再输入一次："):
        raise CommandError("两次输入的密码不一样。")
    return password
