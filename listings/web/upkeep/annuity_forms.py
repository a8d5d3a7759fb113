"""Forms of the annuity calendar: paying, correcting, reducing, giving up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from listings.web.forms import Day
from listings.web.picking import keys


class PayForm(forms.Form):
    """One year's payment, or the next one of many patents."""

    paid_on = Day(label=_("缴费日"), required=True)
    year = forms.IntegerField(
        label=_("年度"),
        required=False,
        min_value=1,
        max_value=25,
        help_text=_("从申请日起算的第几年；已有缴费记录时可以不填，按下一年度登记。"),
    )
    amount = forms.DecimalField(
        label=_("实缴金额（元）"),
        required=False,
        max_digits=10,
        decimal_places=2,
        help_text=_("不填就按测算金额登记。"),
    )
    receipt = forms.CharField(label=_("票据号"), required=False, max_length=60)


class PayManyForm(forms.Form):
    """The next annuity of many patents, each at what the rule makes it."""

    paid_on = Day(label=_("缴费日"), required=True)
    receipt = forms.CharField(
        label=_("票据号"), required=False, max_length=60, help_text=_("这一批共用一个票据号。")
    )


class CorrectForm(forms.Form):
    """Why a record is taken back."""

    reason = forms.CharField(label=_("更正原因"), max_length=200)
    examples = {"reason": "登记错了专利"}


class ReductionForm(forms.Form):
    """A reduction that the administration has granted."""

    percent = forms.IntegerField(
        label=_("减缴比例（%）"),
        min_value=1,
        max_value=99,
        help_text=_("按批准文件填写，如 85 或 70。与开放许可减免不叠加，系统取省得多的一项。"),
    )
    starts_on = Day(label=_("起始日"), required=True)
    ends_on = Day(label=_("截止日"), required=True)
    reference = forms.CharField(label=_("依据"), required=False, max_length=120)
    examples = {"reference": "费减备案号或批准文件"}


class DropForm(forms.Form):
    """Why a patent is maintained no longer."""

    reason = forms.CharField(
        label=_("原因"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )
    licensees_agreed = forms.BooleanField(label=_("如有被许可人，已取得其书面同意"), required=False)
    examples = {"reason": "技术已被替代，三年没有企业问询"}


def hidden_ids(data: Any) -> list[int]:
    """At most a page or two of patents at a time."""
    return keys(data.getlist("patent"))[:200]
