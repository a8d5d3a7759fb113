"""Counting who asks how often, over all processes.

The count is in Valkey, in sliding windows; each process counts as well, and the higher count is
believed. So nobody is shut out because Valkey is gone, and nobody may ask without end either.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from core.guard.rules import Limit, Verdict, judge

MOST_COUNTED_HERE = 20_000
_lock = threading.Lock()
_here: dict[str, int] = {}


def limit_named(name: str) -> Limit:
    """The limit of settings.THROTTLES, times settings.THROTTLE_FACTOR."""
    most, seconds = settings.THROTTLES[name]
    return Limit(name, max(1, int(most * settings.THROTTLE_FACTOR)), seconds)


def take(name: str, who: str, *, now: float | None = None) -> Verdict:
    """Count one request of `who` against the limit of this name."""
    limit = limit_named(name)
    moment = time.time() if now is None else now
    slot, into = divmod(moment, limit.seconds)
    digest = hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()[:24]
    stem = f"throttle:{name}:{digest}"
    this, last = f"{stem}:{int(slot)}", f"{stem}:{int(slot) - 1}"
    here, before = _count_here(this, last)
    shared = _count(this, keep=2 * limit.seconds)
    return judge(
        limit, here=max(here, shared), before=max(before, cache.get(last, 0) or 0), into=into
    )


def forget() -> None:
    """Begin anew in this process, for tests."""
    with _lock:
        _here.clear()


def _count(key: str, *, keep: int) -> int:
    for _ in range(2):
        try:
            return cache.incr(key)
        except ValueError:  # the first of its window, or Valkey was emptied in between
            cache.add(key, 0, keep)
    return 1


def _count_here(this: str, last: str) -> tuple[int, int]:
    with _lock:
        if len(_here) >= MOST_COUNTED_HERE:
            _here.clear()
        _here[this] = _here.get(this, 0) + 1
        return _here[this], _here.get(last, 0)


def address_of(request: HttpRequest) -> str:
    """The visitor's address: an IPv6 one by its network of 64 bits, which is one household.

    Behind proxies (PATENTOPS_PROXIES) it is what the outermost of ours has written down; what a
    visitor writes into X-Forwarded-For stands before that and is not believed.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.AXES_IPWARE_PROXY_COUNT
    if proxies:
        told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(told) >= proxies and told[-proxies]:
            address = told[-proxies]
    if ":" in address and "." not in address:
        address = ":".join(_exploded(address)[:4])
    return address


def _exploded(address: str) -> list[str]:
    try:
        return ipaddress.IPv6Address(address.partition("%")[0]).exploded.split(":")
    except ValueError:
        return [address]
