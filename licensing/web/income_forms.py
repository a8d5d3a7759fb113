"""What the office fills in to divide income."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from core.web.forms import day_input
from licensing.rules import income as rules
from licensing.rules.income import IncomePlan, Person, PersonRole
from licensing.types import IncomeSource
from licensing.web.forms import file_field, yuan_field

if TYPE_CHECKING:
    from licensing.models import Distribution

ROWS = 8  # lines of people on the page; the API takes more


class PlanForm(forms.Form):
    """What came in, what goes off, how much of it goes to whom."""

    gross = yuan_field(_("本次分配的到账收入（元）"))
    tax = yuan_field(_("扣除：税费（元）"))
    upkeep = yuan_field(_("扣除：专利申请与维持费（元）"))
    agency = yuan_field(_("扣除：评估、交易和中介费（元）"))
    direct = yuan_field(_("扣除：其他直接成本（元）"))
    deduction_note = forms.CharField(
        label=_("扣除说明"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("各项的凭据，如发票号、合同号。"),
    )
    percent = forms.DecimalField(
        label=_("给发明人和贡献人员的比例（%）"),
        max_digits=5,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    conflict = forms.CharField(
        label=_("利益冲突声明"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("参与决定的人与分配对象、受让方有无利益关系；没有请写“无”。"),
    )
    tax_note = forms.CharField(
        label=_("税务说明"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    persons = forms.CharField(required=False, widget=forms.HiddenInput)  # shows their errors
    field_of: ClassVar[dict[str, str]] = {"deductions": "deduction_note"}
    groups: ClassVar[list[Any]] = [
        (_("净收入"), "", ["gross", "tax", "upkeep", "agency", "direct", "deduction_note"]),
        (_("比例与声明"), "", ["percent", "conflict", "tax_note"]),
    ]

    def plan(self, persons: Sequence[Person]) -> IncomePlan:
        """The plan as the service takes it."""
        known = self.cleaned_data
        return IncomePlan(
            gross=known["gross"] or Decimal(0),
            percent=known["percent"],
            persons=tuple(persons),
            deductions={key: known[key] or Decimal(0) for key in rules.DEDUCTIONS},
            deduction_note=known["deduction_note"],
            conflict=known["conflict"],
            tax_note=known["tax_note"],
        )


class PersonForm(forms.Form):
    """One person with a share."""

    name = forms.CharField(label=_("姓名"), max_length=60)
    role = forms.ChoiceField(
        label=_("身份"),
        choices=[(r.value, rules.ROLE_LABELS[r]) for r in PersonRole],
        initial=PersonRole.INVENTOR.value,  # an untouched line counts as empty
    )
    share = forms.DecimalField(
        label=_("份额（%）"),
        max_digits=7,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "size": 6}),
    )
    account = forms.EmailField(label=_("平台账号"), required=False, max_length=254)
    conflict = forms.CharField(label=_("利益关系"), required=False, max_length=300)

    def person(self) -> Person:
        """The person as the service takes them."""
        known = self.cleaned_data
        return Person(
            known["name"].strip(), PersonRole(known["role"]), known["share"],
            known["account"].strip().lower(), known["conflict"].strip(),
        )  # fmt: skip


PersonLines = forms.formset_factory(PersonForm, extra=ROWS, max_num=rules.MOST_PERSONS)


def initial_of(row: Distribution) -> dict[str, Any]:
    """A draft as the form shows it."""
    names = ("gross", "percent", "deduction_note", "conflict", "tax_note")
    return {**{name: getattr(row, name) for name in names}, **row.deductions}


def initial_for(source: IncomeSource, percent: Decimal) -> dict[str, Any]:
    """What is known of a new one."""
    return {"gross": source.available, "percent": percent, "tax_note": rules.TAX_NOTE}


class RuleForm(forms.Form):
    """What the institution laid down or agreed on."""

    title = forms.CharField(label=_("规定或约定的名称"), max_length=200)
    agreed_on = forms.DateField(label=_("通过或签订日期"), widget=day_input())
    percent = forms.DecimalField(
        label=_("给完成、转化成果人员的比例（净收入的 %）"),
        max_digits=5,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    paper = file_field(_("文本"))


class PaymentForm(forms.Form):
    """That somebody was paid."""

    paid_on = forms.DateField(label=_("发放日"), widget=day_input())
    reference = forms.CharField(label=_("发放凭证号"), required=False, max_length=80)
    proof = file_field(_("发放凭证"))


class WhyForm(forms.Form):
    """A reason."""

    reason = forms.CharField(
        label=_("理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class AnswerForm(forms.Form):
    """How an objection is answered."""

    verdict = forms.ChoiceField(
        label=_("处理结果"),
        choices=[
            ("dismiss", _("异议不成立，公示继续")),
            ("uphold", _("异议成立，退回修改后重新公示")),
        ],
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label=_("处理意见"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
