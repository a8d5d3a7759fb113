"""What falls due over the licences and deals of one organisation 许可日历: fixed queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q

from core.days import legal_day
from core.people.types import Actor
from licensing.models import (
    Deal,
    DealEnding,
    Dispute,
    Licence,
    PaymentDue,
    PoolLicence,
    Renewal,
    RoyaltyReport,
    Termination,
)
from licensing.rules import effect, fees, moves, reports, royalties
from licensing.rules.deal_kinds import TRANSFERS
from licensing.rules.deals import DealStatus
from licensing.rules.renewals import RenewalStatus
from licensing.rules.terminations import OPEN
from licensing.selectors.disputed import OPEN_STATES
from licensing.selectors.pool_royalties import ACCOUNT, has_royalty, open_sums, pool_periods
from licensing.selectors.royalties import with_paid
from licensing.selectors.settlement_sums import open_until, who_pays

HORIZON = 365  # days ahead
KINDS = {
    "due": "应付款",
    "report": "提成申报",
    "filing": "备案期限",
    "registration": "转让登记",
    "renewal": "续展待答复",
    "ending": "终止",
    "dispute": "合同纠纷",
    "term": "许可期满",
}


@dataclass(frozen=True, slots=True)
class Falling:
    """One thing that falls due; `key` stays the same as long as it is the same thing."""

    key: str
    on: date
    kind: str
    title: str
    text: str
    url: str
    days: int  # from today; below zero it is late

    @property
    def label(self) -> str:
        """What sort of thing it is."""
        return KINDS[self.kind]

    @property
    def late(self) -> bool:
        """Whether its day has passed."""
        return self.days < 0


def falling_due(
    *, viewer: Actor, today: date, kind: str = "", days: int = HORIZON
) -> list[Falling]:
    """All of it up to so many days ahead, what is late first; only one kind if one is named."""
    until = today + timedelta(days=days)
    own = viewer.acts_for
    mine = Q(licensor_id__in=own) | Q(licensee_id__in=own)
    of_mine = Q(licence__licensor_id__in=own) | Q(licence__licensee_id__in=own)
    in_force = sorted(s.value for s in moves.IN_FORCE)
    licences = list(
        Licence.objects.filter(mine, status__in=in_force)
        .select_related("plan", "licensor", "licensee")
        .prefetch_related("plan__parts")
        .order_by("pk")
    )
    found = [
        *_of_licences(licences, until),
        *_reports(licences, until),
        *_of_pools(own, until),
        *_dues(of_mine, until),
        *_settlements(own, until),
        *_renewals(of_mine, until),
        *_endings(of_mine, until),
        *_contract_endings(own, until),
        *_registrations(own, until),
        *_disputes(viewer, until),
    ]
    rows = [
        Falling(key, on, sort, title, text, url, (on - today).days)
        for key, on, sort, title, text, url in found
        if not kind or sort == kind
    ]
    return sorted(rows, key=lambda row: (row.on, row.kind, row.key))


Raw = tuple[str, date, str, str, str, str]


def _of_licences(rows: list[Licence], until: date) -> Iterator[Raw]:
    for row in rows:
        url, parties = f"/licences/{row.pk}/", f"{row.licensor.name} → {row.licensee.name}"
        if row.ends_on and row.ends_on <= until:
            yield f"term-{row.pk}", row.ends_on, "term", row.patent_title, parties, f"{url}endings/"
        if row.status == moves.LicenceStatus.EFFECTIVE and row.starts_on:
            deadline = effect.filing_deadline(row.starts_on)
            if deadline <= until:
                yield f"filing-{row.pk}", deadline, "filing", row.patent_title, parties, url


def _of_pools(own: Any, until: date) -> Iterator[Raw]:
    """Filings, reports and sums of pool licences, as licensee and as administrator."""
    mine = Q(licensee_id__in=own) | Q(pool__administrator_id__in=own)
    rows = PoolLicence.objects.filter(mine).select_related("pool", "terms__plan").order_by("pk")
    for row in rows.prefetch_related("terms__plan__parts", "royalty_reports", *ACCOUNT):
        key, url = f"pool-{row.pk}", f"/pool-licences/{row.pk}/"
        if row.status == "running" and row.filed_on is None and row.file_by <= until:
            text = f"池许可 {row.number}"
            yield f"pool-filing-{row.pk}", row.file_by, "filing", row.pool.name, text, url
        for due, left in open_sums(row):
            if due.due_on <= until:
                text = f"{due.get_kind_display()} {fees.exact_text(left)}"
                yield f"{key}-due-{due.pk}", due.due_on, "due", row.pool.name, text, url
        if has_royalty(row):
            known = {report.starts_on for report in row.royalty_reports.all()}
            for period in royalties.unreported(pool_periods(row)[1], known, today=date.max):
                if period.report_by <= until:
                    text = f"{period.starts_on:%Y-%m-%d} 至 {period.ends_on:%Y-%m-%d} 这一期"
                    yield (f"{key}-report-{period.starts_on:%Y%m%d}", period.report_by, "report",
                           row.pool.name, text, f"{url}royalties/")  # fmt: skip


def _reports(rows: list[Licence], until: date) -> Iterator[Raw]:
    known = set(
        RoyaltyReport.objects.filter(licence__in=[row.pk for row in rows])
        .exclude(status=reports.ReportStatus.REPLACED)
        .values_list("licence_id", "starts_on")
    )
    for row in rows:
        part = royalties.running_part(row.plan.terms())
        if part is None or row.starts_on is None or row.ends_on is None:
            continue
        for period in royalties.periods(row.starts_on, row.ends_on, part.period_months):
            if period.report_by <= until and (row.pk, period.starts_on) not in known:
                text = f"{period.starts_on:%Y-%m-%d} 至 {period.ends_on:%Y-%m-%d} 这一期"
                key = f"report-{row.pk}-{period.starts_on:%Y%m%d}"
                url = f"/licences/{row.pk}/royalties/"
                yield key, period.report_by, "report", row.patent_title, text, url


def _dues(of_mine: Q, until: date) -> Iterator[Raw]:
    rows: Any = with_paid(PaymentDue.objects.filter(of_mine, due_on__lte=until))
    rows = rows.exclude(licence__status=moves.LicenceStatus.VOID).filter(open_sum__gt=0)
    for row in rows.select_related("licence__plan").order_by("due_on", "pk"):
        text = (
            f"{row.get_kind_display()} {fees.exact_text(row.open_sum, row.licence.plan.currency)}"
        )
        url = f"/licences/{row.licence_id}/statement/"
        yield f"due-{row.pk}", row.due_on, "due", row.licence.patent_title, text, url


def _settlements(own: Any, until: date) -> Iterator[Raw]:
    for row in open_until(until, own=own):
        text = f"{who_pays(row)} {fees.exact_text(row.open_sum, row.currency)}"
        url = f"/disputes/{row.dispute_id}/"
        yield f"settlement-{row.pk}", row.due_on, "due", row.dispute.patent_title, text, url


def _renewals(of_mine: Q, until: date) -> Iterator[Raw]:
    rows = Renewal.objects.filter(of_mine, status=RenewalStatus.ASKED, answer_by__lte=until)
    for row in rows.select_related("licence").order_by("pk"):
        url = f"/licences/{row.licence_id}/endings/"
        yield (f"renewal-{row.pk}", row.answer_by, "renewal", row.licence.patent_title,
               f"续 {row.months} 个月", url)  # fmt: skip


def _endings(of_mine: Q, until: date) -> Iterator[Raw]:
    states = sorted(s.value for s in OPEN)
    rows = Termination.objects.filter(of_mine, status__in=states, effective_on__lte=until)
    for row in rows.select_related("licence").order_by("pk"):
        url = f"/licences/{row.licence_id}/endings/"
        text = f"{row.get_ground_display()} · {row.get_status_display()}"
        yield f"ending-{row.pk}", row.effective_on, "ending", row.licence.patent_title, text, url


def _contract_endings(own: Any, until: date) -> Iterator[Raw]:
    mine = Q(deal__holder_id__in=own) | Q(deal__taker_id__in=own)
    states = sorted(s.value for s in OPEN)
    rows = DealEnding.objects.filter(mine, status__in=states, effective_on__lte=until)
    for row in rows.select_related("deal").order_by("pk"):
        url, text = (
            f"/deals/{row.deal_id}/endings/",
            f"{row.get_ground_display()} · {row.get_status_display()}",
        )
        yield f"deal-ending-{row.pk}", row.effective_on, "ending", row.deal.patent_title, text, url


def _disputes(viewer: Actor, until: date) -> Iterator[Raw]:
    """The last day of each state, and the sessions that were called."""
    own = Q(holder_id__in=viewer.acts_for) | Q(taker_id__in=viewer.acts_for)
    mine = own | Q(mediator_id=viewer.organisation_id, mediator__isnull=False)
    rows = Dispute.objects.filter(mine, status__in=OPEN_STATES, due_by__lte=until)
    for row in rows.prefetch_related("sessions").order_by("pk"):
        url, text = f"/disputes/{row.pk}/", f"{row.number} · {row.get_status_display()}"
        assert row.due_by is not None  # asked above
        yield f"dispute-{row.pk}-{row.status}", row.due_by, "dispute", row.patent_title, text, url
        for meeting in row.sessions.all():
            if meeting.noted_at is None:
                words = f"调解会 {meeting.place}"
                on = legal_day(meeting.at)
                yield f"session-{meeting.pk}", on, "dispute", row.patent_title, words, url


def _registrations(own: Any, until: date) -> Iterator[Raw]:
    rows = Deal.objects.filter(
        Q(holder_id__in=own) | Q(taker_id__in=own),
        status=DealStatus.SIGNED,
        kind__in=sorted(kind.value for kind in TRANSFERS),
        effective_on__isnull=False,
    )
    for row in rows.order_by("pk"):
        assert row.effective_on is not None  # asked above
        deadline = effect.filing_deadline(row.effective_on)
        if deadline <= until:
            yield (f"registration-{row.pk}", deadline, "registration", row.patent_title,
                   "转让自登记之日起生效（专利法第十条）", f"/deals/{row.pk}/")  # fmt: skip
