"""What people fill in about a deal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from core.people.types import Actor
from core.reference import selectors as reference
from core.web.forms import day_input
from licensing.rules import deals as rules
from licensing.selectors import deals as selectors
from licensing.web.forms import TermsForm, file_field, yuan_field
from listings import selectors as listings
from listings.types import MODES, WHOLE_COUNTRY

if TYPE_CHECKING:
    from licensing.models import TermsVersion


def prose(label: str, *, required: bool = True, rows: int = 4, **options: Any) -> forms.CharField:
    """A text of some lines."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": rows}),
        **options,
    )


class InquiryForm(forms.Form):
    """What a firm wants of a patent."""

    kind = forms.ChoiceField(label="想要的方式", choices=selectors.KINDS, widget=forms.RadioSelect)
    wish = prose("想用在哪里，希望怎样合作", help_text="权利人据此决定是否洽谈；不必写价格。")
    examples: ClassVar[dict[str, Any]] = {
        "wish": "用于本公司储能柜产线，年产约两千台，希望先许可后付费。"
    }


class AnswerForm(forms.Form):
    """The holder's answer to an inquiry."""

    verdict = forms.ChoiceField(
        label="答复",
        choices=[("accept", "接受洽谈"), ("decline", "不接受")],
        widget=forms.RadioSelect,
    )
    reason = prose("说明", required=False, help_text="不接受时必填，对方会看到。")


class MessageForm(forms.Form):
    """A message to the other side."""

    text = forms.CharField(
        label="消息", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    file = file_field("附件")


class DealTermsForm(TermsForm):
    """A version of the terms."""

    kind = forms.ChoiceField(label="方式", choices=selectors.KINDS, widget=forms.RadioSelect)
    others = forms.CharField(
        label="一并办理的其他专利号",
        required=False,
        max_length=600,
        help_text="同一权利人的其他专利，用逗号或空格分隔；没有则留空。",
    )
    territory = forms.MultipleChoiceField(
        label="许可地域",
        required=False,
        choices=[(r.code[:2], r.name) for r in reference.provinces()],
        widget=forms.SelectMultiple(attrs={"size": 4}),
        help_text="不选表示中国境内。按住 Ctrl 可多选。转让不填。",
    )
    modes = forms.MultipleChoiceField(
        label="实施方式",
        required=False,
        choices=[(m, rules.MODE_LABELS[m]) for m in MODES],
        initial=list(MODES),
        widget=forms.CheckboxSelectMultiple,
        help_text="转让不填。",
    )
    field_of_use = forms.CharField(
        label="使用领域",
        required=False,
        max_length=200,
        help_text="留空表示不限。领域由双方约定；平台按地域、实施方式和期限判断是否冲突。",
    )
    sublicensing = forms.BooleanField(label="可以分许可", required=False)
    foreign = forms.BooleanField(
        label="受让方或被许可方是境外的单位或个人",
        required=False,
        help_text="需要先办理技术出口等审批。",
    )
    file = file_field("附件", "例如技术资料清单、合同草案。PDF、PNG 或 JPG，不超过 10 MB。")
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    groups: ClassVar[Any] = [
        ("做什么", "", ["kind", "others"]),
        (
            "范围（许可时填写）",
            "",
            ["territory", "modes", "field_of_use", "months", "sublicensing"],
        ),
        ("付费", "", ["mode", "amount", "due_days", "base", "rate", "cap", "floor"]),
        ("其他", "", ["foreign", "remarks", "file"]),
    ]
    field_of: ClassVar[dict[str, str]] = {"patents": "others", "files": "file"}
    examples: ClassVar[dict[str, Any]] = {"amount": "80000", "months": "36", "rate": "3"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["cap_reasons"], self.fields["revision"]
        self.fields["mode"].help_text = ""
        self.fields["remarks"].help_text = "例如技术资料交付、培训、改进成果归属、违约责任。"
        self.fields["months"].help_text = "自合同生效之日起；留空表示到专利权期限届满。转让不填。"

    @classmethod
    def initial_from(cls, version: TermsVersion | None, *, main: int, kind: str) -> dict[str, Any]:
        """The form's values: those of the version before, so that one changes what one means to."""
        if version is None:
            return {"kind": kind, "seen_version": 0, "modes": list(MODES)}
        named = [i.patent_number for i in version.patents.all() if i.patent_id != main]
        values: dict[str, Any] = {
            "kind": version.kind,
            "others": " ".join(n.replace(" ", "") for n in named),
            "territory": [] if version.territory == WHOLE_COUNTRY else version.territory.split(","),
            "modes": version.modes,
            "field_of_use": version.field_of_use,
            "months": version.months,
            "sublicensing": version.sublicensing,
            "foreign": version.foreign,
            "remarks": version.remarks,
            "seen_version": version.version,
        }
        return values | cls.fee_values(version.plan.terms())

    def deal_terms(self, *, main: int, viewer: Actor) -> rules.Terms:
        """The terms as the service takes them; a number nobody knows is none of the holder's."""
        known = self.cleaned_data
        patents = [main]
        for number in re.split(r"[,，、;；\s]+", known["others"].strip()):
            card = listings.find(number, viewer=viewer) if number else None
            if number:
                patents.append(card.id if card else 0)
        return rules.Terms(
            kind=rules.DealKind(known["kind"]),
            patents=tuple(dict.fromkeys(patents)),
            parts=self.parts(),
            territory=",".join(sorted(known["territory"])) or WHOLE_COUNTRY,
            modes=tuple(m for m in MODES if m in known["modes"]),
            field_of_use=known["field_of_use"],
            months=known["months"],
            sublicensing=known["sublicensing"],
            foreign=known["foreign"],
            remarks=known["remarks"],
        )


class VerdictForm(forms.Form):
    """The answer to a version."""

    verdict = forms.ChoiceField(
        label="答复",
        choices=[("accept", "接受这一版"), ("refuse", "不接受")],
        widget=forms.RadioSelect,
    )
    reason = prose("理由", required=False, help_text="不接受时必填，对方会看到。")


class ReasonForm(forms.Form):
    """A reason in words."""

    reason = prose("原因", help_text="对方会看到。")


class PostingForm(forms.Form):
    """What the posting of the price says besides name and price."""

    summary = prose("成果简要情况和定价过程", help_text="公示页会显示；公示价格取自谈妥的条款。")
    days = forms.IntegerField(label="公示天数", min_value=1, max_value=90)


class ApprovalForm(forms.Form):
    """A paper from outside."""

    kind = forms.ChoiceField(label="种类", choices=selectors.APPROVALS, widget=forms.RadioSelect)
    authority = forms.CharField(label="批准机构", max_length=120)
    number = forms.CharField(label="批准文号", max_length=80)
    approved_on = forms.DateField(label="批准日期", widget=day_input())
    file = file_field("批准文件")


class ContractForm(forms.Form):
    """The contract as signed."""

    file = file_field("已签字盖章的合同")


class SealForm(forms.Form):
    """The second person's word."""

    verdict = forms.ChoiceField(
        label="核对结果",
        choices=[
            ("ok", "双方印章和签字无误，合同生效"),
            ("taker", "需求方上传的合同有问题，退回"),
            ("holder", "本单位上传的合同有问题，退回"),
        ],
        widget=forms.RadioSelect,
    )
    reason = prose("退回原因", required=False, rows=3)


class RegisterForm(forms.Form):
    """The register's number and day."""

    number = forms.CharField(label="登记（备案）编号", max_length=40)
    registered_on = forms.DateField(
        label="登记（备案）日", widget=day_input(), initial=timezone.localdate
    )


class SettleForm(forms.Form):
    """What was received."""

    amount = yuan_field("到账金额（元）", help_text="后续提成另在许可中登记，不计入这里。")
    settled_on = forms.DateField(label="结清日", widget=day_input(), initial=timezone.localdate)
    note = forms.CharField(label="到账凭证号", required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = True
