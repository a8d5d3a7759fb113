"""The price guide: what comparable deals were concluded at, and the guide's five bases."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.people.types import Actor
from core.web.doors import login_needed
from core.web.types import Request
from licensing.rules import estimates, fees, pricing
from licensing.rules.pricing import Measure, Way
from licensing.selectors import pricing as selectors
from licensing.web.calculator import Figure
from listings import selectors as listings
from listings.types import PatentCard


class PricingForm(forms.Form):
    """The reader's own figures: everything may stay empty."""

    way = forms.ChoiceField(
        label="方式",
        required=False,
        choices=[(w.value, pricing.WAY_LABELS[w]) for w in Way],
        initial=Way.OPEN.value,
    )
    months = forms.IntegerField(
        label="许可期限（月）", required=False, min_value=1, max_value=240, initial=36
    )
    sales = Figure("被许可人每年净销售额（元）", fees.LARGEST)
    own_income = Figure("自行实施每年的收益（元）", fees.LARGEST)
    own_low = Figure("拟让渡的比例，从（%）", fees.HUNDRED)
    own_high = Figure("到（%）", fees.HUNDRED)
    rate_low = Figure("国际一般费率，从（%）", fees.HUNDRED)
    rate_high = Figure("到（%）", fees.HUNDRED)
    rate_source = forms.CharField(label="费率来源和年份", required=False, max_length=200)
    value_low = Figure("评估的许可价值，从（元）", fees.LARGEST)
    value_high = Figure("到（元）", fees.LARGEST)
    value_source = forms.CharField(label="评估机构、方法和基准日", required=False, max_length=200)
    groups = [
        ("比较什么", "", ["way", "months", "sales"]),
        ("一、自行实施的收益", "", ["own_income", "own_low", "own_high"]),
        ("四、国际一般许可费率", "", ["rate_low", "rate_high", "rate_source"]),
        ("五、资产评估", "", ["value_low", "value_high", "value_source"]),
    ]

    def figures(self) -> estimates.Figures:
        """The figures as the rules read them."""
        known = {k: v for k, v in self.cleaned_data.items() if k != "way" and v not in (None, "")}
        return estimates.Figures(**known)

    def clean(self) -> dict[str, Any]:
        """Each error at its field."""
        if not self.errors:
            for name, errors in estimates.figure_errors(self.figures()).items():
                for error in errors:
                    self.add_error(name, error)
        return self.cleaned_data


def guidance(query: QueryDict, card: PatentCard | None, *, viewer: Actor) -> dict[str, Any]:
    """What the page and the API answer: the cells, the bases, and what they say together."""
    asked = any(name in query for name in PricingForm.base_fields)
    form = PricingForm(query if asked else None)
    known = form.figures() if asked and form.is_valid() else estimates.Figures()
    chosen = form.cleaned_data.get("way") if asked and form.is_valid() else None
    way = Way(chosen or Way.OPEN)
    found = selectors.guidance(
        card, way=way, figures=known, viewer=viewer, today=timezone.localdate()
    )
    told = {field.name: getattr(found, field.name) for field in fields(found)}
    return {"form": form, "way": pricing.WAY_LABELS[way], **told}


@require_GET
@login_needed
def guide(request: Request) -> HttpResponse:
    """The guide for one patent, or for a way of licensing at large."""
    asked = request.GET.get("patent", "")
    card = None
    if asked.isascii() and asked.isdigit() and len(asked) < 19:
        card = listings.card(int(asked), viewer=request.actor)
    context = guidance(request.GET, card, viewer=request.actor)
    context |= {"patent": card, "guide": estimates.GUIDE, "k": pricing.K}
    return render(request, "licensing/price_guide.html", context)


@require_GET
@login_needed
def shelf_piece(request: Request, patent_id: int) -> HttpResponse:
    """A piece of the shelf page: what comparable open licences cost, where the region allows."""
    card = listings.card(patent_id, viewer=request.actor)
    context: dict[str, Any] = {"allowed": selectors.shown_on_shelf(card.region), "k": pricing.K}
    if context["allowed"]:
        cells = selectors.price_cells(today=timezone.localdate())
        field = selectors.field_of(card.ipc)
        for measure in Measure:
            context[f"{measure.value}s"] = pricing.best(
                cells, way=Way.OPEN, field=field, measure=measure
            )
    return render(request, "licensing/_price_cells.html", context)


urlpatterns = [
    path("price-guide/", guide, name="price-guide"),
    path("price-guide/of/<int:patent_id>/", shelf_piece, name="price-piece"),
]
