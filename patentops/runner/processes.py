"""Small Linux facts about processes. Standard library only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def die_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when the thread that forked it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))


def follow_parent(number: int) -> Callable[[], None]:
    """A preexec_fn: the child gets `number` when we die, also if we died before it asked."""
    parent = os.getpid()
    # Looked up before the fork: only a system call is left to do after it.
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def after_fork() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return after_fork


def _stat(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat after the name, which may hold anything."""
    with open(f"/proc/{pid}/stat", "rb") as stat:
        return stat.read().rpartition(b")")[2].split()


def is_alive(pid: int) -> bool:
    """Is there a process of this id (and not merely a zombie)?"""
    try:
        return _stat(pid)[0] not in {b"Z", b"X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def started_at(pid: int) -> int:
    """When it started, in clock ticks since boot; 0 if there is none."""
    try:
        return int(_stat(pid)[19])
    except (FileNotFoundError, ProcessLookupError):
        return 0
