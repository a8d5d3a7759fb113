"""What people fill in about patent pools."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from core.web.forms import day_input
from licensing.rules import pools
from licensing.types import PoolBargain
from licensing.web.forms import TermsForm, yuan_field

if TYPE_CHECKING:
    from licensing.models import PoolEntry


def words(label: str, rows: int = 3, **options: Any) -> forms.CharField:
    """A few sentences."""
    return forms.CharField(
        label=label, max_length=2000, widget=forms.Textarea(attrs={"rows": rows}), **options
    )


class FoundForm(forms.Form):
    """The bargain of a pool."""

    name = forms.CharField(label="名称", max_length=80)
    field = forms.CharField(label="技术领域", max_length=200)
    rules = forms.CharField(
        label="入池规则",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="哪些专利可以加入、怎样审核。任何人都能看到。",
    )
    split = forms.ChoiceField(
        label="分配办法",
        choices=[(s.value, pools.SPLIT_LABELS[s]) for s in pools.Split],
        widget=forms.RadioSelect,
        help_text="扣除管理费后在各权利人之间分配。设立后不能改变。",
    )
    fee_percent = forms.DecimalField(
        label="管理费（%）",
        min_value=0,
        max_value=pools.MOST_FEE,
        max_digits=5,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text="按到账金额计算，没有时填 0。设立后不能改变。",
    )
    examples: ClassVar[dict[str, Any]] = {
        "name": "动力电池热管理专利池",
        "field": "电池液冷、热管理控制",
        "fee_percent": "10",
    }

    def bargain(self) -> PoolBargain:
        """As the service takes it."""
        return PoolBargain(**self.cleaned_data)


class PoolTermsForm(TermsForm):
    """A version of the standard terms: the fee as open licences say it, and the term."""

    cap_reasons = None  # type: ignore[assignment]
    revision = None  # type: ignore[assignment]
    groups: Any = [
        ("许可使用费", "", ["mode", "amount", "due_days", "base", "rate", "cap", "floor"]),
        ("期限与其他事项", "", ["months", "remarks"]),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mode"].help_text = "所有企业条件同等。新版本只对以后的许可适用。"
        self.fields["months"].required = True
        self.fields["months"].help_text = "自取得之日起；每件专利不超过各自的有效期限。"


class ApplyForm(forms.Form):
    """Which of one's patents ask to be let in."""

    patent_ids = forms.TypedMultipleChoiceField(
        label="选择专利", coerce=int, widget=forms.CheckboxSelectMultiple, choices=()
    )
    covenant = forms.BooleanField(label="本单位同意以上在先许可承诺")

    def __init__(self, *args: Any, choices: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["patent_ids"].choices = choices  # type: ignore[attr-defined]


class EntryDecisionForm(forms.Form):
    """Let the patent in or not."""

    verdict = forms.ChoiceField(
        label="审核结果",
        choices=[("admit", "同意入池"), ("refuse", "不予入池")],
        widget=forms.RadioSelect,
    )
    reason = words("审核意见", required=False, help_text="不予入池时必填，申请单位会看到。")
    examples: ClassVar[dict[str, Any]] = {"reason": "与本池技术领域关系不大。"}


class ReasonForm(forms.Form):
    """Why something ends."""

    reason = words("原因")


class WeightsForm(forms.Form):
    """One weight per patent that stands in the pool."""

    def __init__(self, *args: Any, entries: Sequence[PoolEntry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for entry in entries:
            self.fields[f"w{entry.pk}"] = forms.DecimalField(
                label=f"{entry.patent_title}（{entry.holder.name}）",
                max_digits=7,
                decimal_places=6,
                initial=entry.weight,
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )

    def weights(self) -> dict[int, Decimal]:
        """By entry."""
        return {int(name[1:]): value for name, value in self.cleaned_data.items()}


class TakePoolForm(forms.Form):
    """Accept the terms and the set as shown."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    seen = forms.RegexField(r"^\d{1,18}(,\d{1,18})*$", widget=forms.HiddenInput)
    accept = forms.BooleanField(label="接受以上标准条款，取得这些专利的普通许可")

    def read(self) -> dict[str, Any]:
        """What the firm saw."""
        known = self.cleaned_data
        return {"version": known["version"], "seen": [int(pk) for pk in known["seen"].split(",")]}


class IncomeForm(forms.Form):
    """A sum that reached the administrator."""

    amount = yuan_field("到账金额（元）")
    received_on = forms.DateField(label="到账日", widget=day_input())
    reference = forms.CharField(
        label="付款凭证号", max_length=80, help_text="银行回单号。每个凭证号只能登记一次。"
    )
    purpose = forms.CharField(
        label="款项", required=False, max_length=200, help_text="例如入门费、2026 年提成。"
    )
    examples: ClassVar[dict[str, Any]] = {"amount": "100000", "reference": "ICBC20261122001"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = True


class PoolFilingForm(forms.Form):
    """The number and day under which a pool licence was filed."""

    filing_number = forms.CharField(label="备案号", max_length=40)
    filed_on = forms.DateField(label="备案日", widget=day_input(), initial=timezone.localdate)
