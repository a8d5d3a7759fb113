"""What home pages show of licences: what waits for whom, and what is on the shelf."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.people.types import Actor, Role
from core.web.home import Part, Tile, Todo, contribute
from licensing import selectors
from licensing.rules import moves


@contribute("licensing", order=30)
def deals(actor: Actor, now: datetime) -> Part:
    """The shelf for visitors; notices, filings, objections and outcomes for those concerned."""
    if actor.is_anonymous:
        on_shelf = selectors.shelf().count()
        shelf = reverse("licensing:shelf")
        return Part(tiles=(Tile(_("开放许可"), f"{on_shelf:,}", shelf, hint=_("件，明码标价")),))
    if actor.has(Role.OFFICE, Role.ENTERPRISE, Role.BROKER):
        return Part(todos=_parties(actor))
    if actor.has(Role.BUREAU):
        return Part(todos=_bureau(actor))
    return Part()


def _parties(actor: Actor) -> tuple[Todo, ...]:
    index = reverse("licensing:licences")
    noticed, effective = moves.LicenceStatus.NOTICED, moves.LicenceStatus.EFFECTIVE
    waiting = selectors.licences(viewer=actor, status=noticed)
    unfiled = selectors.licences(viewer=actor, status=effective)
    rejected = selectors.outcomes(viewer=actor, status=moves.OutcomeStatus.REJECTED)
    return (
        Todo(
            _("项许可已通知，等待付款或确认"),
            f"{index}?status={noticed}",
            waiting.count(),
            since=waiting.values_list("served_at", flat=True).order_by("served_at").first(),
        ),
        Todo(
            _("项许可已生效，须在三个月内备案"),
            f"{index}?status={effective}",
            unfiled.count(),
            since=unfiled.values_list("effective_at", flat=True).order_by("effective_at").first(),
        ),
        Todo(
            _("条转化反馈被退回"),
            f"{reverse('licensing:outcomes')}?status={moves.OutcomeStatus.REJECTED}",
            rejected.count(),
        ),
    )


def _bureau(actor: Actor) -> tuple[Todo, ...]:
    reported = selectors.outcomes(viewer=actor, status=moves.OutcomeStatus.REPORTED)
    contested = selectors.licences(viewer=actor).filter(contests__status=moves.ContestStatus.RAISED)
    return (
        Todo(
            _("条转化反馈待核实"),
            f"{reverse('licensing:outcomes')}?status={moves.OutcomeStatus.REPORTED}",
            reported.count(),
            since=reported.values_list("reported_at", flat=True).order_by("reported_at").first(),
        ),
        Todo(_("项许可有异议待处理"), reverse("licensing:licences"), contested.count()),
    )
