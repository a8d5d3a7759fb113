"""Forms of a disclosure and of its evaluation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.web.forms import day_input
from listings.rules import disclosures, verdicts
from listings.rules.disclosures import (
    Contributor,
    Decision,
    DisclosureInput,
    Publication,
    PublicationKind,
)
from listings.web.offering.sheet_forms import RowSet


def _area(label: Any, hint: Any, rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=disclosures.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": rows}),
        help_text=hint,
    )


class DisclosureForm(forms.Form):
    """What an inventor says; a draft may be left unfinished."""

    title = forms.CharField(label=_("名称"), max_length=200)
    novelty = _area(_("新在哪里"), _("和现在最好的办法比，哪一步不同？为什么别人没这样做？"))
    problem = _area(_("解决什么问题"), _("谁遇到这个问题、损失多大？"), 3)
    how = _area(_("怎样做到"), _("写到同行照着能做出来；图纸可放附件。"), 5)
    results = _area(_("结果与数据"), _("做到哪一步？测了什么、和什么比？"), 3)
    funding_project = forms.CharField(
        label=_("资助项目"),
        required=False,
        max_length=300,
        help_text=_("财政资助项目请填编号，办理申请和转化时要声明。"),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    examples = {
        "title": "低温下快速加热动力电池的办法",
        "funding_project": "示例·市重点研发计划 2026-LX-03",
    }
    optional_words = dict.fromkeys(("novelty", "problem", "how"), _("提交时必填，不少于 20 字"))
    texts = ("title", "novelty", "problem", "how", "results", "funding_project")


class ContributorForm(forms.Form):
    """One person who contributed."""

    name = forms.CharField(label=_("姓名"), max_length=60)
    share = forms.DecimalField(
        label=_("贡献比例（%）"), max_digits=5, decimal_places=2, min_value=0, max_value=100
    )
    employer = forms.CharField(label=_("单位"), max_length=200, required=False)


class PublicationForm(forms.Form):
    """One disclosure to the public."""

    kind = forms.ChoiceField(
        label=_("公开方式"),
        choices=[("", _("请选择"))]
        + [(kind.value, words) for kind, words in disclosures.PUBLICATION_WORDS.items()],
    )
    on = forms.DateField(label=_("日期"), widget=day_input())
    where = forms.CharField(label=_("在哪里"), max_length=200, required=False)


class Disclosing:
    """The form and its rows as one thing."""

    def __init__(self, data: Any, known: DisclosureInput, *, version: int) -> None:
        initial = {name: getattr(known, name) for name in DisclosureForm.texts}
        self.form = DisclosureForm(data, initial=initial | {"version": version})
        self.contributors = RowSet(
            ContributorForm,
            "person",
            data=data,
            initial=[
                {"name": p.name, "share": p.share, "employer": p.employer}
                for p in known.contributors
            ],
            most=disclosures.MOST_CONTRIBUTORS,
        )
        self.publications = RowSet(
            PublicationForm,
            "public",
            data=data,
            initial=[
                {"kind": p.kind.value, "on": p.on, "where": p.where} for p in known.publications
            ],
            most=disclosures.MOST_PUBLICATIONS,
        )

    def is_valid(self) -> bool:
        valid = [
            self.form.is_valid(), self.contributors.is_valid(), self.publications.is_valid(),
        ]  # fmt: skip
        for problem in (*self.contributors.errors, *self.publications.errors):
            self.form.add_error(None, problem)
        return all(valid)

    def value(self) -> DisclosureInput:
        """What was filled in, once it is valid."""
        data = {name: self.form.cleaned_data[name] for name in DisclosureForm.texts}
        return DisclosureInput(
            **data,
            contributors=tuple(Contributor(**row) for row in self.contributors.values()),
            publications=tuple(
                Publication(PublicationKind(row["kind"]), row["on"], row["where"])
                for row in self.publications.values()
            ),
        )


def _scale(item: verdicts.Item) -> forms.TypedChoiceField:
    most = verdicts.HIGHEST_TRL if item.code == "trl" else verdicts.HIGHEST
    return forms.TypedChoiceField(
        label=item.label,
        coerce=int,
        choices=[(n, str(n)) for n in range(1, most + 1)],
        widget=forms.RadioSelect,
        help_text=f"{item.question}（{item.low}；{item.high}）",
        error_messages={"required": "请打分。"},
    )


class ScoresForm(forms.Form):
    """The scored form of the office."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in verdicts.ITEMS:
            self.fields[item.code] = _scale(item)
        for code, words in verdicts.FLAGS.items():
            self.fields[code] = forms.BooleanField(label=words, required=False)

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        return [
            (_("打分"), "", [item.code for item in verdicts.ITEMS]),
            (_("情况"), _("符合的请勾选，会影响路线和审查方式。"), list(verdicts.FLAGS)),
        ]

    def scores(self) -> verdicts.Scores:
        return verdicts.Scores(**self.cleaned_data)


class DecisionForm(forms.Form):
    """The office's word."""

    decision = forms.ChoiceField(
        label=_("决定"),
        choices=[(d.value, words) for d, words in verdicts.ROUTE_WORDS.items()],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("理由"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("与评估建议不同时必填；发明人会看到。"),
    )

    def value(self) -> Decision:
        return Decision(self.cleaned_data["decision"])


class ReturnForm(forms.Form):
    """What the inventor should add."""

    reason = forms.CharField(
        label=_("需要补充什么"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("请写明要补充什么，发明人才知道怎样改。")},
    )


class ApplicationForm(forms.Form):
    """The application number."""

    number = forms.CharField(
        label=_("申请号"),
        max_length=60,
        help_text=_("任何写法都可以；这件专利在库或以后入库时，会自动关联。"),
    )
    examples = {"number": "2026 1 0601862.3"}


class SupportForm(forms.Form):
    """A supporting file."""

    file = forms.FileField(
        label=_("文件"),
        help_text=_("PDF、PNG 或 JPG，不超过 10 MB；只有您和本单位办公室能看到。"),
        error_messages={"required": _("请选择要上传的文件。"), "empty": _("文件是空的。")},
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
