"""The page of what a complete list does not name: look, then archive or keep."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.idempotency.web import submit_once
from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from listings.selectors import imports as selectors
from listings.services import importing
from listings.web.picking import keys

ROWS_A_PAGE = 50
readers = for_roles(Role.OFFICE, Role.BROKER, Role.AUDITOR)


@require_http_methods(["GET", "POST"])
@readers
def absent(request: Request, pk: int) -> HttpResponse:
    """What would be, or was, archived; the ticked ones or all that wait."""
    found = selectors.batch(pk, viewer=request.actor)
    if request.method == "POST":
        return submit_once(request, lambda: _decide(request, pk))
    page = Paginator(selectors.absences(found), ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "batch": found,
        "page": page,
        "rows": page.object_list,
        "waiting": selectors.absences_waiting(found),
        "may_decide": found.state == "done" and request.actor.has(Role.OFFICE, Role.BROKER),
    }
    return render(request, "listings/import_absent.html", context)


def _decide(request: Request, pk: int) -> str:
    everything = request.POST.get("scope") == "all"
    ticked = keys(request.POST.getlist("absence"))
    here = redirect("listings:import-absent", pk=pk).url
    if not everything and not ticked:
        messages.warning(request, _("没有选中任何专利。请先勾选，或选择“全部”。"))
        return here
    decision = request.POST.get("decision", "")
    done, on_offer = importing.decide_absent(
        batch_id=pk,
        decision=decision,
        absence_ids=None if everything else ticked,
        by=request.actor,
        now=timezone.now(),
    )
    told = _("已归档 %(n)s 件。") if decision == "archive" else _("已保留 %(n)s 件。")
    if done or not on_offer:
        messages.success(request, told % {"n": done})
    if on_offer:
        told = _("有 %(n)s 件正在挂牌，没有归档；请先撤回挂牌。")
        messages.warning(request, told % {"n": on_offer})
    if everything and selectors.absences_waiting(selectors.batch(pk, viewer=request.actor)):
        messages.info(request, _("一次最多处理 5000 件，其余的请再点一次。"))
    return here


urlpatterns = [path("library/imports/<int:pk>/absent/", absent, name="import-absent")]
