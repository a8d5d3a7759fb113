"""Small Linux facts about processes. Standard library only."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def die_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when the thread that forked it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def follow_parent(number: int) -> Callable[[], None]:
    """A preexec_fn: the child gets `number` when we die, also if we died before it asked."""
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork

    def after_fork() -> None:
        prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return after_fork


def is_alive(pid: int) -> bool:
    """Is there a process of this id (and not merely a zombie)?"""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
    except (FileNotFoundError, ProcessLookupError):
        return False
