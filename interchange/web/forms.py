"""Forms of the open platform's console."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.events import EVENTS
from core.permissions import SCOPES
from interchange.rules import HEARD

EVENT_LABELS: dict[str, Any] = {
    "patent.listed": _("专利上架"),
    "patent.suspended": _("专利暂停展示"),
    "patent.withdrawn": _("专利撤回"),
    "patent.converted": _("专利已转化"),
    "open_declaration.announced": _("开放许可声明公布"),
    "open_declaration.withdrawn": _("开放许可撤回"),
    "licence.effective": _("许可生效"),
    "licence.filed": _("许可备案"),
    "contract.registered": _("技术合同已登记"),
    "deal.certified": _("交易已鉴证"),
    "match.pushed": _("本单位的匹配已推送"),
}
assert EVENT_LABELS.keys() == HEARD.keys() <= EVENTS.keys()


def _choices() -> list[tuple[str, Any]]:
    return [(name, f"{label}（{name}）") for name, label in EVENT_LABELS.items()]


class KeyForm(forms.Form):
    """A new key."""

    label = forms.CharField(
        label=_("用途"), max_length=60, help_text=_("说明哪个系统使用，例如：正式环境同步程序")
    )
    scopes = forms.MultipleChoiceField(
        label=_("权限"),
        choices=[(code, f"{words}（{code}）") for code, words in SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("只勾选这个系统用得到的：密钥泄露时，别人能做的也只有这些。"),
    )


class EventsForm(forms.Form):
    """Which events an address hears."""

    events = forms.MultipleChoiceField(
        label=_("订阅的事件"), choices=_choices, widget=forms.CheckboxSelectMultiple
    )


class EndpointForm(EventsForm):
    """A new address."""

    url = forms.CharField(
        label=_("回调地址"),
        max_length=500,
        help_text=_("须为公网 https 地址，例如：https://example.cn/hooks/patentops"),
    )
    field_order = ("url", "events")


class EndpointEditForm(EventsForm):
    """An address that is there already."""

    active = forms.BooleanField(label=_("启用"), required=False)
