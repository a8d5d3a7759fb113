"""`manage.py reset`: throw away this machine's data. Asks first."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from patentops.runner import down
from patentops.runner.lock import UpLock
from patentops.runner.places import Places, places
from patentops.runner.screen import say


def run(arguments: list[str]) -> int:
    """Stop, ask, delete."""
    parser = argparse.ArgumentParser(prog="manage.py reset", description="删除本机的全部数据")
    parser.add_argument("--yes", action="store_true", help="不再询问")
    options = parser.parse_args(arguments)
    where = places()
    if os.environ.get("DATABASE_URL"):
        say("DATABASE_URL 指向外部数据库：reset 只删除本机内嵌数据库，不碰外部的。请自行处理。")
        return 1
    targets = contents(where)
    if not targets:
        say(f"{where.state} 里没有数据。")
        return 0
    if not options.yes and not confirmed(where.state):
        say("没有删除任何东西。")
        return 1
    if UpLock(where.state).holder() is not None and down.run([]):
        return 1
    for target in targets:
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    say("已删除。重新开始：python3 manage.py up")
    return 0


def contents(where: Places) -> list[Path]:
    """What belongs to us in the state folder (which may hold other things), and the sockets."""
    names = ["postgres", "valkey", "logs", "secrets", "static", "media", "mail", "run"]
    names += ["metrics", "arena", "prepared", "filled", "sample-removed"]
    found = [where.state / name for name in names if (where.state / name).exists()]
    found += [*where.state.glob("beat-schedule*"), *where.state.glob("processes.json")]
    if where.run.exists() and where.run not in found:
        found.append(where.run)
    return found


def confirmed(state: Path) -> bool:
    """Ask; only a plain yes counts."""
    if not sys.stdin.isatty():
        say("要在脚本里使用，请加 --yes。")
        return False
    answer = input(f"将停止平台并删除 {state} 里的全部数据，无法恢复。确定吗？[y/N] ")
    return answer.strip().lower() in {"y", "yes", "是", "好"}
