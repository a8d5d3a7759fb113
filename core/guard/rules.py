"""Reading what a browser says it has refused, and how often somebody may ask. Plain Python.

Reports come from anybody: only short words of a few fields are kept, and of an address no more
than which of our pages it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LONGEST_BODY = 16 * 1024
MOST_IN_ONE = 10  # a browser sends several at once
KINDS = ("application/csp-report", "application/reports+json", "application/json")
EXTENSIONS = ("chrome-extension", "moz-extension", "safari-extension", "safari-web-extension")
WORDS = {"inline", "eval", "wasm-eval", "data", "blob", "self", "trusted-types-sink"}


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """One thing that a page asked for and the policy refused."""

    directive: str
    blocked: str
    page: str  # the path; whoever keeps it turns it into the name of the page
    source: str
    line: int

    @property
    def fingerprint(self) -> str:
        """Equal for what need not be told twice."""
        text = "\n".join((self.directive, self.blocked, self.page, self.source, str(self.line)))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def reports(body: bytes) -> list[PolicyReport]:
    """What a body reports, in either of the browsers' two forms; ValueError when it is neither."""
    try:
        said = json.loads(body)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError("No JSON.") from error
    return [report for facts in _facts(said) if (report := _report(facts)) is not None]


def _facts(said: Any) -> Iterator[dict[str, Any]]:
    if isinstance(said, dict) and isinstance(said.get("csp-report"), dict):
        yield said["csp-report"]
        return
    if not isinstance(said, list):
        raise ValueError("No report.")
    for entry in said[:MOST_IN_ONE]:
        if isinstance(entry, dict) and entry.get("type") == "csp-violation":
            body = entry.get("body")
            if isinstance(body, dict):
                yield body


def _report(facts: dict[str, Any]) -> PolicyReport | None:
    def first(*names: str) -> str:
        found = next((facts[name] for name in names if isinstance(facts.get(name), str)), "")
        return "".join(c for c in found if c.isprintable())

    source = first("sourceFile", "source-file")
    blocked = first("blockedURL", "blocked-uri")
    if source.startswith(EXTENSIONS) or blocked.startswith(EXTENSIONS):
        return None  # the visitor's own browser, not our page
    directive = first("effectiveDirective", "effective-directive", "violated-directive")
    if not directive:
        return None
    line = facts.get("lineNumber", facts.get("line-number", 0))
    return PolicyReport(
        directive=directive.split(" ")[0][:40],
        blocked=_short(blocked),
        page=_path(first("documentURL", "document-uri")),
        source=_short(source),
        line=line if isinstance(line, int) and 0 <= line < 10_000_000 else 0,
    )


def _short(address: str) -> str:
    """The host and path of an address, or the browser's own word; never a query."""
    if address in WORDS:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return "?"
    return f"{parts.hostname or parts.scheme}{parts.path}"[:120] if parts.scheme else "?"


def _path(address: str) -> str:
    try:
        return urlsplit(address).path[:500]
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds."""

    name: str
    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one more request is fine, how many are left, and when to ask again."""

    limit: Limit
    allowed: bool
    left: int
    wait: int  # seconds until the window ends, or until the next request is fine

    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)."""
        limit = self.limit
        said = {
            "RateLimit-Policy": f'"{limit.name}";q={limit.most};w={limit.seconds}',
            "RateLimit": f'"{limit.name}";r={self.left};t={self.wait}',
        }
        return said if self.allowed else said | {"Retry-After": str(self.wait)}


def judge(limit: Limit, *, before: int, here: int, into: float) -> Verdict:
    """What `here` requests, this one included, come to, `into` seconds of this window.

    The window slides: of the `before` requests of the window that ended, as much counts as still
    lies within `limit.seconds`; without that, twice as many would pass around its end.
    """
    before = min(before, limit.most)  # who hammered on is not kept out for longer than a window
    weight = 1 - into / limit.seconds
    counted = before * weight + here
    rest = max(1, round(limit.seconds - into))
    if counted <= limit.most:
        return Verdict(limit, True, int(limit.most - counted), rest)
    if here <= limit.most and before:
        # Of the window before, so much must have slid out that one more fits.
        enough = (1 - (limit.most - min(here, limit.most - 1)) / before) * limit.seconds
        return Verdict(limit, False, 0, max(1, min(rest, round(enough - into + 0.5))))
    return Verdict(limit, False, 0, rest)
