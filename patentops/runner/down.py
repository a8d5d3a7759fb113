"""`manage.py down`: stop the `up` that runs for this checkout."""

from __future__ import annotations

import os
import signal
import time

from patentops.runner.leftovers import Ledger
from patentops.runner.lock import UpLock
from patentops.runner.places import places
from patentops.runner.screen import say

PATIENCE = 15.0


def run(arguments: list[str]) -> int:
    """Stop it and wait until all of it has ended."""
    state = places().state
    lock = UpLock(state)
    if lock.holder() is None:
        Ledger(state).clear_out()
        say("平台没有在运行。")
        return 0
    if not stop(lock):
        say("停止失败：进程没有响应。")
        return 1
    Ledger(state).clear_out()
    say("已停止。数据保留；再次启动：python3 manage.py up")
    return 0


def stop(lock: UpLock) -> bool:
    """Ask the running `up` to stop, then make it. Its children die with it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + PATIENCE
        asked = 0
        while (running := lock.holder()) is not None:
            if running.pid and running.pid != asked:
                os.kill(running.pid, number)
                asked = running.pid
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        else:
            return True
    return False
