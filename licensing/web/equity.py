"""Pages of the yearly sheet of equity 作价入股年度整体考核."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.idempotency.web import submitted
from core.people.types import Role
from core.permissions import Permission, allowed, require
from core.web.doors import for_roles
from core.web.forms import day_input
from core.web.types import Request
from licensing.rules import equity as rules
from licensing.selectors import equity as questions
from licensing.services import equity as services
from licensing.web.doors import one_button, page_of, sent, status_of
from licensing.web.forms import yuan_field

readers = for_roles(Role.OFFICE, Role.BUREAU, Role.AUDITOR)
EXTRA = 4


class SheetForm(forms.Form):
    """The year and what is to be known of it."""

    year = forms.IntegerField(label=lazy("年度"), min_value=1985, max_value=2200)
    note = forms.CharField(
        label=lazy("情况说明"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    stakes = forms.CharField(required=False, widget=forms.HiddenInput)  # shows their errors


class StakeForm(forms.Form):
    """One stake."""

    company = forms.CharField(label=lazy("企业"), max_length=200)
    patents = forms.CharField(label=lazy("出资专利"), max_length=500)
    acquired_on = forms.DateField(label=lazy("取得日期"), widget=day_input())
    percent = forms.DecimalField(
        label=lazy("持股（%）"),
        max_digits=7,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    opening = yuan_field(lazy("年初价值（元）"))
    increase = yuan_field(lazy("增加（元）"))
    decrease = yuan_field(lazy("减少（元）"))
    received = yuan_field(lazy("分红与转让所得（元）"))
    reason = forms.CharField(label=lazy("增减原因"), required=False, max_length=500)

    def stake(self) -> services.StakeInput:
        """The stake as the service takes it; empty sums are nought."""
        sums = ("opening", "increase", "decrease", "received")
        return services.StakeInput(
            **{**self.cleaned_data, **{name: self.cleaned_data[name] or 0 for name in sums}}
        )


class VerdictForm(forms.Form):
    """How the whole was assessed."""

    verdict = forms.ChoiceField(
        label=lazy("考核结论"),
        choices=[(v.value, rules.VERDICT_LABELS[v]) for v in rules.Verdict],
        widget=forms.RadioSelect,
    )
    reasons = forms.CharField(
        label=lazy("理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    decided_by_whom = forms.CharField(
        label=lazy("作出结论的会议或负责人"),
        max_length=200,
        help_text=lazy("例如：校长办公会第 12 次会议。"),
    )


StakeLines = forms.formset_factory(StakeForm, extra=EXTRA, max_num=services.MOST)


@require_GET
@readers
def index(request: Request) -> HttpResponse:
    """The sheets, year by year."""
    context = {
        "page_obj": page_of(request, questions.equity_sheets(viewer=request.actor)),
        "may": allowed(request.actor, Permission.ASSESS_EQUITY),
    }
    return render(request, "licensing/equity.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(Role.OFFICE)
def write(request: Request) -> HttpResponse:
    """Write a year's sheet, or write it anew; a new one begins with last year's stakes."""
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else timezone.localdate().year
    initial, lines = _known(request, year)
    form = SheetForm(sent(request)[0], initial=initial)
    stakes = StakeLines(sent(request)[0], initial=lines, prefix="s")

    def run() -> str:
        row = services.write_sheet(
            year=form.cleaned_data["year"],
            note=form.cleaned_data["note"],
            stakes=[f.stake() for f in stakes if f.cleaned_data.get("company")],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已保存。核对合计后提交考核。"))
        return reverse("licensing:equity-sheet", args=[row.pk])

    if request.method == "POST" and stakes.is_valid() and (done := submitted(request, form, run)):
        return done
    status = 422 if form.is_bound else 200
    context = {"form": form, "stakes": stakes}
    return render(request, "licensing/equity_form.html", context, status=status)


def _known(request: Request, year: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    own = questions.equity_sheets(viewer=request.actor).filter(year__lte=year)
    last = own.prefetch_related("stakes").first()
    if last is None:
        return {"year": year}, []
    again = last.year == year
    names = ("company", "patents", "acquired_on", "percent")
    lines = [
        {name: getattr(stake, name) for name in names}
        | (
            {
                n: getattr(stake, n)
                for n in ("opening", "increase", "decrease", "received", "reason")
            }
            if again
            else {"opening": stake.line.closing}
        )
        for stake in last.stakes.all()
    ]
    return {"year": year, "note": last.note if again else ""}, lines


@require_GET
@readers
def sheet(request: Request, sheet_id: int) -> HttpResponse:
    """One sheet with its sum, and how it was assessed."""
    row = questions.equity_sheet(sheet_id, viewer=request.actor)
    context = {
        "row": row,
        "whole": questions.whole_of(row),
        "article": rules.ARTICLE,
        "may": allowed(request.actor, Permission.ASSESS_EQUITY, on=row),
    }
    return render(request, "licensing/equity_sheet.html", context)


@require_http_methods(["GET", "POST"])
@readers
def decide(request: Request, sheet_id: int) -> HttpResponse:
    """Note how the whole was assessed."""
    row = questions.equity_sheet(sheet_id, viewer=request.actor)
    require(request.actor, Permission.ASSESS_EQUITY, on=row)
    form = VerdictForm(sent(request)[0])

    def run() -> str:
        services.decide_sheet(
            sheet_id=sheet_id, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, _("考核结论已登记，不能再改。"))
        return reverse("licensing:equity-sheet", args=[sheet_id])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    context = {"row": row, "form": form, "whole": questions.whole_of(row)}
    return render(request, "licensing/equity_decide.html", context, status=status_of(form))


_step = partial(one_button, name="sheet_id", page="licensing:equity-sheet", door=readers)
ID = "equity/<int:sheet_id>/"
urlpatterns = [
    path("equity/", index, name="equity"),
    path("equity/write/", write, name="equity-write"),
    path(ID, sheet, name="equity-sheet"),
    path(f"{ID}submit/", _step(services.submit_sheet, "已提交考核。"), name="equity-submit"),
    path(
        f"{ID}send-back/", _step(services.send_back_sheet, "已退回修改。"), name="equity-send-back"
    ),
    path(f"{ID}decide/", decide, name="equity-decide"),
]
