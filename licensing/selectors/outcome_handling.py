"""Questions about the bureau's queue, an outcome's history, and uploaded lists."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from core.errors import Missing
from core.people.types import Actor, Role
from licensing.models import Outcome, OutcomeImport, OutcomeImportRow, OutcomeRevision
from licensing.rules import moves
from licensing.rules.outcome_imports import VERDICT_LABELS, RowVerdict
from licensing.selectors.outcomes import outcome
from listings.selectors import tables


def queue(*, viewer: Actor, code: str = "", q: str = "") -> QuerySet[Outcome]:
    """What waits for this bureau, oldest first."""
    rows = Outcome.objects.visible_to(viewer).filter(status=moves.OutcomeStatus.REPORTED)
    if viewer.has(Role.BUREAU):
        rows = rows.filter(region__startswith=viewer.region)
    if code:
        rows = rows.filter(code=code)
    if words := q.strip()[:60]:
        rows = rows.filter(
            Q(organisation__name__icontains=words)
            | Q(patent_title__icontains=words)
            | Q(patent_number__icontains=words)
            | Q(contract_number__icontains=words)
        )
    return (
        rows.select_related("organisation", "licence")
        .annotate(times=Count("revisions"))
        .order_by("reported_at", "pk")
    )


def queue_codes(*, viewer: Actor) -> dict[str, int]:
    """How many wait, by code."""
    rows = queue(viewer=viewer).order_by().values_list("code")
    return dict(sorted(rows.annotate(n=Count("pk", distinct=True))))


def outcome_revisions(outcome_id: int, *, viewer: Actor) -> list[OutcomeRevision]:
    """Earlier wordings of an outcome that the viewer may see, newest first."""
    row = outcome(outcome_id, viewer=viewer)
    return list(row.revisions.select_related("evidence").order_by("-number"))


def outcome_imports(*, viewer: Actor) -> QuerySet[OutcomeImport]:
    """The lists this viewer's organisations uploaded, newest first."""
    counted = {v.value: Count("rows", filter=Q(rows__verdict=v.value)) for v in RowVerdict}
    rows = OutcomeImport.objects.visible_to(viewer).annotate(lines=Count("rows"))
    return rows.annotate(**{f"n_{name}": n for name, n in counted.items()}).order_by("-pk")


def outcome_import(import_id: int, *, viewer: Actor) -> OutcomeImport:
    """One uploaded list; Missing when the viewer may not see it."""
    found = OutcomeImport.objects.visible_to(viewer).filter(pk=import_id).first()
    if found is None:
        raise Missing("没有找到这次批量填报，或您无权查看。")
    return found


def import_counts(batch: OutcomeImport) -> dict[str, int]:
    """How many rows stand where; no query when the list was asked for with its counts."""
    if hasattr(batch, "n_new"):
        return {verdict.value: getattr(batch, f"n_{verdict.value}") for verdict in RowVerdict}
    found = dict(batch.rows.order_by().values_list("verdict").annotate(n=Count("pk")))
    return {verdict.value: found.get(verdict.value, 0) for verdict in RowVerdict}


def import_rows(batch: OutcomeImport, verdict: str = "") -> QuerySet[OutcomeImportRow]:
    """Its rows in the order of the file."""
    rows = batch.rows.order_by("number")
    return rows.filter(verdict=verdict) if verdict in VERDICT_LABELS else rows


def import_to_mend(batch: OutcomeImport) -> bytes:
    """A workbook of the refused rows with what to do in the last column."""
    rows = batch.rows.filter(verdict=RowVerdict.REFUSED).order_by("number")
    return tables.workbook_to_mend(
        list(batch.header),
        [
            (
                row.number,
                row.cells,
                [(r["index"], f"{r['column']}：{r['reason']}{r['mend']}") for r in row.remarks],
            )
            for row in rows
        ],
    )
