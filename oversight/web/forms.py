"""What a bureau chooses on its page."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.web.forms import day_input
from oversight.rules import Period

FIRST, LAST = date(1985, 1, 1), date(2999, 12, 31)  # the patent law, and what a clock can reach


class PeriodForm(forms.Form):
    """From a day to a day; the year so far unless said otherwise."""

    region = forms.RegexField(
        r"^([0-9]{2}|[0-9]{4}|[0-9]{6})?$", required=False, widget=forms.HiddenInput
    )
    since = forms.DateField(
        label=_("自"),
        required=False,
        widget=day_input(),
    )
    until = forms.DateField(
        label=_("至"),
        required=False,
        widget=day_input(),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        for name in ("since", "until"):
            if (day := cleaned.get(name)) and not FIRST <= day <= LAST:
                self.add_error(name, _("日期应在 1985 年至 2999 年之间。"))
        if since and until and since > until:
            self.add_error("until", _("结束日期不能早于开始日期。"))
        return cleaned

    def period(self, today: date) -> Period:
        """The period asked for. Only for a form without errors."""
        year = Period.year_to(today)
        since = self.cleaned_data.get("since") or year.since
        return Period(since, self.cleaned_data.get("until") or max(year.until, since))


def read(data: Any, *, own: str, today: date) -> tuple[str, Period]:
    """The region and period in a query string; Invalid says what is wrong with it."""
    form = PeriodForm(data)
    if not form.is_valid():
        problems = {name: [str(e) for e in errors] for name, errors in form.errors.items()}
        raise Invalid("区划或日期有误，请检查后重试。", fields=problems, code="invalid-parameter")
    return form.cleaned_data["region"] or own, form.period(today)
