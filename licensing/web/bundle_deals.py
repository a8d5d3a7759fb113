"""Pages of a bundle taken as one deal: asking for it, and leaving out what fell away."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.errors import Missing
from core.permissions import Permission, require
from core.web.doors import login_needed
from core.web.types import Request
from licensing.rules import deals as rules
from licensing.rules.bundle_deals import split_evenly
from licensing.rules.deal_kinds import EXCHANGEABLE
from licensing.rules.deals import DealKind
from licensing.selectors import bundle_deals as questions
from licensing.selectors import deals as selectors
from licensing.services import bundle_deals as services
from licensing.web.deal_forms import DealTermsForm, InquiryForm, offer_takers, prose
from licensing.web.doors import answer_form, sent
from listings import selectors as listings
from listings.selectors.shelves import bundles


class BundleInquiryForm(InquiryForm):
    """What a firm wants of a bundle."""

    examples: ClassVar[dict[str, Any]] = {"wish": "用于本公司动力电池产线，希望整体取得独占许可。"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = selectors.EXCHANGEABLE  # type: ignore[attr-defined]


class DropForm(forms.Form):
    """Why a member is left out, beside what the register says."""

    reason = prose(
        "补充说明", required=False, rows=3, help_text="对方会看到；原因由平台按登记写明。"
    )


class BundleTermsForm(DealTermsForm):
    """A version of the terms on a whole bundle: its members are given, its price is split."""

    shares = forms.CharField(
        label="价格怎样分摊到各件",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="每行一件：专利号 金额（元），合计等于价格。留空由平台按件平均到分。",
    )
    groups: Any = [
        (title, lead, [*names, "shares"] if title == "付费" else names)
        for title, lead, names in DealTermsForm.groups
    ]
    field_of: ClassVar[dict[str, str]] = {"files": "file", "patents": "shares"}

    def __init__(self, *args: Any, members: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.members = members
        numbers = [
            card.printed for card in listings.cards(members, viewer=questions.SYSTEM).values()
        ]
        self.fields["shares"].help_text += " 成员：" + "、".join(
            n.replace(" ", "") for n in numbers
        )
        del self.fields["others"]
        self.groups = [
            (title, lead, [name for name in names if name in self.fields])
            for title, lead, names in self.groups
        ]

    def clean_shares(self) -> dict[int, Decimal]:
        """What each line says of a member; nonsense is named by its line."""
        found: dict[int, Decimal] = {}
        for place, line in enumerate(str(self.cleaned_data["shares"]).splitlines(), start=1):
            if not line.strip():
                continue
            number, _space, amount = line.strip().rpartition(" ")
            card = listings.find(number, viewer=questions.SYSTEM) if number else None
            try:
                money = Decimal(amount.replace(",", "").replace("元", ""))
            except InvalidOperation:
                money = Decimal("NaN")
            if card is None or card.id not in self.members or not money.is_finite():
                raise forms.ValidationError(
                    f"第 {place} 行读不懂：请写组合里的专利号，空一格，再写金额。"
                )
            found[card.id] = money
        if found and set(found) != set(self.members):
            raise forms.ValidationError("组合里的每一件都要写一行，不分摊的写 0。")
        return found

    def deal_terms(self, *, main: int, viewer: Any) -> rules.Terms:
        """The terms on all members, in the order of the bundle."""
        terms = super().deal_terms(main=main, viewer=viewer)
        said = self.cleaned_data.get("shares") or {}
        shares = tuple(said[i] for i in self.members) if said else ()
        return replace(terms, patents=self.members, shares=shares)

    @classmethod
    def shares_of(cls, version: Any) -> str:
        """The split of the version before, to be edited; an even one is left to the platform."""
        rows = [p for p in version.patents.all() if p.share is not None] if version else []
        even = split_evenly(sum((p.share for p in rows), Decimal(0)), len(rows)) if rows else ()
        if tuple(p.share for p in rows) == even:
            return ""
        return "\n".join(f"{p.patent_number.replace(' ', '')} {p.share}" for p in rows)


@require_http_methods(["GET", "POST"])
@login_needed
def inquire(request: Request, bundle_id: int) -> HttpResponse:
    """A firm asks for all patents of a bundle as one contract."""
    row = bundles.bundle(bundle_id, viewer=request.actor)
    require(request.actor, Permission.OPEN_DEAL)
    wanted = next((r for r in row.routes if r in EXCHANGEABLE), DealKind.ORDINARY.value)
    form = BundleInquiryForm(sent(request)[0], initial={"kind": wanted})
    offer_takers(form, request)

    def run() -> str:
        opened = services.inquire_bundle(
            bundle_id=bundle_id,
            kind=form.cleaned_data["kind"],
            wish=form.cleaned_data["wish"],
            taker_id=form.cleaned_data.get("taker"),
            by=request.actor,
            now=timezone.now(),
        )
        if len(opened) > 1:
            said = f"意向已分别送达 {len(opened)} 个权利人，各自答复、各签一份合同。"
        else:
            said = "意向已送达权利人，对方答复后会通知您。"
        messages.success(request, said)
        return reverse("licensing:deal", args=[opened[0].pk])

    live = questions.live_deal_on(bundle_id, viewer=request.actor)
    context = {"row": row, "live": live, "members": row.members.all(),
               "holders": questions.holders_of(bundle_id)}  # fmt: skip
    return answer_form(request, form, run, "licensing/bundle_inquire.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def drop(request: Request, deal_id: int, patent_id: int) -> HttpResponse:
    """Leave out a member that cannot be had."""
    row = selectors.deal(deal_id, viewer=request.actor)
    require(request.actor, Permission.NEGOTIATE_DEAL, on=row)
    lines = questions.lines(row, at=timezone.now()) if row.bundle_id else []
    line = next((x for x in lines if x.member.patent_id == patent_id), None)
    if line is None:
        raise Missing("这笔洽谈的组合里没有这件专利。")
    form = DropForm(sent(request)[0])

    def run() -> str:
        services.drop_member(
            deal_id=deal_id,
            patent_id=patent_id,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "已去掉这一件，对方收到了通知。请重新商定条款。")
        return reverse("licensing:deal", args=[deal_id])

    context = {"row": row, "line": line}
    return answer_form(request, form, run, "licensing/bundle_drop.html", context)


urlpatterns = [
    path("deals/bundle/<int:bundle_id>/", inquire, name="deal-bundle"),
    path("deals/<int:deal_id>/members/<int:patent_id>/drop/", drop, name="deal-member-drop"),
]
