"""What a firm says of a match: the long form, and its answers in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from matching.selectors.matches import Received
from matching.types import ImprovementWish, Intent, Rejection, Verdict
from matching.web import words
from matching.web.forms import long_text

WISHES: dict[str, Any] = {
    ImprovementWish.MORE_DATA.value: _("给出更多试验数据"),
    ImprovementWish.PROTOTYPE.value: _("做出样机或中试"),
    ImprovementWish.ADAPTED.value: _("按我们的工况改一改"),
    ImprovementWish.BETTER_PRICE.value: _("价格再低一些或分期"),
    ImprovementWish.OTHER_MODE.value: _("换一种许可或合作方式"),
    ImprovementWish.PLAINER.value: _("介绍写得更明白"),
}
WISH_ADVICE: dict[str, Any] = {
    ImprovementWish.MORE_DATA.value: _("把试验条件、对照和数字写进推介表，可附检测报告。"),
    ImprovementWish.PROTOTYPE.value: _("可申请概念验证或中试，在“推广”里寻找承接方。"),
    ImprovementWish.ADAPTED.value: _("写明可适配的工况范围，并开放“合作开发”。"),
    ImprovementWish.BETTER_PRICE.value: _("可考虑分期、入门费加提成，或先使用后付费。"),
    ImprovementWish.OTHER_MODE.value: _("在推介表中增加可接受的转化方式，或声明开放许可。"),
    ImprovementWish.PLAINER.value: _("用一两句大白话写清解决什么问题、给谁用。"),
}
INTENTS: dict[str, Any] = {
    Intent.TALK.value: _("先和发明人聊聊"),
    Intent.SEE_IT.value: _("看样机或现场"),
    Intent.TRY_FIRST.value: _("先试用"),
    Intent.LICENCE.value: _("谈许可"),
    Intent.TRANSFER.value: _("谈转让"),
    Intent.CO_DEVELOPMENT.value: _("合作开发"),
}
assert WISHES.keys() == WISH_ADVICE.keys() == set(ImprovementWish)
assert INTENTS.keys() == set(Intent)


class VerdictForm(forms.Form):
    """The long answer to a match: a number, what would make it better, how to go on."""

    examples: ClassVar = {
        "improvement": _("希望给出 500 次循环后的容量数据"),
        "cooperation": _("想先试用三个月；请联系研发部张工"),
    }
    groups: ClassVar = [
        ("", "", ("prospect", "interested", "reason")),
        (_("希望怎样改进"), _("会匿名转告权利人。"), ("wishes", "improvement")),
        (
            _("合作意向"),
            _("选了或填了，权利人将看到贵单位的名称并可与您联系。"),
            ("intents", "cooperation"),
        ),
    ]

    prospect = forms.TypedChoiceField(
        label=_("应用前景"), coerce=int, choices=words.PROSPECTS, widget=forms.RadioSelect
    )
    interested = forms.TypedChoiceField(
        label=_("是否感兴趣"),
        choices=[("1", _("感兴趣")), ("0", _("不适合"))],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    reason = forms.ChoiceField(
        label=_("不适合的主要原因"),
        required=False,
        choices=[("", _("（未选择）")), *words.REJECTIONS.items()],
    )
    wishes = forms.MultipleChoiceField(
        label=_("如果能……就更好"),
        required=False,
        choices=list(WISHES.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    improvement = forms.CharField(
        label=_("改进建议"), max_length=500, required=False, widget=long_text(2, 500)
    )
    intents = forms.MultipleChoiceField(
        label=_("想怎样合作"),
        required=False,
        choices=list(INTENTS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    cooperation = forms.CharField(
        label=_("补充说明"), max_length=500, required=False, widget=long_text(2, 500)
    )

    def value(self) -> Verdict:
        """What was said."""
        data = self.cleaned_data
        return Verdict(
            interested=data["interested"],
            prospect=data["prospect"],
            reason=Rejection(data["reason"]) if data["reason"] else None,
            improvement=data["improvement"],
            cooperation=data["cooperation"],
            wishes=tuple(ImprovementWish(code) for code in data["wishes"]),
            intents=tuple(Intent(code) for code in data["intents"]),
        )


def said(evaluation: Any) -> dict[str, Any]:
    """What the form shows of a rating that is there already."""
    if evaluation is None:
        return {}
    return {
        "prospect": None if evaluation.is_implied else evaluation.prospect,
        "interested": "1" if evaluation.interested else "0",
        "reason": evaluation.reason,
        "improvement": evaluation.improvement,
        "cooperation": evaluation.cooperation,
        "wishes": evaluation.wishes,
        "intents": evaluation.intents,
    }


def wished(pairs: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """What firms wish, how often, and what a holder can do about it."""
    return [{"label": WISHES[c], "count": n, "advice": WISH_ADVICE[c]} for c, n in pairs]


def in_words(row: Received) -> dict[str, list[Any]]:
    """A received rating's choices as people read them."""
    return {
        "wishes": [WISHES[code] for code in row.wishes],
        "intents": [INTENTS[code] for code in row.intents],
    }
