"""Talks that came to nothing: their words go three years after their end, told a month before."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from core.attachments.models import Attachment
from core.audit.models import AuditEntry
from core.days import ends
from core.notices.models import Notice
from licensing.models import Deal, SignedCopy
from licensing.rules import retention as rules
from licensing.services import deals, retention
from tests.conftest import log_in
from tests.factories import deals as given
from tests.factories.licensing import NOON

pytestmark = pytest.mark.django_db
NAME, SECRET = "张三丰", "请联系张三丰 13900001111"
MONTH, SECOND = timedelta(days=30), timedelta(seconds=1)
ALMOST = datetime(2029, 11, 1, 9, tzinfo=NOON.tzinfo)
OVER = datetime(2029, 12, 20, 9, tzinfo=NOON.tzinfo)


def talked(at: given.Table) -> Deal:
    """A talk with names in every text and paper, given up by the firm after the contracts lay."""
    row = given.asked(at)
    Deal.objects.filter(pk=row.pk).update(wish=SECRET)
    deals.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=at.holder, now=NOON)
    deals.send_message(
        deal_id=row.pk, text=SECRET, file=given.paper(f"{NAME}.pdf"), by=at.taker, now=NOON
    )
    first = given.terms(row.patent_id, remarks=SECRET)
    deals.propose_terms(deal_id=row.pk, terms=first, by=at.taker, now=NOON)
    deals.answer_terms(
        deal_id=row.pk, version=1, accept=False, reason=SECRET, by=at.holder, now=NOON
    )
    second = given.terms(row.patent_id, remarks=SECRET)
    deals.propose_terms(deal_id=row.pk, terms=second, files=[given.paper()], by=at.taker, now=NOON)
    return deals.withdraw_deal(deal_id=row.pk, reason=SECRET, by=at.taker, now=NOON)


def sweep(now: datetime) -> tuple[int, int]:
    return retention.tell_of_clearing(now=now), retention.clear_old_talks(now=now)


def test_both_sides_are_told_once_a_month_before() -> None:
    at = given.table()
    row = talked(at)
    until = rules.kept_until(NOON)
    assert (row.kept_until, until.year) == (until, NOON.year + 3)
    assert sweep(ALMOST - MONTH) == (0, 0)
    soon = datetime.combine(until - timedelta(days=29), NOON.timetz())
    stands = soon.date() + MONTH  # whoever is told late has a month all the same
    assert sweep(soon) == (1, 0)
    assert sweep(soon) == (0, 0)
    told = Notice.objects.filter(key=f"deal:{row.pk}:clearing")
    assert {n.user_id for n in told} >= {at.holder.user_id, at.taker.user_id}
    assert f"{stands:%Y-%m-%d}" in told[0].body


def test_after_three_years_and_a_month_the_words_and_papers_are_gone(
    django_capture_on_commit_callbacks: object,
) -> None:
    row = talked(given.table())
    papers = list(Attachment.objects.values_list("file", flat=True))
    assert len(papers) == 2
    sweep(OVER)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert sweep(OVER + MONTH + timedelta(days=1)) == (0, 1)
    row = Deal.objects.get(pk=row.pk)
    assert (row.wish, row.closed_reason, row.status) == ("", rules.CLEARED, "withdrawn")
    assert [m.text for m in row.messages.all()] == [rules.CLEARED]
    assert {v.remarks for v in row.versions.all()} == {""}
    assert row.versions.get(version=1).answer_reason == rules.CLEARED
    assert row.versions.get(version=1).plan.parts.exists()  # sums name nobody
    assert not Attachment.objects.exists()
    assert not any(default_storage.exists(name) for name in papers)
    assert not Notice.objects.filter(key__startswith=f"deal:{row.pk}:").exists()
    entry = AuditEntry.objects.get(event="deal.cleared")
    assert entry.changes == {"messages": 1, "papers": 2}
    assert sweep(OVER + 2 * MONTH) == (0, 0)


def test_nobody_loses_words_without_a_month_to_keep_them() -> None:
    talked(given.table())
    late = OVER + timedelta(days=900)  # the first sweep after a long rest
    assert sweep(late) == (1, 0)
    promised = Deal.objects.get().kept_until
    assert promised == (late + MONTH).date()
    assert f"保存到 {promised:%Y-%m-%d}" in Notice.objects.filter(key__endswith="clearing")[0].body
    for last_day in (late + MONTH, late + MONTH + timedelta(minutes=1), ends(promised) - SECOND):
        assert sweep(last_day) == (0, 0)  # to the end of the day that was named
    assert sweep(ends(promised)) == (0, 1)


def test_contracts_and_talks_that_go_on_keep_theirs() -> None:
    at = given.table()
    signed, open_talk = given.signed(at), given.talking(at)
    sweep(OVER)
    assert sweep(OVER + 2 * MONTH) == (0, 0)
    assert SignedCopy.objects.filter(terms__deal=signed).count() == 2
    assert Deal.objects.get(pk=open_talk.pk).kept_until is None
    with pytest.raises(IntegrityError, match="deal_cleared"), transaction.atomic():
        Deal.objects.filter(pk=signed.pk).update(cleared_at=OVER, clearing_told_at=NOON)


def test_signed_copies_of_what_was_never_sealed_go_too() -> None:
    at = given.table()
    row = given.uploaded(at)
    deals.withdraw_deal(deal_id=row.pk, reason="不签了", by=at.taker, now=NOON)
    sweep(OVER)
    assert sweep(OVER + 2 * MONTH) == (0, 1)
    assert not SignedCopy.objects.exists()
    assert not Attachment.objects.exists()


def test_page_and_api_say_until_when_and_that_it_is_over(client: Client) -> None:
    at = given.table()
    row = talked(at)
    log_in(client, at.firm)
    url, api = reverse("licensing:deal", args=[row.pk]), f"/api/v1/deals/{row.pk}/"
    assert "保存到" in client.get(url).content.decode()
    assert client.get(api).json()["kept_until"] == f"{row.kept_until:%Y-%m-%d}"
    sweep(OVER)
    sweep(OVER + 2 * MONTH)
    page = client.get(url).content.decode()
    assert "内容已按保存期限清除" in page
    assert NAME not in page
    answer = client.get(api).json()
    assert answer["cleared_at"]
    assert NAME not in str(answer)
