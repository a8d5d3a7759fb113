"""What may be done with a patent, what binds it, and how it came to stand where it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange, NumericRange

from core.days import legal_day
from core.errors import Missing
from core.people.types import Actor
from listings.models import Encumbrance, InventorRight, Patent
from listings.rules import annuities, blockers, standing
from listings.rules.binding import ALL_CELLS, Bond, cells, seats
from listings.rules.inventors import InventorRightKind
from listings.rules.standing import Standing
from listings.types import (
    MODES,
    WHOLE_COUNTRY,
    Action,
    Blocker,
    Consent,
    EncumbranceCard,
    EncumbranceKind,
    PatentKind,
)

PARTS = ("events", "holders", "encumbrances", "inventor_rights")
"""What `facts` reads beside the row itself."""
BONDS = Encumbrance.objects.select_related("confirmed_by_event").order_by("term", "pk")
"""Bonds as their cards read them, in the order of their terms."""
NOT_FOUND = "没有找到这件专利，可能已被移除，或您无权查看。"


def base_of(patent: Patent) -> standing.Base:
    """What the fold starts from."""
    return standing.Base(
        is_verified=patent.number is not None,
        granted_on=patent.granted_on,
        expires_on=patent.expires_on,
    )


def fold(patent: Patent, *, on: date) -> Standing:
    """Where a patent stands on a day, from all of its events."""
    events = [standing.Event(e.occurred_on, e.code, e.reference) for e in patent.events.all()]
    return standing.fold(base_of(patent), events, on=on)


def as_bond(row: Encumbrance) -> Bond:
    """A row as the rules read it; one whose term is empty never ran."""
    term = row.term
    start, end = date.max, date.min if term.isempty else None
    if not term.isempty:
        start = term.lower or date.min
        end = term.upper - timedelta(days=1) if term.upper else None
    return Bond(
        id=row.pk,
        kind=EncumbranceKind(row.kind),
        starts_on=start,
        ends_on=end,
        cells=frozenset(row.cells),
        exception=row.exception,
        consents=frozenset(row.consents),
        reference=row.reference,
    )


def _runs(row: InventorRight, on: date) -> bool:
    """Whether a right granted to inventors is in force that day."""
    begun = row.starts_on <= on and (row.ends_on is None or on <= row.ends_on)
    return begun and (row.ended_on is None or on < row.ended_on)


def _inventors_as_owners(
    granted: Iterable[InventorRight], named: set[str]
) -> tuple[blockers.CoOwner, ...]:
    """Inventors who own a share are co-owners (PL14), unless the register names them already."""
    return tuple(
        blockers.CoOwner(name, Consent(row.consent))
        for row in granted
        if row.kind == InventorRightKind.OWNERSHIP
        for name in row.inventors
        if name not in named
    )


def facts(
    patent: Patent,
    *,
    on: date,
    except_for: int | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    scope: frozenset[int] = ALL_CELLS,
    exception: str = "",
) -> blockers.Facts:
    """All that the rules read of a patent whose events, holders and bonds are at hand."""
    kind = PatentKind(patent.kind)
    owners = tuple(
        blockers.CoOwner(
            name=holder.name,
            consent=Consent(holder.consent),
            is_managing=holder.organisation_id is not None
            and holder.organisation_id == patent.organisation_id,
        )
        for holder in patent.holders.all()
    )
    granted = [row for row in patent.inventor_rights.all() if _runs(row, on)]
    return blockers.Facts(
        on=on,
        kind=kind,
        standing=fold(patent, on=on),
        annuity=annuities.annuity(
            kind=kind,
            filed_on=patent.filed_on,
            paid_to=patent.annuity_paid_to,
            on=on,
            expires_on=patent.expires_on,
            granted_on=patent.granted_on,
        ),
        expires_on=patent.expires_on,
        owners=owners + _inventors_as_owners(granted, {owner.name for owner in owners}),
        users=tuple(
            blockers.CoOwner("、".join(row.inventors), Consent(row.consent))
            for row in granted
            if row.kind == InventorRightKind.USE
        ),
        bonds=tuple(
            as_bond(row) for row in patent.encumbrances.all() if row.active and row.pk != except_for
        ),
        evaluation_verdict=patent.evaluation_verdict,
        funding_project=patent.funding_project,
        managed=patent.organisation_id is not None,
        starts_on=starts_on,
        ends_on=ends_on,
        cells=scope,
        exception=exception,
    )


def can(
    patent_id: int,
    action: Action,
    *,
    at: datetime,
    by: Actor | None = None,
    except_for: int | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    territory: str = WHOLE_COUNTRY,
    modes: tuple[str, ...] = MODES,
    exception: str = "",
) -> list[Blocker]:
    """Every reason against `action` at once, hard ones first; empty: it may be done.

    A scope may be named for licences; without one it is the whole country, every mode, from that
    day without end. `by` hides patents that the actor may not see; `except_for` leaves out one
    encumbrance, as when the act would replace it.
    """
    rows = Patent.objects.kept() if by is None else Patent.objects.visible_to(by)
    patent = rows.filter(pk=patent_id).prefetch_related(*PARTS).first()
    if patent is None:
        raise Missing(NOT_FOUND)
    known = facts(
        patent,
        on=legal_day(at),
        except_for=except_for,
        starts_on=starts_on,
        ends_on=ends_on,
        scope=frozenset(cells(territory, modes)),
        exception=exception,
    )
    return blockers.blockers(known, Action(action))


def can_many(ids: Iterable[int], action: Action, *, at: datetime) -> dict[int, list[Blocker]]:
    """The same for many patents, in five queries; those that do not exist are left out."""
    rows = Patent.objects.kept().filter(pk__in=set(ids)).prefetch_related(*PARTS)
    on = legal_day(at)
    return {row.pk: blockers.blockers(facts(row, on=on), Action(action)) for row in rows}


def is_taken(
    ids: Iterable[int],
    kind: EncumbranceKind,
    *,
    starts_on: date,
    ends_on: date | None,
    territory: str = WHOLE_COUNTRY,
    modes: tuple[str, ...] = MODES,
) -> bool:
    """Whether a sole or exclusive right in that scope and term excludes a licence of this kind.

    One query on the index of the constraint, where `can` tells every reason in a dozen: for those
    who waited in a line for the same right and only need to know that it is gone.
    """
    past = None if ends_on is None else ends_on + timedelta(days=1)
    rows = Encumbrance.objects.filter(
        patent_id__in=set(ids),
        active=True,
        cells__overlap=cells(territory, modes),
        term__overlap=DateRange(starts_on, past),
    )
    if kind is EncumbranceKind.ORDINARY:
        return rows.filter(kind__in=[EncumbranceKind.EXCLUSIVE, EncumbranceKind.SOLE]).exists()
    first, last = seats(kind)
    return rows.filter(slots__overlap=NumericRange(first, last)).exists()


def standing_of(patent_id: int, *, at: datetime) -> Standing:
    """Where the patent stands that day, and why."""
    patent = Patent.objects.kept().filter(pk=patent_id).prefetch_related("events").first()
    if patent is None:
        raise Missing(NOT_FOUND)
    return fold(patent, on=legal_day(at))


def annuity_of(patent_id: int, *, at: datetime) -> annuities.Annuity:
    """The patent's next annuity as seen that day."""
    patent = Patent.objects.kept().filter(pk=patent_id).first()
    if patent is None:
        raise Missing(NOT_FOUND)
    return annuities.annuity(
        kind=PatentKind(patent.kind),
        filed_on=patent.filed_on,
        paid_to=patent.annuity_paid_to,
        on=legal_day(at),
        expires_on=patent.expires_on,
        granted_on=patent.granted_on,
    )


def _encumbrance_card(row: Encumbrance) -> EncumbranceCard:
    bond = as_bond(row)
    return EncumbranceCard(
        id=row.pk,
        kind=bond.kind,
        starts_on=bond.starts_on,
        ends_on=bond.ends_on,
        territory=row.territory,
        modes=tuple(row.modes),
        source=row.source,
        reference=row.reference,
        confirmed_on=row.confirmed_by_event.occurred_on if row.confirmed_by_event else None,
        released_on=legal_day(row.released_at) if row.released_at else None,
        consents=tuple(row.consents),
    )


def encumbrances(patent_id: int, *, at: datetime, upcoming: bool = False) -> list[EncumbranceCard]:
    """What binds the patent that day; with `upcoming` also what begins later."""
    return encumbrances_of([patent_id], at=at, upcoming=upcoming).get(patent_id, [])


def encumbrances_of(
    ids: Iterable[int], *, at: datetime, upcoming: bool = False
) -> dict[int, list[EncumbranceCard]]:
    """The same for many patents, in one query."""
    found: dict[int, list[EncumbranceCard]] = defaultdict(list)
    for row in BONDS.filter(patent_id__in=set(ids)):
        if _is_shown(row, on=legal_day(at), upcoming=upcoming):
            found[row.patent_id].append(_encumbrance_card(row))
    return dict(found)


def encumbrances_among(rows: Iterable[Encumbrance], *, at: datetime) -> list[EncumbranceCard]:
    """Those of one patent's bonds, read as BONDS, that run on that day."""
    return [_encumbrance_card(row) for row in rows if _is_shown(row, on=legal_day(at))]


def _is_shown(row: Encumbrance, *, on: date, upcoming: bool = False) -> bool:
    bond = as_bond(row)
    return bond.runs_on(on) or (upcoming and row.active and bond.starts_on > on)


def encumbrance_for(source: str, reference: str) -> EncumbranceCard | None:
    """The latest encumbrance that this source wrote under this reference."""
    row = (
        Encumbrance.objects.filter(source=source, reference=reference)
        .select_related("confirmed_by_event")
        .order_by("-pk")
        .first()
    )
    return _encumbrance_card(row) if row else None
