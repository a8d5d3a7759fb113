"""Forms of events: the event itself, a sign-up, a meeting, a result."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from core.people.types import Actor
from matching.selectors.whynot import patent_named
from matching.types import GatheringInput, GatheringKind, GatheringOutcome

FORMAT = "%Y-%m-%dT%H:%M"
KINDS = [
    (GatheringKind.ROADSHOW.value, _("路演")),
    (GatheringKind.MATCHMAKING.value, _("对接会")),
    (GatheringKind.AUCTION_SEASON.value, _("拍卖季")),
]
OUTCOMES = [
    (GatheringOutcome.LEAD.value, _("形成线索")),
    (GatheringOutcome.FOLLOWING.value, _("跟进中")),
    (GatheringOutcome.SIGNED.value, _("已签约")),
    (GatheringOutcome.NOTHING.value, _("无意向")),
]
_NEED = re.compile(r"/needs/(\d{1,15})(?:/|$)")


def moment(label: Any, *, required: bool = True) -> forms.DateTimeField:
    """A date and time that the browser helps with."""
    widget = forms.DateTimeInput(format=FORMAT, attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, required=required, widget=widget)


class GatheringForm(forms.Form):
    """What, when, where, and what is shown."""

    examples: ClassVar = {
        "title": _("长三角新型储能专利路演"),
        "place": _("上海市浦东新区张江路 1 号 3 楼报告厅"),
        "items": _("每行一项：专利号，或专利页、需求页的网址"),
    }
    groups: ClassVar = [
        (_("活动"), "", ("kind", "title", "summary")),
        (_("时间地点"), "", ("starts_at", "ends_at", "place", "link")),
        (
            _("报名"),
            "",
            ("capacity", "sign_up_until", "needs_approval", "slot_minutes"),
        ),
        (_("展示的专利与需求"), _("只能放在架的专利和公开征集的需求。"), ("items",)),
    ]

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)
    kind = forms.ChoiceField(label=_("类型"), choices=KINDS)
    title = forms.CharField(label=_("名称"), max_length=120)
    summary = forms.CharField(
        label=_("简介与日程"),
        max_length=5_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    starts_at = moment(_("开始"))
    ends_at = moment(_("结束"))
    place = forms.CharField(label=_("地点"), max_length=200, required=False)
    link = forms.CharField(
        label=_("线上链接"),
        max_length=300,
        required=False,
        help_text=_("地点和链接至少填一项；链接只给报名已确认的单位看。"),
    )
    capacity = forms.IntegerField(
        label=_("名额（人）"), required=False, min_value=1, max_value=100_000
    )
    sign_up_until = moment(_("报名截止"), required=False)
    needs_approval = forms.BooleanField(label=_("报名须经我方确认"), required=False)
    slot_minutes = forms.IntegerField(
        label=_("一对一时段（分钟）"),
        required=False,
        min_value=5,
        max_value=240,
        help_text=_("填了，参加的单位可以互相约见，系统保证不撞时间。"),
    )
    items = forms.CharField(
        label=_("专利与需求"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def clean_items(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The patents and needs that the lines name; every line that names nothing is said."""
        patents, needs, lost = [], [], []
        lines = [line.strip() for line in self.cleaned_data["items"].splitlines() if line.strip()]
        for line in lines[:201]:
            found = _NEED.search(line)
            if found:
                needs.append(int(found[1]))
                continue
            card = patent_named(line, viewer=Actor.anonymous())
            if card is None:
                lost.append(line[:40])
            else:
                patents.append(card.id)
        if lost:
            shown = "、".join(lost[:5])
            raise forms.ValidationError(
                _("没有找到这些公开的专利或需求：%(lost)s"), params={"lost": shown}
            )
        return tuple(patents), tuple(needs)

    @staticmethod
    def of(row: Any) -> dict[str, Any]:
        """What the form shows of an event that is there."""
        names = ("kind", "title", "summary", "starts_at", "ends_at", "place", "link", "capacity",
                 "sign_up_until", "needs_approval", "slot_minutes", "version")  # fmt: skip
        items = [
            f"/patents/{i.patent_id}/" if i.patent_id else f"/needs/{i.need_id}/"
            for i in row.items.order_by("pk")
        ]
        return {name: getattr(row, name) for name in names} | {"items": "\n".join(items)}

    def value(self) -> GatheringInput:
        data = {k: v for k, v in self.cleaned_data.items() if k not in {"items", "version"}}
        patents, needs = self.cleaned_data["items"]
        data["kind"] = GatheringKind(data["kind"])
        return GatheringInput(**data, patents=patents, needs=needs)


class SignUpForm(forms.Form):
    """Who comes."""

    attendees = forms.CharField(
        label=_("参加人"), max_length=200, help_text=_("姓名与职务，多人用顿号隔开；只给主办方看。")
    )
    seats = forms.IntegerField(label=_("人数"), min_value=1, max_value=50, initial=1)


class MeetingForm(forms.Form):
    """Whom to meet, when, about what."""

    asked = forms.TypedChoiceField(label=_("约哪家"), coerce=int)
    slot = forms.TypedChoiceField(label=_("时段"), coerce=int)
    topic = forms.CharField(label=_("想谈什么"), max_length=200, required=False)

    def __init__(self, *args: Any, partners: Any = (), slots: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["asked"].choices = partners  # type: ignore[attr-defined]
        self.fields["slot"].choices = slots  # type: ignore[attr-defined]


class ResultForm(forms.Form):
    """What came of an item with a firm."""

    item = forms.TypedChoiceField(label=_("项目"), coerce=int)
    organisation = forms.TypedChoiceField(label=_("单位"), coerce=int)
    outcome = forms.ChoiceField(label=_("结果"), choices=OUTCOMES)
    note = forms.CharField(label=_("说明"), max_length=300, required=False)

    def __init__(self, *args: Any, items: Any = (), firms: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = items  # type: ignore[attr-defined]
        self.fields["organisation"].choices = firms  # type: ignore[attr-defined]


class CancelForm(forms.Form):
    """Why it is called off."""

    because = forms.CharField(
        label=_("取消的原因"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
