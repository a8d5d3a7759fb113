"""What each patent of a bundle has of the money that its one contract brought.

One sum comes in for all of them, by the first licence or by the settlement. It is somebody else's
work patent by patent, so it is divided among the inventors of each: by the shares that the agreed
terms give, evenly where they give none (a royalty has no price to share).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from django.db.models import Sum

from core.money import portions
from licensing.models import Deal, DealItem, Distribution, TermsPatent
from licensing.rules.deals import Party
from licensing.rules.income import IncomeStatus
from licensing.types import IncomeSource

ALL = None  # a distribution of before, which took from the whole


def by_part(found: Sequence[IncomeSource], *, without: int | None = None) -> list[IncomeSource]:
    """These licences, or these deals; those of bundles patent by patent.

    Three queries at most, however many there are.
    """
    if not found:
        return []
    sort = found[0].sort
    parts = _parts(_deals({row.pk for row in found}, sort=sort))
    taken = _taken(parts.keys(), sort=sort, without=without) if parts else {}
    split: list[IncomeSource] = []
    for row in found:
        patents = parts.get(row.pk, ())
        split += _split(row, patents, taken.get(row.pk, {})) if len(patents) > 1 else [row]
    return split


def _deals(ids: Iterable[int], *, sort: str) -> dict[int, int]:
    """Contracts about a bundle → their agreed terms."""
    rows: Iterable[tuple[int | None, int | None, int | None]]
    if sort == "deal":
        rows = Deal.objects.filter(pk__in=ids).values_list("pk", "agreed_terms_id", "bundle_id")
    else:
        rows = DealItem.objects.filter(licence_id__in=ids).values_list(
            "licence_id", "deal__agreed_terms_id", "deal__bundle_id"
        )
    return {pk: terms for pk, terms, bundle in rows if pk and terms and bundle}


def _parts(terms: Mapping[int, int]) -> dict[int, list[TermsPatent]]:
    """The holder's patents of each, in the order of the terms."""
    rows = TermsPatent.objects.filter(terms_id__in=set(terms.values()), side=Party.HOLDER)
    of: dict[int, list[TermsPatent]] = {}
    for row in rows.order_by("terms_id", "position"):
        of.setdefault(row.terms_id, []).append(row)
    return {pk: of[version] for pk, version in terms.items() if version in of}


def _taken(
    ids: Iterable[int], *, sort: str, without: int | None
) -> dict[int, dict[int | None, Decimal]]:
    """What of each is divided already, by patent."""
    live = Distribution.objects.filter(**{f"{sort}_id__in": set(ids)})
    live = live.exclude(status=IncomeStatus.CANCELLED).exclude(pk=without or 0)
    rows = live.order_by().values_list(f"{sort}_id", "patent_id").annotate(n=Sum("gross"))
    found: dict[int, dict[int | None, Decimal]] = {}
    for pk, patent, total in rows:
        found.setdefault(pk, {})[patent] = total
    return found


def weights(shares: Sequence[Decimal | None]) -> list[Decimal]:
    """The shares of a price where there are any, else the same for each."""
    given = [share or Decimal(0) for share in shares]
    return given if sum(given) > 0 else [Decimal(1)] * len(given)


def _split(
    whole: IncomeSource, patents: Sequence[TermsPatent], taken: Mapping[int | None, Decimal]
) -> list[IncomeSource]:
    by = weights([patent.share for patent in patents])
    received = portions(whole.received, by)
    before = portions(taken.get(ALL, Decimal(0)), by)
    return [
        replace(
            whole,
            part=patent.patent_id,
            patent_id=patent.patent_id,
            patent_number=patent.patent_number,
            patent_title=patent.patent_title,
            received=came,
            taken=taken.get(patent.patent_id, Decimal(0)) + gone,
        )
        for patent, came, gone in zip(patents, received, before, strict=True)
    ]
