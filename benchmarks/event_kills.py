"""Events under SIGKILL, from the click to the exchange: a whole platform killed at random.

    python benchmarks/event_kills.py --events 3000 --kills 100
    python benchmarks/event_kills.py --events 600 --kills 20 --flush --stop

Starts `manage.py up` in a state folder of its own (loopback only). Offices take offers off the
board and put them back by the API, each click with an Idempotency-Key and repeated until it is
answered; every click is one event, owed to one exchange. Meanwhile web processes, the worker, the
pool processes in which the relay runs, the scheduler and Valkey are killed. One call in twenty of
the exchange's fails after it took effect. `--flush` empties Valkey in mid-run, `--stop` stops
PostgreSQL at once (immediate, as a power cut). Nobody lends a hand.

Expected: as many events as clicks; the exchange, which knows them by id, has each once; all within
a minute of the last kill.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.push_kills import Platform, free_port  # noqa: E402

OFFICES, OFFERS = 4, 10  # an office clicks through its own offers, one after the other
LATE_FAILURES = 0.05
PATIENCE = 600.0
EVENTS = ("patent.suspended", "patent.listed")


class Exchange:
    """Takes events by id; every twentieth is answered 500, or not at all, though it was taken.

    It fails a given event once: the second wait of the schedule is five minutes, by agreement.
    """

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.taken: Counter[str] = Counter()
        self.failed: set[str] = set()
        self.lock = threading.Lock()
        self.port = 0

    def fails(self, message: str) -> bool:
        with self.lock:
            self.taken[message] += 1
            if message in self.failed or self.dice.random() >= LATE_FAILURES:
                return False
            self.failed.add(message)
            return True

    def serve(self) -> None:
        exchange = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if exchange.fails(self.headers["webhook-id"]):
                    if len(exchange.failed) % 2:
                        self.close_connection = True
                        self.connection.shutdown(socket.SHUT_RDWR)
                        return
                    self.send_response(500)
                else:
                    self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Whole(Platform):
    """The platform, and who may be killed of it."""

    ROLES = ("web", "worker", "relay", "beat", "valkey")

    def victims(self) -> list[tuple[str, int]]:
        """Web processes, the worker, the pool processes it forked (relay), scheduler, Valkey."""
        found = []
        for pid in self._tree(self.process.pid if self.process else 0):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
                role = next((word for word, mark in MARKS.items() if mark in line), None)
                if role == "worker" and int(parent) != (self.process.pid if self.process else 0):
                    role = "relay"
                if role:
                    found.append((role, pid))
        return found

    def postmaster(self) -> int:
        """The first process of PostgreSQL."""
        folder = self.state / "postgres" / "data" / "postmaster.pid"
        return int(folder.read_text().split("\n", 1)[0])


MARKS = {
    "valkey": "valkey-server",
    "beat": " beat ",
    "worker": " worker ",
    "web": "patentops.runner.web",
}


class Office(threading.Thread):
    """Clicks: off the board, back on it, until told; each click counts once, however often sent."""

    def __init__(self, port: int, cookies: str, token: str, listings: list[int]) -> None:
        super().__init__(daemon=True)
        self.port, self.listings = port, listings
        self.headers = {
            "Cookie": cookies,
            "X-CSRFToken": token,
            "Content-Type": "application/json",
            "Host": f"127.0.0.1:{port}",
        }
        self.clicks = self.sent = 0
        self.refused: list[str] = []
        self.most = 0

    def run(self) -> None:
        while self.clicks < self.most:
            turn, place = divmod(self.clicks, len(self.listings))
            self.click(self.listings[place], "resume" if turn % 2 else "suspend")

    def click(self, listing: int, move: str) -> None:
        key, path = uuid.uuid4().hex, f"/api/v1/listings/{listing}/{move}/"
        body = json.dumps({"reason": "暂缓"} if move == "suspend" else {})
        while True:
            self.sent += 1
            status, text = self._post(path, body, key)
            if 200 <= status < 300:
                self.clicks += 1
                return
            running = status == 409 and "request-in-progress" in text
            if status not in (0, 429, 500, 502, 503, 504) and not running:
                self.refused.append(f"{path}: {status} {text[:200]}")
                self.clicks += 1
                return
            time.sleep(0.3)

    def _post(self, path: str, body: str, key: str) -> tuple[int, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request("POST", path, body.encode(), self.headers | {"Idempotency-Key": key})
            answer = line.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            line.close()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--apart", type=float, default=0.0, help="seconds between kills; 0: spread")
    parser.add_argument("--flush", action="store_true", help="empty Valkey in mid-run, twice")
    parser.add_argument("--stop", action="store_true", help="stop PostgreSQL at once in mid-run")
    parser.add_argument("--port", type=int, default=free_port())
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--state", type=Path, help="default: a new temporary folder")
    return parser.parse_args()


def main() -> None:
    asked = options()
    os.environ["PATENTOPS_THROTTLE_FACTOR"] = "10000"
    with tempfile.TemporaryDirectory(prefix="event-kills-") as made:
        state = asked.state or Path(made)
        state.mkdir(parents=True, exist_ok=True)
        exchange = Exchange(asked.seed)
        exchange.serve()
        platform = Whole(state, asked.port)
        begun = time.monotonic()
        try:
            platform.start()
            print(f"up after {time.monotonic() - begun:.0f} s, load {os.getloadavg()[0]:.1f}")
            failed = Run(asked, platform, exchange).all()
        finally:
            platform.stop()
    print(f"all in {time.monotonic() - begun:.0f} s, load {os.getloadavg()[0]:.1f}")
    sys.exit(1 if failed else 0)


class Run:
    """Lay out, click, kill, wait, count."""

    def __init__(self, asked: argparse.Namespace, platform: Whole, exchange: Exchange) -> None:
        self.asked, self.platform, self.exchange = asked, platform, exchange
        self.dice = random.Random(asked.seed)
        self.killed: Counter[str] = Counter()
        self.last_blow = 0.0
        self.left: list[tuple[int, int]] = []  # every 5 s: owed to consumers, owed to the exchange
        os.environ |= {"PATENTOPS_STATE": str(platform.state), "PATENTOPS_PROCESS": "command"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "patentops.settings"
        import django

        django.setup()
        logging.disable(logging.CRITICAL)  # lost nudges are expected here, and the sweep's business

    def all(self) -> bool:
        offices = self.lay_out()
        before = self.emitted()
        for office in offices:
            office.most = -(-self.asked.events // len(offices))
            office.start()
        self.kill(offices)
        for office in offices:
            office.join(PATIENCE)
        clicked = time.monotonic()
        drained = self.wait()
        print("killed:", json.dumps(dict(sorted(self.killed.items()))))
        print(f"last click {max(clicked - self.last_blow, 0):.0f} s after the last blow")
        print(f"drained {drained - self.last_blow:.1f} s after the last blow, ", end="")
        print(f"{drained - clicked:.1f} s after the last click")
        print("owed every 5 s from then on (consumers, exchange):", *self.left)
        return self.count(offices, before, drained - self.last_blow)

    def lay_out(self) -> list[Office]:
        """Offices with offers on the board, logged in; an exchange that hears of them."""
        from django.test import Client
        from django.utils import timezone

        from core.people.models import User
        from interchange import services as interchange
        from tests.conftest import log_in
        from tests.factories import core
        from tests.factories import listings as board

        hub = core.actor(core.exchange())
        interchange.add_endpoint(
            partner_id=interchange.join(by=hub, now=timezone.now()),
            url=f"http://127.0.0.1:{self.exchange.port}/hook",
            events=list(EVENTS),
            by=hub,
            now=timezone.now(),
        )
        found = []
        for _ in range(OFFICES):
            member = core.office(region="310115")
            User.objects.filter(pk=member.user_id).update(email=f"k{member.pk}@example.cn")
            rows = [
                board.listed_patent(member, now=timezone.now()).listings.get().pk
                for _ in range(OFFERS)
            ]
            client = Client(headers={"host": f"127.0.0.1:{self.asked.port}"})
            log_in(client, member)
            token = uuid.UUID(int=self.dice.getrandbits(128)).hex  # a browser's own, as good as any
            client.cookies["csrftoken"] = token
            cookies = "; ".join(f"{name}={m.value}" for name, m in client.cookies.items())
            found.append(Office(self.asked.port, cookies, token, rows))
        self.wait()
        self.left.clear()
        self.exchange.taken.clear()
        self.exchange.failed.clear()
        return found

    def emitted(self) -> int:
        from core.outbox.models import OutboxEvent

        return OutboxEvent.objects.filter(name__in=EVENTS).count()

    def kill(self, offices: list[Office]) -> None:
        """SIGKILLs spread over the clicks, one role after the other in random order."""
        blows = [self.one_kill] * self.asked.kills
        if self.asked.flush:
            blows[len(blows) // 3 : len(blows) // 3] = [self.flush]
            blows[2 * len(blows) // 3 : 2 * len(blows) // 3] = [self.flush]
        if self.asked.stop:
            blows[len(blows) // 2 : len(blows) // 2] = [self.stop_database]
        aim = sum(office.most for office in offices) - 2 * len(offices)
        for number, blow in enumerate(blows, start=1):
            due = aim * number / len(blows)
            while sum(office.clicks for office in offices) < due:
                if not any(office.is_alive() for office in offices):
                    break
                time.sleep(0.05)
            time.sleep(self.asked.apart * self.dice.random() * 2)
            blow()
            self.last_blow = time.monotonic()

    def one_kill(self) -> None:
        fewest = sorted(
            self.platform.ROLES, key=lambda role: (self.killed[role], self.dice.random())
        )
        victims = self.platform.victims()
        for role in fewest:
            pids = sorted(pid for found, pid in victims if found == role)
            if pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.dice.choice(pids), signal.SIGKILL)
                    self.killed[role] += 1
                    return
        time.sleep(0.2)
        self.one_kill()

    def flush(self) -> None:
        from django.conf import settings
        from redis import Redis

        for _ in range(100):
            try:
                Redis.from_url(settings.REDIS_URL).flushall()
                self.killed["Valkey flushed"] += 1
                return
            except Exception:  # it was killed a moment ago
                time.sleep(0.2)

    def stop_database(self) -> None:
        os.kill(self.platform.postmaster(), signal.SIGQUIT)
        self.killed["PostgreSQL stopped at once"] += 1

    def wait(self) -> float:
        """Until nothing is owed any more, or patience ends; when that was."""
        from django.db import OperationalError, connection

        from core.outbox.models import OutboxDelivery
        from interchange.models import Delivery

        begun = time.monotonic()
        while (at := time.monotonic()) < begun + PATIENCE:
            with contextlib.suppress(OperationalError):
                dues = OutboxDelivery.objects.filter(done_at__isnull=True, dead_at__isnull=True)
                pushes = Delivery.objects.filter(sent_at__isnull=True, given_up_at__isnull=True)
                owed = dues.count(), pushes.count()
                if not any(owed):
                    return time.monotonic()
                if at - begun >= 5 * len(self.left):
                    self.left.append(owed)
            connection.close()
            time.sleep(0.5)
        return time.monotonic()

    def count(self, offices: list[Office], before: int, took: float) -> bool:
        from core.audit import selectors as trail
        from core.outbox.models import OutboxDelivery, OutboxEvent

        clicks = sum(office.clicks for office in offices)
        ids = {
            f"msg_{pk}"
            for pk in OutboxEvent.objects.filter(name__in=EVENTS)
            .order_by("-written_at")
            .values_list("pk", flat=True)[: self.emitted() - before]
        }
        taken = self.exchange.taken
        lines = {
            "refused clicks": (sum(len(office.refused) for office in offices), 0),
            "clicks": (clicks, -(-self.asked.events // len(offices)) * len(offices)),
            "events": (self.emitted() - before, clicks),
            "lost on the way": (len(ids - taken.keys()), 0),
            "of unknown id": (len(taken.keys() - ids), 0),
            "effects by id": (len(taken), clicks),
            "events given up": (OutboxDelivery.objects.filter(dead_at__isnull=False).count(), 0),
            "breaks of the audit chain": (int(trail.first_break() is not None), 0),
            "drained over 60 s": (int(took > 60), 0),
        }
        for name, (found, wanted) in lines.items():
            verdict = "as it should be" if found == wanted else f"SHOULD BE {wanted}"
            print(f"{name:>26}: {found:>6}   {verdict}")
        for office in offices:
            for line in office.refused[:3]:
                print("   refused:", line)
        sent = sum(office.sent for office in offices)
        print(f"{'sent more than once':>26}: {sent - clicks} clicks (same keys), ", end="")
        print(f"{sum(taken.values()) - len(taken)} webhooks (same ids), ", end="")
        print(f"{len(self.exchange.failed)} failed after their effect")
        return any(found != wanted for found, wanted in lines.values())


if __name__ == "__main__":
    main()
