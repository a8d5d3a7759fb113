"""What search engines may read: sitemaps, composed of what the rooms contribute.

A room registers a source in `AppConfig.ready()`: its parts, each of at most 50,000 addresses
(sitemaps.org), and the addresses of one part. Parts go by key, so an address stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

MOST: int = 50_000
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
# Workbenches, accounts and machines' doors: nothing there for a search engine.
PRIVATE = (
    "/accounts/", "/admin/", "/api/", "/acting-as/", "/audit/", "/disclosures/", "/drives/",
    "/events/", "/favourites/", "/library/", "/licences/", "/matches/", "/notices/", "/outcomes/",
    "/oversight/", "/ratings/", "/gallery/", "/searches/", "/subscriptions/",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """A page and when it changed last."""

    path: str
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One room's share: which parts there are, and the addresses of one."""

    parts: Callable[[], dict[int, datetime | None]]
    addresses: Callable[[int], Iterable[Address]]


_sources: dict[str, Source] = {}


def contribute(name: str, source: Source) -> None:
    """Register a room's share under a name that stands in its address."""
    _sources[name] = source


def absolute(path: str) -> str:
    """The one address of a page, whichever name the visitor came by."""
    return f"{settings.PUBLIC_URL}{path}"


def _entry(tag: str, address: Address) -> str:
    changed = (
        f"<lastmod>{address.changed_at:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if address.changed_at else ""
    )
    return f"<{tag}><loc>{escape(absolute(address.path))}</loc>{changed}</{tag}>"


def _answer(root: str, tag: str, addresses: Iterable[Address]) -> HttpResponse:
    lines = "\n".join(_entry(tag, address) for address in addresses)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    body = f'{head}\n<{root} xmlns="{NAMESPACE}">\n{lines}\n</{root}>\n'
    return HttpResponse(body, content_type="application/xml; charset=utf-8")


@require_GET
@cache_control(public=True, max_age=3600)
def index(request: HttpRequest) -> HttpResponse:
    """The list of all parts."""
    found = [
        Address(reverse("core:sitemap-part", kwargs={"name": name, "part": part}), changed)
        for name, source in sorted(_sources.items())
        for part, changed in sorted(source.parts().items())
    ]
    return _answer("sitemapindex", "sitemap", found)


@require_GET
@cache_control(public=True, max_age=3600)
def section(request: HttpRequest, name: str, part: int) -> HttpResponse:
    """The addresses of one part."""
    source = _sources.get(name)
    if source is None or part not in source.parts():
        raise Http404
    return _answer("urlset", "url", source.addresses(part))


@require_GET
@cache_control(public=True, max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers should leave alone, and where the sitemap is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE)]
    lines += ["", f"Sitemap: {absolute(reverse('core:sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


PAGES = (
    "/", "/patents/", "/needs/", "/open-licences/", "/pledges/", "/open-platform/", "/services/",
    "/policies/", "/help/",
)  # fmt: skip
contribute("pages", Source(lambda: {0: None}, lambda part: [Address(path) for path in PAGES]))
