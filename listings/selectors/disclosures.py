"""Disclosures as their inventor and their office see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count

from core.attachments.models import Attachment
from core.audit import selectors as audit
from core.days import legal_day
from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from listings.models import Disclosure, DisclosureFile
from listings.models.disclosures import DisclosureQuerySet, DisclosureStatus
from listings.rules import disclosures as rules
from listings.rules import verdicts
from listings.rules.disclosures import (
    Contributor,
    Decision,
    DisclosureInput,
    NoveltyNote,
    Publication,
    PublicationKind,
)

NOT_FOUND = "没有找到这份发明披露，或者它不对您当前的身份开放。"
STATUSES: tuple[tuple[str, str], ...] = tuple(
    (status.value, str(status.label)) for status in DisclosureStatus
)
TONES = {
    "draft": "muted", "submitted": "wait", "evaluating": "info", "decided": "ok", "filed": "ok",
    "withdrawn": "muted",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VerdictCard:
    """The advice as it was computed."""

    points: str
    grade: str
    grade_label: str
    route: str
    route_label: str
    role_label: str
    mode_label: str
    parts: tuple[dict[str, Any], ...]
    reasons: tuple[str, ...]
    rule_version: str
    evaluated_at: datetime | None
    evaluated_by: str


@dataclass(frozen=True, slots=True)
class FileCard:
    """A supporting file."""

    id: int
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class DisclosureCard:
    """One disclosure with everything its page shows."""

    id: int
    number: str
    data: DisclosureInput
    status: str
    status_label: str
    tone: str
    version: int
    inventor: str
    organisation_name: str
    created_at: datetime
    submitted_at: datetime | None
    taken_at: datetime | None
    taken_by: str
    returned_because: str
    returned: tuple[tuple[datetime, str], ...]  # each time the office sent it back, and who did
    scores: dict[str, Any]
    verdict: VerdictCard | None
    decision: str
    decision_label: str
    decision_reason: str
    decided_at: datetime | None
    decided_by: str
    application_number: str
    filed_at: datetime | None
    patent_id: int | None
    notes: tuple[NoveltyNote, ...]
    file_by: date | None
    files: tuple[FileCard, ...]
    is_mine: bool
    is_sample: bool
    organisation_id: int

    @property
    def text(self) -> str:
        """What neighbours and needs are looked for with."""
        data = self.data
        parts = (data.title, data.novelty, data.problem, data.how, data.results)
        return "\n".join(part for part in parts if part)

    @property
    def novelty_lost(self) -> bool:
        return any(note.lost for note in self.notes)


def disclosures(*, viewer: Actor, status: str = "") -> DisclosureQuerySet:
    """What the viewer may see, the newest first."""
    rows = Disclosure.objects.visible_to(viewer).select_related("inventor")
    if status in DisclosureStatus.values:
        rows = rows.filter(status=status)
    return rows.order_by("-changed_at", "-pk")


def disclosure_counts(*, viewer: Actor) -> dict[str, int]:
    """How many of them stand where."""
    rows = Disclosure.objects.visible_to(viewer).order_by().values("status").annotate(n=Count("pk"))
    found = {row["status"]: row["n"] for row in rows}
    return {code: found.get(code, 0) for code, _ in STATUSES}


def is_own_draft(pk: int, *, viewer: Actor) -> bool:
    """Whether it is a draft of the viewer's own."""
    rows = Disclosure.objects.visible_to(viewer)
    return rows.filter(pk=pk, inventor_id=viewer.user_id, status=DisclosureStatus.DRAFT).exists()


def find(pk: int, *, viewer: Actor) -> Disclosure:
    """The row, or Missing."""
    row = (
        Disclosure.objects.visible_to(viewer)
        .select_related("inventor", "organisation")
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def data_of(row: Disclosure) -> DisclosureInput:
    """What the inventor has said."""
    return DisclosureInput(
        title=row.title,
        novelty=row.novelty,
        problem=row.problem,
        how=row.how,
        results=row.results,
        funding_project=row.funding_project,
        contributors=tuple(
            Contributor(person.name, person.share, person.employer)
            for person in row.contributors.all()
        ),
        publications=tuple(
            Publication(PublicationKind(p.kind), p.on, p.where) for p in row.publications.all()
        ),
    )


def disclosure(pk: int, *, viewer: Actor, now: datetime) -> DisclosureCard:
    """One disclosure, or Missing: what one may not see is not there."""
    row = find(pk, viewer=viewer)
    data = data_of(row)
    notes = tuple(rules.novelty_notes(data.publications, today=judged_on(row, now)))
    returned = audit.trail(row).filter(event="disclosure.sent_back")
    back = tuple(returned.values_list("at", "actor_key"))
    actors = [row.taken_by, row.decided_by, row.evaluated_by, *(key for _, key in back)]
    names = people.names_of(actors)
    files = row.files.select_related("attachment").order_by("pk")
    return DisclosureCard(
        id=row.pk,
        number=row.number or "",
        data=data,
        status=row.status,
        status_label=row.get_status_display(),
        tone=TONES[row.status],
        version=row.version,
        inventor=str(row.inventor),
        organisation_name=row.organisation.name,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        taken_at=row.taken_at,
        taken_by=names.get(row.taken_by or "", ""),
        returned_because=row.returned_because,
        returned=tuple((at, names.get(key or "", "")) for at, key in back),
        scores=row.scores or {},
        verdict=_verdict(row, names),
        decision=row.decision,
        decision_label=row.get_decision_display() if row.decision else "",
        decision_reason=row.decision_reason,
        decided_at=row.decided_at,
        decided_by=names.get(row.decided_by or "", ""),
        application_number=row.application_number,
        filed_at=row.filed_at,
        patent_id=row.patent_id,
        notes=notes,
        file_by=rules.file_by(list(notes)),
        files=tuple(FileCard(f.pk, f.attachment.name, f.attachment.size) for f in files),
        is_mine=row.inventor_id == viewer.user_id,
        is_sample=row.is_sample,
        organisation_id=row.organisation_id,
    )


def judged_on(row: Disclosure, now: datetime) -> date:
    """Once filed, what counts is the day of filing."""
    return legal_day(row.filed_at or now)


def _verdict(row: Disclosure, names: dict[str, str]) -> VerdictCard | None:
    found = row.verdict
    if not found:
        return None
    mode = verdicts.MODE_WORDS[verdicts.Mode(found["mode"])] if found["mode"] else ""
    return VerdictCard(
        points=found["points"],
        grade=found["grade"],
        grade_label=verdicts.GRADE_WORDS[found["grade"]],
        route=found["route"],
        route_label=verdicts.ROUTE_WORDS[Decision(found["route"])],
        role_label=verdicts.ROLE_WORDS[found["role"]],
        mode_label=mode,
        parts=tuple(found["parts"]),
        reasons=tuple(found["reasons"]),
        rule_version=found["rule_version"],
        evaluated_at=row.evaluated_at,
        evaluated_by=names.get(row.evaluated_by or "", ""),
    )


def rule_for(region: str) -> verdicts.Rule:
    """The weights and thresholds of a region."""
    return verdicts.rule_from(people.region_setting(verdicts.RULE_KEY, region, default=None))


def disclosure_file(pk: int, file_id: int, *, viewer: Actor) -> Attachment:
    """A supporting file, for those who may see the disclosure."""
    row = (
        DisclosureFile.objects.filter(
            pk=file_id, disclosure_id=pk, disclosure__in=Disclosure.objects.visible_to(viewer)
        )
        .select_related("attachment")
        .first()
    )
    if row is None:
        raise Missing("没有找到这个附件，或者它不对您当前的身份开放。")
    return row.attachment


def waiting(*, viewer: Actor) -> int:
    """How many disclosures the viewer's office has not taken up yet."""
    return Disclosure.objects.visible_to(viewer).filter(status="submitted").count()


def none() -> DisclosureQuerySet:
    """An empty set, for descriptions of the API."""
    return Disclosure.objects.none()


def returned(*, viewer: Actor) -> int:
    """How many of the inventor's own wait to be completed."""
    mine = Disclosure.objects.visible_to(viewer).filter(inventor_id=viewer.user_id or 0)
    return mine.filter(status="draft").exclude(returned_because="").count()
