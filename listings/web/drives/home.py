"""What drives put on home pages: what an institution has left, and who has yet to finish."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from core.people.types import Actor, Role
from core.web.home import Part, Todo, contribute
from listings.rules import drives as rules
from listings.rules.drives import Stock
from listings.selectors import drives as ask

if TYPE_CHECKING:
    from listings.models import DriveTask


@contribute("drives", order=15)
def part(actor: Actor, now: datetime) -> Part:
    """For an office its tasks with what is left; for a bureau its drives with who is missing."""
    todos: list[Todo] = []
    if actor.has(Role.OFFICE, Role.BROKER):
        todos += [_task(row, stock) for row, stock in ask.open_tasks(viewer=actor)]
    if actor.has(Role.BUREAU, Role.BROKER):
        todos += [
            Todo(
                _("家单位还没完成盘点：%(title)s") % {"title": row.title},
                reverse("listings:drive", kwargs={"pk": row.pk}),
                count,
                row.opened_at,
            )
            for row, count in ask.unfinished(viewer=actor)
        ]
    return Part(todos=tuple(todos))


def _task(row: DriveTask, stock: Stock) -> Todo:
    left = rules.left(stock, row.declared)
    told = {"title": row.drive.title, "day": f"{row.drive.ends_on:%Y-%m-%d}"}
    if row.declared is None:
        title = _("项盘点等您申报总数：%(title)s，%(day)s 截止") % told
    elif left:
        title = _("件专利等您盘点：%(title)s，%(day)s 截止") % told
    else:
        title = _("项盘点等您确认完成：%(title)s，%(day)s 截止") % told
    url = reverse("listings:drive-task", kwargs={"pk": row.pk})
    return Todo(title, url, left if row.declared is not None and left else 1, row.invited_at)
