"""Walking a site as its people do: from the first page by links, one page of every kind.

A kind is a URL pattern: `/patents/7/` and `/patents/8/` are one. What may be looked at is asked of
the pages themselves, so a new page is walked as soon as something links to it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Page, Response, ViewportSize

AXE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TABLET: ViewportSize = {"width": 1024, "height": 768}
LAPTOP: ViewportSize = {"width": 1440, "height": 900}
ZOOMED: ViewportSize = {"width": 720, "height": 450}  # a laptop at 200 %, in its own pixels
PHONE: ViewportSize = {"width": 360, "height": 800}
SIZES = (("1440", LAPTOP), ("1024", TABLET), ("200 %", ZOOMED), ("360", PHONE))
REFUSED = {200, 422}  # the library pages of accounts answer 200
MOST = 260  # pages a walk looks at: far more than there are kinds, so that it ends

# Files, machines' answers, and the library pages of Django's admin.
NOT_PAGES = re.compile(
    r"\.(?:pdf|csv|xlsx|xml|json|jsonl|ics|atom|txt|zip|svg|png)$"
    r"|/(?:download|export|csv|xlsx|pdf|ics|atom|print)/?$|^/(?:admin|api|static|identity|metrics)/"
)
# Kinds whose every page is its own text.
EACH = re.compile(r"^(?:help|services)/")
# A snake_case or kebab-case code; some pages show codes on purpose, as the guides of programs do.
CODE = re.compile(r"\b[a-z]{3,}(?:[_-][a-z]{3,})+\b")
SHOWS_CODES = (
    "/audit/", "/open-platform/", "/oversight/metrics/", "/gallery/", "/help/accessibility/",
    "/library/collections/", "/help/guide/",
)  # fmt: skip

# Text that its own box cuts off; a box that shows it is cut (…), or scrolls, is no fault.
CLIPPED = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(e => {
  if (!e.childNodes.length || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    return false;
  const style = getComputedStyle(e);
  if (style.visibility === 'hidden' || e.clientWidth <= 1) return false;
  if (e.closest('.visually-hidden, option, textarea')) return false;
  const x = /hidden|clip/.test(style.overflowX) && style.textOverflow !== 'ellipsis';
  const y = /hidden|clip/.test(style.overflowY) && style.webkitLineClamp === 'none'
    && style.textOverflow !== 'ellipsis';
  return (x && e.scrollWidth > e.clientWidth + 1) || (y && e.scrollHeight > e.clientHeight + 3);
}).map(e => e.outerHTML.slice(0, 90))"""
# The main navigation does not run under what stands beside it.
CROWDED = """() => [...document.querySelectorAll('.site-nav')].filter(e => e.offsetWidth
  && e.scrollWidth > e.clientWidth + 1).map(e => 'crowded: ' + e.className)"""
# What a screen reader would announce without saying what it is, or twice for different things:
# searches, regions and tables without a name, tables without headers, and links or buttons outside
# rows (whose row says it) that share their words and lead to different places.
UNSAID = """() => {
  const main = document.querySelector('main'), faults = [], said = {};
  const words = e => (e.getAttribute('aria-label') || e.textContent).replace(/\\s+/g, ' ').trim();
  const named = e => e.getAttribute('aria-label') || e.getAttribute('aria-labelledby');
  const all = what => [...main.querySelectorAll(what)].filter(e => e.checkVisibility());
  for (const e of all('[role=search], [role=region], nav'))
    if (!named(e)) faults.push('no name: ' + e.outerHTML.slice(0, 90));
  for (const e of all('table')) {
    if (!named(e) && !e.caption && !e.closest('[role=region]'))
      faults.push('table without a name: ' + words(e).slice(0, 60));
    if (!e.querySelector('th')) faults.push('table without headers: ' + words(e).slice(0, 60));
  }
  for (const e of all('a[href], button[type=submit]')) {
    if (e.closest('tr, li, dd, svg, [aria-hidden=true], [aria-describedby]')) continue;
    const form = e.form
      ? [...new FormData(e.form, e)].filter(f => f[0] !== 'csrfmiddlewaretoken') : '';
    (said[words(e)] ??= new Set()).add(e.form ? e.form.action + form : e.pathname + e.search);
  }
  for (const [name, places] of Object.entries(said))
    if (places.size > 1) faults.push(`"${name.slice(0, 40)}" is said of ${places.size} things`);
  return faults;
}"""
# Empty whatever the first form of the main part demands, and hand it in past the browser's check.
HAND_IN_EMPTY = """() => {
  const typed = e => e.required && !['checkbox', 'radio', 'file', 'hidden'].includes(e.type)
    && e.checkVisibility();
  const form = [...document.querySelectorAll('main form[method=post]')]
    .find(f => [...f.elements].some(typed));
  if (!form) return false;
  for (const e of [...form.elements].filter(typed)) {
    if (e.tagName === 'SELECT') e.selectedIndex = -1; else e.value = '';
  }
  form.noValidate = true;
  const button = form.querySelector('button:not([type=button]), [type=submit]');
  setTimeout(() => form.requestSubmit(button));
  return true;
}"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LINKS = """() => [...document.querySelectorAll('a[href]:not([download])')]
  .filter(a => a.origin === location.origin).map(a => a.pathname + a.search)"""


def found_by_axe(page: Page) -> list[str]:
    """What axe objects to; it enters beside the page's own security policy, not through it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    violations = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"
        ".then(found => found.violations)",
        RULES,
    )
    return [f"{v['id']}: {v['nodes'][0]['html'][:150]}" for v in violations]


def kind_of(address: str) -> str | None:
    """The URL pattern behind an address; None for what is no page of ours."""
    path = urlsplit(address).path
    if NOT_PAGES.search(path):
        return None
    try:
        route = resolve(unquote(path)).route
    except Resolver404:
        return path  # a dead link: walked to, and found out
    return path if EACH.match(route) else route


@dataclass
class Walk:
    """What was seen on the way, and what was wrong there."""

    page: Page
    site: str
    done: set[str] = field(default_factory=set)  # kinds that another walk has seen on a phone
    seen: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    but: str = ""  # pages not to go to, by how they begin, with spaces

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: object) -> None:
        if getattr(message, "type", "") == "error":
            where = getattr(message, "location", {}).get("url", "")
            self.complaints.append(f"{getattr(message, 'text', '')} {where}")

    def pages(self, start: str = "/") -> Iterator[str]:
        """Open one page of each kind that links lead to, the nearest first."""
        waiting: deque[tuple[str, str]] = deque([(start, "")])
        queued = {kind_of(start)}
        while waiting and len(self.seen) < MOST:
            path, came_from = waiting.popleft()
            if not self._opens(path, came_from):
                continue
            self.seen[kind_of(path) or path] = path
            links = self.page.evaluate(LINKS)
            yield path
            for link in links:
                kind = kind_of(link)
                leads_out = self.but and link.startswith(tuple(self.but.split()))
                if kind is not None and kind not in queued and not leads_out:
                    queued.add(kind)
                    waiting.append((link, path))

    def _opens(self, path: str, came_from: str) -> bool:
        """Go there; a link that leads nowhere, or to a refusal, is a fault of where it stood."""
        self.complaints.clear()
        self.page.set_viewport_size(LAPTOP)
        try:
            answer = self.page.goto(self.site + path)
        except Exception as problem:
            if "Download is starting" in str(problem):
                return False
            raise
        if answer is None or answer.status != 200:
            status = answer.status if answer else 0
            self.wrong.setdefault(came_from, []).append(f"links to {path}, which answers {status}")
            return False
        if "/accounts/login/" in self.page.url and kind_of(path) != kind_of(self.page.url):
            return False  # a guide leads a visitor to a workbench: what answers is the door
        return "text/html" in answer.headers.get("content-type", "")

    def check(self, path: str, *checks: Callable[[Page], list[str]]) -> None:
        """Look at the page on a laptop, at 200 % and on a phone.

        A kind that another walk has seen on a phone is only measured there: the costly checks
        find the same in every role, but for what the laptop shows as well.
        """
        kind = kind_of(path) or path
        faults = [f"complains: {text}" for text in self.complaints]
        for name, size in SIZES:
            faults += self._at(name, size)
            faults += [f"{name}: {text}" for text in self.page.evaluate(CROWDED)]
            if name == "1440":
                faults += [f"unsaid: {text}" for text in self.page.evaluate(UNSAID)]
            if name == "1440" or (name == "360" and kind not in self.done):
                faults += [f"{name}: {text}" for check in checks for text in check(self.page)]
        self.done.add(kind)
        if not path.startswith(SHOWS_CODES):
            faults += [f"shows {code}" for code in CODE.findall(self.page.inner_text("main"))]
        if faults:
            self.wrong.setdefault(path, []).extend(faults)

    def _at(self, name: str, size: ViewportSize) -> list[str]:
        """What does not fit at this size."""
        self.page.set_viewport_size(size)
        wide = self.page.evaluate(WIDE)
        faults = [f"{name}: {wide} px too wide"] if wide > 0 else []
        return faults + [f"{name}: cut off: {text}" for text in self.page.evaluate(CLIPPED)]

    def hand_in_empty(self, path: str, *checks: Callable[[Page], list[str]]) -> bool:
        """Hand the page's form in without what it demands, and look at what comes back.

        Whether there was one. A kind is tried once, whoever walks.
        """
        kind = f"empty {kind_of(path) or path}"
        if kind in self.done:
            return False
        self.done.add(kind)
        self.page.set_viewport_size(LAPTOP)
        answer = self._empty()
        if answer is None:
            return False
        faults = [] if answer in REFUSED else [f"an empty form is answered {answer}"]
        if answer == 422 and self.page.evaluate("document.activeElement.id") != "error-summary":
            faults.append("the summary of errors has not the focus")
        for name, size in SIZES:
            faults += self._at(name, size)
        faults += [text for check in checks for text in check(self.page)]
        if faults:
            self.wrong.setdefault(path, []).extend(f"came back: {fault}" for fault in faults)
        return True

    def _empty(self) -> int | None:
        """The status that an empty form is answered with; None where no form demands anything."""
        answers: list[int] = []

        def hear(response: Response) -> None:
            if response.request.method == "POST" and response.request.is_navigation_request():
                answers.append(response.status)

        self.page.on("response", hear)
        if not self.page.evaluate(HAND_IN_EMPTY):
            self.page.remove_listener("response", hear)
            return None
        self.page.wait_for_event("load", timeout=15_000)
        self.page.remove_listener("response", hear)
        return answers[0] if answers else 0
