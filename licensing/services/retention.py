"""Talks that came to nothing lose their words when their time is over."""

from __future__ import annotations

from datetime import datetime

import pgtrigger
from django.db import transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.notices import services as notices
from core.people.types import Actor
from licensing.models import Deal, DealApproval, DealMessage, SignedCopy, TermsFile
from licensing.rules import retention as rules
from licensing.rules.deals import Party
from licensing.services.deal_ground import tell_parties

# The words of both sides stand as they were written, until the law asks for their end.
STANDING = ("licensing.DealMessage:deal_message_fixed", "licensing.TermsVersion:terms_words_stand")
LEFT = Deal.objects.filter(status__in=rules.FOR_NOTHING, cleared_at__isnull=True)


def tell_of_clearing(*, now: datetime) -> int:
    """Ring both sides of talks whose words go in a month; how many talks. Each once."""
    before = rules.over_before(legal_day(now + rules.TOLD_BEFORE))
    rows = LEFT.filter(clearing_told_at__isnull=True, closed_at__lt=before)
    return sum(_told(pk, now=now) for pk in rows.values_list("pk", flat=True))


@transaction.atomic
def _told(pk: int, *, now: datetime) -> bool:
    row = LEFT.select_for_update().filter(pk=pk, clearing_told_at__isnull=True).first()
    if row is None or row.kept_until is None:
        return False
    row.clearing_told_at = now
    row.save(update_fields=["clearing_told_at"])
    tell_parties(
        row,
        *Party,
        key="clearing",
        title="洽谈记录即将清除",
        body=f"意向、消息、备注和附件保存到 {row.kept_until:%Y-%m-%d}，之后清除；"
        "需要留存的请在此前自行保存。",
        now=now,
    )
    return True


def clear_old_talks(*, now: datetime) -> int:
    """Take the words out of talks past their time whose sides were told a month ago; how many."""
    rows = LEFT.filter(
        closed_at__lt=rules.over_before(legal_day(now)),
        clearing_told_at__lt=rules.told_before(legal_day(now)),
    )
    return sum(_cleared(pk, now=now) for pk in rows.values_list("pk", flat=True))


@transaction.atomic
def _cleared(pk: int, *, now: datetime) -> bool:
    row = LEFT.select_for_update().filter(pk=pk).first()
    if row is None:
        return False
    papers = _papers_of(row)
    with pgtrigger.ignore(*STANDING):
        said = row.messages.update(text=rules.CLEARED, attachment=None)
        row.versions.update(field_of_use="", remarks="", particulars={})
    row.versions.exclude(answer_reason="").update(answer_reason=rules.CLEARED)
    row.members.exclude(dropped_reason="").update(dropped_reason=rules.CLEARED)
    TermsFile.objects.filter(terms__deal=row).delete()
    SignedCopy.objects.filter(terms__deal=row).delete()
    row.approvals.all().delete()
    gone = attachments.discard(papers)
    row.wish, row.closed_reason, row.cleared_at = "", rules.CLEARED, now
    row.save(update_fields=["wish", "closed_reason", "cleared_at"])
    notices.forget(about=f"deal:{row.pk}:")
    audit.record(
        "deal.cleared",
        subject=row,
        by=Actor.system(),
        at=now,
        changes={"messages": said, "papers": gone},
    )
    return True


def _papers_of(row: Deal) -> set[int]:
    """Attachments that lie with this talk."""
    found = [
        DealMessage.objects.filter(deal=row),
        DealApproval.objects.filter(deal=row),
        TermsFile.objects.filter(terms__deal=row),
        SignedCopy.objects.filter(terms__deal=row),
    ]
    return {pk for rows in found for pk in rows.values_list("attachment_id", flat=True) if pk}
