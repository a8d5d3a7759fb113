"""Addresses that partners might give their webhooks: none of them reaches the inside.

Real listeners stand on the loopback addresses; whoever comes to them was let through.
"""

from __future__ import annotations

import http.server
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from interchange.exchanges.webhooks import HttpSender
from tests.factories.interchange import partner

Resolve = Callable[[dict[str, list[str]]], list[str]]
PUBLIC = "93.184.216.34"


class Doors:
    """Listeners on 127.0.0.1, and who came."""

    def __init__(self, answer: Callable[[Any], None] | None = None) -> None:
        self.came: list[str] = []
        came = self.came

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                came.append(self.path)
                if answer is not None:
                    answer(self)
                    return
                self.send_response(200)
                self.end_headers()

            do_GET = do_POST  # noqa: N815  the library's name

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def inside() -> Iterator[Doors]:
    doors = Doors()
    yield doors
    doors.close()


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Names that answer as an attacker's own name server would; numbers are read as ever."""
    real = socket.getaddrinfo

    def make(table: dict[str, list[str]]) -> list[str]:
        asked: list[str] = []

        def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else str(host)
            if name in table:
                asked.append(name)
                answers = table[name]
                address = answers.pop(0) if len(answers) > 1 else answers[0]
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                return [(family, socket.SOCK_STREAM, 6, "", (address, port))]
            if not any(c.isdigit() for c in name) and name != "localhost":
                raise socket.gaierror("no such name")
            return real(host, port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return asked

    return make


NUMBERS = [
    # every spelling of 127.0.0.1
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1",
    "0177.0.0.1", "017700000001", "0x7f.0x0.0x0.0x1", "127.0.0.1.", "0", "0.0.0.0", "0x0",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[2001::f7ff:fffe]",
    # metadata of clouds
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]", "100.100.100.200", "192.0.0.192", "[fe80::a9fe:a9fe]",
    # private networks
    "10.0.0.1", "10.1", "167772161", "172.16.0.1", "172.31.255.255", "192.168.0.1", "3232235521",
    "192.168.257", "100.64.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.7", "[fc00::1]",
    "[fd12:3456::1]", "[fe80::1]", "[fec0::1]", "[2001:db8::1]", "[::ffff:10.0.0.1]",
    "[2002:a00:1::]", "[64:ff9b::10.0.0.1]",
    # nobody in particular
    "255.255.255.255", "224.0.0.1", "239.255.255.250", "240.0.0.1", "[ff02::1]", "[ff0e::1]",
]  # fmt: skip
NAMES = [
    "localhost", "localhost.", "LOCALHOST", "ip6-localhost", "inside.example", "mixed.example",
    "metadata.google.internal", "127.0.0.1.nip.example", "xn--80ak6aa92e.example", "ⓛocalhost",
    "127。0。0。1", "①②⑦.⓪.⓪.①",
]  # fmt: skip
TABLE = {
    "localhost": ["127.0.0.1"], "localhost.": ["127.0.0.1"], "ip6-localhost": ["::1"],
    "inside.example": ["10.1.2.3"], "mixed.example": ["::ffff:127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"], "127.0.0.1.nip.example": ["127.0.0.1"],
    "xn--80ak6aa92e.example": ["127.0.0.1"],
}  # fmt: skip
SHAPES = [
    "http://{inside}/", "https://{public}@{inside}/", "https://user:pw@{inside}/",
    "https://{inside}\\@{public}/", "https://{public}\\@{inside}/", "https://{inside}#@{public}/",
    "https://{public}#@{inside}/", "https:///{inside}/", "https:{inside}", "//{inside}/",
    "file:///etc/passwd", "gopher://{inside}/_POST", "ftp://{inside}/", "dict://{inside}/",
    "unix:///run/valkey.sock", "https://{inside}%2f@{public}/", "https://{public}:22/",
    "https://{public}:25/", "https://{public}:6379x/", "https://{inside}\t/", " https://{inside}/",
    "https://{public}\r\nHost: {inside}/", "https://[::1]{inside}/", "https://[::1%25lo]/", "",
]  # fmt: skip


def hostile(port: int) -> list[str]:
    told = [f"https://{host}:{port}/" for host in [*NUMBERS, *NAMES]]
    told += [f"https://{host}/" for host in ("127.0.0.1", "localhost", "[::1]")]
    return told + [shape.format(inside=f"127.0.0.1:{port}", public=PUBLIC) for shape in SHAPES]


def test_no_hostile_address_reaches_inside(
    inside: Doors, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(TABLE)
    dialled: list[Any] = []

    def dial(address: Any, *_: Any, **__: Any) -> Any:
        dialled.append(address)
        raise OSError("the network is shut")

    monkeypatch.setattr(socket, "create_connection", dial)
    sender = HttpSender(loopback=False)
    told = hostile(inside.port)
    assert len(told) >= 100
    for url in told:
        assert sender.send(url=url, body=b"{}", headers={}).status is None, url
    assert dialled == [], "somebody was called"
    assert inside.came == []


def test_the_listener_would_have_heard(inside: Doors) -> None:
    """The same listener with loopback allowed: the test above can fail."""
    url = f"http://127.0.0.1:{inside.port}/hook"
    assert HttpSender(loopback=True).send(url=url, body=b"{}", headers={}).status == 200
    assert inside.came == ["/hook"]
    assert HttpSender(loopback=False).send(url=url, body=b"{}", headers={}).status is None
    assert inside.came == ["/hook"]


def test_even_where_loopback_is_allowed_private_networks_are_not(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(TABLE)
    dialled: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", lambda a, *_, **__: dialled.append(a))
    for host in ("10.0.0.1", "169.254.169.254", "192.168.0.1", "[fd00::1]", "inside.example"):
        reply = HttpSender(loopback=True).send(url=f"http://{host}:8080/", body=b"", headers={})
        assert reply.status is None
    assert dialled == []


def test_a_name_that_changes_its_mind_is_called_where_it_was_checked(
    inside: Doors, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is checked, loopback a moment later."""
    asked = resolve({"rebind.example": [PUBLIC, "127.0.0.1"]})
    dialled: list[tuple[str, int]] = []

    def dial(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        dialled.append(address)
        raise OSError("the network is shut")

    monkeypatch.setattr(socket, "create_connection", dial)
    url = f"https://rebind.example:{inside.port}/"
    assert HttpSender(loopback=False).send(url=url, body=b"", headers={}).status is None
    assert asked == ["rebind.example"]  # once
    assert dialled == [(PUBLIC, inside.port)]
    assert inside.came == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
        for address in (PUBLIC, "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    reply = HttpSender(loopback=False).send(url="https://both.example/", body=b"", headers={})
    assert (reply.status, reply.note) == (None, "地址不是公网地址，已拒绝")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(inside: Doors, status: int) -> None:
    def lead(door: Any) -> None:
        door.send_response(status)
        door.send_header("Location", f"http://127.0.0.1:{inside.port}/stolen")
        door.end_headers()

    outside = Doors(lead)
    try:
        url = f"http://127.0.0.1:{outside.port}/"
        assert HttpSender(loopback=True).send(url=url, body=b"", headers={}).status == status
    finally:
        outside.close()
    assert inside.came == []


def test_a_proxy_of_the_environment_is_not_asked(
    inside: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = Doors()
    try:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{inside.port}")
        url = f"http://127.0.0.1:{outside.port}/"
        assert HttpSender(loopback=True).send(url=url, body=b"", headers={}).status == 200
    finally:
        outside.close()
    assert inside.came == []


def test_an_answer_without_end_is_not_read() -> None:
    sent = threading.Event()

    def pour(door: Any) -> None:
        door.send_response(200)
        door.send_header("Content-Type", "text/plain")
        door.end_headers()
        try:
            for _ in range(10_000):
                door.wfile.write(b"x" * 65_536)
        except OSError:
            sent.set()  # the caller has hung up

    outside = Doors(pour)
    try:
        url = f"http://127.0.0.1:{outside.port}/"
        assert HttpSender(loopback=True).send(url=url, body=b"", headers={}).status == 200
        assert sent.wait(5)
    finally:
        outside.close()


def test_nothing_of_ours_calls_out_but_the_one_sender() -> None:
    """Whoever needs another way out shall find this test first."""
    root = Path(__file__).resolve().parents[2]
    asks = re.compile(
        r"^\s*(import|from) (httpx|requests|urllib3|aiohttp|urllib\.request|http\.client)\b",
        re.MULTILINE,
    )
    rooms = ("core", "listings", "licensing", "pledges", "matching", "oversight", "interchange")
    found = [
        str(path.relative_to(root))
        for room in rooms
        for path in (root / room).rglob("*.py")
        if asks.search(path.read_text("utf-8"))
    ]
    assert found == ["interchange/exchanges/webhooks.py"]
    assert httpx.Client().follow_redirects is False


@pytest.mark.django_db
def test_a_hostile_address_is_refused_at_the_door(
    api_as: Callable[..., Any], settings: Any, now: datetime
) -> None:
    settings.WEBHOOKS_LOOPBACK = False
    client = api_as(partner(now).member)
    for shape in SHAPES:
        url = shape.format(inside="127.0.0.1:8000", public=PUBLIC)
        answer = client.post(
            "/api/v1/webhook-endpoints/",
            {"url": url, "events": ["patent.listed"]},
            headers={"Idempotency-Key": f"k{hash(url)}"},
        )
        assert answer.status_code in {400, 422}, (url, answer.content)
