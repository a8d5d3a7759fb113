"""Who holds a patent, as transfers and changes of name leave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.people import selectors as people
from listings.models import DeclaredHolders, Holder, LegalEvent, Patent
from listings.rules.folding import HOLDER_CODES, Folded, Named
from listings.selectors.register.folding import Papers
from listings.services import records
from listings.types import Consent, HolderInput, HolderKind

LONGEST_PERSON = 4
ORGANISED = ("公司", "大学", "学院", "研究", "医院", "中心", "集团", "厂", "所", "局", "院", "社")


def remember(patents: Sequence[Patent], fresh: Sequence[LegalEvent]) -> None:
    """Before the first transfer of a patent counts: keep the list of patentees it starts from."""
    first: dict[int, int] = {}
    for event in fresh:
        if event.code in HOLDER_CODES:
            first[event.patent_id] = min(event.pk, first.get(event.patent_id, event.pk))
    if not first:
        return
    known = set(
        DeclaredHolders.objects.filter(patent_id__in=first).values_list("patent_id", flat=True)
    )
    rows: dict[int, list[dict[str, Any]]] = {pk: [] for pk in first if pk not in known}
    for holder in Holder.objects.filter(patent_id__in=rows).order_by("position", "pk"):
        rows[holder.patent_id].append(as_plain(holder))
    DeclaredHolders.objects.bulk_create(
        DeclaredHolders(patent_id=pk, holders=holders, after_event=first[pk] - 1)
        for pk, holders in rows.items()
    )


def as_plain(holder: Holder) -> dict[str, Any]:
    """A patentee as JSON keeps him."""
    return {
        "name": holder.name,
        "kind": holder.kind,
        "share": None if holder.share is None else str(holder.share),
        "consent": holder.consent,
        "organisation_id": holder.organisation_id,
    }


def follow(patent: Patent, folded: Folded, papers: Papers) -> tuple[list[str], list[str]] | None:
    """Write the patentees that the events lead to; names before and after, if they changed."""
    if folded.holders is None or papers.declared is None:
        return None
    here = {holder.name: holder for holder in patent.holders.all()}
    if [named.name for named in folded.holders] == list(here):
        return None
    declared = {holder["name"]: holder for holder in papers.declared.holders}
    wanted = [_holder(named, here, declared) for named in folded.holders]
    manager = ""
    if patent.organisation_id is not None:
        manager = people.organisation(patent.organisation_id).name
    records.write_holders(patent, wanted, manager_name=manager, declared=False)
    return list(here), [holder.name for holder in wanted]


def _holder(
    named: Named, here: dict[str, Holder], declared: dict[str, dict[str, Any]]
) -> HolderInput:
    """One patentee with what is known of him under this name or the one he had."""
    row = here.get(named.name) or here.get(named.was)
    known = as_plain(row) if row is not None else declared.get(named.was)
    if known is None:
        return HolderInput(named.name, kind_of(named.name))
    return as_holder(named.name, known)


def as_holder(name: str, known: Mapping[str, Any]) -> HolderInput:
    """The same on its way back, under the name it has now."""
    return HolderInput(
        name,
        HolderKind(known["kind"]),
        None if known["share"] is None else Decimal(known["share"]),
        Consent(known["consent"]),
        known["organisation_id"],
    )


def kind_of(name: str) -> HolderKind:
    """What a patentee known by name only probably is."""
    if name.isascii():
        return HolderKind.FOREIGN
    if len(name) <= LONGEST_PERSON and not name.endswith(ORGANISED):
        return HolderKind.PERSON
    return HolderKind.ORGANISATION
