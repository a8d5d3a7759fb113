"""What people fill in: plain forms that turn into the values of the services."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from core.web.forms import day_input
from licensing.rules import fees, outcomes, plans
from licensing.selectors import schedule_of
from licensing.types import DeclarationTerms, OutcomeReport

if TYPE_CHECKING:
    from licensing.models import Licence, OpenDeclaration, PaymentDue

ACCEPTED_FILES = ".pdf,.png,.jpg,.jpeg"


def moment_input() -> forms.DateTimeInput:
    """A date-and-time picker of the browser, Beijing time."""
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


def yuan_field(label: Any, **options: Any) -> forms.DecimalField:
    """A sum in yuan to the fen."""
    return forms.DecimalField(
        label=label,
        max_digits=18,
        decimal_places=2,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        **options,
    )


def file_field(label: Any, help_text: Any = "") -> forms.FileField:
    """A proof: PDF, PNG or JPEG; the service looks at its content."""
    return forms.FileField(
        label=label,
        required=False,
        help_text=help_text or _("PDF、PNG 或 JPG，不超过 10 MB。"),
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED_FILES}),
    )


class TermsForm(forms.Form):
    """The fee and the term of an open licence: one screen, one topic."""

    mode = forms.ChoiceField(
        label=_("付费方式"),
        choices=[(m.value, fees.MODE_LABELS[m]) for m in fees.OFFERED_MODES],
        widget=forms.RadioSelect,
        help_text=_("取得许可的企业条件同等；公告后不能对个别企业改价，可另行约定普通许可。"),
    )
    amount = yuan_field(
        _("金额（元）"),
        help_text=_("固定费用（一次总付）、入门费或先使用后付费的金额；免费和只提成的留空。"),
    )
    due_days = forms.IntegerField(
        label=_("使用多少天后付款"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("只用于先使用后付费。"),
    )
    base = forms.ChoiceField(
        label=_("提成基数"),
        required=False,
        choices=[("", _("不提成")), *((b.value, fees.BASE_LABELS[b]) for b in fees.RoyaltyBase)],
    )
    rate = forms.DecimalField(
        label=_("提成比例（%）"),
        required=False,
        max_digits=7,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    cap = yuan_field(_("每年提成上限（元）"))
    floor = yuan_field(_("每年提成下限（元）"))
    months = forms.IntegerField(
        label=_("许可期限（月）"),
        required=False,
        min_value=1,
        max_value=240,
        help_text=_("自许可生效之日起计算；留空表示到专利权期限届满。"),
    )
    remarks = forms.CharField(
        label=_("其他需要说明的事项"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "data-count": True}),
        help_text=_("例如技术资料交付、培训安排。不得使用商业性宣传用语。"),
    )
    cap_reasons = forms.CharField(
        label=_("费用高于一般上限的理由"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("固定费用超过 2000 万元，或提成超过净销售额的 20%、利润的 40% 时填写。"),
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    examples: ClassVar[dict[str, Any]] = {
        "amount": "50000",
        "due_days": "365",
        "rate": "3",
        "months": "36",
    }
    groups: Any = [
        (_("许可使用费"), "", ["mode", "amount", "due_days", "base", "rate", "cap", "floor"]),
        (_("期限与其他事项"), "", ["months", "remarks", "cap_reasons"]),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kept := self.initial.get("kept"):
            mode = self.fields["mode"]
            label = _("保留组合方案：%(price)s") % {"price": fees.price_text(kept)}
            mode.choices = [(fees.FeeMode.COMPOSED.value, label), *mode.choices]  # type: ignore[attr-defined]

    @classmethod
    def initial_of(cls, row: OpenDeclaration) -> dict[str, Any]:
        """The form's values for a declaration that exists."""
        return {
            "months": row.months,
            "remarks": row.remarks,
            "cap_reasons": row.cap_reasons,
            "revision": row.revision,
        } | cls.fee_values(row.plan.terms())

    @classmethod
    def fee_values(cls, parts: Sequence[fees.FeePart]) -> dict[str, Any]:
        """The fee as this form says it; what it cannot say is kept as it is."""
        if not plans.plain(parts):
            return {"mode": fees.FeeMode.COMPOSED.value, "kept": tuple(parts)}
        values: dict[str, Any] = {"mode": fees.mode_of(parts).value}
        for part in parts:
            if part.amount is not None:
                values["amount"] = part.amount
            if part.kind is fees.PartKind.DEFERRED:
                values["due_days"] = part.due_days
            if part.kind is fees.PartKind.RUNNING:
                values |= {"base": part.base, "rate": part.rate}
                values |= {"cap": part.cap, "floor": part.floor}
        return values

    def parts(self) -> tuple[fees.FeePart, ...]:
        """The plan as far as it was filled in; empty without a mode."""
        known = self.cleaned_data
        if not known.get("mode"):
            return ()
        if known["mode"] == fees.FeeMode.COMPOSED:
            kept: tuple[fees.FeePart, ...] = self.initial["kept"]
            return kept
        base = known.get("base")
        return fees.parts_for(
            fees.FeeMode(known["mode"]),
            amount=known.get("amount"),
            due_days=known.get("due_days") or 0,
            base=fees.RoyaltyBase(base) if base else None,
            rate=known.get("rate"),
            cap=known.get("cap"),
            floor=known.get("floor"),
        )

    def terms(self) -> DeclarationTerms:
        """What the holder offers."""
        known = self.cleaned_data
        return DeclarationTerms(
            parts=self.parts(),
            months=known.get("months"),
            remarks=known.get("remarks", ""),
            cap_reasons=known.get("cap_reasons", ""),
        )

    def clean(self) -> dict[str, Any]:
        """Point each error of the plan at the field where it can be mended."""
        for part in self.parts():
            for error in fees.part_errors(part):
                field = "amount"
                if part.kind is fees.PartKind.RUNNING:
                    field = "base" if "基数" in error else "rate"
                elif part.kind is fees.PartKind.DEFERRED and "多少天" in error:
                    field = "due_days"
                if field not in self.errors:
                    self.add_error(field, error)
        return self.cleaned_data


class AnnouncementForm(forms.Form):
    """The two days of a declaration, entered by the office."""

    filed_on = forms.DateField(
        label=_("提交日"),
        widget=day_input(),
        help_text=_("向国家知识产权局提交声明的日期。"),
    )
    announced_on = forms.DateField(
        label=_("公告日"),
        widget=day_input(),
        help_text=_(
            "声明自公告之日起生效，企业从这一天起可以取得许可。尚未公告的，请在公告后再办理这一步。"
        ),
    )
    sure = forms.BooleanField(
        label=_("我已核对：声明内容真实，全体共有人同意，没有使用商业性宣传用语"),
        error_messages={
            "required": _(
                "请核对后勾选。虚假声明将被警告，可处 10 万元以下罚款"
                "（实施细则第八十八条、第一百条）。"
            )
        },
    )


class WithdrawForm(forms.Form):
    """Why an offer is taken back."""

    reason = forms.CharField(
        label=_("撤回理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )


class TakeForm(forms.Form):
    """Accepting the announced terms. The platform delivers the notice unless said otherwise."""

    accept = forms.BooleanField(
        label=_("我单位接受公告的许可条件，并以此作为取得许可的书面通知"),
        error_messages={"required": _("请阅读许可条件后勾选接受。")},
    )
    served_at = forms.DateTimeField(
        label=_("已另行送达书面通知的时间"),
        required=False,
        widget=moment_input(),
        help_text=_("留空：由平台现在送达。已通过邮寄等方式书面通知专利权人的，填写送达时间。"),
    )
    served_proof = file_field(_("送达凭证"))


class PaymentForm(forms.Form):
    """A payment and its proof."""

    due = forms.ChoiceField(label=_("款项"))
    amount = yuan_field(_("金额（元）"))
    paid_at = forms.DateTimeField(label=_("付款时间"), widget=moment_input())
    reference = forms.CharField(
        label=_("付款凭证号"),
        required=False,
        max_length=80,
        help_text=_("银行回单号或电子凭证号；凭证号和凭证文件至少提供一项。"),
    )
    proof = file_field(_("付款凭证"))

    def __init__(self, *args: Any, licence: Licence, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A form sent in may name a sum that its first, identical submit has just paid.
        lines = [line for line in schedule_of(licence) if self.is_bound or line.outstanding > 0]
        choices = [(str(line.due.pk), self._label(line.due, line.outstanding)) for line in lines]
        self.fields["due"].choices = choices  # type: ignore[attr-defined]
        self.fields["amount"].required = True
        if lines:
            self.fields["amount"].initial = lines[0].outstanding
            self.fields["due"].initial = str(lines[0].due.pk)

    @staticmethod
    def _label(due: PaymentDue, outstanding: Decimal) -> str:
        text = fees.money_text(outstanding)
        return f"{due.get_kind_display()} · {due.due_on:%Y-%m-%d} · {text}"


class ContestForm(forms.Form):
    """Why the patentee objects."""

    reason = forms.CharField(
        label=_("异议理由"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("例如“截至今日未收到款项”。被许可人和主管部门都会看到。"),
    )


class ResolveForm(forms.Form):
    """The bureau's decision on an objection."""

    verdict = forms.ChoiceField(
        label=_("处理结果"),
        choices=[
            ("dismiss", _("异议不成立，许可继续有效")),
            ("uphold", _("异议成立，许可失效")),
        ],
        widget=forms.RadioSelect,
    )
    resolution = forms.CharField(
        label=_("处理意见"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )


class FilingForm(forms.Form):
    """The filing of a licence."""

    filing_number = forms.CharField(label=_("备案号"), max_length=40)
    filed_on = forms.DateField(label=_("备案日"), widget=day_input())

    examples: ClassVar[dict[str, Any]] = {"filing_number": "X2026980001234"}


class OutcomeForm(forms.Form):
    """What became of a patent, with its proof."""

    patent = forms.CharField(
        label=_("专利号"), max_length=60, help_text=_("任何写法均可，例如 201710601862.3。")
    )
    code = forms.ChoiceField(
        label=_("转化方式"),
        choices=[(c, k.label) for c, k in outcomes.OUTCOMES.items() if not k.needs_licence],
        widget=forms.RadioSelect,
    )
    happened_on = forms.DateField(label=_("发生日期"), widget=day_input())
    counterparty = forms.CharField(label=_("合作方"), required=False, max_length=200)
    amount = yuan_field(_("合同金额（元）"))
    contract_number = forms.CharField(
        label=_("合同编号"),
        required=False,
        max_length=80,
        help_text=_("合同编号和证明材料至少提供一项。"),
    )
    evidence = file_field(_("证明材料"))
    note = forms.CharField(
        label=_("说明"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def report(self, patent_id: int) -> OutcomeReport:
        """The report of this patent."""
        known = self.cleaned_data
        return OutcomeReport(
            patent_id=patent_id,
            code=known["code"],
            happened_on=known["happened_on"],
            contract_number=known["contract_number"],
            counterparty=known["counterparty"],
            amount=known["amount"],
            note=known["note"],
        )


class OutcomeAgainForm(forms.Form):
    """What is added to a report that was sent back."""

    contract_number = forms.CharField(label=_("合同编号"), required=False, max_length=80)
    evidence = file_field(_("证明材料"))
    note = forms.CharField(
        label=_("说明"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class DecisionForm(forms.Form):
    """The bureau's word on a report."""

    verdict = forms.ChoiceField(
        label=_("核验结果"),
        choices=[("verify", _("情况属实，核验通过")), ("reject", _("退回补充"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("核验意见"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("退回时必填。"),
    )
