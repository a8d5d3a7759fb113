"""The way to a view, found once: some 500 patterns are not tried anew for every request."""

from __future__ import annotations

from functools import lru_cache

from django.urls import ResolverMatch, URLResolver

MOST = 4_000  # addresses kept in a process
LONGEST = 200  # characters; a longer address is nobody's, or its answer costs more than the way


def remember(resolver: URLResolver) -> None:
    """From here on `resolver` knows the addresses that it has led to a view before.

    What leads nowhere is not remembered. Each request gets a match of its own: a middleware may
    change its arguments.
    """
    look = resolver.resolve
    known = lru_cache(MOST)(look)

    def resolve(path: str) -> ResolverMatch:
        if len(path) > LONGEST:
            return look(path)
        found = known(path)
        match = ResolverMatch.__new__(ResolverMatch)
        match.__dict__.update(found.__dict__, kwargs=dict(found.kwargs))
        return match

    resolver.resolve = resolve  # type: ignore[method-assign]
