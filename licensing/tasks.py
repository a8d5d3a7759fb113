"""The room's clock: what runs by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from licensing import services
from licensing.services import (
    claims,
    co_owners,
    completing,
    conduct,
    conduct_facts,
    credits,
    deal_endings,
    disputes,
    offsets,
    pool_dues,
    pool_licences,
    pool_papers,
    pool_royalties,
    registrations,
    renewals,
    retention,
    settlement_sums,
    terminations,
)

log = logging.getLogger(__name__)

# In this order: what ends is ended before it is counted, talks are told before they are cleared.
STEPS: tuple[Callable[..., object], ...] = (
    services.remind_of_filing,
    services.end_expired_licences,
    completing.remind_of_registration,
    registrations.open_missing,
    registrations.remind_of_contracts,
    co_owners.remind_of_consents,
    claims.follow_milestones,
    renewals.follow_renewals,
    renewals.remind_of_terms,
    disputes.follow_disputes,
    terminations.follow_terminations,
    deal_endings.follow_deal_endings,
    credits.use_credits,
    pool_licences.end_run_out,
    pool_papers.follow_papers,
    pool_dues.call_for_sums,
    services.remind_of_dues,
    offsets.lapse_offsets,
    settlement_sums.remind_of_settlements,
    conduct_facts.note_facts,
    conduct.follow_conduct,
    services.remind_of_reports,
    pool_royalties.ask_for_reports,
    retention.tell_of_clearing,
    retention.clear_old_talks,
)


@shared_task(name="licensing.daily", acks_late=True, ignore_result=True)
def daily() -> None:
    """Ring alarms, end what has run out, remind and dun. Running it twice changes nothing.

    A step that fails holds up none behind it, or one row nobody foresaw would put off every legal
    day of everybody; it is in the log, and the task fails when all the others were done.
    """
    now, failed = timezone.now(), []
    for step in STEPS:
        try:
            step(now=now)
        except SoftTimeLimitExceeded:
            raise  # the time of the whole is over: the next run does the rest
        except Exception as problem:
            log.exception("licensing.daily: %s failed", step.__name__)
            failed.append(problem)
    if failed:
        raise ExceptionGroup("licensing.daily", failed)
