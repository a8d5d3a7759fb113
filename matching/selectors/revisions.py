"""Questions about the texts a need has had, and who may refine it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from core.people.types import Actor
from core.reference import selectors as reference
from core.text.diffs import Piece, pieces
from matching.models import NeedRevision
from matching.models.choices import LicenceMode
from matching.rules import revisions as rules
from matching.types import Metric, RevisionState


@dataclass(frozen=True, slots=True)
class Change:
    """One field of two texts, beside each other, what differs marked."""

    field: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


def revisions(need_id: int, *, viewer: Actor) -> QuerySet[NeedRevision]:
    """Every text a need has had or was proposed to have, newest first."""
    rows = NeedRevision.objects.visible_to(viewer).filter(need_id=need_id)
    return rows.select_related("agent").order_by("-number")


def revision(revision_id: int, *, viewer: Actor) -> NeedRevision:
    """One of them, or DoesNotExist."""
    rows = NeedRevision.objects.visible_to(viewer).select_related("need", "agent")
    return rows.get(pk=revision_id)


def waiting_revisions(*, viewer: Actor) -> QuerySet[NeedRevision]:
    """Proposals that the viewer's own organisation has to decide on, oldest first."""
    rows = NeedRevision.objects.filter(
        need__organisation_id=viewer.organisation_id or 0, state=RevisionState.PROPOSED
    )
    return rows.order_by("proposed_at", "pk")


def open_proposals(need_id: int, *, viewer: Actor) -> QuerySet[NeedRevision]:
    """What waits for the owner's word on one need: at most one."""
    return revisions(need_id, viewer=viewer).filter(state=RevisionState.PROPOSED)


def changes(row: NeedRevision) -> list[Change]:
    """What a revision changes, field by field."""
    found = []
    for name in rules.changed(row.before, row.content):
        old, new = worded(name, row.before.get(name)), worded(name, row.content.get(name))
        parts = pieces(old, new)
        found.append(
            Change(
                name,
                tuple(part for part in parts if part.kind != "in"),
                tuple(part for part in parts if part.kind != "out"),
            )
        )
    return found


def worded(name: str, value: Any) -> str:
    """A kept value as people read it."""
    if value in (None, "", []):
        return ""
    if name == "metrics":
        return "\n".join(Metric(**row).text for row in value)
    if name == "industry_codes":
        return "、".join(reference.industry_name(code) for code in value)
    if name == "region":
        return reference.region_name(value)
    if name == "licence_modes":
        labels = dict(LicenceMode.choices)
        return "、".join(str(labels.get(mode, mode)) for mode in value)
    return "、".join(value) if isinstance(value, list) else str(value)
