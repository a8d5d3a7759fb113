"""Questions about income distribution: what may be divided, by which floor, who sees what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor, Role
from licensing.models import (
    Deal,
    Distribution,
    DistributionPerson,
    IncomeRule,
    Licence,
    Outcome,
)
from licensing.rules import income as rules
from licensing.rules.income import Floor, IncomeKind, IncomeStatus
from licensing.rules.outcomes import Code

FLOOR, DAYS, BOUND = "income.floor", "income.posting_days", "income.bound_kinds"


@dataclass(frozen=True, slots=True)
class Source:
    """A licence or deal with what came in and is not divided yet."""

    key: str
    patent_id: int
    patent_number: str
    patent_title: str
    number: str
    kind: IncomeKind
    received: Decimal
    taken: Decimal

    @property
    def available(self) -> Decimal:
        """What may still be divided."""
        return self.received - self.taken


def source_of_licence(row: Licence, *, without: int | None = None) -> Source:
    """The income of a licence: what was paid on it."""
    taken = _taken(row.distributions.all(), without)
    paid = row.payments.aggregate(n=Sum("amount"))["n"] or Decimal(0)
    return Source(
        f"licence-{row.pk}", row.patent_id, row.patent_number, row.patent_title,
        row.number or "", IncomeKind.LICENCE, paid, taken,
    )  # fmt: skip


def source_of_deal(row: Deal, *, without: int | None = None) -> Source:
    """The income of a transfer or an investment: what was settled."""
    equity = Outcome.objects.filter(
        patent_id=row.patent_id, contract_number=row.number or "-", code=Code.EQUITY
    )
    kind = IncomeKind.EQUITY if equity.exists() else IncomeKind.TRANSFER
    return Source(
        f"deal-{row.pk}", row.patent_id, row.patent_number, row.patent_title, row.number or "",
        kind, row.settled_amount or Decimal(0), _taken(row.distributions.all(), without),
    )  # fmt: skip


def _taken(rows: QuerySet[Distribution], without: int | None) -> Decimal:
    live = rows.exclude(status=IncomeStatus.CANCELLED).exclude(pk=without or 0)
    return live.aggregate(n=Sum("gross"))["n"] or Decimal(0)


def sources(*, viewer: Actor) -> list[Source]:
    """The holder's licences and transfers with money to divide, newest first, at most 100."""
    paid = Licence.objects.filter(licensor_id__in=viewer.acts_for, payments__isnull=False)
    found = [source_of_licence(row) for row in paid.distinct().order_by("-pk")[:50]]
    settled = Deal.objects.filter(
        holder_id__in=viewer.acts_for, settled_amount__gt=0, items__licence__isnull=True
    )
    found += [source_of_deal(row) for row in settled.distinct().order_by("-pk")[:50]]
    return [source for source in found if source.available > 0]


def floor_for(
    organisation_id: int, region: str, kind: IncomeKind
) -> tuple[Floor, IncomeRule | None]:
    """What must at least go to persons, and the institution's rule if that is what decides."""
    statutory = rules.regional(people.region_setting(FLOOR, region, default=None), kind)
    rule = IncomeRule.objects.filter(organisation_id=organisation_id).first()
    if rule is None:
        return statutory, None
    kinds = people.region_setting(BOUND, region, default=rules.BOUND_KINDS)
    agreed = Floor(rule.percent, f"{rule.title}（{rule.agreed_on:%Y-%m-%d}）", agreed=True)
    bound = people.organisation(organisation_id).kind in kinds
    found = rules.required(statutory, agreed=agreed, bound=bound)
    return found, rule if found is agreed else None


def posting_days(region: str) -> int:
    """For how many days a distribution is posted in-house."""
    return int(people.region_setting(DAYS, region, default=rules.POSTING_DAYS))


def distributions(*, viewer: Actor, status: str = "") -> QuerySet[Distribution]:
    """The distributions this viewer may see, newest first."""
    rows = Distribution.objects.visible_to(viewer)
    if status:
        rows = rows.filter(status=status)
    counted = rows.annotate(people=Count("persons", distinct=True))
    return counted.select_related("organisation", "licence", "deal").order_by("-pk")


def distribution(distribution_id: int, *, viewer: Actor) -> Distribution:
    """One distribution with its people and objections; Missing when the viewer may not see it."""
    found = (
        distributions(viewer=viewer)
        .select_related("organisation", "licence", "deal", "rule", "document")
        .prefetch_related("persons__proof", "objections")
        .filter(pk=distribution_id)
        .first()
    )
    if found is None:
        raise Missing("没有找到这份收益分配，或您无权查看。")
    return found


def own_shares(*, viewer: Actor) -> Sequence[DistributionPerson]:
    """What this person gets or got, newest first."""
    rows = DistributionPerson.objects.filter(
        user_id=viewer.user_id or 0, distribution__status__in=sorted(s.value for s in rules.SHOWN)
    )
    return list(rows.select_related("distribution__organisation").order_by("-pk")[:200])


def income_rules(*, viewer: Actor) -> QuerySet[IncomeRule]:
    """The rules of the viewer's institutions; auditors and the system see all."""
    rows = IncomeRule.objects.select_related("organisation", "paper")
    if viewer.is_system or viewer.has(Role.AUDITOR):
        return rows
    return rows.filter(organisation_id__in=viewer.acts_for)


def to_approve(*, viewer: Actor, today: date) -> int:
    """How many postings are over and wait for the office's approval."""
    if not viewer.has(Role.OFFICE):
        return 0
    return Distribution.objects.filter(
        organisation_id__in=viewer.acts_for, status=IncomeStatus.POSTED, posted_until__lt=today
    ).count()


def with_accounts(row: Distribution) -> list[tuple[DistributionPerson, str]]:
    """The people of a draft with their addresses, for whoever edits it."""
    persons = list(row.persons.all())
    mails = people.mail_addresses({p.user_id for p in persons if p.user_id})
    return [(p, mails.get(p.user_id or 0, "")) for p in persons]
