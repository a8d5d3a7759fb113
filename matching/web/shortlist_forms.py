"""Forms of an institution's list: its patents with a reason each, and why it is withdrawn."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from core.people.types import Actor
from listings.types import PatentCard
from matching.rules import shortlists as rules
from matching.rules.shortlists import Pick, ShortlistInput
from matching.selectors.whynot import LONGEST, patent_named
from matching.web.forms import long_text

SPARE_ROWS = 3


class PickForm(forms.Form):
    """One patent, where it stands, and why it."""

    patent = forms.CharField(label=_("专利号或专利页网址"), max_length=LONGEST, required=False)
    place = forms.IntegerField(
        label=_("次序"),
        required=False,
        min_value=1,
        max_value=999,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    reason = forms.CharField(
        label=_("为什么合适"),
        max_length=rules.LONGEST_REASON,
        required=False,
        widget=long_text(2, rules.LONGEST_REASON),
    )

    def __init__(self, *args: Any, viewer: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.card: PatentCard | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        text = data.get("patent", "").strip()
        if text and "patent" not in self.errors:
            self.card = patent_named(text, viewer=self.viewer)
            if self.card is None:
                self.add_error("patent", _("没有找到这件公开的专利，请核对号码或粘贴整个网址。"))
        elif not text and (data.get("reason") or "").strip() and "patent" not in self.errors:
            self.add_error("patent", _("写了理由，还没有填是哪件专利。"))
        return data


PickRows = forms.formset_factory(
    PickForm, extra=0, max_num=rules.MOST_PICKS, validate_max=False, absolute_max=60
)


class ShortlistForm(forms.Form):
    """A list as its maker writes it."""

    examples: ClassVar = {
        "note": _("第 1 件最接近现在的工况，建议先看样机；第 2、3 件便宜，但要改柜体。"),
    }
    note = forms.CharField(
        label=_("总的说明"),
        max_length=rules.LONGEST_NOTE,
        required=False,
        widget=long_text(4, rules.LONGEST_NOTE),
        help_text=_("怎样选的、建议从哪件看起。"),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(
        self, data: Any = None, *, viewer: Actor, initial: dict[str, Any] | None = None,
        rows: list[dict[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(data, initial=initial)
        found = rows or []
        room = min(max(SPARE_ROWS, len(found) + SPARE_ROWS), rules.MOST_PICKS)
        found = found + [{} for _spare in range(room - len(found))]
        self.rows = PickRows(
            data, initial=None if data is not None else found, prefix="p",
            form_kwargs={"viewer": viewer},
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.rows.is_valid():
            self.add_error(None, _("清单里有几行要改，见下面标出的地方。"))
        return data

    def value(self) -> ShortlistInput:
        """The list, in the order that its maker numbered it; what has no number stays in place."""
        filled = [
            (row.cleaned_data.get("place") or at, at, Pick(row.card.id, row.cleaned_data["reason"]))
            for at, row in enumerate(self.rows, start=1)
            if row.card is not None
        ]
        picks = tuple(pick for _place, _at, pick in sorted(filled, key=lambda entry: entry[:2]))
        return ShortlistInput(picks=picks, note=self.cleaned_data["note"])


def row_of(card: PatentCard | None, patent_id: int, *, place: int, reason: str) -> dict[str, Any]:
    """A line as its form starts."""
    name = card.printed if card is not None and card.printed else f"/patents/{patent_id}/"
    return {"patent": name, "place": place, "reason": reason}


class WithdrawForm(forms.Form):
    """Why a list is taken back."""

    because = forms.CharField(
        label=_("撤回的原因"),
        max_length=rules.LONGEST_BECAUSE,
        required=False,
        widget=long_text(2, rules.LONGEST_BECAUSE),
        help_text=_("企业会看到；草稿不用填。"),
    )
