"""`/metrics` for Prometheus: how requests go in all web processes, and what waits."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest
from prometheus_client.core import CollectorRegistry, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from core.audit import selectors as audit
from core.outbox import selectors as outbox

REQUESTS = Counter("patentops_requests", "Answered requests", ["door", "method", "status"])
SECONDS = Histogram(
    "patentops_request_seconds",
    "Time from a request to its answer",
    ["door"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 3.0),
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class MetricsMiddleware:
    """Counts and times what is answered. `door` is pages, api or admin: few values, on purpose."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        door = door_of(request.path)
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(door, method, f"{response.status_code // 100}xx").inc()
        SECONDS.labels(door).observe(time.perf_counter() - began)
        return response


def door_of(path: str) -> str:
    return {"api": "api", "admin": "admin"}.get(path.split("/", 2)[1], "pages")


class Waiting:
    """What waits, read from the database when it is asked for."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family each for events and the audit trail."""
        found = outbox.backlog(now=timezone.now())
        waiting = GaugeMetricFamily(
            "patentops_events", "Deliveries of events by state", labels=["state"]
        )
        for state in ("due", "late", "dead"):
            waiting.add_metric([state], getattr(found, state))
        yield waiting
        yield GaugeMetricFamily(
            "patentops_audit_unsealed", "Audit entries not yet in the chain", audit.unsealed()
        )


@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever holds PATENTOPS_METRICS_TOKEN (as a bearer token); to others it is not there."""
    wanted = settings.METRICS_TOKEN
    told = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not wanted or not hmac.compare_digest(told.encode(), wanted.encode()):
        raise Http404
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        # All web processes write into one folder.
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        text = generate_latest(registry)
    else:
        text = generate_latest(REGISTRY)
    waiting = CollectorRegistry()
    waiting.register(Waiting())
    return HttpResponse(text + generate_latest(waiting), content_type=CONTENT_TYPE_LATEST)
