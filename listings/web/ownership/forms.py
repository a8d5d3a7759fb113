"""Forms about whose a patent is: consents, funding, working, inventors' rights."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from listings.rules.inventors import InventorRightKind
from listings.rules.working import WorkingKind
from listings.types import Consent
from listings.web.forms import Day

SCOPES = [
    (Consent.OPEN.value, _("同意发布、开放许可和普通许可")),
    (Consent.ALL.value, _("同意任何处置")),
]
WORKINGS = [
    (WorkingKind.OWN.value, _("自行实施")),
    (WorkingKind.LICENSED.value, _("许可他人实施")),
    (WorkingKind.TRANSFERRED.value, _("转让或作价入股后实施")),
    (WorkingKind.PRODUCT.value, _("已形成产品")),
]
RIGHTS = [
    (InventorRightKind.OWNERSHIP.value, _("部分所有权")),
    (InventorRightKind.USE.value, _("长期使用权")),
]


def file_field(label: Any) -> forms.FileField:
    return forms.FileField(
        label=label, required=False, help_text=_("PDF、PNG 或 JPG，不超过 10 MB。")
    )


class AskForm(forms.Form):
    """What a co-owner is asked."""

    scope = forms.ChoiceField(label=_("征求的范围"), choices=SCOPES)
    message = forms.CharField(
        label=_("说明"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    examples = {"message": "拟声明开放许可，许可费按份额分配"}


class AnswerForm(forms.Form):
    """What a co-owner answers."""

    decision = forms.ChoiceField(
        label=_("答复"),
        choices=[("agree", _("同意")), ("refuse", _("不同意"))],
        widget=forms.RadioSelect,
    )
    scope = forms.ChoiceField(
        label=_("同意的范围"),
        choices=[("", _("请选择，不同意的不用选")), *SCOPES],
        required=False,
    )
    answer = forms.CharField(
        label=_("附言或理由"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("不同意的请写明理由。"),
    )
    proof = file_field(_("盖章的书面意见"))


class PaperForm(forms.Form):
    """A consent that was given on paper, or taken back."""

    consent = forms.ChoiceField(
        label=_("书面意见"), choices=[(Consent.NONE.value, _("还没有书面同意")), *SCOPES]
    )
    proof = file_field(_("书面同意的扫描件"))


class EndForm(forms.Form):
    """Why a consent is taken back, or no longer asked for."""

    reason = forms.CharField(label=_("原因"), max_length=300)


class FundingForm(forms.Form):
    """The declaration on public funding."""

    is_funded = forms.ChoiceField(
        label=_("是否由财政资金资助形成"),
        choices=[("yes", _("是")), ("no", _("不是（明确声明没有财政资助）"))],
        widget=forms.RadioSelect,
    )
    funder = forms.CharField(label=_("资助机构"), required=False, max_length=120)
    project_number = forms.CharField(label=_("项目编号"), required=False, max_length=80)
    project_name = forms.CharField(label=_("项目名称"), required=False, max_length=200)
    optional_words = {"funder": _("资助的必填"), "project_number": _("资助的必填")}
    examples = {"funder": "国家自然科学基金委员会", "project_number": "52076001"}


class WorkingForm(forms.Form):
    """That the patent is worked."""

    kind = forms.ChoiceField(label=_("实施方式"), choices=WORKINGS)
    since = Day(label=_("实施起始日"), required=True)
    note = forms.CharField(label=_("由谁、在什么产品或工艺上实施"), max_length=300)


class UnworkedForm(forms.Form):
    """Why a funded patent is not worked."""

    reason = forms.CharField(
        label=_("未实施的理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    examples = {"reason": "配套材料尚未国产化，正在中试，预计明年转化"}


class RightForm(forms.Form):
    """What inventors are granted."""

    kind = forms.ChoiceField(label=_("赋予的权利"), choices=RIGHTS)
    inventors = forms.CharField(
        label=_("发明人"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("每行一位。"),
    )
    share = forms.DecimalField(
        label=_("份额（%）"),
        required=False,
        max_digits=5,
        decimal_places=2,
        help_text=_("部分所有权填写，几位发明人合计；长期使用权留空。"),
    )
    starts_on = Day(label=_("起始日"), required=True)
    ends_on = Day(
        label=_("截止日"),
        help_text=_("长期使用权不少于 10 年；到专利权期限届满为止的留空。部分所有权留空。"),
    )
    consent = forms.ChoiceField(
        label=_("协议中发明人对处置的同意"),
        choices=[(Consent.NONE.value, _("没有约定，逐次征求")), *SCOPES],
        help_text=_("部分所有权人是共有人，许可、转让、质押按共有专利征得其同意。"),
    )
    agreement = file_field(_("赋权协议"))
    note = forms.CharField(label=_("说明"), required=False, max_length=300)

    def names(self) -> list[str]:
        text = self.cleaned_data["inventors"].replace("、", "\n").replace("，", "\n")
        return [line.strip() for line in text.splitlines() if line.strip()]


class EndRightForm(forms.Form):
    """When and why a granted right ends."""

    ended_on = Day(label=_("终止日"), required=True)
    reason = forms.CharField(label=_("原因"), max_length=200)
