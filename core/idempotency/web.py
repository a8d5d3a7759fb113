"""One effect per HTML form: a hidden token, sent again by an impatient click, changes nothing."""

from __future__ import annotations

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
    stores nothing. A form without a token (an old page) simply runs.
    """
    token = request.POST.get(FIELD, "")
    if not token:
        return HttpResponseRedirect(run())
    answer = once(
        key=f"form:{token}"[:255],
        route=f"POST {request.path}",
        content=b"",
        by=request.actor,
        now=timezone.now(),
        run=lambda: Answer(302, None, run()),
    )
    return HttpResponseRedirect(answer.location)


def submitted(
    request: Request, form: forms.BaseForm, run: Callable[[], str]
) -> HttpResponse | None:
    """The redirect after a command that ran once; None when it was refused, reasons on the form."""
    if not form.is_valid():
        return None
    return attempt(form, lambda: submit_once(request, run))
