"""Needs as others may read them: what a firm has not released is not in the value at all.

Pages, the API, search and everything else that shows a need to anyone but its owner goes through
here. A confidential need is nameless until its owner has turned to the reader's organisation over
a patent that the need was matched with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from core.people import selectors as people
from core.people.types import Actor
from core.reference import selectors as reference
from matching.models import Lead, Match, Need
from matching.models.demands import sees_all
from matching.rules import needs as rules
from matching.types import Metric


@dataclass(frozen=True, slots=True)
class NeedFace:
    """A need as one reader may see it."""

    pk: int
    organisation_id: int | None
    firm: str  # "" while it is hidden
    is_mine: bool
    status: str
    status_label: str
    visibility: str
    visibility_label: str
    list_type: str
    list_label: str
    is_confidential: bool
    withheld: frozenset[str]
    title: str
    problem: str
    situation: str
    targets: str
    tried: str
    limits: str
    metrics: tuple[Metric, ...]
    budget: Decimal | None
    deadline: date | None
    industry_codes: tuple[str, ...]
    ipc: tuple[str, ...]
    trl: int | None
    licence_modes: tuple[str, ...]
    region: str
    is_sample: bool
    version: int
    opened_at: datetime | None
    ended_at: datetime | None
    matched_at: datetime | None
    changed_at: datetime
    expires_on: date | None
    ending: str
    ending_label: str
    ending_note: str = field(default="", repr=False)
    ending_patent_id: int | None = None

    @property
    def id(self) -> int:
        return self.pk


def face(need: Need, *, viewer: Actor) -> NeedFace:
    """One need as this viewer may read it."""
    return faces([need], viewer=viewer)[0]


def faces(needs: Iterable[Need], *, viewer: Actor) -> list[NeedFace]:
    """These needs as this viewer may read them, in the same order; three queries at most."""
    rows = list(needs)
    firms = people.organisations({row.organisation_id for row in rows})
    secret = [row.pk for row in rows if row.is_confidential and not _own(row, viewer)]
    known = _in_contact(secret, viewer) if secret else frozenset()
    return [
        _face(row, firms[row.organisation_id].name, viewer=viewer, is_named=row.pk in known)
        for row in rows
    ]


def _own(need: Need, viewer: Actor) -> bool:
    return sees_all(viewer) or need.organisation_id in viewer.acts_for


def _in_contact(need_ids: Collection[int], viewer: Actor) -> frozenset[int]:
    """The needs whose owner has made contact with the viewer's organisation over a match."""
    if not viewer.acts_for:
        return frozenset()
    made = Lead.objects.filter(
        organisation_id=OuterRef("organisation_id"),
        patent_id=OuterRef("patent_id"),
        contacted_at__isnull=False,
    )
    rows = Match.objects.filter(Exists(made), need_id__in=need_ids, supplier_id__in=viewer.acts_for)
    return frozenset(pk for pk in rows.values_list("need_id", flat=True) if pk is not None)


def _face(need: Need, firm: str, *, viewer: Actor, is_named: bool) -> NeedFace:
    own = _own(need, viewer)
    hidden = (
        frozenset[str]()
        if own
        else rules.withheld(is_confidential=need.is_confidential, released=need.released)
    )
    named = own or is_named or not need.is_confidential
    return NeedFace(
        pk=need.pk,
        organisation_id=need.organisation_id if named else None,
        firm=firm if named else "",
        is_mine=need.organisation_id in viewer.acts_for,
        status=need.status,
        status_label=need.get_status_display(),
        visibility=need.visibility,
        visibility_label=need.get_visibility_display(),
        list_type=need.list_type,
        list_label=need.get_list_type_display(),
        is_confidential=need.is_confidential,
        withheld=hidden,
        title=_stand_in(need, hidden) if "title" in hidden else need.title,
        problem="" if "problem" in hidden else need.problem,
        situation="" if "situation" in hidden else need.situation,
        targets="" if "targets" in hidden else need.targets,
        tried="" if "tried" in hidden else need.tried,
        limits="" if "limits" in hidden else need.limits,
        metrics=() if "metrics" in hidden else need.targets_with_numbers,
        budget=None if "budget" in hidden else need.budget,
        deadline=None if "deadline" in hidden else need.deadline,
        industry_codes=() if "industry_codes" in hidden else tuple(need.industry_codes),
        ipc=() if "ipc" in hidden else tuple(need.ipc),
        trl=None if "trl" in hidden else need.trl,
        licence_modes=() if "licence_modes" in hidden else tuple(need.licence_modes),
        region="" if "region" in hidden else need.region,
        is_sample=need.is_sample,
        version=need.version,
        opened_at=need.opened_at,
        ended_at=need.ended_at,
        matched_at=need.matched_at if own else None,
        changed_at=need.changed_at,
        expires_on=need.expires_on if "deadline" not in hidden else None,
        ending=need.ending if own else "",
        ending_label=need.get_ending_display() if own and need.ending else "",
        ending_note=need.ending_note if own else "",
        ending_patent_id=need.ending_patent_id if own else None,
    )


def _stand_in(need: Need, hidden: frozenset[str]) -> str:
    """What to call a need whose title is kept back: its industry, if that may be said."""
    if "industry_codes" in hidden or not need.industry_codes:
        return _("保密需求 %(pk)s 号") % {"pk": need.pk}
    name = reference.industry_name(need.industry_codes[0][:2])
    return _("保密需求 %(pk)s 号（%(industry)s）") % {"pk": need.pk, "industry": name}


def readable(name: str, viewer: Actor) -> Q:
    """Rows whose field this viewer may read: what narrows, counts or searches must ask this too."""
    if sees_all(viewer):
        return Q()
    free = Q(is_confidential=False) | Q(released__contains=[name])
    return free | Q(organisation_id__in=viewer.acts_for) if viewer.acts_for else free
