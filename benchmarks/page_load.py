"""What one machine carries: a mix of pages and API answers under load, with open event streams.

    .venv/bin/python -m benchmarks.page_load --base http://127.0.0.1:8000
        [--clients 20] [--seconds 60] [--think 0] [--streams 200] [--json OUT]

Per kind of request: alone first (one client, the baseline), then with all clients, then with all
clients while so many browsers hold their stream of notices open. The mix is what people do: of ten
requests three search, three open a patent, one opens the first page, one a workbench, two come by
API. The clients run on the same machine and take their share of its cores. The server must run
with PATENTOPS_THROTTLE_FACTOR=100, for all ask from one address.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from typing import Any

import httpx

from benchmarks.search_load import LOGINS, SEED, Tally, ask, queries, signed_in, titles_of

Mix = dict[str, list[str]]
SHARES = {"search": 3, "patent": 3, "first page": 1, "workbench": 1, "api": 2}


def mix(visitor: httpx.Client) -> Mix:
    """Addresses by kind, made from the server's own board."""
    rows = visitor.get("/api/v1/patents/", params={"page_size": 100}).json()["results"]
    keys = [row["id"] for row in rows]
    return {
        "search": queries(titles_of(visitor), random.Random(SEED)),
        "patent": [f"/patents/{key}/" for key in keys],
        "first page": ["/"],
        "workbench": ["/"],
        "api": [f"/api/v1/patents/{key}/" for key in keys]
        + [f"/api/v1/patents/?page_size={n}" for n in (10, 20, 50)],
    }


class Crowd:
    """The clients: half visitors, half members; workbenches are asked by members only."""

    def __init__(self, base: str, clients: int) -> None:
        self.visitors = [
            httpx.Client(base_url=base, timeout=30, follow_redirects=True)
            for _ in range(max(1, clients - clients // 2))
        ]
        self.members = [signed_in(base, LOGINS[n % len(LOGINS)]) for n in range(clients // 2)]

    def runs(self, addresses: Mix, seconds: float, think: float) -> tuple[dict[str, Tally], float]:
        """Everybody asks for so long; tallies by kind, and requests a second."""
        lists: list[dict[str, Tally]] = []
        until = time.monotonic() + seconds
        threads = []
        for number, client in enumerate([*self.visitors, *self.members]):
            mine: dict[str, Tally] = defaultdict(Tally)
            lists.append(mine)
            kinds = dict(SHARES) if client in self.members else SHARES | {"workbench": 0}
            threads.append(
                threading.Thread(
                    target=visit, args=(client, addresses, kinds, until, think, number, mine)
                )
            )
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
        together: dict[str, Tally] = defaultdict(Tally)
        for mine in lists:
            for kind, tally in mine.items():
                together[kind].add(tally)
        return together, sum(len(tally.times) for tally in together.values()) / took


def visit(
    client: httpx.Client,
    addresses: Mix,
    shares: dict[str, int],
    until: float,
    think: float,
    seed: int,
    out: dict[str, Tally],
) -> None:
    """One person: ask, think, ask again."""
    dice = random.Random(seed)
    kinds, weights = list(shares), list(shares.values())
    while time.monotonic() < until:
        kind = dice.choices(kinds, weights)[0]
        ask(client, dice.choice(addresses[kind]), out[kind])
        if think:
            time.sleep(max(0.0, dice.gauss(think, think / 5)))


class Streams:
    """Open streams of notices, each read by nobody but kept."""

    def __init__(self, base: str, member: httpx.Client, count: int) -> None:
        self.stack = ExitStack()
        client = self.stack.enter_context(
            httpx.Client(
                base_url=base, timeout=None, cookies=member.cookies,
                limits=httpx.Limits(max_connections=None),
            )
        )  # fmt: skip
        self.held = sum(self._opens(client) for _ in range(count))

    def _opens(self, client: httpx.Client) -> bool:
        answer = self.stack.enter_context(client.stream("GET", "/events/"))
        return answer.status_code == 200

    def close(self) -> None:
        self.stack.close()


def summary(tallies: dict[str, Tally]) -> dict[str, Any]:
    return {kind: tallies[kind].summary() for kind in SHARES if kind in tallies}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=0.0)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    alone = Crowd(options.base, 2)
    addresses = mix(alone.visitors[0])
    Crowd(options.base, 2).runs(addresses, 3, 0)
    first = {kind: Tally() for kind in SHARES}
    for kind, tally in first.items():
        client = alone.members[0] if kind == "workbench" else alone.visitors[0]
        for address in addresses[kind][:60] * (1 if len(addresses[kind]) > 1 else 30):
            ask(client, address, tally)
    crowd = Crowd(options.base, options.clients)
    loaded, rate = crowd.runs(addresses, options.seconds, options.think)
    report: dict[str, Any] = {
        "clients": options.clients,
        "alone": summary(first),
        "loaded": summary(loaded),
        "requests_per_second": round(rate, 1),
    }
    failed = [tally for tallies in (first, loaded) for tally in tallies.values() if tally.errors]
    if options.streams:
        streams = Streams(options.base, crowd.members[0], options.streams)
        held, rate = crowd.runs(addresses, options.seconds, options.think)
        report |= {
            "streams": streams.held,
            "with_streams": summary(held),
            "requests_per_second_with_streams": round(rate, 1),
        }
        failed += [tally for tally in held.values() if tally.errors]
        streams.close()
    print(json.dumps(report, ensure_ascii=False, indent=1))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(report, out, ensure_ascii=False, indent=1)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
