"""Forms of drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.people.models import OrganisationKind
from core.people.types import Actor, Role
from core.reference import selectors as reference
from core.web.forms import day_input
from core.web.types import Request
from listings.selectors import drives as ask
from listings.services.drives import DriveInput

if TYPE_CHECKING:
    from listings.models import Drive

LISTED = 300
KINDS = [(code, label) for code, label in OrganisationKind.choices if code in ask.INVITABLE]


def form_data(request: Request) -> QueryDict | None:
    """What was posted, even if that is nothing; None when the form is only to be shown."""
    return request.POST if request.method == "POST" else None


class InviteForm(forms.Form):
    """Whom to ask: whole kinds of a district, single institutions, or both."""

    kinds = forms.MultipleChoiceField(
        label=_("按类型邀请"),
        required=False,
        choices=KINDS,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("选中的类型在下面所选地区内全部邀请，包括还没有平台账户的单位。"),
    )
    region = forms.ChoiceField(label=_("地区"), required=False)
    picked = forms.MultipleChoiceField(
        label=_("逐家选择"), required=False, widget=forms.CheckboxSelectMultiple
    )
    field_of = {"organisations": "picked"}

    def __init__(self, *args: Any, by: Actor | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        if by is None:  # an edit asks nobody
            for name in ("kinds", "region", "picked"):
                del self.fields[name]
            return
        cards = ask.candidates(by=by)[:LISTED]
        picked, region = self.fields["picked"], self.fields["region"]
        picked.choices = [  # type: ignore[attr-defined]
            (str(card.id), f"{card.name}（{card.kind_label}）") for card in cards
        ]
        if by.has(Role.BUREAU):
            below = [(reference.region_prefix(r.code), r.name) for r in _divisions(by.region)]
            region.choices = [("", _("整个辖区")), *below]  # type: ignore[attr-defined]
        else:
            del self.fields["region"]

    def organisations(self) -> set[int]:
        """Everyone named, by kind or one by one."""
        assert self.by is not None
        given = self.cleaned_data
        chosen = {int(pk) for pk in given["picked"]}
        if given["kinds"]:
            within = given.get("region") or ""
            chosen |= {
                c.id for c in ask.candidates(by=self.by, within=within, kinds=given["kinds"])
            }
        return chosen


def _divisions(prefix: str) -> list[Any]:
    return list(reference.children_of(prefix)) if len(prefix) < 6 else []


class DriveForm(InviteForm):
    """What the drive is about, and whom it asks."""

    title = forms.CharField(label=_("名称"), max_length=100)
    goal = forms.CharField(
        label=_("目标"),
        max_length=500,
        help_text=_("一句话，例如：有效专利全部入库或归档，覆盖率 100%。"),
    )
    todo = forms.CharField(
        label=_("要做什么"),
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("受邀单位照着做：导入清单、逐件定结论、确认完成。"),
    )
    starts_on = forms.DateField(label=_("开始日"), widget=day_input())
    ends_on = forms.DateField(
        label=_("截止日"),
        widget=day_input(),
        help_text=_("截止前 7 天和 1 天自动提醒未完成的单位。"),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order = ("title", "goal", "todo", "starts_on", "ends_on", "kinds", "region", "picked")

    @staticmethod
    def initial_of(row: Drive) -> dict[str, Any]:
        """A drive as the form shows it."""
        names = ("title", "goal", "todo", "starts_on", "ends_on", "version")
        return {name: getattr(row, name) for name in names}

    def value(self) -> DriveInput:
        """What was filled in."""
        names = ("title", "goal", "todo", "starts_on", "ends_on")
        return DriveInput(**{name: self.cleaned_data[name] for name in names})


class DeclareForm(forms.Form):
    """The total an institution answers for."""

    declared = forms.IntegerField(
        label=_("本单位有效专利总数"),
        min_value=0,
        max_value=1_000_000,
        help_text=_("以国家知识产权局登记为准，只计有效授权专利；库中的件数由系统统计，不用填。"),
    )


class ConfirmForm(forms.Form):
    """The confirmation; a gap wants a reason."""

    shortfall = forms.CharField(
        label=_("差额原因"),
        required=False,
        max_length=300,
        help_text=_("申报总数大于库中有结论的件数时必填，例如：3 件涉密，不能导入。"),
    )


class ReasonForm(forms.Form):
    """Why an institution takes no part."""

    reason = forms.CharField(label=_("不参加的原因"), max_length=300)
