"""Requests have names; programs can see how the platform does."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from core.api import handlers
from core.outbox.models import OutboxDelivery, OutboxEvent
from core.outbox.selectors import backlog
from core.web import tracing
from core.web.tracing import HEADER, JsonFormatter, NameFilter, RequestIdMiddleware


def asked(told: str = "") -> tuple[str, str]:
    """The name inside the request, and the one in the answer."""
    inside = []

    def view(request: HttpRequest) -> HttpResponse:
        inside.append(tracing.current())
        return HttpResponse()

    answer = RequestIdMiddleware(view)(RequestFactory().get("/", headers={HEADER: told}))
    return inside[0], answer[HEADER]


def test_each_request_has_a_name_of_its_own() -> None:
    first, second = asked(), asked()
    assert first[0] == first[1]
    assert first != second
    assert tracing.current() == "-"


def test_a_visitor_cannot_choose_the_name_a_trusted_gateway_can(
    settings: pytest.FixtureRequest,
) -> None:
    assert asked("from-a-visitor")[1] != "from-a-visitor"
    settings.AXES_IPWARE_PROXY_COUNT = 1  # type: ignore[attr-defined]
    assert asked("from-the-gateway") == ("from-the-gateway", "from-the-gateway")
    for odd in ("short", "x" * 65, "with space here", "new\\nline-in-it", '{"a":1}......'):
        assert asked(odd)[1] != odd


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/library/annuities/feed/s3cret-Feed.ics", "/library/annuities/feed/***.ics"),
        ("/patents/", "/patents/"),
    ],
)
def test_no_line_tells_what_lets_its_reader_in(path: str, shown: str) -> None:
    request = RequestFactory().get(path)
    request.resolver_match = resolve(path)
    line = tracing.facts(request, HttpResponse(), 0.1)
    assert line["path"] == tracing.path_of(request) == shown


def test_a_line_is_one_json_object_whatever_it_says() -> None:
    try:
        raise ValueError("第一行\n第二行")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "坏了 %s", ("\n注入",), sys.exc_info()
        )
    record.fields = {"status": 500}
    NameFilter().filter(record)
    text = JsonFormatter().format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert line["message"] == "坏了 \n注入"
    assert line["status"] == 500
    assert line["request_id"] == "-"
    assert "ValueError" in line["exception"]


@pytest.mark.parametrize("path", ["/patents/", "/api/v1/patents/"])
def test_a_failure_of_ours_tells_its_number(path: str) -> None:
    said = {}

    def view(request: HttpRequest) -> HttpResponse:
        answer = handlers.server_error(request)
        said["body"] = answer.content.decode()  # type: ignore[attr-defined]
        return answer  # type: ignore[return-value]

    answer = RequestIdMiddleware(view)(RequestFactory().get(path))
    assert answer.status_code == 500
    assert answer[HEADER] in said["body"]


@pytest.mark.django_db
def test_metrics_are_there_for_the_token_alone(
    client: Client, settings: pytest.FixtureRequest
) -> None:
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "s3cret"  # type: ignore[attr-defined]
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer wröng"}).status_code == 404
    client.get("/healthz")
    text = client.get("/metrics", headers={"authorization": "Bearer s3cret"}).content.decode()
    assert 'patentops_requests_total{door="pages",method="GET",status="2xx"}' in text
    assert 'patentops_request_seconds_bucket{door="pages",le="0.3"}' in text
    assert 'patentops_events{state="dead"} 0.0' in text
    assert "patentops_audit_unsealed" in text


@pytest.mark.django_db
def test_a_backlog_is_counted_by_its_state() -> None:
    now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    event = OutboxEvent.objects.create(
        name="patent.listed", subject_type="x", subject_id="1", actor_key="system", occurred_at=now
    )
    OutboxEvent.objects.filter(pk=event.pk).update(written_at=now - timedelta(hours=1))
    for number, given in enumerate(
        [
            {"due_at": now},
            {"due_at": now - timedelta(minutes=20)},
            {"due_at": now + timedelta(minutes=5)},  # tried, and will be again
            {"due_at": now, "dead_at": now},
            {"due_at": now, "done_at": now},
        ]
    ):
        OutboxDelivery.objects.create(event=event, consumer=f"c{number}", **given)
    found = backlog(now=now)
    assert (found.due, found.late, found.dead) == (2, 1, 1)
