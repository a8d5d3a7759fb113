"""Questions about income distribution: what may be divided, by which floor, who sees what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Count,
    DecimalField,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce

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
    Payment,
    PoolEntry,
    PoolLicence,
    PoolLicencePatent,
    PoolShare,
)
from licensing.rules import income as rules
from licensing.rules.deal_kinds import TRANSFERS
from licensing.rules.income import Floor, IncomeKind, IncomeStatus
from licensing.rules.outcomes import Code
from licensing.selectors.bundle_income import by_part
from licensing.types import IncomeSource

if TYPE_CHECKING:
    from core.attachments.models import Attachment

_NO_SHARE = "没有找到这笔池收入：管理人登记到账并分配以后才能再分给个人。"
FLOOR, DAYS, BOUND = "income.floor", "income.posting_days", "income.bound_kinds"


def sources_of_licence(row: Licence, *, without: int | None = None) -> list[IncomeSource]:
    """The income of a licence: what was paid on it; of a bundle's, patent by patent."""
    found = _of_licence(_paid(Licence.objects.filter(pk=row.pk), without).get())
    return by_part([found], without=without)


def sources_of_deal(row: Deal, *, without: int | None = None) -> list[IncomeSource]:
    """The income of a transfer or an investment: what was settled; of a bundle's, by patent."""
    found = _of_deal(_settled(Deal.objects.filter(pk=row.pk), without).get())
    return by_part([found], without=without)


def sources(*, viewer: Actor) -> list[IncomeSource]:
    """The holder's licences, transfers and pool shares with money to divide, newest first."""
    own = viewer.acts_for
    paid = _paid(Licence.objects.filter(licensor_id__in=own)).filter(received__gt=F("taken"))
    found = by_part([_of_licence(row) for row in paid.order_by("-pk")[:50]])
    deals = Deal.objects.filter(holder_id__in=own, kind__in=sorted(TRANSFERS))
    settled = _settled(deals).filter(settled_amount__gt=F("taken"))
    found += by_part([_of_deal(row) for row in settled.order_by("-pk")[:50]])
    found += shares_of_pools(own)[:50]
    return [row for row in found if row.available > 0]


def source_of_pool(
    row: PoolLicence, organisation_id: int, *, without: int | None = None
) -> IncomeSource:
    """What a pool licence brought one holder; nothing came in when it has no share."""
    found = shares_of_pools([organisation_id], licence=row, without=without)
    if not found:
        raise Missing(_NO_SHARE)
    return found[0]


def shares_of_pools(
    own: Iterable[int], *, licence: PoolLicence | None = None, without: int | None = None
) -> list[IncomeSource]:
    """What pool licences brought these holders, newest first, with what is divided of it."""
    came = PoolShare.objects.filter(holder_id__in=set(own))
    divided = Distribution.objects.filter(organisation_id__in=set(own), pool_licence__isnull=False)
    if licence is not None:
        came, divided = came.filter(income__licence=licence), divided.filter(pool_licence=licence)
    divided = divided.exclude(status=IncomeStatus.CANCELLED).exclude(pk=without or 0)
    rows = came.order_by().values_list("income__licence_id", "holder_id")
    received = {(of, who): total for of, who, total in rows.annotate(n=Sum("amount"))}
    if not received:
        return []
    sums = divided.order_by().values_list("pool_licence_id", "organisation_id")
    taken = {(of, who): total for of, who, total in sums.annotate(n=Sum("gross"))}
    return _of_pools(received, taken)


def _of_pools(
    received: Mapping[tuple[int, int], Decimal], taken: Mapping[tuple[int, int], Decimal]
) -> list[IncomeSource]:
    holders = people.organisations({who for _of, who in received})
    pinned = PoolLicencePatent.objects.filter(licence_id__in={of for of, _who in received})
    entries: dict[tuple[int, int], list[PoolEntry]] = {}
    for row in pinned.select_related("entry").order_by("entry_id"):
        entries.setdefault((row.licence_id, row.entry.holder_id), []).append(row.entry)
    numbers = dict(
        PoolLicence.objects.filter(pk__in={of for of, _who in received}).values_list("pk", "number")
    )
    return [
        _of_share(key, entries[key], numbers[key[0]], holders[key[1]].region, total, taken.get(key))
        for key, total in sorted(received.items(), reverse=True)
    ]


def _of_share(
    key: tuple[int, int],
    entries: Sequence[PoolEntry],
    number: str | None,
    region: str,
    received: Decimal,
    taken: Decimal | None,
) -> IncomeSource:
    """One holder's share, named by its patents in the licence."""
    first = entries[0]
    many = f"等 {len(entries)} 件" if len(entries) > 1 else ""
    return IncomeSource(
        "pool_licence", key[0], key[1], region, first.patent_id, first.patent_number,
        f"{first.patent_title[:400]}{many}（池许可 {number}）", number or "", IncomeKind.LICENCE,
        received, taken or Decimal(0),
    )  # fmt: skip


def _paid(rows: QuerySet[Licence], without: int | None = None) -> QuerySet[Any]:
    payments = Payment.objects.filter(licence=OuterRef("pk"))
    return rows.annotate(
        received=_total(payments, "licence", "amount"), taken=_taken("licence", without)
    )


def _settled(rows: QuerySet[Deal], without: int | None = None) -> QuerySet[Any]:
    equity = Outcome.objects.filter(
        patent_id=OuterRef("patent_id"), contract_number=OuterRef("number"), code=Code.EQUITY
    )
    return rows.annotate(is_equity=Exists(equity), taken=_taken("deal", without))


def _taken(name: str, without: int | None) -> Coalesce:
    live = Distribution.objects.filter(**{name: OuterRef("pk")})
    live = live.exclude(status=IncomeStatus.CANCELLED).exclude(pk=without or 0)
    return _total(live, name, "gross")


def _total(rows: QuerySet[Any], name: str, column: str) -> Coalesce:
    summed = rows.order_by().values(name).annotate(n=Sum(column)).values("n")
    return Coalesce(Subquery(summed), Decimal(0), output_field=DecimalField())


def _of_licence(row: Any) -> IncomeSource:
    return IncomeSource(
        "licence", row.pk, row.licensor_id, row.region, row.patent_id, row.patent_number,
        row.patent_title, row.number or "", IncomeKind.LICENCE, row.received, row.taken,
    )  # fmt: skip


def _of_deal(row: Any) -> IncomeSource:
    kind = IncomeKind.EQUITY if row.is_equity else IncomeKind.TRANSFER
    return IncomeSource(
        "deal", row.pk, row.holder_id, row.region, row.patent_id, row.patent_number,
        row.patent_title, row.number or "", kind, row.settled_amount or Decimal(0), row.taken,
    )  # fmt: skip


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
    return counted.select_related("organisation", "licence", "deal", "pool_licence").order_by("-pk")


def distribution(distribution_id: int, *, viewer: Actor) -> Distribution:
    """One distribution with its people and objections; Missing when the viewer may not see it."""
    found = (
        distributions(viewer=viewer)
        .select_related("organisation", "licence", "deal", "pool_licence", "rule", "document")
        .prefetch_related("persons__proof", "objections")
        .filter(pk=distribution_id)
        .first()
    )
    if found is None:
        raise Missing("没有找到这份收益分配，或您无权查看。")
    return found


def payment_proof(row: Distribution, person_id: int, *, viewer: Actor) -> Attachment | None:
    """What proves one payment: for whoever was paid, the institution's office, and overseers."""
    person = next((p for p in row.persons.all() if p.pk == person_id), None)
    if person is not None:
        mine = viewer.user_id is not None and person.user_id == viewer.user_id
        own = viewer.has(Role.OFFICE) and row.organisation_id in viewer.acts_for
        if mine or own or viewer.has(Role.BUREAU, Role.AUDITOR):
            return person.proof
    raise Missing("没有这份凭证，或您无权查看。")


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
