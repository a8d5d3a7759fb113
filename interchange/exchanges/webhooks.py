"""Calling a partner's address over HTTP, to public addresses only.

The host is resolved once, every address it has must be allowed, and the request goes to the
checked address itself: a name that answers differently a moment later changes nothing.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import httpx

from interchange.exchanges.port import Reply
from interchange.rules import TIMEOUT_SECONDS, address_allowed, url_problem


@cache
def certificates() -> ssl.SSLContext:
    """Whom we trust: read once a process, for reading it took three quarters of every call."""
    return httpx.create_ssl_context(trust_env=False)


class HttpSender:
    """POSTs over HTTP(S); redirects are not followed and proxies not used."""

    def __init__(self, *, loopback: bool) -> None:
        self.loopback = loopback

    def send(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The receiver's reply, or one without a status when it could not be asked."""
        if url_problem(url, plain_http=self.loopback):
            return Reply(None, note="网址不可用，已拒绝")
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return Reply(None, note="域名无法解析")
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(
            address_allowed(address, loopback=self.loopback) for address in addresses
        ):
            return Reply(None, note="地址不是公网地址，已拒绝")
        pinned = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        target = urlunsplit((parts.scheme, f"{pinned}:{port}", parts.path or "/", parts.query, ""))
        try:
            with (
                httpx.Client(
                    timeout=TIMEOUT_SECONDS, trust_env=False, verify=certificates()
                ) as client,
                client.stream(
                    "POST",
                    target,
                    content=body,
                    headers={**headers, "Host": parts.netloc},
                    extensions={"sni_hostname": host},
                ) as response,  # its body is not read: it may be without end
            ):
                status, wait = response.status_code, response.headers.get("Retry-After", "")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as problem:
            return Reply(None, note=_why(problem))
        return Reply(status, int(wait) if wait.isascii() and wait.isdigit() else None)


def _why(problem: Exception) -> str:
    """Why nothing came back, for the exchange's own log."""
    if isinstance(problem, httpx.TimeoutException):
        return "对方没有在规定时间内应答"
    if isinstance(problem, httpx.ConnectError):
        return "连接不上对方服务器（地址、端口或证书）"
    return f"请求没有完成（{type(problem).__name__}）"
