"""What a patent's potential is read from, for many patents at once in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from core.days import legal_day
from listings.models import (
    DemandSignal,
    Encumbrance,
    Holder,
    LayerRule,
    Listing,
    MarketSignal,
    Patent,
    Screening,
)
from listings.rules import annuities, potential, terms
from listings.rules.layers import Voice
from listings.rules.potential import Facts, Rule
from listings.types import (
    Consent,
    EncumbranceKind,
    ListingStatus,
    PatentKind,
    PatentStatus,
)


def facts_of(patents: Sequence[Patent], *, on: date) -> dict[int, Facts]:
    """All that is known of these patents that day, by id."""
    ids = [patent.pk for patent in patents]
    voices = _voices(ids)
    bonds = _bonds(ids)
    silent = _silent_owners(patents)
    sheets = _sheets(ids)
    screened = _screenings(ids)
    demand = {
        row.patent_id: potential.Demand(
            row.needs, row.subscriptions, row.best, legal_day(row.measured_at)
        )
        for row in DemandSignal.objects.filter(patent_id__in=ids)
    }
    return {
        patent.pk: read(
            patent,
            on=on,
            voices=tuple(voices.get(patent.pk, ())),
            bonds=frozenset(bonds.get(patent.pk, ())),
            silent_owners=silent.get(patent.pk, 0),
            sheet=sheets.get(patent.pk, ()),
            screening=screened.get(patent.pk),
            demand=demand.get(patent.pk),
        )
        for patent in patents
    }


def read(patent: Patent, *, on: date, **found: Any) -> Facts:
    """What the patent's own row says, with what was found beside it."""
    kind = PatentKind(patent.kind)
    ends = patent.expires_on
    if ends is None and patent.filed_on is not None:
        ends = terms.expiry(kind, patent.filed_on)
    paid = annuities.annuity(
        kind=kind,
        filed_on=patent.filed_on,
        paid_to=patent.annuity_paid_to,
        on=on,
        expires_on=ends,
    )
    return Facts(
        on=on,
        status=PatentStatus(patent.status),
        annuity=paid.state,
        is_examined=kind is PatentKind.INVENTION,
        evaluation_verdict=patent.evaluation_verdict,
        expires_on=ends,
        trl=patent.trl,
        family_size=patent.family_size,
        cited_by=patent.cited_by,
        **found,
    )


def filled(sheet: Listing | Mapping[str, Any]) -> tuple[str, ...]:
    """The fields of an offer sheet that say something."""
    said = sheet if isinstance(sheet, Mapping) else vars(sheet)
    return tuple(
        name for name in potential.SHEET_FIELDS if said.get(name) not in (None, "", [], ())
    )


def _voices(ids: Iterable[int]) -> dict[int, list[Voice]]:
    found: dict[int, list[Voice]] = defaultdict(list)
    rows = MarketSignal.objects.filter(patent_id__in=ids).order_by("organisation_id")
    for patent_id, prospect, interested in rows.values_list("patent_id", "prospect", "interested"):
        found[patent_id].append(Voice(prospect, interested))
    return found


def _bonds(ids: Iterable[int]) -> dict[int, set[EncumbranceKind]]:
    found: dict[int, set[EncumbranceKind]] = defaultdict(set)
    rows = Encumbrance.objects.filter(patent_id__in=ids, active=True)
    for patent_id, kind in rows.values_list("patent_id", "kind"):
        found[patent_id].add(EncumbranceKind(kind))
    return found


def _silent_owners(patents: Sequence[Patent]) -> dict[int, int]:
    """Co-owners besides the managing organisation who have agreed to nothing."""
    manager = {patent.pk: patent.organisation_id for patent in patents}
    found: dict[int, int] = defaultdict(int)
    rows = Holder.objects.filter(patent_id__in=list(manager), consent=Consent.NONE)
    for patent_id, organisation_id in rows.values_list("patent_id", "organisation_id"):
        if organisation_id is None or organisation_id != manager[patent_id]:
            found[patent_id] += 1
    return found


def _sheets(ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The fields filled in each patent's newest offer sheet that was not withdrawn."""
    rows = Listing.objects.filter(patent_id__in=ids).exclude(status=ListingStatus.WITHDRAWN)
    return {row.patent_id: filled(row) for row in rows.order_by("pk")}


def _screenings(ids: Iterable[int]) -> dict[int, potential.Screening]:
    rows = Screening.objects.filter(patent_id__in=ids).order_by("screened_at", "pk")
    return {
        row.patent_id: potential.Screening(
            row.technology, row.product, row.market, row.resources, legal_day(row.screened_at)
        )
        for row in rows
    }


class Rulebook:
    """The rules in force on a day, read once; the longest prefix of a region wins."""

    def __init__(self, on: date) -> None:
        self._rules: dict[str, LayerRule] = {}
        for row in LayerRule.objects.filter(valid_from__lte=on).order_by("valid_from"):
            self._rules[row.region] = row  # the latest of a region stays

    def row_for(self, region: str) -> LayerRule | None:
        """The row that holds in a region; None: the platform's own rule."""
        prefixes = (region[:n] for n in (6, 4, 2, 0) if len(region) >= n)
        return next((self._rules[p] for p in prefixes if p in self._rules), None)

    def rule_for(self, region: str) -> Rule:
        """The same as the scoring takes it."""
        row = self.row_for(region)
        return Rule() if row is None else as_rule(row)


def as_rule(row: LayerRule) -> Rule:
    """A stored rule as the scoring takes it."""
    return Rule(
        version=f"{Rule().version}/r{row.pk}",
        weights={code: getattr(row, code) for code in potential.WEIGHTS},
        a_from=row.a_from,
        b_from=row.b_from,
        neutral=row.neutral,
        evidence=row.evidence,
    )
