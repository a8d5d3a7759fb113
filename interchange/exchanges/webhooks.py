"""Calling a partner's address over HTTP, to public addresses only.

The host is resolved once, every address it has must be allowed, and the request goes to the
checked address itself: a name that answers differently a moment later changes nothing.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from interchange.exchanges.port import Reply
from interchange.rules import TIMEOUT_SECONDS, address_allowed, url_problem

MOST_DIGITS = 10
TOO_SLOW = "对方没有在规定时间内应答"


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
        with Deadline(TIMEOUT_SECONDS) as deadline:
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
                        extensions={"sni_hostname": host, "trace": deadline.watch},
                    ) as response,  # its body is not read: it may be without end
                ):
                    status, wait = response.status_code, response.headers.get("Retry-After", "")
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as problem:
                return Reply(None, note=TOO_SLOW if deadline.over else _why(problem))
        return Reply(status, _seconds(wait))


class Deadline:
    """Hangs up when the time for a whole call is over.

    The client's timeout holds for each read alone: who lets a header drip in, byte by byte, would
    keep the pusher for as long as he likes.
    """

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._until = time.monotonic() + seconds
        self._line: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Deadline:
        return self

    def watch(self, event: str, known: Mapping[str, Any]) -> None:
        """Called by the client at each step: from the connection on there is a line to cut."""
        if event == "connection.connect_tcp.complete":
            self._line = known["return_value"].get_extra_info("socket").dup()  # TLS takes the first
            self._timer = threading.Timer(max(self._until - time.monotonic(), 0), self._hang_up)
            self._timer.start()

    def _hang_up(self) -> None:
        self.over = True
        with suppress(OSError):  # the other end was first
            assert self._line is not None  # there is a line since there is a timer
            self._line.shutdown(socket.SHUT_RDWR)

    def __exit__(self, *_raised: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._line is not None:
            self._line.close()


def _seconds(wait: str) -> int | None:
    """How long the receiver asks us to wait; None for a date, nonsense, or thousands of digits."""
    return int(wait) if wait.isascii() and wait.isdigit() and len(wait) < MOST_DIGITS else None


def _why(problem: Exception) -> str:
    """Why nothing came back, for the exchange's own log."""
    if isinstance(problem, httpx.TimeoutException):
        return TOO_SLOW
    if isinstance(problem, httpx.ConnectError):
        return "连接不上对方服务器（地址、端口或证书）"
    if isinstance(problem, httpx.ProtocolError):
        return "对方的应答不完整，或不是有效的 HTTP 应答"
    return f"请求没有完成（{type(problem).__name__}）"
