"""How fast pages appear on a slow machine over a slow line: Chromium at a quarter of its speed,
1.6 Mbit/s and 150 ms to the server, nothing cached.

    python3 -m benchmarks.first_views http://127.0.0.1:8000

For each of twelve pages: largest contentful paint, layout shift, the slowest answer to a click,
what came over the line, and from how many hosts. Exit 1 when a figure is missed.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

SLOWER = 4
BYTES_A_SECOND = 1.6e6 / 8
LATENCY = 150
PASSWORD = "patentops-2026"
PAGES: tuple[tuple[str, str], ...] = (
    ("", "/"),
    ("", "/patents/"),
    ("", "/patents/?q=电池"),
    ("", "/patents/1/"),
    ("", "/needs/"),
    ("", "/open-licences/"),
    ("", "/services/take-licence/"),
    ("", "/accounts/login/"),
    ("sme", "/"),
    ("sme", "/matches/"),
    ("office", "/library/"),
    ("bureau", "/oversight/"),
)
LIMITS = {"LCP ms": 1800, "CLS": 0.05, "INP ms": 150, "KB": 200, "JS KB": 60, "requests": 12,
          "foreign": 0}  # fmt: skip
WATCH = """
window.seen = {lcp: 0, cls: 0, inp: 0};
const watch = (type, options, each) => new PerformanceObserver(
  list => list.getEntries().forEach(each)).observe({type, buffered: true, ...options});
watch('largest-contentful-paint', {}, e => { seen.lcp = e.startTime; });
watch('layout-shift', {}, e => { if (!e.hadRecentInput) seen.cls += e.value; });
watch('event', {durationThreshold: 16},
  e => { if (e.interactionId) seen.inp = Math.max(seen.inp, e.duration); });
"""


@dataclass
class Line:
    """What came over the line."""

    page: Page
    host: str

    def __post_init__(self) -> None:
        self.sizes: list[tuple[str, str, int]] = []
        self.urls: dict[str, tuple[str, str]] = {}
        self.session = self.page.context.new_cdp_session(self.page)
        self.session.send("Network.enable")
        self.session.on("Network.responseReceived", self._answered)
        self.session.on("Network.loadingFinished", self._finished)

    def slow_down(self) -> None:
        self.session.send("Network.clearBrowserCache")
        self.session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": LATENCY,
                "downloadThroughput": BYTES_A_SECOND,
                "uploadThroughput": BYTES_A_SECOND,
            },
        )
        self.session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

    def _answered(self, event: dict[str, Any]) -> None:
        self.urls[event["requestId"]] = (event["response"]["url"], event["type"])

    def _finished(self, event: dict[str, Any]) -> None:
        url, kind = self.urls.get(event["requestId"], ("", ""))
        if url.startswith("http"):
            self.sizes.append((url, kind, int(event["encodedDataLength"])))


def measure(browser: Browser, site: str, who: str, path: str) -> dict[str, float]:
    """One page, opened anew."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    if who:
        page.goto(f"{site}/accounts/login/")
        page.fill("main [name=login]", f"{who}@example.cn")
        page.fill("main [name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)
    page.add_init_script(WATCH)
    line = Line(page, urlsplit(site).netloc)
    line.slow_down()
    page.goto(site + path, wait_until="load")
    page.wait_for_timeout(1_200)
    for target in ("summary:visible", "main input:visible", "main h1:visible"):
        found = page.locator(target).first
        if found.count():
            found.click(force=True)
            page.wait_for_timeout(300)
    seen = page.evaluate("window.seen")
    foreign = {urlsplit(url).netloc for url, _kind, _n in line.sizes} - {line.host}
    context.close()
    return {
        "LCP ms": round(seen["lcp"]),
        "CLS": round(seen["cls"], 3),
        "INP ms": round(seen["inp"]),
        "KB": round(sum(n for _u, _k, n in line.sizes) / 1024, 1),
        "JS KB": round(sum(n for _u, k, n in line.sizes if k == "Script") / 1024, 1),
        "requests": len(line.sizes),
        "foreign": len(foreign),
    }


def main(site: str) -> int:
    """Measure all of them, the middle of three runs each; how many figures were missed."""
    chromium = os.environ.get("PATENTOPS_CHROMIUM") or shutil.which("chromium")
    missed = 0
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; CPU ÷ {SLOWER}, 1.6 Mbit/s")
    print("| page | " + " | ".join(LIMITS) + " |\n|---|" + "---|" * len(LIMITS))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for who, path in PAGES:
            runs = [measure(browser, site, who, path) for _ in range(3)]
            middle = {name: sorted(run[name] for run in runs)[1] for name in LIMITS}
            cells = [
                f"{value:g}{' ✗' if value > LIMITS[name] else ''}" for name, value in middle.items()
            ]
            missed += sum(value > LIMITS[name] for name, value in middle.items())
            print(f"| {who or '访客'} {path} | " + " | ".join(cells) + " |", flush=True)
        browser.close()
    print(f"load {os.getloadavg()[0]:.1f}; figures missed: {missed}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/")))
