"""The what-if calculator: a reader's own figures through a plan, each sum explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from core.web.doors import login_needed
from core.web.types import Request
from licensing import selectors
from licensing.rules import fees
from licensing.rules.forecast import USUAL_MONTHS, Forecast, forecast, sales_of
from licensing.rules.royalties import ROUNDING, Line, running_part


class Figure(forms.DecimalField):
    """A number as people type it: 1,000,000 is one as well."""

    def __init__(self, label: Any, top: Decimal, bottom: int = 0) -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=bottom,
            max_value=top,
            max_digits=18,
            decimal_places=2,
            widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        )

    def to_python(self, value: Any) -> Any:
        text = value.replace(",", "").replace("，", "").strip() if isinstance(value, str) else value
        return super().to_python(text)


class CalculatorForm(forms.Form):
    """What the reader expects: a yearly figure, or units and a price."""

    sales = Figure(_("预计第一年净销售额或利润（元）"), fees.LARGEST)
    units = Figure(_("或：年销量（件）"), Decimal(10) ** 10)
    price = Figure(_("单价（元）"), Decimal(10) ** 6)
    growth = Figure(_("此后每年增长（%）"), Decimal(200), -100)

    def base(self) -> tuple[Decimal, Line | None] | None:
        """The first year's figure and how it came about; None when nothing was filled in."""
        known = self.cleaned_data
        if known.get("units") is not None and known.get("price") is not None:
            line = sales_of(known["units"], known["price"])
            return line.amount, line
        if known.get("sales") is not None:
            return known["sales"], None
        return None


@dataclass(frozen=True, slots=True)
class Calculator:
    """What the calculator's template shows."""

    form: CalculatorForm
    result: Forecast | None
    origin: Line | None
    months: int
    usual: bool
    has_royalty: bool
    currency: str
    rounding: str = ROUNDING


def calculator(
    query: QueryDict,
    parts: Sequence[fees.FeePart],
    *,
    months: int | None,
    starts_on: date,
    currency: str = fees.Currency.CNY,
) -> Calculator:
    """The form as the URL fills it, and what comes out. Plans without royalty need no figures."""
    asked = any(query.get(name, "").strip() for name in CalculatorForm.base_fields)
    form = CalculatorForm(query if asked else None)
    royal = running_part(parts) is not None
    found: tuple[Decimal, Line | None] | None = None
    if asked and form.is_valid():
        found = form.base()
        if found is None:
            form.add_error("sales", _("请填写年净销售额或利润，或者同时填写年销量和单价。"))
    elif not royal:
        found = (Decimal(0), None)
    growth = form.cleaned_data.get("growth") if asked and form.is_valid() else None
    result = None
    if found is not None:
        result = forecast(
            parts,
            base=found[0],
            starts_on=starts_on,
            months=months or USUAL_MONTHS,
            growth=growth or Decimal(0),
        )
    return Calculator(
        form,
        result,
        found[1] if found else None,
        months or USUAL_MONTHS,
        months is None,
        royal,
        fees.CURRENCY_LABELS[fees.Currency(currency)],
    )


@require_GET
@login_needed
def licence_calculator(request: Request, licence_id: int) -> HttpResponse:
    """The same for a licence that its parties hold, whatever contract it came from."""
    row = selectors.licence(licence_id, viewer=request.actor)
    return render(
        request,
        "licensing/calculator.html",
        {
            "row": row,
            "calculator": calculator(
                request.GET,
                row.plan.terms(),
                months=row.months,
                starts_on=row.starts_on or timezone.localdate(),
                currency=row.plan.currency,
            ),
            "action": reverse("licensing:licence-calculator", args=[licence_id]),
        },
    )
