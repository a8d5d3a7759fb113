"""Telling how many needs and subscriptions a patent matches, and how well, when that changes.

Counts only: whose needs they are is nobody's business. One event speaks of up to five hundred
patents, so that a full run does not flood the outbox.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from celery import current_app
from django.db import transaction
from django.db.models import Count, Max, QuerySet

from core.outbox import services as outbox
from core.people.types import Actor
from matching import rules
from matching.models import DemandMeasure, Match, Run
from matching.types import Measured

SYSTEM = Actor.system()
A_MESSAGE = 500
A_WINDOW = 5_000
NOTHING = Measured(0, 0, 0)


@transaction.atomic
def measure(patent_ids: Collection[int], *, run: Run, now: datetime) -> int:
    """Measure these patents; how many were told of."""
    if not patent_ids:
        return 0
    ids = sorted(patent_ids)
    matches = Match.objects.filter(patent_id__in=ids)
    known = DemandMeasure.objects.filter(patent_id__in=ids)
    return _tell(ids, matches, known, run=run, now=now)


def measure_all(*, run: Run, now: datetime) -> int:
    """Measure every patent that is matched or was, window by window; how many were told of."""
    tops = [
        model.objects.aggregate(top=Max("patent_id"))["top"] or 0
        for model in (Match, DemandMeasure)
    ]
    told = 0
    for start in range(0, max(tops) + 1, A_WINDOW):
        window = {"patent_id__gte": start, "patent_id__lt": start + A_WINDOW}
        matches, known = Match.objects.filter(**window), DemandMeasure.objects.filter(**window)
        with transaction.atomic():
            ids = set(matches.values_list("patent_id", flat=True).distinct())
            ids |= set(known.values_list("patent_id", flat=True))
            told += _tell(sorted(ids), matches, known, run=run, now=now)
    return told


def measure_after(*, run_id: int, now: datetime) -> int:
    """Measure everything after a full run; a run that is gone has nothing to tell."""
    run = Run.objects.filter(pk=run_id).first()
    return 0 if run is None else measure_all(run=run, now=now)


def measure_soon(run: Run) -> None:
    """After the commit, have a worker measure everything; the next night mends a lost nudge."""
    transaction.on_commit(
        lambda: current_app.send_task(
            "matching.measure_all", kwargs={"run_id": run.pk}, ignore_result=True, retry=False
        ),
        robust=True,
    )


def _tell(
    ids: Iterable[int],
    matches: QuerySet[Match],
    known: QuerySet[DemandMeasure],
    *,
    run: Run,
    now: datetime,
) -> int:
    """Say what differs materially from what was said last, and remember it."""
    before = {
        row.patent_id: Measured(row.needs, row.subscriptions, row.best)
        for row in known.select_for_update()
    }
    after = _counted(matches)
    news = {
        pk: after.get(pk, NOTHING)
        for pk in ids
        if rules.materially_different(before.get(pk), after.get(pk, NOTHING))
    }
    DemandMeasure.objects.bulk_create(
        [
            DemandMeasure(
                patent_id=pk,
                needs=one.needs,
                subscriptions=one.subscriptions,
                best=one.best,
                told_at=now,
            )
            for pk, one in news.items()
        ],
        update_conflicts=True,
        unique_fields=["patent"],
        update_fields=["needs", "subscriptions", "best", "told_at"],
    )
    said = [
        {"patent_id": pk, "needs": m.needs, "subscriptions": m.subscriptions, "best": m.best}
        for pk, m in news.items()
    ]
    messages = [said[i : i + A_MESSAGE] for i in range(0, len(said), A_MESSAGE)]
    outbox.emit_many(
        "demand.measured",
        [(run, {"run_id": run.pk, "patents": part}) for part in messages],
        by=SYSTEM,
        at=now,
    )
    return len(news)


def _counted(matches: QuerySet[Match]) -> dict[int, Measured]:
    rows = (
        matches.filter(off_at__isnull=True)
        .order_by()
        .values("patent_id")
        .annotate(needs=Count("need_id"), subs=Count("subscription_id"), top=Max("ticks"))
    )
    return {
        row["patent_id"]: Measured(
            row["needs"], row["subs"], min(100, rules.whole_score(row["top"]))
        )
        for row in rows
    }
