"""Numbers for overseers, each with exactly the rows it counts.

A number and its rows come from one filter: whoever clicks on the number finds these rows.
Times are bounded by local days, both inclusive; `region` is a prefix of GB/T 2260 codes,
"" the nation; pages start after `after` rows.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Count, QuerySet

from core.days import begins, ends
from core.people import selectors as people
from licensing.models import Licence, Outcome
from licensing.rules import moves
from licensing.rules.outcomes import label
from licensing.types import Counted, LicenceRow, OutcomeRow


def _licences(region: str, since: date | None, until: date | None) -> QuerySet[Licence]:
    """Licences that took effect then and did not turn out void."""
    rows = Licence.objects.filter(region__startswith=region, effective_at__isnull=False).exclude(
        status=moves.LicenceStatus.VOID
    )
    if since is not None:
        rows = rows.filter(effective_at__gte=begins(since))
    if until is not None:
        rows = rows.filter(effective_at__lt=ends(until))
    return rows


def effective_licences(
    *,
    region: str = "",
    since: date | None = None,
    until: date | None = None,
    after: int = 0,
    limit: int = 50,
) -> Counted[LicenceRow]:
    """How many licences took effect in a region and period, and a page of them, newest first."""
    rows = _licences(region, since, until)
    page = list(rows.order_by("-effective_at", "-pk")[after : after + limit])
    names = people.organisations({r.licensor_id for r in page} | {r.licensee_id for r in page})
    return Counted(
        count=rows.count(),
        rows=[
            LicenceRow(
                id=row.pk,
                number=row.number or "",
                patent_id=row.patent_id,
                patent_number=row.patent_number,
                patent_title=row.patent_title,
                licensor_id=row.licensor_id,
                licensor_name=names[row.licensor_id].name,
                licensee_id=row.licensee_id,
                licensee_name=names[row.licensee_id].name,
                kind=row.get_kind_display(),
                status=row.status,
                status_label=row.get_status_display(),
                region=row.region,
                effective_at=row.effective_at,
                filed_on=row.filed_on,
            )
            for row in page
            if row.effective_at is not None
        ],
    )


def _verified(region: str, since: date | None, until: date | None) -> QuerySet[Outcome]:
    """Outcomes that count: verified by a bureau, by the day on which they happened."""
    rows = Outcome.objects.filter(region__startswith=region, status=moves.OutcomeStatus.VERIFIED)
    if since is not None:
        rows = rows.filter(happened_on__gte=since)
    if until is not None:
        rows = rows.filter(happened_on__lte=until)
    return rows


def verified_outcomes(
    *,
    region: str = "",
    since: date | None = None,
    until: date | None = None,
    code: str = "",
    after: int = 0,
    limit: int = 50,
) -> Counted[OutcomeRow]:
    """How many verified outcomes happened in a region and period, and a page of them."""
    rows = _verified(region, since, until)
    if code:
        rows = rows.filter(code=code)
    page = list(rows.order_by("-happened_on", "-pk")[after : after + limit])
    names = people.organisations({row.organisation_id for row in page})
    return Counted(
        count=rows.count(),
        rows=[
            OutcomeRow(
                id=row.pk,
                patent_id=row.patent_id,
                patent_number=row.patent_number,
                patent_title=row.patent_title,
                organisation_id=row.organisation_id,
                organisation_name=names[row.organisation_id].name,
                code=row.code,
                label=label(row.code),
                happened_on=row.happened_on,
                amount=row.amount,
                region=row.region,
                status=row.status,
                decided_at=row.decided_at,
            )
            for row in page
        ],
    )


def _by_region(rows: QuerySet[Licence] | QuerySet[Outcome]) -> dict[str, int]:
    counted = rows.order_by().values("region").annotate(n=Count("pk"))
    return dict(counted.values_list("region", "n"))


def licence_regions(
    *, region: str = "", since: date | None = None, until: date | None = None
) -> dict[str, int]:
    """The number of effective licences by full region code."""
    return _by_region(_licences(region, since, until))


def outcome_regions(
    *, region: str = "", since: date | None = None, until: date | None = None
) -> dict[str, int]:
    """The number of verified outcomes by full region code."""
    return _by_region(_verified(region, since, until))
