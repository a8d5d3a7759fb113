"""What `python3 manage.py …` does first: our own commands, else Django's."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from patentops.runner import bootstrap
from patentops.runner.freshness import Prepared
from patentops.runner.places import state_folder

# Name: (module with run(arguments) -> exit code, lock it needs, what it does).
COMMANDS = {
    "up": ("patentops.runner.up", "run", "启动全部：数据库、缓存、网页、后台任务、定时任务"),
    "down": ("patentops.runner.down", "run", "停止正在运行的 up"),
    "reset": ("patentops.runner.reset", "run", "删除本机的全部数据，重新开始（会先询问）"),
    "backup": ("patentops.keeping.backup", "run", "备份数据库和附件到一个文件，运行中也可以"),
    "restore": ("patentops.keeping.restore", "run", "从备份恢复；--check 只演练"),
    "doctor": ("patentops.keeping.doctor", "run", "检查安装：哪里不对，怎么办"),
    "test": ("patentops.runner.testing", "test", "运行测试；--browser 运行浏览器测试"),
    "check_all": ("patentops.runner.checks", "test", "全部静态检查：格式、类型、分层、迁移、部署"),
}
# These change tables, so they run as the owner of the database.
OWNER_COMMANDS = {
    *("migrate", "sqlmigrate", "sqlflush", "flush", "pgtrigger"),
    *("load_sample", "remove_sample"),
}


def main(argv: list[str]) -> None:
    """Run one command; without any, list them."""
    name = argv[1] if len(argv) > 1 else "help"
    if name in COMMANDS:
        module, lock, _ = COMMANDS[name]
        bootstrap.enter(lock, argv)
        sys.exit(import_module(module).run(argv[2:]))
    if len(argv) <= 2 and name in {"help", "-h", "--help"}:
        print(ours())
    bootstrap.enter("run", argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
    if name in OWNER_COMMANDS:
        os.environ.setdefault("PATENTOPS_DB_ROLE", "owner")
        Prepared(state_folder()).forget()
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)


def ours() -> str:
    """Our commands, one a line."""
    longest = max(map(len, COMMANDS))
    lines = [f"  {name:<{longest}}  {what}" for name, (_, _, what) in COMMANDS.items()]
    return "\n".join(["PatentOps 专利转化运用平台：python3 manage.py <命令>", "", *lines, ""])
