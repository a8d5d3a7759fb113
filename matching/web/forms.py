"""What firms fill in: plain forms that turn into the values of the services."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from core.reference import selectors as reference
from matching.types import SubscriptionInput
from matching.web import words

SPLIT = re.compile(r"[;；,，、\n]+")
Choices = list[tuple[str, Any]]


def split(text: str) -> tuple[str, ...]:
    """The items of a list that people typed with any usual separator."""
    return tuple(part.strip() for part in SPLIT.split(text) if part.strip())


def industry_choices() -> list[tuple[str, Any]]:
    """The divisions of GB/T 4754 under their sections."""
    groups: dict[str, Choices] = {}
    for division in reference.industries(level=2):
        section = reference.industry_name(reference.industry_parent(division.code))
        groups.setdefault(section, []).append((division.code, f"{division.code} {division.name}"))
    return [("", _("请选择")), *groups.items()]


def province_choices() -> Choices:
    return [(p.code[:2], p.name) for p in reference.provinces()]


def provinces_of(codes: Iterable[str]) -> list[str]:
    return sorted({code[:2] for code in codes})


def finer(chosen: str, kept: Iterable[str]) -> tuple[str, ...]:
    """The codes kept so far where they lie under the chosen one: editing loses no precision."""
    if not chosen:
        return ()
    codes = tuple(kept)
    return codes if codes and codes[0].startswith(chosen) else (chosen,)


def long_text(rows: int, limit: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "maxlength": limit, "data-count": ""})


def yuan_field(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        max_digits=18,
        decimal_places=2,
        min_value=0,
        required=False,
        help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )


def modes_field(label: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=list(words.MODES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class SubscriptionForm(forms.Form):
    """What a firm wants pushed."""

    groups: ClassVar = [
        (_("关注什么"), _("三项至少填一项。"), ["name", "text", "keywords", "ipc"]),
        (_("条件"), "", ["industry", "licence_modes", "price_cap", "regions"]),
        (_("怎样提醒"), "", ["min_score", "bell"]),
    ]
    examples: ClassVar = {
        "name": _("低温快充"),
        "text": _("磷酸铁锂电池在零下二十度快速充电，不析锂，不加新零件"),
        "keywords": _("脉冲预热；自加热；析锂检测"),
        "ipc": _("H01M；H02J 7/00"),
        "regions": _("上海；江苏；浙江"),
    }
    name = forms.CharField(label=_("订阅名称"), max_length=100)
    text = forms.CharField(
        label=_("关注内容"),
        max_length=2_000,
        required=False,
        widget=long_text(4, 2_000),
        help_text=_("用一两句话说明想找什么样的技术。"),
    )
    keywords = forms.CharField(
        label=_("关键词"), max_length=300, required=False, help_text=_("多个用分号隔开。")
    )
    ipc = forms.CharField(
        label=_("IPC 分类"), max_length=300, required=False, help_text=_("小类或更细；用分号隔开。")
    )
    industry = forms.ChoiceField(label=_("行业"), required=False)
    licence_modes = modes_field(_("可以接受的方式"))
    price_cap = yuan_field(_("价格上限（元）"), _("高于上限的专利不推送；面议的照常推送。"))
    regions = forms.CharField(
        label=_("只推送这些省份的专利"),
        max_length=200,
        required=False,
        help_text=_("省级地区名称，用分号隔开；不填就是不限。"),
    )
    min_score = forms.TypedChoiceField(label=_("匹配度至少"), coerce=int, initial=0)
    bell = forms.BooleanField(label=_("有新匹配时用站内消息通知"), required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("industry", [("", _("不限")), *industry_choices()[1:]]),
            ("min_score", words.LEAST_SCORES),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    @classmethod
    def initial_of(cls, wanted: SubscriptionInput, version: int) -> dict[str, Any]:
        """What the form shows of a profile as it stands."""
        return {
            "name": wanted.name,
            "text": wanted.text,
            "keywords": "；".join(wanted.keywords),
            "ipc": "；".join(wanted.ipc),
            "industry": wanted.industry_codes[0][:2] if wanted.industry_codes else "",
            "licence_modes": list(wanted.licence_modes),
            "price_cap": wanted.price_cap,
            "regions": "；".join(dict(province_choices())[c] for c in provinces_of(wanted.regions)),
            "min_score": words.nearest_least(wanted.min_score),
            "bell": wanted.bell,
            "version": version,
        }

    def clean_regions(self) -> list[str]:
        """Province prefixes of the names that were typed, in full or in short."""
        found: list[str] = []
        for name in split(self.cleaned_data["regions"]):
            fits = [code for code, full in province_choices() if full.startswith(name)]
            if len(name) < 2 or len(fits) != 1:
                raise forms.ValidationError(
                    _("没有“%(name)s”这个省级地区，请写如“上海；江苏”。"), params={"name": name}
                )
            found += fits
        return found

    def value(self, kept: SubscriptionInput | None = None) -> SubscriptionInput:
        """The profile that was filled in; codes finer than the form's choices are `kept`."""
        data = self.cleaned_data
        regions: list[str] = []
        for prefix in data["regions"]:  # cleaned to prefixes below
            under = [c for c in (kept.regions if kept else ()) if c.startswith(prefix)]
            regions += under or [prefix]
        return SubscriptionInput(
            name=data["name"],
            text=data["text"],
            keywords=split(data["keywords"]),
            industry_codes=finer(data["industry"], kept.industry_codes if kept else ()),
            ipc=split(data["ipc"]),
            regions=tuple(regions),
            price_cap=data["price_cap"],
            licence_modes=tuple(data["licence_modes"]),
            min_score=data["min_score"],
            bell=data["bell"],
        )
