"""Funding, working and inventors' rights of one patent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.attachments.web import download
from core.days import legal_day
from core.errors import Missing
from core.idempotency.web import submitted
from core.web.types import Request
from listings.rules.inventors import InventorRightKind
from listings.rules.working import WorkingKind
from listings.selectors.ownership import rights as reading
from listings.services.ownership import rights as commands
from listings.types import Consent
from listings.web.doors import keepers, own_patent
from listings.web.ownership.forms import (
    RIGHTS,
    WORKINGS,
    EndRightForm,
    FundingForm,
    RightForm,
    UnworkedForm,
    WorkingForm,
)

FORMS: dict[str, type[django_forms.Form]] = {
    "funding": FundingForm,
    "working": WorkingForm,
    "unworked": UnworkedForm,
    "right": RightForm,
}


@require_GET
@keepers
def patent(request: Request, pk: int) -> HttpResponse:
    """Who paid for it, who works it, what its inventors were granted."""
    return _shown(request, pk)


def _form(what: str, *given: Any, **more: Any) -> django_forms.Form:
    """One of the page's forms, its fields named apart from the others'."""
    form = FORMS[what](*given, **more)
    form.auto_id = f"{what}-%s"
    return form


def _shown(request: Request, pk: int, **forms: django_forms.Form) -> HttpResponse:
    card, on = own_patent(request, pk), legal_day(timezone.now())
    found = reading.ownership(pk, viewer=request.actor, on=on)
    initial: dict[str, Any] = {}
    if found.declaration:
        initial = {
            "is_funded": "yes" if found.declaration.is_funded else "no",
            "funder": found.declaration.funder,
            "project_number": found.declaration.project_number,
            "project_name": found.declaration.project_name,
        }
    context: dict[str, Any] = {
        "card": card,
        "found": found,
        "rights": [(row, dict(RIGHTS)[row.kind]) for row in found.rights],
        "workings": [(row, dict(WORKINGS)[row.kind]) for row in found.workings],
        "funding_form": _form("funding", initial=initial),
        "working_form": _form("working"),
        "unworked_form": _form(
            "unworked", initial={"reason": found.reason.reason if found.reason else ""}
        ),
        "right_form": _form("right", initial={"starts_on": on}),
        "end_form": EndRightForm(initial={"ended_on": on}),
    } | {f"{name}_form": form for name, form in forms.items()}
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "listings/ownership.html", context, status=status)


@require_POST
@keepers
def state(request: Request, pk: int, what: str) -> HttpResponse:
    """Declare funding, state working, explain why not, grant a right."""
    own_patent(request, pk)
    if what not in FORMS:
        raise Missing("没有这个操作。")
    form = _form(what, request.POST, request.FILES)

    def command() -> str:
        _COMMANDS[what](request, pk, form)
        messages.success(request, _("已登记。"))
        return reverse("listings:ownership", kwargs={"pk": pk})

    return submitted(request, form, command) or _shown(request, pk, **{what: form})


def _funding(request: Request, pk: int, form: Any) -> None:
    data = form.cleaned_data
    commands.declare_funding(
        patent_id=pk,
        is_funded=data["is_funded"] == "yes",
        funder=data["funder"],
        project_number=data["project_number"],
        project_name=data["project_name"],
        by=request.actor,
        now=timezone.now(),
    )


def _working(request: Request, pk: int, form: Any) -> None:
    data = form.cleaned_data
    commands.state_working(
        patent_id=pk,
        kind=WorkingKind(data["kind"]),
        since=data["since"],
        note=data["note"],
        by=request.actor,
        now=timezone.now(),
    )


def _unworked(request: Request, pk: int, form: Any) -> None:
    commands.explain_unworked(
        patent_id=pk, reason=form.cleaned_data["reason"], by=request.actor, now=timezone.now()
    )


def _right(request: Request, pk: int, form: Any) -> None:
    data = form.cleaned_data
    commands.grant_right(
        patent_id=pk,
        kind=InventorRightKind(data["kind"]),
        inventors=form.names(),
        share=data["share"],
        starts_on=data["starts_on"],
        ends_on=data["ends_on"],
        consent=Consent(data["consent"]),
        agreement=data["agreement"],
        note=data["note"],
        by=request.actor,
        now=timezone.now(),
    )


_COMMANDS: dict[str, Callable[[Request, int, Any], None]] = {
    "funding": _funding,
    "working": _working,
    "unworked": _unworked,
    "right": _right,
}


@require_POST
@keepers
def withdraw_working(request: Request, pk: int, working_id: int) -> HttpResponse:
    """Take a statement on working back."""
    own_patent(request, pk)
    commands.withdraw_working(working_id=working_id, by=request.actor, now=timezone.now())
    messages.success(request, _("已撤回。"))
    return redirect("listings:ownership", pk=pk)


@require_POST
@keepers
def end_right(request: Request, pk: int, right_id: int) -> HttpResponse:
    """A granted right ends."""
    own_patent(request, pk)
    form = EndRightForm(request.POST)

    def command() -> str:
        commands.end_right(
            right_id=right_id, by=request.actor, now=timezone.now(), **form.cleaned_data
        )
        messages.success(request, _("已登记终止。"))
        return reverse("listings:ownership", kwargs={"pk": pk})

    return submitted(request, form, command) or _shown(request, pk, end=form)


@require_GET
@keepers
def agreement(request: Request, pk: int, right_id: int) -> HttpResponse:
    """The agreement behind a granted right."""
    own_patent(request, pk)
    return download(reading.right(right_id, viewer=request.actor).agreement)


urlpatterns = [
    path("library/patents/<int:pk>/ownership/", patent, name="ownership"),
    path(
        "library/patents/<int:pk>/ownership/workings/<int:working_id>/withdraw/",
        withdraw_working,
        name="working-withdraw",
    ),
    path(
        "library/patents/<int:pk>/ownership/rights/<int:right_id>/end/",
        end_right,
        name="right-end",
    ),
    path(
        "library/patents/<int:pk>/ownership/rights/<int:right_id>/agreement/",
        agreement,
        name="right-agreement",
    ),
    path("library/patents/<int:pk>/ownership/<slug:what>/", state, name="ownership-state"),
]
