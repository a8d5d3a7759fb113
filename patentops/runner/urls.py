"""Addresses of PostgreSQL and Valkey: read from one URL each, also over unix sockets.

postgresql://user:password@%2Frun%2Fpg:5432/name and unix:///run/valkey.sock?db=0 are both fine.
An address without a password takes it from PGPASSWORD, as PostgreSQL's own programs do: there it
may have any characters.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit


class BadAddress(ValueError):
    """A URL in the environment cannot be used; the message says which and why."""


def database_settings(url: str) -> dict[str, Any]:
    """A Django DATABASES entry for a PostgreSQL URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadAddress(f"Not a PostgreSQL URL (want postgresql://…): {parts.scheme}://…")
    login, _, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    host, port = _host_and_port(place)
    options = dict(parse_qsl(parts.query))
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise BadAddress("The PostgreSQL URL names no database.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(user),
        "PASSWORD": unquote(password) or os.environ.get("PGPASSWORD", ""),
        "HOST": options.pop("host", unquote(host)),
        "PORT": options.pop("port", port),
        "OPTIONS": options,
    }


def _host_and_port(place: str) -> tuple[str, str]:
    if place.startswith("["):  # IPv6
        host, _, rest = place[1:].partition("]")
        return host, rest.lstrip(":")
    host, _, port = place.partition(":")
    return host, port


def postgres_url(*, user: str, password: str, host: str, port: int, name: str) -> str:
    """The URL `database_settings` reads back; `host` may be a socket folder."""
    return (
        f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}"
        f"@{quote(host, safe='')}:{port}/{quote(name, safe='')}"
    )


def redis_database(url: str, offset: int) -> str:
    """The same server's database number + offset, for redis-py and Django's cache."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query))
        query["db"] = str(int(query.get("db", "0")) + offset)
        return f"unix://{parts.path}?{urlencode(query)}"
    if parts.scheme not in {"redis", "rediss"}:
        raise BadAddress(f"Not a Redis or Valkey URL (redis://, rediss://, unix://): {url!r}")
    number = int(parts.path.strip("/") or 0) + offset
    return parts._replace(path=f"/{number}").geturl()


def celery_broker(url: str) -> str:
    """The spelling Celery wants for the same server."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return redis_database(url, 0)
    query = dict(parse_qsl(parts.query))
    broker = {"virtual_host": query.get("db", "0")}
    if "password" in query:
        broker["password"] = query["password"]
    return f"redis+socket://{parts.path}?{urlencode(broker)}"
