"""Forms of auctions: the terms, a bid, an objection, its answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from listings.rules.auctions import Method, Terms
from listings.selectors.trading.auctions import METHODS, RIGHTS
from listings.types import Action
from listings.web.moments import Moment


def money(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DecimalField:
    """An amount in yuan."""
    return forms.DecimalField(
        label=label,
        required=required,
        min_value=Decimal(0),
        max_digits=18,
        decimal_places=2,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"}),
    )


class TermsForm(forms.Form):
    """What is put up, and how. Services check it."""

    title = forms.CharField(label=_("标题"), max_length=200)
    right = forms.ChoiceField(label=_("标的"), choices=RIGHTS)
    licence_months = forms.IntegerField(
        label=_("许可期限（月）"), required=False, min_value=1, max_value=240
    )
    method = forms.ChoiceField(label=_("竞价方式"), choices=METHODS)
    start_price = money(_("起拍价（元）"))
    step = money(_("加价幅度（元）"), required=False)
    reserve_price = money(
        _("保留价（元）"), required=False, help_text=_("最高报价低于保留价时不成交。")
    )
    reserve_shown = forms.BooleanField(label=_("公开保留价"), required=False)
    deposit = money(
        _("保证金（元）"), required=False, help_text=_("由贵单位线下收取；须知里写明怎样缴退。")
    )
    opens_at = Moment(label=_("开始竞价"))
    closes_at = Moment(label=_("截止"))
    extend_minutes = forms.IntegerField(
        label=_("延时规则（分钟）"),
        required=False,
        min_value=0,
        max_value=60,
        help_text=_("公开竞价：截止前这么多分钟内有人出价，就顺延到该报价之后同样多的分钟。"),
    )
    names_winner = forms.BooleanField(label=_("成交后公布成交人名称"), required=False)
    terms = forms.CharField(
        label=_("竞买须知"), max_length=5_000, widget=forms.Textarea(attrs={"rows": 6})
    )
    contact = forms.CharField(label=_("联系方式"), required=False, max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    examples = {
        "title": "一种含氟废水除氟方法（发明专利权转让）",
        "terms": "成交后 10 个工作日内签订转让合同并付清价款；同时交付技术资料一套。"
        "保证金在竞价开始前缴至本单位账户，未竞得的 5 个工作日内原路退回。",
    }
    optional_words = {"licence_months": _("转让不填"), "step": _("密封报价不填")}
    groups = [
        (_("标的"), "", ["title", "right", "licence_months"]),
        (
            _("价格"),
            "",
            ["method", "start_price", "step", "reserve_price", "reserve_shown", "deposit"],
        ),
        (_("时间"), "", ["opens_at", "closes_at", "extend_minutes"]),
        (_("须知与结果"), "", ["terms", "contact", "names_winner"]),
    ]

    def as_terms(self) -> Terms:
        data = self.cleaned_data
        return Terms(
            title=data["title"],
            right=Action(data["right"]),
            method=Method(data["method"]),
            start_price=data["start_price"],
            opens_at=data["opens_at"],
            closes_at=data["closes_at"],
            terms=data["terms"],
            licence_months=data["licence_months"],
            step=data["step"],
            reserve_price=data["reserve_price"],
            reserve_shown=data["reserve_shown"],
            deposit=data["deposit"],
            extend_minutes=data["extend_minutes"] or 0,
            names_winner=data["names_winner"],
            contact=data["contact"],
        )


FIELDS = tuple(name for name in TermsForm.base_fields)


def initial_of(auction: Any) -> dict[str, Any]:
    """The terms of an auction, to be edited or taken over into a new one."""
    return {name: getattr(auction, name) for name in FIELDS}


class BidForm(forms.Form):
    """A binding bid."""

    amount = money(_("报价（元）"))
    confirmed = forms.BooleanField(
        label=_(
            "我代表本单位确认：已阅读竞买须知并按要求缴纳保证金；报价有法律约束力，提交后不能撤回。"
        ),
        error_messages={"required": _("出价有法律约束力，请先勾选确认，再提交。")},
    )


class ObjectionForm(forms.Form):
    """An objection during the posting."""

    text = forms.CharField(
        label=_("异议的事实和理由"),
        min_length=10,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    contact = forms.CharField(label=_("联系方式"), required=False, max_length=200)


class AnswerForm(forms.Form):
    """What became of an objection."""

    upheld = forms.TypedChoiceField(
        label=_("结论"),
        choices=[("0", _("异议不成立，继续进行")), ("1", _("异议成立，取消"))],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label=_("核查情况和答复"),
        min_length=5,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CancelForm(forms.Form):
    """Why it is called off."""

    reason = forms.CharField(label=_("取消的原因"), max_length=500)
