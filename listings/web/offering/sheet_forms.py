"""The form of an offer sheet: its guide, its rows of gains and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from listings.rules import sheet_text, sheets
from listings.types import Contrast, Gain, OfferInput, Route
from listings.web.forms import ROUTES

SPARE_ROWS = 2


def _text(label: Any, name: str, *, rows: int = 3, most: int = 5_000) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=most,
        widget=forms.Textarea(attrs={"rows": rows}),
        help_text=sheets.GUIDES[name].question,
    )


class SheetForm(forms.Form):
    """An offer sheet in plain words; everything may be left for later."""

    summary = forms.CharField(
        label=_("一句话简介"),
        required=False,
        max_length=80,
        help_text=sheets.GUIDES["summary"].question,
    )
    problem = _text(_("解决什么问题"), "problem")
    how = _text(_("怎样解决"), "how")
    benefit = _text(_("效果与数据"), "benefit")
    scenes = _text(_("应用场景"), "scenes", most=1_000)
    maturity = forms.CharField(
        label=_("成熟程度"),
        required=False,
        max_length=300,
        help_text=sheets.GUIDES["maturity"].question,
    )
    trl = forms.TypedChoiceField(
        label=_("技术成熟度等级"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("未评定")), *((n, format_lazy(_("{n} 级"), n=n)) for n in range(1, 10))],
        help_text=sheets.GUIDES["trl"].question,
    )
    routes = forms.MultipleChoiceField(
        label=_("希望的转化方式"),
        required=False,
        choices=ROUTES,
        widget=forms.CheckboxSelectMultiple,
    )
    asking_price = forms.DecimalField(
        label=_("意向价格（元）"),
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=2,
        help_text=_("留空表示面议，0 表示免费。"),
    )
    contact = forms.CharField(
        label=_("联系方式"),
        required=False,
        max_length=200,
        help_text=sheets.GUIDES["contact"].question,
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    first = ("summary", "problem", "how", "benefit")
    second = ("scenes", "maturity", "trl", "routes", "asking_price", "contact")

    def clean_scenes(self) -> tuple[str, ...]:
        lines = self.cleaned_data["scenes"].replace("；", "\n").splitlines()
        return tuple(line.strip() for line in lines if line.strip())

    @property
    def guides(self) -> dict[str, sheets.Guide]:
        return sheets.GUIDES


class GainForm(forms.Form):
    """One gain in numbers."""

    quantity = forms.CharField(label=_("指标"), max_length=200)
    value = forms.DecimalField(label=_("数值"), max_digits=20, decimal_places=6)
    unit = forms.CharField(label=_("单位"), max_length=40, required=False)
    against = forms.CharField(label=_("和什么比"), max_length=200, required=False)


class ContrastForm(forms.Form):
    """One row of the comparison."""

    aspect = forms.CharField(label=_("比什么"), max_length=200)
    usual = forms.CharField(label=_("常规方案"), max_length=200)
    ours = forms.CharField(label=_("本方案"), max_length=200)


class RowSet:
    """Rows of one kind of small form. A row left empty, or emptied, is no row."""

    def __init__(
        self,
        kind: type[forms.Form],
        prefix: str,
        *,
        data: Mapping[str, Any] | None,
        initial: Sequence[Mapping[str, Any]],
        most: int,
    ) -> None:
        self.columns = [field.label for field in kind.base_fields.values()]
        if data is None:
            places = range(min(most, max(3, len(initial) + SPARE_ROWS)))
            rows = [
                kind(
                    prefix=f"{prefix}-{n}",
                    initial=dict(initial[n]) if n < len(initial) else None,
                    use_required_attribute=False,
                )
                for n in places
            ]
        else:
            rows = [
                kind(
                    data,
                    prefix=f"{prefix}-{n}",
                    empty_permitted=True,
                    use_required_attribute=False,
                )
                for n in range(most)
                if any(f"{prefix}-{n}-{name}" in data for name in kind.base_fields)
            ]
        self.rows = rows

    def is_valid(self) -> bool:
        return all(row.is_valid() for row in self.rows)

    def values(self) -> list[dict[str, Any]]:
        return [row.cleaned_data for row in self.rows if row.has_changed()]

    @property
    def errors(self) -> list[str]:
        """What is wrong, each with its row and column."""
        return [
            f"第 {n} 行 · {row.fields[name].label}：{message}"
            for n, row in enumerate(self.rows, start=1)
            if row.is_bound
            for name, messages in row.errors.items()
            for message in messages
        ]


class Sheet:
    """The form and its rows as one thing."""

    def __init__(self, data: Any, offer: OfferInput, *, version: int) -> None:
        kept = sheet_text.stored(offer)
        names = ("summary", "problem", "how", "benefit", "maturity", "trl", "routes",
                 "asking_price", "contact")  # fmt: skip
        initial = {name: kept[name] for name in names} | {
            "scenes": "\n".join(offer.scenes),
            "version": version,
        }
        self.form = SheetForm(data, initial=initial)
        self.gains = RowSet(
            GainForm, "gain", data=data, initial=kept["gains"], most=sheets.MOST_GAINS
        )
        self.contrasts = RowSet(
            ContrastForm, "contrast", data=data, initial=kept["contrasts"],
            most=sheets.MOST_CONTRASTS,
        )  # fmt: skip
        self.files = offer.files
        self._valid: bool | None = None

    def is_valid(self) -> bool:
        if self._valid is None:
            self._valid = self._judge()
        return self._valid

    def _judge(self) -> bool:
        valid = [self.form.is_valid(), self.gains.is_valid(), self.contrasts.is_valid()]
        for problem in (*self.gains.errors, *self.contrasts.errors):
            self.form.add_error(None, problem)
        return all(valid)

    def offer(self) -> OfferInput:
        """What was filled in, once it is valid."""
        data = dict(self.form.cleaned_data)
        data.pop("version", None)
        data["routes"] = tuple(Route(route) for route in data["routes"])
        return OfferInput(
            **data,
            gains=tuple(Gain(**row) for row in self.gains.values()),
            contrasts=tuple(Contrast(**row) for row in self.contrasts.values()),
            files=self.files,
        )

    def as_far_as_it_goes(self) -> OfferInput:
        """What can be read of a sheet that is still being typed; wrong cells are left out."""
        self.is_valid()
        data = {name: value for name, value in self.form.cleaned_data.items() if name != "version"}
        data["routes"] = tuple(Route(route) for route in data.get("routes", ()))
        gains = [r.cleaned_data for r in self.gains.rows if r.is_valid() and r.has_changed()]
        rows = [r.cleaned_data for r in self.contrasts.rows if r.is_valid() and r.has_changed()]
        return OfferInput(
            **data,
            gains=tuple(Gain(**row) for row in gains),
            contrasts=tuple(Contrast(**row) for row in rows),
            files=self.files,
        )


class FileForm(forms.Form):
    """A file beside the sheet."""

    file = forms.FileField(
        label=_("文件"),
        help_text=_("PDF、PNG 或 JPG，不超过 10 MB。公开后所有人都能下载，请勿上传保密材料。"),
        error_messages={"required": _("请选择要上传的文件。"), "empty": _("文件是空的。")},
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    caption = forms.CharField(label=_("说明"), required=False, max_length=100)
    examples = {"caption": "第三方低温测试报告，2026 年 3 月"}


class ReviewForm(forms.Form):
    """A reviewer's word."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    remarks = forms.CharField(
        label=_("审核意见"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("退回时必填：写明哪里要改、怎样改。"),
    )
    examples = {"remarks": "“每套省 420 元”请注明按哪一年的报价"}


class PolicyForm(forms.Form):
    """Whether sheets go public only after a review."""

    review_required = forms.BooleanField(
        label=_("推介表由另一位同事审核后才公开"),
        required=False,
        help_text=_(
            "打开后：写好的推介表要先提交、由同事通过才能挂牌；已公开的推介表再修改，"
            "通过前公众看到的仍是旧版。办公室只有一人时可以自己审核，系统会记录。"
        ),
    )
