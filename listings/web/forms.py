"""Forms of the office: a patent's record, a legal event, an offer sheet, an upload."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.reference import ipc as ipc_rules
from core.reference import selectors as reference
from core.web.forms import day_input
from listings import filters
from listings.imports import columns, limits
from listings.rules.standing import EVENTS
from listings.types import (
    HolderInput,
    HolderKind,
    PatentCard,
    PatentInput,
    PatentKind,
    Route,
)

KINDS = [
    (PatentKind.INVENTION.value, _("发明")),
    (PatentKind.UTILITY_MODEL.value, _("实用新型")),
    (PatentKind.DESIGN.value, _("外观设计")),
]
ROUTES = [(code, label) for code, label in filters.MODES if code in {r.value for r in Route}]
EVENT_CHOICES = [(code, f"{code} {words[0]}") for code, words in EVENTS.items()]


class Day(forms.DateField):
    """A date field that the browser helps with."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(widget=day_input(), **kwargs)


class PatentForm(forms.Form):
    """A patent's record as its keepers edit it. Services clean and check it."""

    number = forms.CharField(
        label=_("申请号/专利号"),
        required=False,
        max_length=60,
        help_text=_("任何写法都可以，末位是校验位。没有号码可先留空，按“待核实”保存。"),
    )
    title = forms.CharField(label=_("名称"), max_length=500)
    kind = forms.ChoiceField(
        label=_("专利类型"),
        required=False,
        choices=[("", _("由号码得出")), *KINDS],
    )
    abstract = forms.CharField(
        label=_("摘要"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    ipc = forms.CharField(
        label=_("分类号"),
        required=False,
        max_length=2_000,
        help_text=_("IPC 分类号，多个用分号隔开；外观设计填洛迦诺分类号。"),
    )
    industry_codes = forms.CharField(
        label=_("行业代码"),
        required=False,
        max_length=200,
        help_text=_("GB/T 4754—2017 代码，多个用分号隔开。"),
    )
    filed_on = Day(label=_("申请日"))
    granted_on = Day(label=_("授权公告日"))
    expires_on = Day(label=_("期限届满日"), help_text=_("留空则按申请日推算；有期限补偿的请填写。"))
    annuity_paid_to = Day(label=_("年费缴至"))
    trl = forms.TypedChoiceField(
        label=_("技术成熟度"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("未评定")), *((n, format_lazy(_("{n} 级"), n=n)) for n in range(1, 10))],
    )
    funding_project = forms.CharField(label=_("资助项目编号"), required=False, max_length=300)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    examples = {
        "number": "ZL 2017 1 0601862.3",
        "title": "一种石墨烯复合散热膜的制备方法",
        "ipc": "H01M 10/0525；C01B 32/184",
        "industry_codes": "C3971",
    }
    groups = [
        (_("身份"), "", ["number", "title", "kind"]),
        (_("内容"), "", ["abstract", "ipc", "industry_codes", "trl", "funding_project"]),
        (_("日期"), "", ["filed_on", "granted_on", "expires_on", "annuity_paid_to", "version"]),
    ]

    def clean_industry_codes(self) -> tuple[str, ...]:
        codes = ipc_rules.split(self.cleaned_data["industry_codes"])
        unknown = [code for code in codes if not reference.industry_known(code.upper())]
        if unknown:
            raise forms.ValidationError(
                _("“%(codes)s”不是 GB/T 4754—2017 的行业代码，请核对后重新填写。"),
                params={"codes": "、".join(unknown)},
            )
        return tuple(code.upper() for code in codes)

    def values(self) -> dict[str, Any]:
        """The fields as the services take them."""
        data = dict(self.cleaned_data)
        data.pop("version", None)
        classes = tuple(ipc_rules.split(data.pop("ipc")))
        kind = data.pop("kind")
        is_design = kind == PatentKind.DESIGN or (
            not kind and bool(classes) and all("-" in part for part in classes)
        )
        data["ipc"], data["locarno"] = ((), classes) if is_design else (classes, ())
        data["number"] = data["number"].strip()
        if kind:
            data["kind"] = PatentKind(kind)
        return data


class NewPatentForm(PatentForm):
    """The same for a patent that is not here yet, with its holders."""

    holders = forms.CharField(
        label=_("专利权人"),
        required=False,
        max_length=2_000,
        help_text=_("多个用分号隔开；留空则为本单位。"),
    )
    examples = {**PatentForm.examples, "holders": "示例大学；示例科技有限公司"}
    groups = [
        (_("身份"), "", ["number", "title", "kind", "holders"]),
        *PatentForm.groups[1:],
    ]

    def as_input(self) -> PatentInput:
        data = self.values()
        names = [part for part in ipc_rules.split(data.pop("holders")) if part]
        return PatentInput(
            **data, holders=tuple(HolderInput(name, HolderKind.ORGANISATION) for name in names)
        )


def initial_of(card: PatentCard, **more: Any) -> dict[str, Any]:
    """What the form shows of a patent at first."""
    return {
        "number": card.number or "",
        "title": card.title,
        "kind": card.kind,
        "abstract": card.abstract,
        "ipc": "；".join(card.ipc or card.locarno),
        "industry_codes": "；".join(card.industry_codes),
        "filed_on": card.filed_on,
        "granted_on": card.granted_on,
        "expires_on": card.expires_on,
        "annuity_paid_to": card.annuity_paid_to,
        "trl": card.trl or "",
        "version": card.version,
        **more,
    }


class EventForm(forms.Form):
    """A legal event as the gazette has it."""

    code = forms.ChoiceField(
        label=_("事件"),
        choices=[
            ("", _("请选择")),
            *((code, f"{code} {label}") for code, (label, _) in EVENTS.items()),
        ],
    )
    occurred_on = Day(label=_("生效日"), required=True)
    reference = forms.CharField(
        label=_("登记号"),
        required=False,
        max_length=40,
        help_text=_("质押、许可备案请填登记号，例如 Y2022980001234。"),
    )
    ends_on = Day(label=_("到期日"), help_text=_("质押、许可的到期日；其他事件留空。"))
    old = forms.CharField(
        label=_("变更前权利人"),
        required=False,
        max_length=1_000,
        help_text=_("转移、更名时填写；多个用分号隔开。专利权人名单会随之更新。"),
    )
    new = forms.CharField(label=_("变更后权利人"), required=False, max_length=1_000)
    kind = forms.ChoiceField(
        label=_("许可种类"),
        required=False,
        choices=[
            ("", _("没有写明")),
            ("ordinary", _("普通许可")),
            ("sole", _("排他许可")),
            ("exclusive", _("独占许可")),
        ],
    )
    days = forms.IntegerField(
        label=_("补偿天数"),
        required=False,
        min_value=1,
        max_value=3_653,
        help_text=_("只在登记专利权期限的补偿（TC01）时填写；届满日会相应顺延。"),
    )
    examples = {"reference": "Y2022980001234"}
    groups = [
        (_("公报的内容"), "", ["code", "occurred_on", "reference", "ends_on"]),
        (_("转移和更名"), "", ["old", "new"]),
        (_("许可备案与期限补偿"), "", ["kind", "days"]),
    ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("code") == "TC01" and not data.get("days") and "days" not in self.errors:
            self.add_error("days", _("期限补偿没有写明天数，请填写公告的补偿天数。"))
        return data

    def detail(self) -> dict[str, Any]:
        """What the gazette says beside the code."""
        data = self.cleaned_data
        said = {
            "from": _names(data["old"]),
            "to": _names(data["new"]),
            "ends_on": data["ends_on"].isoformat() if data["ends_on"] else "",
            "kind": data["kind"],
            "days": data["days"],
        }
        return {name: value for name, value in said.items() if value}


def _names(text: str) -> list[str]:
    """Parties, parted by semicolons or lines; a comma belongs to a foreign firm's name."""
    return [part.strip() for part in re.split(r"[;；、\n]+", text) if part.strip()]


class ReasonForm(forms.Form):
    """Why a listing is taken down for the time being."""

    reason = forms.CharField(label=_("原因"), max_length=200)
    examples = {"reason": "正在更新价格"}


class UploadForm(forms.Form):
    """A file of stock."""

    file = forms.FileField(
        label=_("专利清单"),
        help_text=_(
            "Excel（.xlsx）、CSV、JSONL 或 XML（WIPO ST.36、ST.96），不超过 200 MB、10 万行。"
            "列名不必和模板一样。"
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt,.jsonl,.xml"}),
        error_messages={"required": _("请选择要上传的文件。"), "empty": _("文件是空的。")},
        allow_empty_file=True,
    )

    complete = forms.BooleanField(
        label=_("这是本单位的完整清单"),
        help_text=_("勾选后，预检还会列出在库却不在清单中的专利，建议归档；不会自动归档或删除。"),
        required=False,
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > limits.UPLOAD_BYTES:
            raise forms.ValidationError(
                _("文件有 %(size)s MB，超过 200 MB 的上限。请按年份或学院拆成几个文件，分批上传。"),
                params={"size": upload.size // limits.MIB},
            )
        return upload


class ColumnsForm(forms.Form):
    """Which column is what."""

    def __init__(self, *args: Any, header: list[str], mapping: dict[str, int], **kwargs: Any):
        super().__init__(*args, **kwargs)
        choices: list[tuple[str, Any]] = [("", _("没有这一列"))]
        choices += [(str(i), label) for i, label in enumerate(columns.labels(header))]
        for field in columns.FIELDS:
            self.fields[field.name] = forms.ChoiceField(
                label=field.label,
                required=field.required,
                choices=choices,
                initial=str(mapping[field.name]) if field.name in mapping else "",
                help_text=field.help,
                error_messages={"required": _("请选择哪一列是专利名称。")},
            )

    def mapping(self) -> dict[str, int]:
        return {name: int(value) for name, value in self.cleaned_data.items() if value != ""}


class HoldersForm(forms.Form):
    """The patentees by name."""

    names = forms.CharField(
        label=_("专利权人"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("每行一位，第一行是第一专利权人。已记录的份额和同意意见按名称保留。"),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def name_list(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["names"].splitlines() if line.strip()]
