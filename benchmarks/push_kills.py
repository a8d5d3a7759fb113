"""Pushes under SIGKILL: a whole platform, its worker, scheduler and Valkey killed at random.

    python benchmarks/push_kills.py --pushes 10000 --kills 100

Starts `manage.py up` in a state folder of its own (loopback only), lists patents that fit firms
which want bells and mails at once and partly have a program, kills processes meanwhile, waits
until everything is handed over, and counts. Expected: every (firm, patent) rings once; every
mail has one Message-ID however often it was sent; every webhook arrives under one id.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIRMS_A_TOPIC, PATENTS_A_TOPIC = 10, 10  # a firm is told of at most ten a day
HOOKED = 20  # firms with a program of their own
LATE_FAILURES = 0.05  # of webhooks fail after they took effect
PATIENCE = 900.0


@dataclass
class Hooks:
    """A firm's program: takes webhooks, and answers 503 to some that it did take."""

    dice: random.Random
    taken: Counter[str] = field(default_factory=Counter)
    port: int = 0

    def serve(self) -> None:
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                hooks.taken[self.headers["webhook-id"]] += 1
                self.send_response(503 if hooks.dice.random() < LATE_FAILURES else 204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Platform:
    """`manage.py up`, and its children by role."""

    def __init__(self, state: Path, port: int) -> None:
        self.state, self.port = state, port
        self.environment = os.environ | {"PATENTOPS_STATE": str(state)}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self.state / "up.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--no-sample", "--port", str(self.port)],
            cwd=ROOT, env=self.environment, stdout=log, stderr=log,
        )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while "down" not in (self.state / "up.log").read_text("utf-8", "replace"):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"The platform did not start; see {self.state / 'up.log'}.")
            time.sleep(0.5)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def victims(self) -> list[tuple[str, int]]:
        """The processes that may be killed: worker (with its children), scheduler, Valkey."""
        found = []
        for pid in self._tree(self.process.pid if self.process else 0):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                role = next((r for r in ("worker", "beat", "valkey") if r in line), None)
                if role and "postgres" not in line:
                    found.append((role, pid))
        return found

    def _tree(self, pid: int) -> list[int]:
        found = []
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                for child in (task / "children").read_text().split():
                    found += [int(child), *self._tree(int(child))]
        return found


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pushes", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--port", type=int, default=free_port(), help="default: a free one")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--state", type=Path, help="default: a new temporary folder")
    return parser.parse_args()


def main() -> None:
    asked = options()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="push-kills-") as made:
        state = asked.state or Path(made)
        state.mkdir(parents=True, exist_ok=True)
        hooks = Hooks(random.Random(asked.seed))
        hooks.serve()
        platform = Platform(state, asked.port)
        try:
            platform.start()
            print(f"up after {time.monotonic() - began:.0f} s")
            failed = soak(asked, platform, hooks)
        finally:
            platform.stop()
    print(f"all in {time.monotonic() - began:.0f} s")
    sys.exit(1 if failed else 0)


def soak(asked: argparse.Namespace, platform: Platform, hooks: Hooks) -> bool:
    """Lay out, list, kill, wait, count; whether anything was lost or doubled."""
    os.environ |= {"PATENTOPS_STATE": str(platform.state), "PATENTOPS_PROCESS": "command"}
    sys.path.insert(0, str(ROOT))
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "patentops.settings"
    django.setup()
    logging.disable(logging.CRITICAL)  # lost nudges are expected here, and the sweep's business
    stage = Stage(topics=-(-asked.pushes // (FIRMS_A_TOPIC * PATENTS_A_TOPIC)), hooks=hooks)
    begun = time.monotonic()
    stage.set_up()
    print(
        f"{stage.firms} firms, {stage.expected} pushes to come ({time.monotonic() - begun:.0f} s)"
    )
    begun = time.monotonic()
    done = threading.Event()
    killing = threading.Thread(target=kill, args=(asked, platform, done))
    killing.start()
    stage.list_patents(during=killing)
    done.set()
    killing.join()
    last_kill = time.monotonic()
    print(f"{asked.kills} SIGKILLs within {last_kill - begun:.0f} s")
    drained = stage.wait()
    print(f"drained {drained:.0f} s after the last kill")
    return stage.count(platform.state)


def kill(asked: argparse.Namespace, platform: Platform, done: threading.Event) -> None:
    """SIGKILL a random victim every so often."""
    dice, killed = random.Random(asked.seed), Counter[str]()
    while sum(killed.values()) < asked.kills:
        time.sleep(dice.uniform(0.3, 2.5))
        victims = platform.victims()
        if not victims:
            continue
        roles = sorted({role for role, _pid in victims})
        role = dice.choice(roles)
        pid = dice.choice(sorted(pid for r, pid in victims if r == role))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed[role] += 1
    print("killed:", json.dumps(dict(sorted(killed.items()))))


class Stage:
    """Firms in topics far from each other, and the patents that fit them."""

    def __init__(self, *, topics: int, hooks: Hooks) -> None:
        self.topics, self.hooks = topics, hooks
        self.firms = topics * FIRMS_A_TOPIC
        self.expected = self.firms * PATENTS_A_TOPIC
        self.dice = random.Random(topics)

    def words(self, topic: int) -> str:
        """A run of characters that no other topic has."""
        return "".join(chr(0x5000 + (topic * 16 + i) * 7 % 9_000) for i in range(16))

    def set_up(self) -> None:
        from django.utils import timezone

        from core.people.models import User
        from core.people.types import Role
        from interchange import services as interchange
        from matching import services
        from matching.services import receiving
        from matching.types import Pace, PushWish, SubscriptionInput
        from tests.factories import core

        self._stock()
        self.offices = [core.office(region="310115") for _ in range(PATENTS_A_TOPIC)]
        for number in range(self.firms):
            topic, now = number // FIRMS_A_TOPIC, timezone.now()
            member = core.MembershipFactory(role=Role.ENTERPRISE)
            User.objects.filter(pk=member.user_id).update(email=f"firm{number}@example.cn")
            by = core.actor(member)
            text = self.words(topic)
            services.subscribe(
                data=SubscriptionInput(name=f"方向{number}", text=text, keywords=(text[:8],)),
                by=by,
                now=now,
            )
            receiving.set_push_wish(
                wish=PushWish(mail=Pace.AT_ONCE, weekly_cap=200, per_holder=20), by=by, now=now
            )
            if number < HOOKED:
                interchange.add_endpoint(
                    partner_id=interchange.join(by=by, now=now),
                    url=f"http://127.0.0.1:{self.hooks.port}/{number}",
                    events=["match.pushed"],
                    by=by,
                    now=now,
                )

    def _stock(self) -> None:
        """A stock for the engine's statistics, so that it does not double during the killing."""
        from tests.factories import core
        from tests.factories import listings as board

        keeper = core.office(region="320500")
        for number in range(self.topics * PATENTS_A_TOPIC * 6 // 5):
            words = self.words(self.topics + number)
            sheet = {"problem": words, "how": words, "benefit": words}
            board.listed_patent(
                keeper, title=f"一种{words}方法", abstract=words, ipc=("C02F 1/28",), sheet=sheet
            )
        self.wait()

    def list_patents(self, *, during: threading.Thread) -> None:
        """One after another, spread over the time of the killing."""
        from tests.factories import listings as board

        for place in range(PATENTS_A_TOPIC):
            for topic in range(self.topics):
                words = self.words(topic)
                board.listed_patent(
                    self.offices[place],
                    title=f"一种{words}装置{place + 1}",
                    abstract=f"{words}，用于{words}。",
                    ipc=("H01M 10/615",),
                    sheet={"problem": words, "how": words, "benefit": words},
                )
                if during.is_alive():
                    time.sleep(self.dice.uniform(0.0, 0.4))
        during.join()

    def wait(self) -> float:
        """Until nothing is owed any more, or patience ends."""
        from django.utils import timezone

        from core.outbox.models import OutboxDelivery
        from interchange.models import Delivery
        from matching import services
        from matching.models import Digest, PushDelivery, Run

        begun, quiet_since = time.monotonic(), 0.0
        while time.monotonic() - begun < PATIENCE:
            owed = (
                OutboxDelivery.objects.filter(done_at__isnull=True, dead_at__isnull=True).exists()
                or Run.objects.exclude(state="finished").exists()
                or PushDelivery.objects.filter(
                    done_at__isnull=True, dropped_at__isnull=True
                ).exists()
                or Digest.objects.filter(sent_at__isnull=True, dropped_at__isnull=True).exists()
                or Delivery.objects.filter(sent_at__isnull=True, given_up_at__isnull=True).exists()
            )
            if not owed:  # as every morning: what the limits of a run or a day left over
                owed = services.push_waiting(now=timezone.now()) > 0
            now = time.monotonic()
            quiet_since = 0.0 if owed else quiet_since or now
            if quiet_since and now - quiet_since > 5:
                return quiet_since - begun
            time.sleep(1)
        return time.monotonic() - begun

    def count(self, state: Path) -> bool:
        """Print what came; whether anything was lost or doubled."""
        from core.notices.models import Notice
        from core.outbox.models import OutboxDelivery
        from interchange.models import Delivery
        from matching.models import Push, PushDelivery

        bells = Counter(
            Notice.objects.filter(kind="match.pushed", key__startswith="push:").values_list(
                "user_id", "title"
            )
        )
        later = PushDelivery.objects.filter(channel="bell", digest__isnull=False).count()
        rung = len(bells) + later
        doubled = sum(bells.values()) - len(bells)
        mails, copies = self._mails(state)
        owed_mails = set(
            PushDelivery.objects.filter(channel="mail", done_at__isnull=False).values_list(
                "digest_id", flat=True
            )
        )
        lost_mails = (
            self.expected
            - PushDelivery.objects.filter(channel="mail", done_at__isnull=False).count()
        )
        hooks = Delivery.objects.filter(name="match.pushed")
        ids = {f"msg_{event_id}" for event_id in hooks.values_list("event_id", flat=True)}
        wanted_hooks = min(HOOKED, self.firms) * PATENTS_A_TOPIC
        dead = OutboxDelivery.objects.filter(dead_at__isnull=False).count()
        lines = {
            "pushes": (Push.objects.count(), self.expected),
            "bells": (rung, self.expected),
            "bells doubled": (doubled, 0),
            "matches in mails, lost": (lost_mails, 0),
            "mails by Message-ID": (len(mails), len(owed_mails)),
            "webhooks by id": (len(self.hooks.taken.keys() & ids), wanted_hooks),
            "webhooks of unknown id": (len(self.hooks.taken.keys() - ids), 0),
            "events given up": (dead, 0),
        }
        for name, (found, wanted) in lines.items():
            verdict = "as it should be" if found == wanted else f"SHOULD BE {wanted}"
            print(f"{name:>24}: {found:>6}   {verdict}")
        again = sum(self.hooks.taken.values()) - len(self.hooks.taken)
        print(
            f"{'sent more than once':>24}: {copies - len(mails)} mails, {again} webhooks (same ids)"
        )
        return any(found != wanted for found, wanted in lines.values())

    def _mails(self, state: Path) -> tuple[set[str], int]:
        """The Message-IDs in the mail folder, and how many mails lie there."""
        found: list[str] = []
        for path in (state / "mail").glob("*"):
            text = path.read_text("utf-8", "replace").splitlines()
            found += [
                line.split(":", 1)[1].strip() for line in text if line.startswith("Message-ID:")
            ]
        return set(found), len(found)


if __name__ == "__main__":
    main()
