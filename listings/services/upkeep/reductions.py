"""Reductions of fees that the administration has granted, as facts that keepers state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import FeeReduction
from listings.rules.records import tidy
from listings.services.locks import lock_patent


@transaction.atomic
def state_reduction(
    *,
    patent_ids: Iterable[int],
    percent: int,
    starts_on: date,
    ends_on: date,
    reference: str = "",
    by: Actor,
    now: datetime,
) -> int:
    """State that these patents' fees are reduced in that time; how many were stated anew."""
    require(by, Permission.KEEP_ALIVE)
    problems = {}
    if not 1 <= percent <= 99:
        problems["percent"] = ["减缴比例应当是 1 到 99。"]
    if ends_on < starts_on:
        problems["ends_on"] = ["截止日早于起始日，请核对。"]
    if problems:
        raise Invalid(fields=problems)
    stated = 0
    for patent_id in sorted(set(patent_ids)):
        patent = lock_patent(patent_id, by=by)
        require(by, Permission.KEEP_ALIVE, on=patent)
        facts = {"percent": percent, "starts_on": starts_on, "ends_on": ends_on}
        if FeeReduction.objects.filter(patent=patent, ended_at=None, **facts).exists():
            continue
        FeeReduction.objects.create(
            patent=patent,
            reference=tidy(reference)[:120],
            recorded_at=now,
            recorded_by=by.key,
            **facts,
        )
        audit.record(
            "annuity.reduction_stated",
            subject=patent,
            by=by,
            at=now,
            changes={
                "percent": percent,
                "starts_on": starts_on.isoformat(),
                "ends_on": ends_on.isoformat(),
                "reference": tidy(reference)[:120],
            },
        )
        stated += 1
    return stated


@transaction.atomic
def end_reduction(*, reduction_id: int, by: Actor, now: datetime) -> int:
    """A reduction that no longer counts; the patent's id."""
    seen = FeeReduction.objects.filter(pk=reduction_id).first()
    if seen is None:
        raise Missing("没有找到这项费用减缴。")
    patent = lock_patent(seen.patent_id, by=by)
    require(by, Permission.KEEP_ALIVE, on=patent)
    row = FeeReduction.objects.select_for_update().get(pk=reduction_id)
    if row.ended_at is not None:
        raise Conflict("这项费用减缴已经结束。", code="ended")
    row.ended_at, row.ended_by = now, by.key
    row.save(update_fields=["ended_at", "ended_by"])
    audit.record("annuity.reduction_ended", subject=patent, by=by, at=now)
    return patent.pk
