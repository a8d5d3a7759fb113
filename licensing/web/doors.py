"""What every page of this room does at its door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_POST

from core.errors import Conflict
from core.idempotency.web import submitted
from core.permissions import Governed, Permission, allowed
from core.web.doors import login_needed
from core.web.types import Request

PAGE = 20
Row = TypeVar("Row", bound=Model)


def page_of(request: Request, rows: QuerySet[Row], *, size: int = PAGE) -> Page[Row]:
    """The page that the URL asks for; nonsense and overshoot land on a real page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def may_dispute(request: Request, contract: Governed, side: object) -> bool:
    """Whether this person, of this side of the contract, may open a dispute over it."""
    return bool(side) and allowed(request.actor, Permission.RUN_DISPUTE, on=contract)


def status_of(form: Form) -> int:
    """What a page with a form is answered with: 422 when something in it has to be mended."""
    return 422 if form.is_bound and form.errors else 200


def answer_form(
    request: Request, form: Form, run: Callable[[], str], template: str, context: dict[str, Any]
) -> HttpResponse:
    """A form with one command: where `run` leads when it was done, else the form with reasons."""
    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    return render(request, template, context | {"form": form}, status=status_of(form))


def one_button(
    command: Callable[..., Any],
    done: str,
    *,
    name: str,
    page: str,
    door: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]] = login_needed,
) -> Callable[..., HttpResponse]:
    """A step that asks for nothing: its command, then the row's page. `name` is the row's id."""

    def view(request: Request, **ids: int) -> HttpResponse:
        try:
            command(**{name: ids[name]}, by=request.actor, now=timezone.now())
            messages.success(request, done)
        except Conflict as refusal:
            messages.error(request, refusal.message)
        return redirect(reverse(page, kwargs={name: ids[name]}))

    return require_POST(door(view))


def sent(
    request: Request,
) -> tuple[QueryDict | None, MultiValueDict[str, UploadedFile[bytes]] | None]:
    """What a form is bound to: the fields and files sent, even when all are empty; else nothing."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)
