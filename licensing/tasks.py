"""The room's clock: what runs by itself."""

from __future__ import annotations

from celery import shared_task
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


@shared_task(name="licensing.daily", acks_late=True, ignore_result=True)
def daily() -> None:
    """Ring alarms, end what has run out, remind and dun. Running it twice changes nothing."""
    now = timezone.now()
    services.remind_of_filing(now=now)
    services.end_expired_licences(now=now)
    completing.remind_of_registration(now=now)
    registrations.open_missing(now=now)
    registrations.remind_of_contracts(now=now)
    co_owners.remind_of_consents(now=now)
    claims.follow_milestones(now=now)
    renewals.follow_renewals(now=now)
    renewals.remind_of_terms(now=now)
    disputes.follow_disputes(now=now)
    terminations.follow_terminations(now=now)
    deal_endings.follow_deal_endings(now=now)
    credits.use_credits(now=now)
    pool_licences.end_run_out(now=now)
    pool_papers.follow_papers(now=now)
    pool_dues.call_for_sums(now=now)
    services.remind_of_dues(now=now)
    settlement_sums.remind_of_settlements(now=now)
    conduct_facts.note_facts(now=now)
    conduct.follow_conduct(now=now)
    services.remind_of_reports(now=now)
    pool_royalties.ask_for_reports(now=now)
    retention.tell_of_clearing(now=now)
    retention.clear_old_talks(now=now)
