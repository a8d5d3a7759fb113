"""Keeping what browsers report, and no more of it than anybody will read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import F
from django.urls import Resolver404, resolve

from core.guard.models import PolicyReport
from core.guard.rules import PolicyReport as Told

MOST_ROWS = 500
KEEP = timedelta(days=30)


def keep_reports(told: Iterable[Told], *, now: datetime) -> int:
    """Count each report, or write it down when it is new and there is room; how many were kept."""
    kept = 0
    for report in told:
        named = replace(report, page=_route(report.page))
        known = PolicyReport.objects.filter(fingerprint=named.fingerprint)
        if known.update(times=F("times") + 1, last_seen_at=now):
            kept += 1
        elif PolicyReport.objects.count() < MOST_ROWS:
            row = PolicyReport(
                fingerprint=named.fingerprint,
                directive=named.directive,
                blocked=named.blocked,
                page=named.page,
                source=named.source,
                line=named.line,
                first_seen_at=now,
                last_seen_at=now,
            )
            PolicyReport.objects.bulk_create([row], ignore_conflicts=True)  # a twin came first
            kept += 1
    return kept


def forget_old_reports(*, now: datetime) -> int:
    """Drop what no browser has said for thirty days; how many."""
    return PolicyReport.objects.filter(last_seen_at__lt=now - KEEP).delete()[0]


def _route(path: str) -> str:
    """Which of our pages it is: its pattern, since a path may hold a secret; "?" for none."""
    try:
        return f"/{resolve(path).route}"[:200]
    except Resolver404:
        return "?"
