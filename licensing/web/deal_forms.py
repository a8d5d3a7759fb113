"""What people fill in about a deal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from core.people import selectors as people
from core.people.types import Actor
from core.reference import selectors as reference
from core.web.forms import day_input
from core.web.types import Request
from licensing.rules import deals as rules
from licensing.rules.deal_kinds import (
    ALL_PARTICULARS,
    EXCHANGEABLE,
    KINDS,
    LICENCES,
    LONGEST,
    WORK,
    Entry,
    Particular,
)
from licensing.rules.fees import FeePart, PartKind
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

    kind = forms.ChoiceField(
        label="想要的方式", choices=selectors.ASKED_OF_HOLDER, widget=forms.RadioSelect
    )
    wish = prose("想用在哪里，希望怎样合作", help_text="权利人据此决定是否洽谈；不必写价格。")
    examples: ClassVar[dict[str, Any]] = {
        "wish": "用于本公司储能柜产线，年产约两千台，希望先许可后付费。"
    }


class SublicenceForm(forms.Form):
    """What a firm wants of a licensee."""

    licence_number = forms.CharField(
        label="上游许可编号",
        max_length=40,
        help_text="由被许可人告知；只有合同约定可以分许可的，才能询问（民法典第八百六十七条）。",
    )
    wish = prose("想用在哪里，希望怎样合作", help_text="被许可人据此决定是否洽谈；不必写价格。")
    examples: ClassVar[dict[str, Any]] = {"wish": "为贵公司配套生产液冷板，用于华东地区。"}


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


MONTHS = "自合同生效之日起；留空表示到专利权期限届满。"
MONTHS_OF = {
    rules.DealKind.CROSS: "自合同生效之日起；留空表示到每件专利各自的期限届满。",
    rules.DealKind.SUBLICENCE: "自合同生效之日起，不超过上游许可；留空表示到上游许可终止。",
}


def particular_field(item: Particular) -> forms.Field:
    """The field of what only one kind of deal must say; the service judges what is in it."""
    known: dict[str, Any] = {"label": item.label, "required": item.required, "help_text": item.hint}
    if item.entry is Entry.CHOICE:
        return forms.ChoiceField(choices=item.choices, widget=forms.RadioSelect, **known)
    if item.entry in (Entry.MONEY, Entry.PERCENT):
        number = forms.TextInput(attrs={"inputmode": "decimal"})
        return forms.DecimalField(max_digits=15, decimal_places=2, widget=number, **known)
    if item in WORK:
        return forms.CharField(
            max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3}), **known
        )
    return forms.CharField(max_length=200, **known)


def found_patents(said: str, *, viewer: Actor) -> list[int]:
    """The patents of the numbers; 0 for one that nobody knows, which the service then refuses."""
    cards = [listings.find(n, viewer=viewer) for n in re.split(r"[,，、;；\s]+", said) if n]
    return [card.id if card else 0 for card in cards]


class DealTermsForm(TermsForm):
    """A version of the terms."""

    kind = forms.ChoiceField(label="方式", choices=selectors.EXCHANGEABLE, widget=forms.RadioSelect)
    others = forms.CharField(
        label="一并办理的其他专利号",
        required=False,
        max_length=600,
        help_text="同一权利人的其他专利，用逗号或空格分隔；没有则留空。",
    )
    counter = forms.CharField(
        label="需求方许可给对方的专利号",
        max_length=600,
        help_text="交叉许可：双方互相许可，同时生效。用逗号或空格分隔。",
    )
    territory = forms.MultipleChoiceField(
        label="许可地域",
        required=False,
        choices=[(r.code[:2], r.name) for r in reference.provinces()],
        widget=forms.SelectMultiple(attrs={"size": 4}),
        help_text="不选表示中国境内。按住 Ctrl 可多选。",
    )
    modes = forms.MultipleChoiceField(
        label="实施方式",
        required=False,
        choices=[(m, rules.MODE_LABELS[m]) for m in MODES],
        initial=list(MODES),
        widget=forms.CheckboxSelectMultiple,
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
    groups: Any = [
        ("做什么", "", ["kind", "others", "counter"]),
        (
            "许可范围",
            "转让不填这一组。",
            ["territory", "modes", "field_of_use", "months", "sublicensing"],
        ),
        ("这种方式还须约定", "", list(ALL_PARTICULARS)),
        ("付费", "", ["mode", "amount", "due_days", "base", "rate", "cap", "floor"]),
        ("其他", "", ["foreign", "remarks", "file"]),
    ]
    field_of: ClassVar[dict[str, str]] = {"patents": "others", "files": "file"}
    scope: ClassVar[list[str]] = ["territory", "modes", "field_of_use", "months", "sublicensing"]
    price: ClassVar[list[str]] = ["mode", "amount", "due_days", "base", "rate", "cap", "floor"]
    examples: ClassVar[dict[str, Any]] = {"amount": "80000", "months": "36", "rate": "3"}

    def __init__(self, *args: Any, of_kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["cap_reasons"], self.fields["revision"]
        self.of_kind = rules.DealKind(of_kind)
        for item in KINDS[self.of_kind].particulars:
            self.fields[item.name] = particular_field(item)
        self.fields["mode"].help_text = ""
        for name in self._not_asked():
            del self.fields[name]
        asked = [
            (
                title,
                lead if self.of_kind in EXCHANGEABLE else "",
                [n for n in names if n in self.fields],
            )
            for title, lead, names in type(self).groups
        ]
        self.groups = [group for group in asked if group[2]]
        self.fields["remarks"].help_text = "例如技术资料交付、培训、改进成果归属、违约责任。"
        if "months" in self.fields:
            self.fields["months"].help_text = MONTHS_OF.get(self.of_kind, MONTHS)

    def _not_asked(self) -> list[str]:
        """The fields that this kind of deal knows nothing of."""
        kind, found = self.of_kind, []
        if kind not in EXCHANGEABLE:
            found.append("kind")
            found += self.scope if kind not in LICENCES else []
        if kind is not rules.DealKind.CROSS:
            found.append("counter")
        if kind is rules.DealKind.SUBLICENCE:
            found += ["others", "sublicensing"]
        if kind is rules.DealKind.EQUITY:
            found += self.price
        return found

    def parts(self) -> tuple[FeePart, ...]:
        """The plan; for shares they are the price, and the service writes them into it."""
        if self.of_kind is rules.DealKind.EQUITY:
            return (FeePart(PartKind.FREE_UNTIL),)
        return super().parts()

    @classmethod
    def initial_from(cls, version: TermsVersion | None, *, main: int, kind: str) -> dict[str, Any]:
        """The form's values: those of the version before, so that one changes what one means to."""
        if version is None:
            return {"kind": kind, "seen_version": 0, "modes": list(MODES)}
        items = [i for i in version.patents.all() if i.patent_id != main]
        named = [i.patent_number for i in items if i.side == rules.Party.HOLDER]
        theirs = [i.patent_number for i in items if i.side == rules.Party.TAKER]
        values: dict[str, Any] = {
            "kind": version.kind,
            "others": " ".join(n.replace(" ", "") for n in named),
            "counter": " ".join(n.replace(" ", "") for n in theirs),
            "territory": [] if version.territory == WHOLE_COUNTRY else version.territory.split(","),
            "modes": version.modes,
            "field_of_use": version.field_of_use,
            "months": version.months,
            "sublicensing": version.sublicensing,
            "foreign": version.foreign,
            "remarks": version.remarks,
            "seen_version": version.version,
            **version.particulars,
        }
        return values | cls.fee_values(version.plan.terms())

    def deal_terms(self, *, main: int, viewer: Actor) -> rules.Terms:
        """The terms as the service takes them; a number nobody knows is none of the holder's."""
        known = self.cleaned_data
        patents = [main, *found_patents(known.get("others", ""), viewer=viewer)]
        return rules.Terms(
            kind=rules.DealKind(known.get("kind") or self.of_kind),
            patents=tuple(dict.fromkeys(patents)),
            counter=tuple(dict.fromkeys(found_patents(known.get("counter", ""), viewer=viewer))),
            parts=self.parts(),
            territory=",".join(sorted(known.get("territory", []))) or WHOLE_COUNTRY,
            modes=tuple(m for m in MODES if m in known.get("modes", MODES)),
            field_of_use=known.get("field_of_use", ""),
            months=known.get("months"),
            sublicensing=known.get("sublicensing", False),
            foreign=known["foreign"],
            remarks=known["remarks"],
            particulars={
                name: str(known[name])
                for name in ALL_PARTICULARS
                if known.get(name) not in (None, "")
            },
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


def offer_takers(form: forms.Form, request: Request) -> None:
    """A broker says for which firm it asks."""
    if request.actor.mandates:
        choices = {o.id: o.name for o in people.organisations(request.actor.acts_for).values()}
        form.fields["taker"] = forms.TypedChoiceField(
            label="代哪家企业", choices=[(pk, choices[pk]) for pk in sorted(choices)], coerce=int
        )
