"""The editor of a fee plan: one small form a part, put in order by buttons of the same form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict

from licensing.rules import fees, plans
from licensing.rules.fees import FeePart, PartKind
from licensing.web.calculator import Figure

Raw = dict[str, str]
KEY = re.compile(r"p([1-9][0-9]{0,2})-kind")
OFTEN = {1: "每月", 3: "每季", 6: "每半年", 12: "每年"}


NEEDED: Mapping[PartKind, tuple[str, ...]] = {
    **dict.fromkeys((PartKind.LUMP, PartKind.ENTRY, PartKind.INSTALMENT), ("amount",)),
    PartKind.RUNNING: ("base", "rate"),
    PartKind.MILESTONE: ("trigger", "amount"),
    PartKind.DEFERRED: ("amount", "due_days"),
    PartKind.FREE_UNTIL: (),
    PartKind.EQUITY: ("share",),
}
SAID = {
    "amount": "请填写大于 0 的金额（元）。",
    "base": "请选择提成基数（净销售额或利润）。",
    "rate": "请填写 0 到 100 之间的提成比例（%）。",
    "trigger": "请写明达到什么里程碑时付款。",
    "due_days": "请填写使用多少天后付款（至少 1 天）。",
    "share": "请填写 0 到 100 之间的股权比例。",
}


def _days(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=0, max_value=7300, help_text=help_text
    )


def _percent(label: str, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=7,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=help_text,
    )


class PartForm(forms.Form):
    """One part; only the fields that its kind needs."""

    kind = forms.ChoiceField(
        choices=[(k.value, fees.PART_LABELS[k]) for k in PartKind], widget=forms.HiddenInput
    )
    trigger = forms.CharField(
        label="里程碑",
        required=False,
        max_length=200,
        help_text="写成双方都能判断的事，例如：样机通过验收。",
    )
    amount = Figure("金额（元）", fees.LARGEST)
    due_days = _days("付款期限（天）", "")
    base = forms.ChoiceField(
        label="提成基数",
        required=False,
        choices=[("", "请选择"), *((b.value, fees.BASE_LABELS[b]) for b in fees.RoyaltyBase)],
    )
    rate = _percent("提成比例（%）")
    period_months = forms.TypedChoiceField(
        label="多久申报一次",
        required=False,
        coerce=int,
        empty_value=12,  # type: ignore[arg-type]
        choices=list(OFTEN.items()),
        initial=12,
    )
    floor = Figure("每年至少（元）", fees.LARGEST)
    cap = Figure("每年至多（元）", fees.LARGEST)
    total_cap = Figure("累计至多（元）", fees.LARGEST)
    tiers = forms.CharField(
        label="分档",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="每行一档“起点金额 比例”：一年中超过起点的部分按这一比例。例：10000000 2",
    )
    free_months = forms.IntegerField(
        label="免费多少个月", required=False, min_value=1, max_value=240
    )
    share = _percent("股权比例（%）")

    DUE: ClassVar[Mapping[PartKind, str]] = {
        PartKind.LUMP: "通知送达（合同生效）后多少天内；0 表示随通知付清。",
        PartKind.INSTALMENT: "通知送达（合同生效）后多少天内；0 表示随通知付清。",
        PartKind.MILESTONE: "双方确认达到后多少天内付；0 表示按 15 天。",
        PartKind.DEFERRED: "用满多少天时付。",
    }

    def __init__(self, *args: Any, part_kind: PartKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.part_kind = part_kind
        wanted = ("kind", *plans.FIELDS[part_kind])
        for name in set(self.fields) - set(wanted):
            del self.fields[name]
        self.order_fields(wanted)
        for name in NEEDED[part_kind]:
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = SAID[name]
        if part_kind is not PartKind.MILESTONE and "trigger" in self.fields:
            self.fields["trigger"].label = "从什么事件算起"
            self.fields["trigger"].help_text = "例如：首次销售。发生后由一方申报、另一方确认。"
        if "due_days" in self.fields:
            self.fields["due_days"].help_text = self.DUE[part_kind]

    @property
    def label(self) -> str:
        """What the part is called."""
        return fees.PART_LABELS[self.part_kind]

    @property
    def meaning(self) -> str:
        """What it means."""
        return plans.MEANINGS[self.part_kind]

    def clean_tiers(self) -> tuple[fees.Tier, ...]:
        """The tiers as the rules read them."""
        try:
            return plans.tiers_from(self.cleaned_data["tiers"])
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from None

    def part(self) -> FeePart:
        """The part as the rules read it, as far as it was filled in."""
        known = {k: v for k, v in self.cleaned_data.items() if k != "kind" and v not in (None, "")}
        if base := known.get("base"):
            known["base"] = fees.RoyaltyBase(base)
        return FeePart(self.part_kind, **known)

    def clean(self) -> dict[str, Any]:
        """Each error of the rules at the field where it can be mended."""
        for error in fees.part_errors(self.part()):
            where = plans.field_of(error, self.part_kind)
            if where not in self.errors:
                self.add_error(where, error.partition("：")[2])
        return self.cleaned_data


class VolumeForm(forms.Form):
    """The reader's own figures for the what-if table; the calculator reads them again."""

    sales = Figure("首年销售额或利润（元）", fees.LARGEST)
    growth = Figure("此后每年增长（%）", Decimal(200), -100)


def raw_of(parts: Sequence[FeePart]) -> list[Raw]:
    """The parts as they would have been typed."""
    found = []
    for part in parts:
        values: dict[str, Any] = asdict(part) | {"tiers": plans.tiers_text(part.tiers)}
        kept = ("kind", *plans.FIELDS[part.kind])
        said = {k: values[k] for k in kept if values[k] is not None}
        found.append({k: _typed(v) for k, v in said.items()})
    return found


def _typed(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def raw_from(data: QueryDict) -> list[Raw]:
    """The parts as they were sent, in the order of their numbers; unknown kinds are left out."""
    numbers = sorted(int(m[1]) for key in data if (m := KEY.fullmatch(key)))
    found = []
    for number in numbers[: plans.MOST_PARTS]:
        kind = data[f"p{number}-kind"]
        if kind in list(PartKind):
            names = ("kind", *plans.FIELDS[PartKind(kind)])
            found.append({name: data.get(f"p{number}-{name}", "") for name in names})
    return found


def changed(raws: list[Raw], do: str) -> list[Raw]:
    """The parts after a button: add:<kind>, remove:<n>, up:<n>, down:<n>. Else as they were."""
    verb, _colon, what = do.partition(":")
    raws = list(raws)
    if verb == "add" and what in list(PartKind) and len(raws) < plans.MOST_PARTS:
        return [*raws, {"kind": what}]
    if not (what.isascii() and what.isdigit() and len(what) < 4 and 0 < int(what) <= len(raws)):
        return raws
    at = int(what) - 1
    if verb == "remove":
        del raws[at]
    if verb == "up" and at > 0:
        raws[at - 1], raws[at] = raws[at], raws[at - 1]
    if verb == "down" and at < len(raws) - 1:
        raws[at + 1], raws[at] = raws[at], raws[at + 1]
    return raws


class PlanForm(forms.Form):
    """All parts together: what the editor shows and judges as a whole."""

    def __init__(self, raws: Sequence[Raw], *, judged: bool) -> None:
        super().__init__({} if judged else None)
        self.parts_forms = [self._part(n, raw, judged) for n, raw in enumerate(raws, start=1)]

    def _part(self, number: int, raw: Raw, judged: bool) -> PartForm:
        prefix, kind = f"p{number}", PartKind(raw["kind"])
        if judged:
            data = {f"{prefix}-{name}": value for name, value in raw.items()}
            return PartForm(data, prefix=prefix, part_kind=kind)
        return PartForm(initial=raw, prefix=prefix, part_kind=kind)

    def clean(self) -> dict[str, Any]:
        """Errors of the whole, once every part is in order by itself."""
        for number, form in enumerate(self.parts_forms, start=1):
            if not form.is_valid():
                self.add_error(None, f"第 {number} 项（{form.label}）有内容需要修改。")
        if not self.errors:
            for error in fees.plan_errors(self.parts()):
                self.add_error(None, error)
        return self.cleaned_data

    def parts(self) -> tuple[FeePart, ...]:
        """The plan. Ask only when each part is valid."""
        return tuple(form.part() for form in self.parts_forms)
