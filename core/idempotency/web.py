"""One effect per HTML form: a hidden token, sent again by an impatient click, changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone

from core.idempotency.services import Answer, once
from core.web.forms import attempt
from core.web.types import Request

FIELD = "form_token"


def submit_once(request: Request, run: Callable[[], str]) -> HttpResponse:
    """Redirect to where `run()` says; a second submit of the same form goes there as well.

    `run` does the command and returns the URL to go to. Its DomainError passes through and
    stores nothing. A form that was gone back to and edited is another form under the same
    token, and runs; so does one without a token (an old page).
    """
    token = request.POST.get(FIELD, "")
    if not token:
        return HttpResponseRedirect(run())
    answer = once(
        key=f"form:{token[:64]}:{_filled_in(request)}",
        route=f"POST {request.path}",
        content=b"",
        by=request.actor,
        now=timezone.now(),
        run=lambda: Answer(302, None, run()),
    )
    return HttpResponseRedirect(answer.location)


def _filled_in(request: Request) -> str:
    """What was filled in, as 64 hex digits: fields, and files by name and size."""
    fields = sorted(
        (name, values)
        for name, values in request.POST.lists()
        if name not in {FIELD, "csrfmiddlewaretoken"}
    )
    files = sorted(
        (name, file.name, file.size) for name, sent in request.FILES.lists() for file in sent
    )
    return hashlib.sha256(repr((fields, files)).encode("utf-8", "surrogatepass")).hexdigest()


def submitted(
    request: Request, form: forms.BaseForm, run: Callable[[], str]
) -> HttpResponse | None:
    """The redirect after a command that ran once; None when it was refused, reasons on the form."""
    if not form.is_valid():
        return None
    return attempt(form, lambda: submit_once(request, run))
