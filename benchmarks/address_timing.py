"""Whether the time of an answer tells if an address has an account (A19: at most 10 ms).

    python3 manage.py up                                      # with the sample
    .venv/bin/python benchmarks/address_timing.py [--pairs 60]

Asks, in this process and as the web does, for an address with an account and one without, in turn:
sign-in with a wrong password, a forgotten password, an application to take part. Prints by how much
the lower quartiles differ and where 95 of 100 such gaps lie (bootstrap). Exits with 1 when that
interval leaves ±10 ms: measure on a quiet machine. Nothing is sent; what is written is rolled back.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
LIMIT = 10.0


def quartile(times: list[float]) -> float:
    """The lower one: what else runs on the machine only ever adds."""
    return statistics.quantiles(times, n=4)[0]


def spread(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Where 95 of 100 gaps of such samples lie (bootstrap over pairs)."""
    dice = random.Random(1)
    gaps = sorted(gap(dice.choices(pairs, k=len(pairs))) for _ in range(1_000))
    return gaps[25], gaps[974]


def gap(pairs: list[tuple[float, float]]) -> float:
    """Milliseconds that known addresses take longer, by the lower quartiles."""
    return quartile([known for known, _ in pairs]) - quartile([other for _, other in pairs])


def measured(ask: Callable[[str], Any], known: list[str], pairs: int) -> list[tuple[float, float]]:
    """Milliseconds for a known address and for an unknown one, pair by pair."""
    found = []
    for n in range(pairs + 5):
        asked = {"known": known[n % len(known)], "unknown": f"nobody{n}@nowhere.example.cn"}
        order = sorted(asked, reverse=bool(n % 2))
        took = {}
        for which in order:
            began = time.perf_counter()
            ask(asked[which])
            took[which] = (time.perf_counter() - began) * 1_000
        if n >= 5:  # the first ones warm up
            found.append((took["known"], took["unknown"]))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    chosen = parser.parse_args()
    import django

    django.setup()
    from django.conf import settings
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.db import transaction
    from django.test import Client
    from django.test.utils import override_settings
    from stdnum.cn import uscc as cn_uscc

    from core.access.tasks import reset_letter
    from core.people.models import User

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    reset_letter.apply_async = lambda **_: None  # a worker writes it, beside the page
    known = list(User.objects.filter(is_active=True).values_list("email", flat=True)[:40])
    places = iter(range(1, 10**6))

    def client() -> Client:
        n = next(places)
        return Client(REMOTE_ADDR=f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}")

    def sign_in(email: str) -> Any:
        return client().post("/accounts/login/", {"login": email, "password": "wrong-wrong-1"})

    def reset(email: str) -> Any:
        return client().post("/accounts/password/reset/", {"email": email})

    def join(email: str) -> Any:
        paper = SimpleUploadedFile("a.pdf", b"%PDF-1.7 paper", content_type="application/pdf")
        filled = {
            "name": "计时测试公司", "uscc": uscc, "kind": "enterprise",
            "region": "310115", "person": "测试", "phone": "", "email": email, "remark": "",
            "password": "correct horse 2026", "consent": "on", "evidence": paper,
        }  # fmt: skip
        return client().post("/joining/", filled)

    stem = "91310115MA9999999"
    uscc = stem + cn_uscc.calc_check_digit(stem)
    bad = False
    with override_settings(ACCOUNT_RATE_LIMITS=False, AXES_ENABLED=True):
        for name, ask in (("sign-in", sign_in), ("reset", reset), ("joining", join)):
            with transaction.atomic():
                answers = {ask(known[0]).status_code, ask("x@nowhere.example.cn").status_code}
                found = measured(ask, known, chosen.pairs)
                transaction.set_rollback(True)
            low, high = spread(found)
            print(
                f"{name}: {gap(found):+.1f} ms, 95 %: {low:+.1f} to {high:+.1f},"
                f" status {sorted(answers)}, {chosen.pairs} pairs"
            )
            bad = bad or low < -LIMIT or high > LIMIT or len(answers) > 1
    return int(bad)


if __name__ == "__main__":
    raise SystemExit(main())
