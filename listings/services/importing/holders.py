"""Patentees as they were before an import named others, and put back when it is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from listings.models import CoOwnerConsent, DeclaredHolders, Patent
from listings.rules.consents import ConsentStatus
from listings.services import records
from listings.services.register.holding import as_holder, as_plain
from listings.types import Consent, HolderInput


def noted(patents: Sequence[Patent]) -> dict[int, dict[str, Any]]:
    """The whole list of each: kinds, shares and accounts too, and where transfers start from."""
    starts = DeclaredHolders.objects.in_bulk([patent.pk for patent in patents])
    return {
        patent.pk: {
            "list": [as_plain(holder) for holder in patent.holders.all()],
            "declared": _start(starts.get(patent.pk)),
        }
        for patent in patents
    }


def _start(row: DeclaredHolders | None) -> dict[str, Any] | None:
    return None if row is None else {"holders": row.holders, "after_event": row.after_event}


def put_back(patent: Patent, before: Mapping[str, Any], *, manager_name: str) -> None:
    """The list as it was, but for what a co-owner has said since: its word stands."""
    here = {holder.name: holder for holder in patent.holders.all()}
    said = _said(patent)
    wanted = []
    for known in before["list"]:
        was = as_holder(known["name"], known)
        if was.name in here:
            consent = Consent(here[was.name].consent)
        else:
            consent = said.get(known["organisation_id"] or known["name"], was.consent)
        wanted.append(HolderInput(was.name, was.kind, was.share, consent, was.organisation_id))
    records.write_holders(patent, wanted, manager_name=manager_name)
    if start := before["declared"]:
        DeclaredHolders.objects.update_or_create(patent=patent, defaults=start)


def _said(patent: Patent) -> dict[int | str, Consent]:
    """What each co-owner said last, by its account, or by its name where it was on paper."""
    rows = CoOwnerConsent.objects.filter(patent=patent, answered_at__isnull=False)
    found: dict[int | str, Consent] = {}
    for row in rows.order_by("answered_at", "pk"):
        stands = row.status == ConsentStatus.AGREED
        key = row.organisation_id or row.holder_name
        found[key] = Consent(row.given_scope) if stands else Consent.NONE
    return found
