"""What is asked in a dispute: what it is about, an answer, a mediator, a way to settle it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from core.web.forms import day_input
from licensing.rules import deals
from licensing.rules import disputes as rules
from licensing.rules.disputes import Topic
from licensing.selectors import disputes as questions
from licensing.services.disputes import Matter
from licensing.services.settling import Offer
from licensing.web.forms import file_field, moment_input

if TYPE_CHECKING:
    from licensing.models import Dispute

FEW, MANY = {"rows": 3}, {"rows": 5}
PROOF = "PDF、PNG 或 JPG，不超过 10 MB；以后还可以补充。"


def words(label: str, hint: str = "", *, longest: int = 2000, **more: Any) -> forms.CharField:
    """A text of several lines."""
    widget = forms.Textarea(attrs=more.pop("attrs", FEW))
    return forms.CharField(
        label=label,
        max_length=longest,
        help_text=hint,
        widget=widget,
        required=more.pop("required", True),
    )


def a_sum(label: str, hint: str) -> forms.DecimalField:
    """A sum of money that may be left out."""
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal("0.01"),
        max_digits=18,
        decimal_places=2,
        help_text=hint,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )


class DisputeForm(forms.Form):
    """A dispute as a party brings it."""

    topic = forms.ChoiceField(
        label="争议事项",
        choices=[(t.value, rules.TOPIC_LABELS[t]) for t in Topic],
        widget=forms.RadioSelect,
    )
    line = forms.ChoiceField(
        label="具体是哪一项",
        required=False,
        help_text="指明款项或申报的，处理期间这笔款项标为“有争议”，暂停催款。",
    )
    facts = words(
        "事实和理由",
        "什么时候、发生了什么、与合同哪一条不符。对方会看到。",
        longest=4000,
        attrs=MANY,
    )
    wish = words("希望怎样解决", "例如：按双方核对的销量重新计算；补交资料后继续履行。")
    amount = a_sum("争议金额", "合同币种，没有的留空。")
    evidence = file_field("证据", PROOF)
    evidence_note = forms.CharField(label="证据证明什么", required=False, max_length=500)
    examples: ClassVar[dict[str, Any]] = {"amount": "30000"}

    def __init__(self, *args: Any, lines: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].choices = [("", "整份合同"), *lines]  # type: ignore[attr-defined]
        if not lines:
            del self.fields["line"]

    def matter(self) -> Matter:
        """What the service takes."""
        known = self.cleaned_data
        name, _dash, pk = known.get("line", "").partition("-")
        return Matter(
            topic=Topic(known["topic"]),
            facts=known["facts"],
            wish=known["wish"],
            amount=known["amount"],
            **({f"{name}_id": int(pk)} if pk else {}),
        )


class AnswerForm(forms.Form):
    """What the other side thinks."""

    answer = words(
        "意见", "同意、部分同意或不同意，以及理由；对方会看到。", longest=4000, attrs=MANY
    )


class MediationForm(forms.Form):
    """Why mediation is wanted."""

    note = words("申请说明", "已经协商了什么、分歧在哪里；主管部门和调解员会看到。", required=False)


class ConsentForm(forms.Form):
    """What the party that agrees adds."""

    statement = words(
        "意见陈述", "还没有答复的，可以在这里写明对争议的意见。", longest=4000, required=False
    )


class WhyForm(forms.Form):
    """A reason."""

    reason = words("理由", longest=1500)


class MediatorForm(forms.Form):
    """Who is to mediate."""

    mediator_id = forms.TypedChoiceField(
        label="调解机构",
        coerce=int,
        help_text="本地区主管部门、交易机构或服务机构；合同当事人和受双方委托的机构不在其中。",
    )
    mediator_name = forms.CharField(label="调解员姓名", max_length=60)

    def prepare(self, row: Dispute) -> None:
        """Offer who is fit for this dispute."""
        cards = questions.mediators(row, on=timezone.localdate())
        field: Any = self.fields["mediator_id"]
        field.choices = [
            ("", "请选择"),
            *((card.id, f"{card.name}（{card.kind_label}）") for card in cards),
        ]


class ProposalForm(forms.Form):
    """A way to settle it."""

    text = words(
        "解决方案", "写清各方做什么、何时做完；双方接受后原样写入协议。", longest=4000, attrs=MANY
    )
    amount = a_sum("支付金额", "需要一方付款的填写；不涉及付款的，下面两项也留空。")
    payer = forms.ChoiceField(
        label="由谁支付",
        required=False,
        choices=[("", "不涉及付款"), *((p.value, deals.PARTY_LABELS[p]) for p in deals.Party)],
    )
    pay_by = forms.DateField(label="支付期限", required=False, widget=day_input())
    releases = forms.BooleanField(
        label="争议款项不再支付（由上面的金额代替，没有金额的不再付）", required=False
    )

    def prepare(self, row: Dispute) -> None:
        """Only where sums are in dispute can they fall away."""
        if not row.has_sum:
            del self.fields["releases"]
        self.fields["payer"].choices = [  # type: ignore[attr-defined]
            ("", "不涉及付款"),
            ("holder", row.holder.name),
            ("taker", row.taker.name),
        ]

    def offer(self) -> Offer:
        """What the service takes."""
        return Offer(**{"releases": False, **self.cleaned_data})


class VerdictForm(forms.Form):
    """Yes or no to the proposal that was read."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(
        label="答复",
        widget=forms.RadioSelect,
        choices=[("accept", "接受这一版方案"), ("refuse", "不接受")],
    )
    reason = words("理由", "不接受时必填，可以写明希望怎样改。", required=False)


class SessionForm(forms.Form):
    """When and where the parties meet."""

    at = forms.DateTimeField(label="时间", widget=moment_input())
    place = forms.CharField(label="地点或会议链接", max_length=200)


class MinutesForm(forms.Form):
    """What was said and came of it."""

    minutes = words(
        "调解笔录", "到场人员、各方意见、结果；登记后双方可见，不能改写。", longest=4000, attrs=MANY
    )


class ExtendForm(forms.Form):
    """Until when, and why."""

    until = forms.DateField(label="延长至", widget=day_input())
    reason = words("延长的理由")


class PaperForm(forms.Form):
    """A paper more."""

    evidence = file_field("材料", "PDF、PNG 或 JPG，不超过 10 MB。")
    note = forms.CharField(label="证明什么", required=False, max_length=500)
