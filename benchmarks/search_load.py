"""Search under load: 500 distinct queries, 20 clients with a second's thought, half signed in.

    .venv/bin/python benchmarks/search_load.py --base http://127.0.0.1:8000 \\
        [--clients 20] [--seconds 60] [--think 1.0] [--login office@example.cn …] [--json OUT]

One client alone runs first, in the same run: the baseline that the loaded figures stand beside.
The queries are made from the server's own words (titles on its board), with a fixed seed: words,
single characters, numbers, filters, pages, and some that find nothing. Needs nothing of ours but
a running server, started with PATENTOPS_THROTTLE_FACTOR=100: all clients ask from one address, and
the throttles would refuse them.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx

SEED = 20261122
QUERIES = 500
PASSWORD = "patentops-2026"
LOGINS = ("office@example.cn", "sme@example.cn", "sme2@example.cn", "bureau@example.cn")
TITLE = re.compile(r'<article class="card patent-card".*?<h[23]><a [^>]+>(.*?)</a>', re.DOTALL)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Tally:
    """What came of one kind of client."""

    times: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.times += other.times
        self.sizes += other.sizes
        self.errors += other.errors

    def summary(self) -> dict[str, float | int | list[str]]:
        times = sorted(self.times) or [0.0]
        cuts = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
        return {
            "requests": len(self.times),
            "p50_ms": round(cuts[49] * 1000, 1),
            "p95_ms": round(cuts[94] * 1000, 1),
            "p99_ms": round(cuts[98] * 1000, 1),
            "max_ms": round(times[-1] * 1000, 1),
            "median_kb": round(statistics.median(self.sizes or [0]) / 1024, 1),
            "errors": len(self.errors),
            "first_errors": self.errors[:5],
        }


def titles_of(client: httpx.Client, pages: int = 10) -> list[str]:
    """Titles on the board, to make queries of."""
    found: list[str] = []
    for page in range(1, pages + 1):
        answer = client.get("/patents/", params={"page": page})
        titles = [re.sub(r"<[^>]+>", "", title) for title in TITLE.findall(answer.text)]
        if not titles:
            break
        found += titles
    return found


def queries(titles: list[str], rng: random.Random) -> list[str]:
    """500 distinct addresses in the proportions that people ask them."""
    if not titles:
        sys.exit("The board of this server is empty: load the sample or a demo first.")
    made: dict[str, None] = {}
    filters = (
        [("section", letter) for letter in "ABCDEFGH"]
        + [("trl", str(n)) for n in range(1, 10)]
        + [("price", band) for band in ("free", "to-50k", "to-200k", "negotiable")]
        + [("kind", "invention"), ("mode", "open"), ("region", "31"), ("year", "2021")]
    )
    while len(made) < QUERIES:
        title = rng.choice(titles)
        start = rng.randrange(max(1, len(title) - 2))
        kind = rng.random()
        pairs: list[tuple[str, str]] = []
        if kind < 0.45:
            pairs = [("q", title[start : start + rng.choice((2, 2, 3, 4))])]
        elif kind < 0.55:
            pairs = [("q", title[start])]
        elif kind < 0.80:
            pairs = [("q", title[start : start + 2]), rng.choice(filters)]
        elif kind < 0.88:
            pairs = [rng.choice(filters), ("sort", rng.choice(("newest", "price", "price-desc")))]
        elif kind < 0.94:
            pairs = [("q", title[start : start + 2]), ("page", str(rng.randint(2, 4)))]
        elif kind < 0.97:
            pairs = [("q", f"20{rng.randint(15, 24)}1{rng.randrange(10**7):07d}")]
        else:
            pairs = [("q", f"没有这样的词{rng.randrange(10**4)}")]
        made[f"/patents/?{urlencode(pairs)}"] = None
    return list(made)


def signed_in(base: str, login: str) -> httpx.Client:
    client = httpx.Client(base_url=base, timeout=30, follow_redirects=True)
    page = client.get("/accounts/login/")
    token = TOKEN.search(page.text)
    answer = client.post(
        "/accounts/login/",
        data={
            "login": login,
            "password": PASSWORD,
            "csrfmiddlewaretoken": token.group(1) if token else "",
        },
        headers={"Referer": f"{base}/accounts/login/"},
    )
    if "sessionid" not in client.cookies or answer.url.path.startswith("/accounts/login"):
        sys.exit(f"Cannot log in as {login}.")
    return client


def ask(client: httpx.Client, address: str, tally: Tally) -> None:
    begun = time.perf_counter()
    try:
        answer = client.get(address)
        tally.times.append(time.perf_counter() - begun)
        tally.sizes.append(answer.num_bytes_downloaded)
        if answer.status_code != 200:
            tally.errors.append(f"{answer.status_code} {address}")
    except httpx.HTTPError as error:
        tally.errors.append(f"{type(error).__name__} {address}")


def visit(
    client: httpx.Client, addresses: list[str], until: float, think: float, seed: int, out: Tally
) -> None:
    """One person: ask, think, ask again."""
    rng = random.Random(seed)
    time.sleep(rng.random() * think)
    while time.monotonic() < until:
        ask(client, rng.choice(addresses), out)
        time.sleep(max(0.0, rng.gauss(think, think / 5)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=1.0)
    parser.add_argument("--login", action="append", default=[])
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    anonymous = httpx.Client(base_url=options.base, timeout=30, follow_redirects=True)
    addresses = queries(titles_of(anonymous), random.Random(SEED))

    alone = Tally()
    for address in addresses[:5]:
        anonymous.get(address)  # warm
    for address in addresses:
        ask(anonymous, address, alone)

    logins = options.login or list(LOGINS)
    clients = [
        signed_in(options.base, logins[n % len(logins)])
        if n % 2
        else httpx.Client(base_url=options.base, timeout=30, follow_redirects=True)
        for n in range(options.clients)
    ]
    tallies = [Tally() for _ in clients]
    begun = time.monotonic()
    until = begun + options.seconds
    threads = [
        threading.Thread(
            target=visit, args=(client, addresses, until, options.think, n, tallies[n])
        )
        for n, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    together, visitors, members = Tally(), Tally(), Tally()
    for place, tally in enumerate(tallies):
        together.add(tally)
        (members if place % 2 else visitors).add(tally)
    report = {
        "base": options.base,
        "distinct_queries": len(addresses),
        "one_client": alone.summary(),
        f"{options.clients}_clients": together.summary(),
        "signed_in": members.summary(),
        "anonymous": visitors.summary(),
        "requests_per_second": round(len(together.times) / took, 1),
    }
    print(json.dumps(report, ensure_ascii=False, indent=1))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(report, out, ensure_ascii=False, indent=1)
    sys.exit(1 if alone.errors or together.errors else 0)


if __name__ == "__main__":
    main()
