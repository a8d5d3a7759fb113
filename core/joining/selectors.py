"""Questions about applications to take part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet

from core.joining.models import JoinApplication
from core.joining.rules import OPEN, Decider, Status
from core.people.types import Actor, Role
from core.reference.selectors import region_known, region_name, region_prefix, regions


def may_decide(row: JoinApplication, actor: Actor) -> bool:
    """Whether this actor is the one who answers."""
    if row.decider == Decider.MEMBERS:
        return actor.administers and actor.organisation_id == row.organisation_id
    bureau = actor.has(Role.BUREAU) and row.region.startswith(actor.region)
    return actor.has(Role.SYSADMIN) or bureau


def queue(*, viewer: Actor) -> QuerySet[JoinApplication]:
    """Those that this actor answers, or oversees; the oldest first."""
    rows = JoinApplication.objects.visible_to(viewer).order_by("created_at", "pk")
    if viewer.has(Role.BUREAU, Role.SYSADMIN, Role.AUDITOR):
        return rows
    if not viewer.administers:
        return rows.none()
    return rows.filter(decider=Decider.MEMBERS, organisation_id=viewer.organisation_id or 0)


def to_decide(*, viewer: Actor) -> tuple[int, datetime | None]:
    """How many wait for this actor's answer, and since when the oldest does."""
    if viewer.has(Role.BUREAU, Role.SYSADMIN):
        rows = queue(viewer=viewer).filter(decider=Decider.BUREAU)
    elif viewer.administers:
        rows = queue(viewer=viewer).filter(decider=Decider.MEMBERS)
    else:
        return 0, None
    found = rows.filter(status=Status.PENDING).aggregate(n=Count("pk"), since=Min("created_at"))
    return found["n"], found["since"]


def mine(*, viewer: Actor) -> QuerySet[JoinApplication]:
    """What this person asked for, the newest first."""
    if viewer.user_id is None:
        return JoinApplication.objects.none()
    return JoinApplication.objects.filter(applicant_id=viewer.user_id).order_by("-pk")


def application(application_id: int, *, viewer: Actor) -> JoinApplication:
    """One that the viewer may see; DoesNotExist otherwise."""
    rows = JoinApplication.objects.visible_to(viewer).select_related("evidence", "organisation")
    return rows.get(pk=application_id)


def twins(row: JoinApplication) -> int:
    """How many others ask with the same code and wait for an answer."""
    same = JoinApplication.objects.filter(uscc=row.uscc, status__in=OPEN)
    return same.exclude(pk=row.pk).count()


@dataclass(frozen=True, slots=True)
class Place:
    """What was meant by a place: its code, or those that it could be."""

    code: str = ""
    candidates: tuple[str, ...] = ()


def place(text: str, *, uscc: str) -> Place:
    """The division that a code or a name means; nothing written: the one in the credit code."""
    text = "".join(text.split())
    if not text:
        code = uscc[2:8]
        return Place(code if region_known(code) else "")
    if text.isdigit():
        return Place(text.ljust(6, "0") if region_known(text) else "")
    full = {r.code: region_name(r.code) for r in regions()}
    exact = [code for code, name in full.items() if name == text]
    close = exact or [code for code, name in full.items() if name.endswith(text)]
    close = close or [code for code, name in full.items() if text in name]
    # Several that lie in one another are the outermost: 上海市 and its 市辖区.
    outer = [c for c in close if not any(c != o and c.startswith(region_prefix(o)) for o in close)]
    if len(outer) == 1:
        return Place(outer[0])
    if len(close) > 1 and not outer:
        return Place(min(close))
    return Place("", tuple(f"{full[code]}（{code}）" for code in outer[:5]))
