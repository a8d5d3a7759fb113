"""What people fill in about pledges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from core.web.forms import day_input
from listings.types import Blocker
from pledges import rules, selectors


class PledgeForm(forms.Form):
    """A registered pledge, as it stands in the register."""

    numbers = forms.CharField(
        label=_("质押的专利"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("每行一个专利号，任何写法均可；须属同一专利权人。"),
    )
    debtor_name = forms.CharField(label=_("债务人"), max_length=200)
    principal = forms.DecimalField(
        label=_("担保债权金额（元）"),
        max_digits=18,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    starts_on = forms.DateField(label=_("债务起始日"), widget=day_input())
    ends_on = forms.DateField(label=_("债务到期日"), widget=day_input())
    register_number = forms.CharField(label=_("质押登记号"), max_length=rules.LONGEST_NUMBER)
    registered_on = forms.DateField(
        label=_("登记日"), widget=day_input(), help_text=_("质权自登记之日起设立。")
    )
    confirmed = forms.MultipleChoiceField(
        label=_("当事人已书面确认知悉"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("这些情形经当事人确认后可以登记，请逐项核对。"),
    )

    examples: ClassVar[dict[str, Any]] = {
        "numbers": "ZL 2017 1 0601862.3",
        "principal": "3000000",
        "register_number": "Y2026980001234",
    }
    groups: ClassVar[Any] = [
        (_("专利与债务"), "", ["numbers", "debtor_name", "principal", "starts_on", "ends_on"]),
        (_("登记"), "", ["register_number", "registered_on", "confirmed"]),
    ]

    def __init__(self, *args: Any, grounds: Sequence[Blocker], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["confirmed"].choices = [  # type: ignore[attr-defined]
            (ground.code, ground.message) for ground in grounds
        ]

    def clean_numbers(self) -> list[str]:
        """The numbers, one a line or separated by commas, each once."""
        text = self.cleaned_data["numbers"]
        for mark in ("，", "、", ";", "；", ","):
            text = text.replace(mark, "\n")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) > 200:
            raise forms.ValidationError(_("一次最多登记 200 件专利，请分次办理。"))
        return list(dict.fromkeys(lines))


class ConsentForm(forms.Form):
    """What the pledgee agrees to, for which patent."""

    patent = forms.ChoiceField(label=_("专利"))
    action = forms.ChoiceField(
        label=_("同意的事项"),
        choices=[(a.value, label) for a, label in selectors.ACTION_LABELS.items()],
    )
    reference = forms.CharField(label=_("书面同意书编号"), max_length=120)

    def __init__(self, *args: Any, patents: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["patent"].choices = patents  # type: ignore[attr-defined]


class ReleaseForm(forms.Form):
    """Why and when the registration was cancelled."""

    ending = forms.ChoiceField(
        label=_("注销原因"),
        choices=[(e.value, label) for e, label in rules.ENDING_LABELS.items()],
        widget=forms.RadioSelect,
    )
    released_on = forms.DateField(
        label=_("注销日"), widget=day_input(), help_text=_("质押的效力自注销之日终止。")
    )
