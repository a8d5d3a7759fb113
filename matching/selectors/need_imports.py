"""Questions about uploaded lists of needs."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from core.people.types import Actor
from listings.selectors import tables
from matching.models import NeedImport, NeedImportRow
from matching.models.need_imports import RowVerdict as RowVerdicts
from matching.types import RowVerdict

VERDICTS: dict[str, str] = {value: str(label) for value, label in RowVerdicts.choices}


def need_imports(*, viewer: Actor) -> QuerySet[NeedImport]:
    """The lists this viewer's organisation uploaded, newest first."""
    return NeedImport.objects.visible_to(viewer).annotate(lines=Count("rows")).order_by("-pk")


def need_import(import_id: int, *, viewer: Actor) -> NeedImport:
    """One uploaded list, or DoesNotExist."""
    return NeedImport.objects.visible_to(viewer).get(pk=import_id)


def import_counts(batch: NeedImport) -> dict[str, int]:
    """How many rows stand where."""
    found = dict(batch.rows.order_by().values_list("verdict").annotate(n=Count("pk")))
    return {verdict.value: found.get(verdict.value, 0) for verdict in RowVerdict}


def import_rows(batch: NeedImport, verdict: str = "") -> QuerySet[NeedImportRow]:
    """Its rows in the order of the file."""
    rows = batch.rows.order_by("number")
    return rows.filter(verdict=verdict) if verdict else rows


def import_to_mend(batch: NeedImport) -> bytes:
    """A workbook of the refused rows with what to do in the last column."""
    rows = batch.rows.filter(verdict=RowVerdict.REFUSED).order_by("number")
    return tables.workbook_to_mend(
        list(batch.header),
        [
            (
                row.number,
                row.cells or [row.title],
                [(r["index"], f"{r['column']}：{r['reason']}{r['mend']}") for r in row.remarks],
            )
            for row in rows
        ],
    )


def template(header: list[str], example: list[str]) -> bytes:
    """An empty list to fill in, with one example row."""
    return tables.workbook(header, [example], title="需求清单")
