"""What browsers report, and how often one may ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.guard import rules, services
from core.guard.models import PolicyReport
from core.guard.rules import Limit, judge
from core.people.models import Membership
from tests.factories import core as make

OLD = {
    "csp-report": {
        "document-uri": "https://p.cn/needs/mine/?q=secret",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.example/x.js?stolen=1",
        "source-file": "https://p.cn/static/js/a.js",
        "line-number": 7,
    }
}
NEW = [
    {
        "type": "csp-violation",
        "url": "https://p.cn/",
        "body": {
            "documentURL": "https://p.cn/needs/mine/",
            "effectiveDirective": "style-src-attr",
            "blockedURL": "inline",
        },
    }
]


def send(client: Client, report: Any, kind: str) -> Any:
    return client.post("/csp-reports/", json.dumps(report), content_type=f"application/{kind}")


def test_both_of_the_browsers_forms_are_read_without_queries() -> None:
    (old,) = rules.reports(json.dumps(OLD).encode())
    (new,) = rules.reports(json.dumps(NEW).encode())
    assert (old.page, old.blocked, old.line) == ("/needs/mine/", "evil.example/x.js", 7)
    assert (new.directive, new.blocked) == ("style-src-attr", "inline")
    assert "secret" not in repr(old)
    assert "stolen" not in repr(old)


def test_what_a_visitors_extension_does_is_not_ours() -> None:
    body = {"csp-report": {**OLD["csp-report"], "source-file": "chrome-extension"}}
    assert rules.reports(json.dumps(body).encode()) == []


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(
        ["csp-report", "type", "body", "documentURL", "blockedURL", "effectiveDirective", "x"]
    ), inner, max_size=4),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_body_breaks_the_reader(body: bytes) -> None:
    try:
        told = rules.reports(body)
    except ValueError:
        return
    assert len(told) <= rules.MOST_IN_ONE
    for report in told:
        assert len(report.directive) <= 40
        assert len(report.blocked) <= 120


@pytest.mark.django_db
def test_a_report_is_kept_once_and_counted(client: Client) -> None:
    for _ in range(3):
        answer = send(client, OLD, "csp-report")
        assert answer.status_code == 204
    row = PolicyReport.objects.get()
    assert (row.times, row.page) == (3, "/needs/mine/")
    answer = send(client, NEW, "reports+json")
    assert (answer.status_code, PolicyReport.objects.count()) == (204, 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/csp-report", 400),
        (b"7", "application/csp-report", 400),
        (b"\xff\xfe", "application/csp-report", 400),
        (b"[" * 9_000, "application/reports+json", 400),
        (b"{}" + b" " * 17_000, "application/csp-report", 413),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"<x/>", "text/xml", 415),
    ],
)
def test_what_is_no_report_is_refused(client: Client, body: bytes, kind: str, status: int) -> None:
    assert client.post("/csp-reports/", body, content_type=kind).status_code == status
    assert not PolicyReport.objects.exists()


@pytest.mark.django_db
def test_a_flood_of_reports_fills_nothing(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_ROWS", 3)
    flood = [rules.PolicyReport("script-src", f"{n}.example", "/", "", 0) for n in range(9)]
    assert services.keep_reports(flood, now=now) == 3
    assert services.keep_reports(flood[:1], now=now) == 1  # what is known still counts
    assert PolicyReport.objects.count() == 3
    assert services.forget_old_reports(now=now + timedelta(days=29)) == 0
    assert services.forget_old_reports(now=now + timedelta(days=31)) == 3


@pytest.mark.django_db
def test_a_path_with_a_secret_is_kept_as_its_pattern(now: datetime) -> None:
    told = rules.PolicyReport("script-src", "", "/notices/4711/", "", 0)
    services.keep_reports([told, rules.PolicyReport("script-src", "", "/no/such", "", 0)], now=now)
    pages = set(PolicyReport.objects.values_list("page", flat=True))
    assert pages == {"/notices/<int:notice_id>/", "?"}


@pytest.mark.django_db
@pytest.mark.parametrize("broken", [{"last_seen_at": -1}, {"fingerprint": "twin"}])
def test_broken_rows_cannot_be_stored(now: datetime, broken: dict[str, Any]) -> None:
    seen = {"first_seen_at": now, "last_seen_at": now}
    PolicyReport.objects.create(fingerprint="twin", directive="a", **seen)
    row: dict[str, Any] = {"fingerprint": "b", "directive": "a", **seen, **broken}
    if broken.get("last_seen_at"):
        row["last_seen_at"] = now - timedelta(seconds=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyReport.objects.create(**row)


@pytest.mark.django_db
def test_administrators_read_them_and_others_do_not(
    client: Client, client_as: Callable[[Membership], Client]
) -> None:
    page = "/audit/policy-reports/"
    empty = client_as(make.sysadmin()).get(page).content.decode()
    assert "没有拦下任何内容" in empty
    send(client, OLD, "csp-report")
    shown = client_as(make.auditor()).get(page).content.decode()
    assert "evil.example/x.js" in shown
    assert client_as(make.office()).get(page).status_code == 403


LIMIT = Limit("search", 10, 10)


@pytest.mark.parametrize(
    ("before", "here", "into", "allowed", "left"),
    [
        (0, 1, 0.0, True, 9),
        (0, 10, 5.0, True, 0),
        (0, 11, 5.0, False, 0),
        (10, 1, 0.0, False, 0),
        (10, 5, 5.0, True, 0),
        (10, 6, 5.0, False, 0),
        (10, 9, 9.0, True, 0),
        (10_000, 1, 5.0, True, 4),  # whoever hammered on waits no longer than the others
    ],
)
def test_a_window_slides(before: int, here: int, into: float, allowed: bool, left: int) -> None:
    verdict = judge(LIMIT, before=before, here=here, into=into)
    assert (verdict.allowed, verdict.left) == (allowed, left)
    assert ("Retry-After" in verdict.headers()) is not allowed


@given(
    before=st.integers(0, 100), here=st.integers(1, 100), into=st.floats(0, 9.99),
)  # fmt: skip
def test_one_more_is_never_better(before: int, here: int, into: float) -> None:
    first = judge(LIMIT, before=before, here=here, into=into)
    second = judge(LIMIT, before=before, here=here + 1, into=into)
    assert first.allowed or not second.allowed
    assert 1 <= second.wait <= LIMIT.seconds
    assert 0 <= first.left < LIMIT.most
