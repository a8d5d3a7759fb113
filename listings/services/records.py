"""Writing a cleaned record into its rows: what registering, importing and correcting share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from core.days import legal_day
from core.db import refused_as
from core.errors import Conflict, Invalid
from listings.models import DeclaredHolders, Holder, Patent
from listings.rules import records, standing, terms
from listings.rules.records import Record
from listings.selectors.register.legal import base_of
from listings.types import Consent, HolderInput, PatentInput, PatentKind

DATES = frozenset({"filed_on", "granted_on", "expires_on", "annuity_paid_to", "evaluation_on"})
LISTS = frozenset({"publication_numbers", "ipc", "locarno", "industry_codes"})
# The columns a record fills; main_ipc follows from ipc and is not set by itself.
FIELDS: tuple[str, ...] = (
    *("office", "number", "kind", "title", "abstract", "publication_numbers"),
    *("filed_on", "granted_on", "expires_on", "annuity_paid_to"),
    *("ipc", "locarno", "industry_codes", "funding_project"),
    *(
        "trl",
        "family_size",
        "cited_by",
        "evaluation_verdict",
        "evaluation_on",
        "region",
        "is_sample",
    ),
)


def cleaned(data: PatentInput, *, now: datetime) -> Record:
    """The record in its stored form, or Invalid naming every field that is wrong."""
    record = records.clean(data, today=legal_day(now))
    if record.problems:
        raise Invalid(fields=record.problems)
    return record


def as_input(patent: Patent, changes: Mapping[str, Any]) -> PatentInput:
    """A row as the input it could have come from, with some fields set anew."""
    values: dict[str, Any] = {name: getattr(patent, name) for name in FIELDS}
    values["number"] = values["number"] or ""
    values["kind"] = PatentKind(patent.kind)
    given = {name: changes[name] for name in changes if name in FIELDS}
    values |= given
    values["number"] = values["number"] or ""
    if "expires_on" not in given and _is_regular(patent):
        values["expires_on"] = None  # follows from the kind and the filing day, also from new ones
    for name in LISTS:
        values[name] = tuple(values[name] or ())
    if "number" in given and "kind" not in given and values["number"]:
        values["kind"] = None  # the number says it
    elif values["kind"] is not None:
        values["kind"] = PatentKind(values["kind"])
    return PatentInput(**values)


def _is_regular(patent: Patent) -> bool:
    """Whether its term is the one the law gives, without compensation."""
    filed_on = patent.filed_on
    return filed_on is not None and patent.expires_on == terms.expiry(
        PatentKind(patent.kind), filed_on
    )


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, date):
        return value.isoformat()
    return value


def from_plain(name: str, value: Any) -> Any:
    """A value as it was before JSON kept it."""
    if name in DATES and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def write(patent: Patent, fields: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set the fields that differ; what changed, as [before, after]."""
    changes: dict[str, list[Any]] = {}
    for name, value in fields.items():
        before = getattr(patent, name)
        if before != value:
            changes[name] = [plain(before), plain(value)]
            setattr(patent, name, value)
    return changes


def save(patent: Patent) -> None:
    """Store the row; Conflict when its number is another's."""
    taken = Conflict(
        f"申请号 {patent.number} 已在库中登记。如确为本单位专利，请联系平台管理员核对登记单位。",
        code="number-taken",
    )
    with refused_as(taken, by="patent_number_once"):
        patent.save()


def first_status(patent: Patent, *, now: datetime) -> str:
    """The status of a row that has no events yet."""
    return standing.fold(base_of(patent), (), on=legal_day(now)).status


def write_holders(
    patent: Patent, holders: Sequence[HolderInput], *, manager_name: str, declared: bool = True
) -> bool:
    """Replace the patentees, linking the managing organisation by its name; whether any changed.

    A list that somebody `declared` stands for itself: what events said before is in it.
    """
    known = {row.name: row for row in patent.holders.all()} if patent.pk else {}
    wanted = []
    for position, given in enumerate(holders):
        organisation_id, consent = given.organisation_id, Consent(given.consent)
        if old := known.get(given.name):  # a new list does not undo what a co-owner has said
            organisation_id = organisation_id or old.organisation_id
            consent = Consent(old.consent) if consent is Consent.NONE else consent
        if organisation_id is None and given.name == manager_name:
            organisation_id = patent.organisation_id
        if organisation_id is not None and organisation_id == patent.organisation_id:
            consent = Consent.ALL  # it is the one who asks
        wanted.append(
            (position, given.name, given.kind.value, given.share, consent.value, organisation_id)
        )
    columns = ("position", "name", "kind", "share", "consent", "organisation_id")
    if list(patent.holders.values_list(*columns)) == wanted:
        return False
    if declared:
        DeclaredHolders.objects.filter(patent=patent).delete()
    patent.holders.all().delete()
    Holder.objects.bulk_create(
        Holder(patent=patent, **dict(zip(columns, row, strict=True))) for row in wanted
    )
    return True
