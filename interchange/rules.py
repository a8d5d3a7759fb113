"""What exchanges may hear, how often a delivery is tried, and where one may go.

Webhooks follow Standard Webhooks 1.0 (signature, retry schedule, 410 disables); bodies are
CloudEvents 1.0 in structured JSON mode.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

# Event name → keys of its payload that a partner may read.
PUBLIC_EVENTS: Mapping[str, tuple[str, ...]] = {
    "patent.listed": ("patent_id", "listing_id", "organisation_id"),
    "patent.suspended": ("patent_id", "listing_id", "organisation_id"),
    "patent.withdrawn": ("patent_id", "listing_id", "organisation_id"),
    "patent.converted": ("patent_id", "listing_id", "organisation_id"),
    "open_declaration.announced": ("patent_id", "declaration_id"),
    "open_declaration.withdrawn": ("patent_id", "declaration_id"),
    "licence.effective": ("patent_id", "licence_id"),
    "licence.filed": ("patent_id", "licence_id"),
    # Neither parties nor sums: who has signed what is theirs to tell.
    "contract.registered": ("patent_id", "contract_kind", "number", "registered_on"),
    "deal.certified": ("patent_id", "number", "certified_on"),
}

# What only the endpoints of the organisation named in the payload hear: its own affairs.
PRIVATE_EVENTS: Mapping[str, tuple[str, ...]] = {
    "match.pushed": ("patent_id", "lead_id", "push_id", "score"),
}
HEARD: Mapping[str, tuple[str, ...]] = {**PUBLIC_EVENTS, **PRIVATE_EVENTS}


def public_event_names() -> list[str]:
    """In the order the API's schema lists them."""
    return sorted(PUBLIC_EVENTS)


def webhook_event_names() -> list[str]:
    """What an endpoint may ask for, in the order the API's schema lists it."""
    return sorted(HEARD)


MAX_LIVE_KEYS = 2
MAX_ENDPOINTS = 10
TIMEOUT_SECONDS = 15.0
WEB_PORTS = (80, 443)  # below 1024 other services listen, to whom nobody may speak through us
LEASE = timedelta(seconds=30)  # a dead pusher's rows are sent again, under the same id
SECRET_OVERLAP = timedelta(hours=24)
DISABLE_AFTER = timedelta(days=5)
BREAK_AFTER = 5  # failures in a row; reliability asks for ten at most
BUSY = (429, 503)  # "not now" (RFC 6585 section 4, RFC 9110 section 15.6.4)
REST, LONGEST_REST = timedelta(seconds=30), timedelta(minutes=15)
MOST_MISSES = 1_000  # what is counted, at most
# Waits after the first, second … failed try: Standard Webhooks' sample schedule.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)


class Outcome(StrEnum):
    """What one try came to."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GIVEN_UP = "given_up"
    GONE = "gone"


def judge(*, status: int | None, attempts: int) -> Outcome:
    """What a response (None: no answer) means at this number of tries, the first being 1.

    2xx is success; 410 means that the endpoint is gone; anything else, redirects included, is
    tried again until the schedule is used up.
    """
    if status is not None and 200 <= status < 300:
        return Outcome.DELIVERED
    if status == 410:
        return Outcome.GONE
    return Outcome.RETRY if attempts <= len(WAITS) else Outcome.GIVEN_UP


def next_try(*, now: datetime, attempts: int, retry_after: int | None, jitter: float) -> datetime:
    """When to try again: the schedule's wait, longer where the receiver asks for it.

    `jitter` in [0, 1) spreads the tries over a tenth of the wait. A receiver can ask for at
    most a day.
    """
    wait = WAITS[min(attempts, len(WAITS)) - 1] * (1 + jitter / 10)
    asked = timedelta(seconds=min(retry_after or 0, 86_400))
    return now + max(wait, asked)


def rests_until(
    *, now: datetime, misses: int, status: int | None, retry_after: int | None
) -> datetime | None:
    """Until when an address is left in peace after so many failures in a row; None: it is not.

    From the fifth on half a minute, doubling up to a quarter of an hour: one try in between tells
    whether it is well. A busy receiver (429, 503) may ask for longer, a day at most.
    """
    wait = timedelta(0)
    if misses >= BREAK_AFTER:
        wait = min(REST * 2 ** min(misses - BREAK_AFTER, 10), LONGEST_REST)
    if status in BUSY:
        wait = max(wait, timedelta(seconds=min(retry_after or 0, 86_400)))
    return now + wait if wait else None


def url_problem(url: str, *, plain_http: bool) -> str | None:
    """Why an endpoint's address cannot be used, in Chinese; None when its form is right."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "网址格式不正确，请检查。"
    if parts.scheme not in ({"https", "http"} if plain_http else {"https"}):
        return "网址须以 https:// 开头。"
    if not parts.hostname:
        return "网址缺少主机名，请填写完整地址，如 https://example.cn/hooks/patentops。"
    if parts.username or parts.password or "@" in parts.netloc:
        return "网址中不能带用户名或密码。"
    if parts.fragment:
        return "网址中的 # 片段无效，请删去。"
    if port is not None and port not in WEB_PORTS and not 1024 <= port <= 65535:
        return "网址中的端口无效：请用 80、443 或 1024 以上的端口。"
    host = parts.hostname.partition("%")[0]
    if (":" in host or host.replace(".", "").isdigit()) and not address_allowed(
        host, loopback=plain_http
    ):
        return "这不是公网地址，平台不会向它推送。请填写公网可以访问的域名。"
    if not url.isprintable() or any(c in url for c in " \\"):
        return "网址中有空格或无法识别的字符，请检查。"
    return None


# What Python calls global and is nobody's public server: addresses of protocols (clouds keep their
# metadata there), NAT64 of a site (RFC 8215), Teredo, and the site-local block of old.
NOBODYS = tuple(
    ipaddress.ip_network(block)
    for block in ("192.0.0.0/24", "64:ff9b:1::/48", "2001::/23", "fec0::/10")
)


def address_allowed(address: str, *, loopback: bool) -> bool:
    """Whether a resolved address may be called: public ones, and loopback where allowed.

    IPv4 addresses inside IPv6 (mapped, 6to4, NAT64) are judged as what they carry.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if inner is None and ip.version == 6 and ip in ipaddress.ip_network("64:ff9b::/96"):
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    ip = inner or ip
    if any(ip in block for block in NOBODYS):
        return False
    if ip.is_loopback:
        return loopback
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def cloud_event(
    *, event_id: str, name: str, at: datetime, source: str, data: Mapping[str, Any]
) -> dict[str, Any]:
    """The event as CloudEvents 1.0 JSON."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": name,
        "time": at.isoformat(),
        "subject": f"patents/{data.get('patent_id', '')}",
        "datacontenttype": "application/json",
        "data": dict(data),
    }
