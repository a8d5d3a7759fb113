"""Applications on home pages: those to answer, and one's own on its way."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.joining import selectors
from core.joining.rules import OPEN, Status
from core.people.types import Actor
from core.web.home import Part, Todo, contribute


@contribute("joining", order=5)
def waiting(actor: Actor, now: datetime) -> Part:
    """How many wait for the actor; where the actor's own stands while it has no organisation."""
    if actor.user_id is None:
        return Part()
    count, since = selectors.to_decide(viewer=actor)
    todos = [Todo(_("入驻申请待审核"), reverse("core:joining-queue"), count, since)]
    if actor.organisation_id is None:
        for row in selectors.mine(viewer=actor).filter(status__in=OPEN)[:3]:
            more = row.status == Status.MORE_NEEDED
            words = _("入驻申请需要补充：%(name)s") if more else _("入驻申请审核中：%(name)s")
            url = reverse("core:joining", args=[row.pk])
            todos.append(Todo(words % {"name": row.name}, url, 1, row.created_at))
    return Part(todos=tuple(todos))
