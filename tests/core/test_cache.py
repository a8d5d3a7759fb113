"""The cache between requests."""

from __future__ import annotations

from contextvars import Context

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache


def _of_a_request() -> BaseCache:
    return Context().run(lambda: caches["default"])


def test_requests_share_connections() -> None:
    """Django makes a cache object a context, so that one is a request's; a pool is not."""
    one, other = _of_a_request(), _of_a_request()
    assert one is not other
    pools = [cache._cache._get_connection_pool(True) for cache in (one, other)]  # type: ignore[attr-defined]
    assert pools[0] is pools[1]
    clients = [cache._cache.get_client() for cache in (one, other)]  # type: ignore[attr-defined]
    assert clients[0] is clients[1]
    one.set("shared", 7)
    assert other.get("shared") == 7
