"""Binding a patent and releasing it: the one table, written by whoever makes the bond."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange, NumericRange

from core.audit import services as audit
from core.days import legal_day
from core.db import refused_as
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.people.types import Actor
from listings.models import Contradiction, Encumbrance, Patent, choices
from listings.rules import binding
from listings.selectors.register.legal import as_bond
from listings.services.layers.scoring import rescore
from listings.services.locks import lock_patent
from listings.services.offering import board
from listings.services.register.folding import settle_many
from listings.types import MODES, WHOLE_COUNTRY, Action, EncumbranceKind


@dataclass(frozen=True, slots=True)
class Scope:
    """What is bound, where, how and for how long; `ends_on` is the last day."""

    kind: EncumbranceKind
    starts_on: date
    ends_on: date | None
    territory: str = WHOLE_COUNTRY
    modes: tuple[str, ...] = MODES
    exception: str = ""


@transaction.atomic
def encumber(
    *,
    patent_id: int,
    kind: EncumbranceKind,
    starts_on: date,
    ends_on: date | None,
    source: str,
    reference: str,
    territory: str = WHOLE_COUNTRY,
    modes: Sequence[str] = MODES,
    party_id: int | None = None,
    exception: str = "",
    register_number: str = "",
    by: Actor,
    now: datetime,
) -> int:
    """Bind the patent, or Conflict when something there excludes it. Its id.

    The caller's own command has asked whether `by` may grant, take or register the right; here
    only nobody is refused. The overlap is the database's word, so it also holds against rivals.
    """
    _somebody(by)
    patent = lock_patent(patent_id)
    scope = Scope(EncumbranceKind(kind), starts_on, ends_on, territory, tuple(modes), exception)
    _check(scope)
    overlap = Conflict(
        f"同一范围和期限内已有与{choices.EncumbranceKind(kind).label}相冲突的权利负担，"
        "可能刚被他人抢先办理，请刷新后核对。",
        code="overlap",
    )
    with refused_as(overlap, by="encumbrance_no_overlap"):
        row = bind(
            patent,
            scope,
            source=source,
            reference=reference,
            party_id=party_id,
            register_number=register_number,
            by=by,
            now=now,
        )
    if scope.kind is EncumbranceKind.EXCLUSIVE:
        board.take_down_given_away(patent, by=by, now=now)
    return row.pk


def _somebody(by: Actor) -> None:
    if by.is_anonymous:
        raise NotAllowed("请先登录，再办理这项操作。", code="login-required")


def _check(scope: Scope) -> None:
    if scope.ends_on is not None and scope.ends_on < scope.starts_on:
        raise Invalid(fields={"ends_on": ["终止日早于开始日，请核对。"]})
    if scope.exception not in binding.EXCEPTIONS:
        raise Invalid(fields={"exception": ["不认识的例外情形。"]})
    if scope.exception and scope.kind is not EncumbranceKind.ORDINARY:
        raise Invalid(fields={"exception": ["只有普通许可可以适用这一例外。"]})
    try:
        binding.cells(scope.territory, scope.modes)
    except binding.ScopeError as error:
        raise Invalid(fields={"territory": [str(error)]}) from error


def bind(
    patent: Patent,
    scope: Scope,
    *,
    source: str,
    reference: str,
    party_id: int | None = None,
    register_number: str = "",
    by: Actor,
    now: datetime,
) -> Encumbrance:
    """Write the row on a locked patent; IntegrityError where it overlaps."""
    if scope.exception == binding.SI27 and not _has_sole(patent, scope):
        raise Conflict(
            "没有排他许可，不需要也不能适用“排他许可人许可一人实施”的例外。",
            code="si27-without-sole",
        )
    taken = [row.lower for row in patent.encumbrances.values_list("slots", flat=True)]
    first, past = binding.seats(scope.kind, exception=scope.exception, taken=taken)
    row = Encumbrance.objects.create(
        patent=patent,
        kind=scope.kind,
        territory=scope.territory,
        modes=list(scope.modes),
        cells=binding.cells(scope.territory, scope.modes),
        slots=NumericRange(first, past),
        term=DateRange(scope.starts_on, _day_after(scope.ends_on)),
        exception=scope.exception,
        source=source,
        reference=reference,
        party_id=party_id,
        register_number=register_number,
        created_at=now,
        created_by=by.key,
    )
    rescore([patent.pk])
    audit.record(
        "patent.encumbered",
        subject=patent,
        by=by,
        at=now,
        changes={
            "encumbrance": row.pk,
            "kind": str(scope.kind),
            "starts_on": scope.starts_on.isoformat(),
            "ends_on": scope.ends_on.isoformat() if scope.ends_on else None,
            "reference": reference,
        },
    )
    return row


def _has_sole(patent: Patent, scope: Scope) -> bool:
    cells = binding.cells(scope.territory, scope.modes)
    rows = patent.encumbrances.filter(kind=EncumbranceKind.SOLE, active=True)
    return any(as_bond(row).meets(scope.starts_on, scope.ends_on, cells) for row in rows)


def _day_after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)


@transaction.atomic
def number_in_register(
    *, encumbrance_id: int, register_number: str, by: Actor, now: datetime
) -> None:
    """Note the register's own number of a bond, so that its gazette events are known for it.

    The caller's command has asked for the right, and writes the entry that names the number.
    """
    _somebody(by)
    row = _lock(encumbrance_id)
    row.register_number = register_number.strip()[:40]
    row.save(update_fields=["register_number"])
    settle_many([row.patent], by=by, now=now)


@transaction.atomic
def release(*, encumbrance_id: int, ended_on: date, reason: str, by: Actor, now: datetime) -> None:
    """End an encumbrance; `ended_on` is the first day on which it no longer binds.

    Ending it again does nothing. As with `encumber`, the caller's command has asked for the right.
    """
    _somebody(by)
    row = _lock(encumbrance_id)
    if row.released_at is None:
        unbind(row, ended_on=ended_on, reason=reason, by=by, now=now)
        if Contradiction.objects.open().filter(patent=row.patent).exists():
            settle_many([row.patent], by=by, now=now)  # what stood in the register's way is gone


def _lock(encumbrance_id: int) -> Encumbrance:
    found = (
        Encumbrance.objects.filter(pk=encumbrance_id).values_list("patent_id", flat=True).first()
    )
    if found is None:
        raise Missing("没有找到这项权利负担。")
    patent = lock_patent(found)
    row = Encumbrance.objects.select_for_update(of=("self",)).get(pk=encumbrance_id)
    row.patent = patent
    return row


def unbind(row: Encumbrance, *, ended_on: date, reason: str, by: Actor, now: datetime) -> None:
    """Cut the term of a locked row; what lies before `ended_on` stays history."""
    bond = as_bond(row)
    until = ended_on if bond.ends_on is None else min(ended_on, bond.ends_on + timedelta(days=1))
    row.term = DateRange(bond.starts_on, until) if until > bond.starts_on else DateRange(empty=True)
    row.active = until > legal_day(now) and until > bond.starts_on
    row.released_at, row.released_by = now, by.key
    row.released_because = reason[:200]
    row.save(update_fields=["term", "active", "released_at", "released_by", "released_because"])
    rescore([row.patent_id])
    audit.record(
        "patent.released",
        subject=row.patent,
        by=by,
        at=now,
        changes={"encumbrance": row.pk, "ended_on": ended_on.isoformat(), "reason": reason},
    )


@transaction.atomic
def consent_as_pledgee(
    *,
    encumbrance_id: int,
    actions: Iterable[Action],
    reference: str,
    by: Actor,
    now: datetime,
) -> None:
    """The pledgee agrees in writing to these acts (CC444); they no longer meet the pledge."""
    _somebody(by)
    row = _lock(encumbrance_id)
    if row.kind != EncumbranceKind.PLEDGE or not row.active:
        raise Conflict("这不是一项有效的质押，不需要质权人同意。", code="not-a-pledge")
    agreed = sorted({*row.consents, *(Action(action).value for action in actions)})
    row.consents, row.consent_reference = agreed, reference[:120]
    row.save(update_fields=["consents", "consent_reference"])
    audit.record(
        "patent.pledgee_consented",
        subject=row.patent,
        by=by,
        at=now,
        changes={"encumbrance": row.pk, "actions": agreed, "reference": reference},
    )
