"""A cache that may vanish: without Valkey everything is merely not remembered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

ASK_AGAIN_AFTER = 3.0  # seconds; a request asks often, and each would wait for a silent Valkey
_silent_until = 0.0


# Django makes a cache object per context and a request has one of its own: pools outlive them, or
# every page would begin with a handshake of six commands. So do clients: making one takes longer
# than asking for a key (90 µs, with a client kept 35).
_pools: dict[str, dict[int, Any]] = {}
_clients: dict[int, Any] = {}  # by the id of their pool, which is as old as the process


class PooledClient(RedisCacheClient):
    """Connections are the process's; redis-py's pools are safe for threads and after a fork."""

    _client: Any  # django-stubs know neither
    _get_connection_pool: Any

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._pools = _pools.setdefault(repr((servers, sorted(options.items()))), {})

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """The process's client of that server; Django makes one for every command."""
        pool = self._get_connection_pool(write)
        client = _clients.get(id(pool))
        if client is None:
            client = _clients[id(pool)] = self._client(connection_pool=pool)
        return client


class OptionalRedisCache(RedisCache):
    """Django's cache in Valkey; a Valkey that does not answer is an empty one.

    allauth counts attempts here, and nobody may be shut out because the count is gone: the lock
    after failed logins (django-axes) counts in PostgreSQL.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = PooledClient

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(_or(True, super().add, *args, **kwargs))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _or(default, super().get, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        _or(None, super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(_or(False, super().touch, *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(_or(False, super().delete, *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = _or({}, super().get_many, *args, **kwargs)
        return found

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(_or(False, super().has_key, *args, **kwargs))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(_or(delta, super().incr, key, delta, version))

    def set_many(self, data: dict[Any, Any], *args: Any, **kwargs: Any) -> list[Any]:
        return list(_or(list(data), super().set_many, data, *args, **kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        _or(None, super().delete_many, *args, **kwargs)

    def clear(self) -> None:
        _or(None, super().clear)


def _or(instead: Any, ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    global _silent_until
    if time.monotonic() < _silent_until:
        return instead
    try:
        return ask(*args, **kwargs)
    except RedisError as error:
        log.warning("The cache does not answer: %s", error)
        _silent_until = time.monotonic() + ASK_AGAIN_AFTER
        return instead
