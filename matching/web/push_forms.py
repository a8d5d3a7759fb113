"""How a person wants to hear of new matches, as a form."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from matching.rules import pushes as rules
from matching.types import Pace, PushWish

BELL = [
    (Pace.AT_ONCE.value, _("有新匹配就提醒")),
    (Pace.DAILY.value, _("每天 9 点汇总一次")),
    (Pace.WEEKLY.value, _("每周一 9 点汇总一次")),
    (Pace.OFF.value, _("不提醒，我自己来看列表")),
]
MAIL = [
    (Pace.OFF.value, _("不发邮件")),
    (Pace.AT_ONCE.value, _("有新匹配就发")),
    (Pace.DAILY.value, _("每天 9 点一封汇总")),
    (Pace.WEEKLY.value, _("每周一 9 点一封汇总")),
]


def hour_input() -> forms.TimeInput:
    return forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class PushWishForm(forms.Form):
    """Channels, pace, quiet hours and ceilings of one person."""

    groups: ClassVar = [
        (_("渠道与频率"), "", ("bell", "mail")),
        (
            _("免打扰（北京时间）"),
            _("时段内的提醒留到结束后再发；可以跨夜。"),
            ("quiet_from", "quiet_until"),
        ),
        (_("上限"), "", ("weekly_cap", "per_holder")),
    ]
    examples: ClassVar = {"quiet_from": "22:00", "quiet_until": "07:30"}

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)
    bell = forms.ChoiceField(label=_("站内消息"), choices=BELL, widget=forms.RadioSelect)
    mail = forms.ChoiceField(
        label=_("邮件"),
        choices=MAIL,
        widget=forms.RadioSelect,
        help_text=_("发到您的登录邮箱；每封都带一键停止链接。"),
    )
    quiet_from = forms.TimeField(label=_("从"), required=False, widget=hour_input())
    quiet_until = forms.TimeField(label=_("到"), required=False, widget=hour_input())
    weekly_cap = forms.IntegerField(
        label=_("每周最多几条"),
        min_value=rules.LEAST_CAP,
        max_value=rules.MOST_CAP,
        help_text=_("按最近七天计；超出的留在匹配列表里。"),
    )
    per_holder = forms.IntegerField(
        label=_("每次（或每天）同一家单位最多几条"),
        min_value=rules.LEAST_SHARE,
        max_value=rules.MOST_SHARE,
    )

    @staticmethod
    def of(wish: PushWish, version: int) -> dict[str, Any]:
        """What the form shows before anybody types."""
        return {name: getattr(wish, name) for name in PushWish.__slots__} | {"version": version}

    def value(self) -> PushWish:
        data = self.cleaned_data
        return PushWish(
            bell=Pace(data["bell"]),
            mail=Pace(data["mail"]),
            quiet_from=data["quiet_from"],
            quiet_until=data["quiet_until"],
            weekly_cap=data["weekly_cap"],
            per_holder=data["per_holder"],
        )
