"""What a person does with an import on its way: start it, stop it, let it go on, take it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.idempotency.web import submit_once
from core.web.types import Request
from listings.selectors import imports as selectors
from listings.services import importing
from listings.web.doors import keepers


def page_of(pk: int) -> str:
    return reverse("listings:import", kwargs={"pk": pk})


@require_POST
@keepers
def start(request: Request, pk: int) -> HttpResponse:
    """Carry it out."""

    def command() -> str:
        importing.start(batch_id=pk, by=request.actor, now=timezone.now())
        return page_of(pk)

    return submit_once(request, command)


@require_POST
@keepers
def stop(request: Request, pk: int) -> HttpResponse:
    """Stop it at the end of the portion being written."""

    def command() -> str:
        importing.stop(batch_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已停止。可以稍后继续，也可以撤销已经写入的部分。"))
        return page_of(pk)

    return submit_once(request, command)


@require_POST
@keepers
def resume(request: Request, pk: int) -> HttpResponse:
    """Let it go on from where it stands."""

    def command() -> str:
        importing.resume(batch_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已从停下的地方继续。"))
        return page_of(pk)

    return submit_once(request, command)


@require_http_methods(["GET", "POST"])
@keepers
def undo(request: Request, pk: int) -> HttpResponse:
    """Take it back, after asking."""
    found = selectors.batch(pk, viewer=request.actor)
    if request.method == "GET":
        return render(request, "listings/import_undo.html", {"batch": found})

    def command() -> str:
        kept = importing.undo(batch_id=pk, by=request.actor, now=timezone.now())
        found.refresh_from_db()
        if selectors.is_working(found):
            messages.info(request, _("正在撤销，完成后会通知您。"))
        elif kept:
            told = _("已撤销；有 %(n)s 行不能撤销，原因见下。") % {"n": len(kept)}
            messages.warning(request, told)
        elif found.state == "undone":
            messages.success(request, _("已全部撤销。"))
        return page_of(pk)

    return submit_once(request, command)


urlpatterns = [
    path("library/imports/<int:pk>/start/", start, name="import-start"),
    path("library/imports/<int:pk>/stop/", stop, name="import-stop"),
    path("library/imports/<int:pk>/resume/", resume, name="import-resume"),
    path("library/imports/<int:pk>/undo/", undo, name="import-undo"),
]
