"""The form of a need: questions with good and bad examples, and targets with their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.web.forms import day_input
from matching.rules import needs as rules
from matching.types import ListType, Metric, NeedInput, Visibility
from matching.web import words
from matching.web.forms import (
    Choices,
    finer,
    industry_choices,
    long_text,
    modes_field,
    province_choices,
    split,
    yuan_field,
)

SPARE_ROWS = 2
LEAST_ROWS = 3
FIELD_LABELS: dict[str, Any] = {
    "title": _("需求名称"),
    "problem": _("技术问题"),
    "situation": _("应用场景"),
    "targets": _("目标指标"),
    "tried": _("已经试过"),
    "limits": _("限制条件"),
    "industry_codes": _("所属行业"),
    "region": _("所在地区"),
    "budget": _("预算"),
    "deadline": _("期望完成日"),
    "trl": _("成熟度要求"),
    "licence_modes": _("可以接受的方式"),
    "ipc": _("IPC 分类"),
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "title": {
        "good": _("储能柜冬天充不进电，求快速升温办法"),
        "bad": _("电池技术合作"),
        "why": _("名称里写清对象和目的，别人一眼就知道能不能帮上忙。"),
    },
    "problem": {
        "good": _(
            "加热膜只热表面，中间电芯升到 5℃ 要半小时；加大功率后温差超过 15℃，已报警 6 次。"
        ),
        "bad": _("本公司成立于 2010 年，致力于新能源，现面向社会征集先进技术。"),
        "why": _("写现象、条件和程度；公司介绍不参与匹配，不必写。"),
    },
    "tried": {
        "good": _("加厚加热膜：快了 5 分钟，但耗电翻倍；换液热：管路放不下。"),
        "bad": _("试过很多办法，都不理想。"),
        "why": _("写出为什么不行，权利人就不会再推荐同一条路。"),
    },
    "limits": {
        "good": _("柜体尺寸不能变；改造费每柜不超过 2 万元；不能用易燃液体。"),
        "bad": _("要求性价比高、稳定可靠。"),
        "why": _("写不能变的条件，合不合适当场就能判断。"),
    },
}


class MetricForm(forms.Form):
    """One target with its number."""

    metric = forms.CharField(label=_("指标"), max_length=rules.LONGEST_METRIC, required=False)
    now = forms.CharField(label=_("现在"), max_length=rules.LONGEST_METRIC, required=False)
    wanted = forms.CharField(label=_("要达到"), max_length=rules.LONGEST_METRIC, required=False)
    unit = forms.CharField(label=_("单位"), max_length=20, required=False)

    def clean(self) -> dict[str, Any]:
        found = {name: self.cleaned_data.get(name, "").strip() for name in self.fields}
        if any(found.values()):
            if not found["metric"] and "metric" not in self.errors:
                self.add_error("metric", _("请写指标名称"))
            if not any(ch.isdigit() for ch in found["wanted"]) and "wanted" not in self.errors:
                self.add_error("wanted", _("请写一个数"))
        return found

    def value(self) -> Metric | None:
        """The target; None for an empty row."""
        data = self.cleaned_data
        return Metric(**data) if any(data.values()) else None


MetricRows = forms.formset_factory(
    MetricForm, extra=0, max_num=rules.MOST_METRICS, validate_max=True, absolute_max=50
)


def rows_for(metrics: tuple[Metric, ...]) -> list[dict[str, str]]:
    """The rows that a form starts with: what there is, and some to fill in."""
    found = [
        {"metric": m.metric, "now": m.now, "wanted": m.wanted, "unit": m.unit} for m in metrics
    ]
    wanted = min(max(LEAST_ROWS, len(found) + SPARE_ROWS), rules.MOST_METRICS)
    return found + [{} for _spare in range(wanted - len(found))]


class NeedForm(forms.Form):
    """A need in a firm's own words. Title, problem and industry are needed to open it."""

    first: list[str] = ["title", "problem", "situation"]
    goal: ClassVar = ["targets", "tried", "limits"]
    terms: ClassVar = [
        "industry", "trl", "budget", "deadline", "licence_modes", "region", "ipc",
    ]  # fmt: skip
    seen: ClassVar = ["list_type", "visibility", "is_confidential", "released"]
    examples: ClassVar = {
        "targets": _("升温时柜内噪声不增加；电芯循环寿命不受影响"),
        "situation": _("内蒙古的工商业储能柜，零下 25℃，每天两充两放，约 300 柜"),
        "ipc": _("H01M 10/615；H02J"),
    }
    field_of: ClassVar = {"industry_codes": "industry"}
    optional_words: ClassVar = {"problem": _("开放征集时必填"), "industry": _("开放征集时必填")}
    title = forms.CharField(label=_("需求名称"), max_length=200)
    problem = forms.CharField(
        label=_("技术问题：现在怎么做，哪里不行？"),
        max_length=5_000,
        required=False,
        widget=long_text(5, 5_000),
    )
    situation = forms.CharField(
        label=_("应用场景：用在哪里，一年用多少？"),
        max_length=5_000,
        required=False,
        widget=long_text(3, 5_000),
    )
    targets = forms.CharField(
        label=_("其他目标：不好用数字说的"),
        max_length=3_000,
        required=False,
        widget=long_text(2, 3_000),
    )
    tried = forms.CharField(
        label=_("已经试过什么，为什么不行？"),
        max_length=3_000,
        required=False,
        widget=long_text(3, 3_000),
    )
    limits = forms.CharField(
        label=_("哪些条件不能变？"), max_length=3_000, required=False, widget=long_text(3, 3_000)
    )
    industry = forms.ChoiceField(
        label=_("所属行业"), required=False, help_text=_("用来与专利分类对照。")
    )
    trl = forms.TypedChoiceField(
        label=_("至少要到什么成熟度"), required=False, coerce=int, empty_value=None
    )
    budget = yuan_field(_("预算（元）"), _("与专利报价比较；面议的专利不受影响。"))
    deadline = forms.DateField(label=_("期望完成日"), required=False, widget=day_input())
    licence_modes = modes_field(_("可以接受的方式"))
    region = forms.ChoiceField(label=_("所在地区"), required=False)
    ipc = forms.CharField(
        label=_("相关 IPC 分类"),
        max_length=300,
        required=False,
        help_text=_("不知道可以不填；多个用分号隔开。"),
    )
    list_type = forms.ChoiceField(
        label=_("列入哪张清单"),
        choices=list(words.LISTS.items()),
        widget=forms.RadioSelect,
        initial=ListType.FIRM.value,
        required=False,
    )
    visibility = forms.ChoiceField(
        label=_("谁能看到这条需求"),
        choices=list(words.VISIBILITY.items()),
        widget=forms.RadioSelect,
        initial=Visibility.PUBLIC.value,
    )
    is_confidential = forms.BooleanField(
        label=_("保密：隐去单位名称，只公开下面勾选的栏目"),
        required=False,
        help_text=_(
            "匹配照常用全部内容；别人看不到的栏目也搜不到。您联系权利人之后，对方才看到名称。"
        ),
    )
    released = forms.MultipleChoiceField(
        label=_("保密时仍然公开的栏目"),
        choices=list(FIELD_LABELS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        initial=list(rules.HARMLESS),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | Mapping[str, Any] | None = None,
        *,
        kept: NeedInput | None = None,
        version: int | None = None,
        may_list: bool = False,
        clients: Choices | None = None,
        **kwargs: Any,
    ) -> None:
        if kept is not None:
            kwargs["initial"] = initial_of(kept, version)
        super().__init__(data, **kwargs)
        self.kept = kept
        self.rows = MetricRows(
            data or None, prefix="metrics", initial=rows_for(kept.metrics if kept else ())
        )
        self._choices("industry", industry_choices())
        self._choices("trl", [("", _("不限")), *((str(n), label) for n, label in words.TRL)])
        self._choices("region", [("", _("与机构所在地相同")), *province_choices()])
        if not may_list:
            del self.fields["list_type"]
        if clients:
            self.fields["client"] = _client(clients)
            self.first = ["client", *self.first]

    def for_whom(self) -> int | None:
        """The client for whom an agent writes; None for one's own organisation."""
        return self.cleaned_data.get("client") or None

    def _choices(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def is_valid(self) -> bool:
        """The questions and every row of targets."""
        if self.rows.is_bound and "metrics-TOTAL_FORMS" not in self.data:
            # An old page, or a program, may leave the table out: then it is as it was.
            self.rows = MetricRows(None, prefix="metrics", initial=self.rows.initial)
        rows_are = not self.rows.is_bound or self.rows.is_valid()
        return super().is_valid() and rows_are

    def _metrics(self) -> tuple[Metric, ...]:
        if not self.rows.is_bound:
            return self.kept.metrics if self.kept else ()
        rows = [row.value() for row in self.rows if row.is_valid()]
        return tuple(row for row in rows if row is not None)

    def value(self) -> NeedInput:
        """The need that was filled in; codes finer than the form's choices are kept."""
        data, kept = self.cleaned_data, self.kept
        regions = finer(data.get("region", ""), [kept.region] if kept else [])
        listed = data.get("list_type") or (kept.list_type if kept else ListType.FIRM)
        return NeedInput(
            title=data.get("title", ""),
            situation=data.get("situation", ""),
            problem=data.get("problem", ""),
            targets=data.get("targets", ""),
            budget=data.get("budget"),
            deadline=data.get("deadline"),
            industry_codes=finer(data.get("industry", ""), kept.industry_codes if kept else ()),
            ipc=split(data.get("ipc", "")),
            trl=data.get("trl"),
            licence_modes=tuple(data.get("licence_modes", ())),
            region=regions[0] if regions else "",
            visibility=Visibility(data.get("visibility") or Visibility.PUBLIC),
            tried=data.get("tried", ""),
            limits=data.get("limits", ""),
            metrics=self._metrics(),
            list_type=ListType(listed),
            is_confidential=data.get("is_confidential", False),
            released=tuple(data.get("released", ())) if data.get("is_confidential") else (),
        )

    def sketch(self) -> NeedInput:
        """What can be read of it already, right or not yet right: what the helper looks at."""
        self.is_valid()
        return self.value()


def _client(clients: Choices) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("为哪家单位发布"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("本单位")), *clients],
        help_text=_("为委托方发布的先存在对方名下，由对方核对后开放征集。"),
    )


def initial_of(need: NeedInput, version: int | None) -> dict[str, Any]:
    """What the form shows of a need as it stands."""
    return {
        "title": need.title,
        "problem": need.problem,
        "situation": need.situation,
        "targets": need.targets,
        "tried": need.tried,
        "limits": need.limits,
        "industry": need.industry_codes[0][:2] if need.industry_codes else "",
        "trl": need.trl,
        "budget": need.budget,
        "deadline": need.deadline,
        "licence_modes": list(need.licence_modes),
        "region": need.region[:2],
        "ipc": "；".join(need.ipc),
        "list_type": need.list_type,
        "visibility": need.visibility,
        "is_confidential": need.is_confidential,
        "released": list(need.released) if need.is_confidential else list(rules.HARMLESS),
        "version": version,
    }


class FinishForm(forms.Form):
    """How a need ended."""

    ending = forms.ChoiceField(
        label=_("这条需求怎样了？"), choices=list(words.ENDINGS.items()), widget=forms.RadioSelect
    )
    patent_id = forms.TypedChoiceField(
        label=_("由哪件专利解决"), required=False, coerce=int, empty_value=None,
        help_text=_("选“平台上的专利解决”时填写；列表是推荐给贵单位的和贵单位联系过的。"),
    )  # fmt: skip
    note = forms.CharField(
        label=_("补充说明"),
        max_length=rules.LONGEST_NOTE,
        required=False,
        widget=long_text(3, rules.LONGEST_NOTE),
        help_text=_("只有本单位和平台统计看得到。"),
    )

    def __init__(self, *args: Any, patents: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["patent_id"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("（未选择）")), *patents]
