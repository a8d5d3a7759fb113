"""Imports as the office sees them: batches, what became of their rows, what is to be mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from core.errors import Missing
from core.people.types import Actor
from listings.imports.sheets import Remark
from listings.models import Absence, ImportBatch, ImportRow, Listing
from listings.models.choices import BatchState, RowVerdict
from listings.models.imports import ImportBatchQuerySet
from listings.rules import imports as rules
from listings.rules import moves

KEPT = "kept"  # asked for like a verdict: the rows that an undo left alone
UNDONE = "undone"  # and those that it took back
FIRST_ERRORS = 5
NEVER_LANDED = (RowVerdict.UNCHANGED, RowVerdict.REJECTED)


def batches(*, viewer: Actor) -> ImportBatchQuerySet:
    """The imports of the viewer's organisation, newest first."""
    return ImportBatch.objects.visible_to(viewer).order_by("-created_at", "-pk")


def batch(batch_id: int, *, viewer: Actor) -> ImportBatch:
    """One import, or Missing."""
    found = ImportBatch.objects.visible_to(viewer).filter(pk=batch_id).first()
    if found is None:
        raise Missing("没有找到这个导入批次，可能属于其他单位。")
    return found


def is_working(row: ImportBatch) -> bool:
    """Whether a worker is still at it."""
    return row.state in rules.WORKING


def rows(row: ImportBatch, *, verdict: str = "") -> Any:
    """Its rows in the order of the file, of one verdict if asked."""
    found = row.rows.select_related("patent").order_by("number")
    found = found.defer("patent__embedding", "patent__search", "patent__abstract")
    if verdict == KEPT:
        return found.filter(before__undone__isnull=False).exclude(before__undone="")
    if verdict == UNDONE:
        return found.filter(before__undone="")
    return found.filter(verdict=verdict) if verdict in RowVerdict.values else found


def first_errors(row: ImportBatch) -> list[ImportRow]:
    """The first refused rows, to be looked at while the rest is still read."""
    refused = row.rows.filter(verdict=RowVerdict.REJECTED)
    return list(refused.order_by("number")[:FIRST_ERRORS])


def may_resume(row: ImportBatch) -> bool:
    """Whether it was halted and can go on."""
    return row.state in rules.HALTED and not row.about.get("refused")


def may_undo(row: ImportBatch) -> bool:
    """Whether something has landed that can be taken back."""
    halted = row.state in rules.HALTED and row.was != BatchState.CHECKING
    return row.state == BatchState.DONE or halted


def total(row: ImportBatch) -> int:
    """How many rows the step it is at has to do; 0 while that is not known."""
    at = row.was or row.state
    return int(row.about.get("landed" if at == BatchState.UNDOING else "rows", 0))


def unindexed(row: ImportBatch) -> int:
    """How many of its patents cannot be found by their words yet."""
    return row.rows.filter(
        patent__isnull=False,  # a row that was refused has none
        patent__indexed_at__isnull=True,
        patent__removed_at__isnull=True,
    ).count()


def absences(row: ImportBatch) -> QuerySet[Absence]:
    """What the complete list does not name; those that wait for a decision first."""
    offered = Listing.objects.filter(patent_id=OuterRef("patent_id"), status__in=moves.ON_THE_BOARD)
    return (
        Absence.objects.filter(batch=row)
        .current()
        .select_related("patent")
        .defer("patent__embedding", "patent__search", "patent__abstract")
        .annotate(on_offer=Exists(offered))
        .order_by("decided_at", "pk")
    )


def absences_waiting(row: ImportBatch) -> int:
    """How many of them wait for a decision."""
    return Absence.objects.filter(batch=row).waiting().count()


def mended_in(row: ImportBatch) -> list[ImportBatch]:
    """The batches that brought its refused rows back mended."""
    return list(row.continued_by.order_by("pk"))


def claims_opened(row: ImportBatch) -> int:
    """How many claims on other offices' patents it opened."""
    return row.claims.count()


def sample_rows(row: ImportBatch, *, limit: int = 3) -> list[list[Any]]:
    """The first rows as they came, to choose columns by."""
    return [found.raw for found in row.rows.order_by("number")[:limit]]


def to_mend(row: ImportBatch) -> Iterator[tuple[int, Sequence[Any], list[Remark]]]:
    """The refused rows with what is wrong in which column."""
    mapping = row.mapping
    for found in row.rows.filter(verdict=RowVerdict.REJECTED).order_by("number").iterator():
        yield found.number, found.raw, [_remark(p, mapping) for p in found.problems]


def _remark(problem: dict[str, Any], mapping: dict[str, int]) -> Remark:
    where = f"“{problem['column']}”：" if problem["column"] else ""
    return Remark(mapping.get(problem["field"]), f"{where}{problem['reason']}{problem['mend']}")


def verdict_words() -> list[tuple[str, str]]:
    """Verdicts and what they are called."""
    return [(v.value, str(v.label)) for v in RowVerdict if v != RowVerdict.PENDING]


def result_words(row: ImportBatch) -> list[tuple[str, str, int]]:
    """The results to look at its rows by, what they are called, and how many rows there are.

    Of an import that was undone nothing is new or changed any more.
    """
    words, counts = verdict_words(), dict(row.counts)
    if row.state == BatchState.UNDONE:
        counts[UNDONE] = rows(row, verdict=UNDONE).count()
        words = [(UNDONE, "已撤销"), *(word for word in words if word[0] in NEVER_LANDED)]
    if counts.get(KEPT):
        words.append((KEPT, "没有撤销"))
    return [(code, label, counts.get(code, 0)) for code, label in words]


def state_word(row: ImportBatch) -> str:
    return str(BatchState(row.state).label)


def none() -> ImportBatchQuerySet:
    """An empty set, for descriptions of the API."""
    return ImportBatch.objects.none()
