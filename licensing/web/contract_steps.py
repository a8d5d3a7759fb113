"""One thing done to a registration, a certificate or a dispute, on a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import Missing
from core.permissions import Permission, allowed, require
from core.web.types import Request
from licensing.types import Side
from licensing.web.doors import answer_form, sent


class WhyForm(forms.Form):
    """A reason."""

    reason = forms.CharField(
        label=_("理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


@dataclass(frozen=True)
class ContractStep:
    """What is asked, what it does, and who may do it from which states."""

    name: str
    title: str
    told: str
    form: type[forms.Form]
    command: Callable[..., object]
    states: frozenset[str]
    permission: Permission
    whose: Callable[[Any], Any]  # the affair it is, for the permission
    lead: str = ""
    danger: bool = False
    when: Callable[[Any, Any], bool] = lambda _actor, _row: True  # what else must hold

    def may(self, request: Request, row: Any) -> bool:
        """Whether this actor may do it, whatever the state."""
        return allowed(request.actor, self.permission, on=self.whose(row))

    def demand(self, request: Request, row: Any) -> None:
        """Let this actor pass, or say why not."""
        require(request.actor, self.permission, on=self.whose(row))

    def open_to(self, request: Request, row: Any) -> bool:
        """Whether it stands before this actor now."""
        stands = row.status in self.states and self.may(request, row)
        return stands and self.when(request.actor, row)


def open_steps(steps: Mapping[str, ContractStep], request: Request, row: Any) -> list[ContractStep]:
    """What this actor may do to it now."""
    return [step for step in steps.values() if step.open_to(request, row)]


def take_step(
    request: Request,
    steps: Mapping[str, ContractStep],
    name: str,
    row: Any,
    *,
    key: str,
    back: str,
    initial: dict[str, Any] | None = None,
    template: str = "licensing/contract_step.html",
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """The page of one step: ask, do, go back."""
    step = steps.get(name)
    if step is None:
        raise Missing("没有这个步骤。")
    step.demand(request, row)
    form = step.form(*sent(request), initial=initial)
    if prepare := getattr(form, "prepare", None):
        prepare(row)

    def run() -> str:
        step.command(**{key: row.pk}, **form.cleaned_data, by=request.actor, now=timezone.now())
        messages.success(request, step.told)
        return back

    context = {"row": row, "step": step, "back": back} | (more or {})
    return answer_form(request, form, run, template, context)


def of_seller(row: Any) -> Side:
    """The seller's affair."""
    return Side(row.holder_id)


def of_bureau(row: Any) -> Side:
    """The bureau's, by region."""
    return Side(None, row.region)


def of_exchange(row: Any) -> Side:
    """The exchange's that was asked."""
    return Side(row.exchange_id)


def of_parties(row: Any) -> Any:
    """Either party's."""
    return row
