"""Why a patent lies in its layer: the panel, the screening form, a layer set by hand, the rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.days import legal_day
from core.idempotency.web import submit_once
from core.people.types import Actor, Role
from core.permissions import Permission, allowed
from core.reference import selectors as reference
from core.web.doors import for_roles
from core.web.forms import attempt, day_input
from core.web.types import Request
from listings.rules.potential import LABELS, SCREENED, WEIGHTS
from listings.selectors import office
from listings.selectors.layers import potential as selectors
from listings.selectors.layers.potential import RuleCard
from listings.services.layers import layering
from listings.web.doors import keepers, own_patent

MARKS = [(5, lazy("5 很好")), (4, "4"), (3, lazy("3 一般")), (2, "2"), (1, lazy("1 很差"))]
HELPS = {
    "technology": lazy("与现有方案相比领先多少，替代方案多不多"),
    "product": lazy("能不能做成看得见的产品、部件或服务"),
    "market": lazy("用得上的企业多不多，愿不愿意付钱"),
    "resources": lazy("团队、样机、数据、中试条件是否到位"),
}


class ScreeningForm(forms.Form):
    """The office's own marks, and two facts it may know."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for code, label in SCREENED.items():
            self.fields[code] = forms.TypedChoiceField(
                label=label,
                choices=[("", _("请选择")), *MARKS],
                coerce=int,
                help_text=HELPS[code],
                error_messages={"required": _("请打分。")},
            )
        self.order_fields([*SCREENED, "family_size", "cited_by", "note"])

    family_size = forms.IntegerField(
        label=lazy("同族专利数"),
        required=False,
        min_value=1,
        max_value=30_000,
        help_text=lazy("含本件；不知道可留空。"),
    )
    cited_by = forms.IntegerField(
        label=lazy("被引次数"),
        required=False,
        min_value=0,
        max_value=30_000,
        help_text=lazy("被后来的专利引用的次数；不知道可留空。"),
    )
    note = forms.CharField(
        label=lazy("说明"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("打分的依据，供同事查看。"),
    )


class OverrideForm(forms.Form):
    """A layer by hand."""

    layer = forms.ChoiceField(label=lazy("调整到"), choices=office.LAYERS)
    until = forms.DateField(
        label=lazy("有效期至"),
        widget=day_input(),
        help_text=lazy("最长两年。到期后恢复按得分分层，届时会提醒。"),
    )
    reason = forms.CharField(
        label=lazy("理由"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("同事、主管部门和审计都能看到。"),
    )
    examples = {"reason": lazy("列入本市 2026 年重点转化项目")}


class RuleForm(forms.Form):
    """Weights and thresholds of a region."""

    region = forms.CharField(
        label=lazy("适用地区"),
        required=False,
        max_length=6,
        help_text=lazy("行政区划代码前 2、4 或 6 位；全国留空。"),
    )
    valid_from = forms.DateField(label=lazy("生效日"), widget=day_input())

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for code, label in LABELS.items():
            self.fields[code] = forms.IntegerField(label=label, min_value=0, max_value=100)
        for name, label, words in (
            ("a_from", _("A 层分数线"), ""),
            ("b_from", _("B 层分数线"), ""),
            ("neutral", _("缺项计分（%）"), _("没有依据的一项，按权重的百分之几计。")),
            ("evidence", _("列 A 层所需依据（%）"), _("至少这么多权重有依据，才可列 A 层。")),
        ):
            self.fields[name] = forms.IntegerField(
                label=label, min_value=0, max_value=100, help_text=words
            )
        self.fields["reason"] = forms.CharField(
            label=_("依据"), max_length=300, help_text=_("文件名和文号。")
        )

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        rest = ("region", "valid_from", "a_from", "b_from", "neutral", "evidence", "reason")
        return {
            **{name: data[name] for name in rest},
            "weights": {code: data[code] for code in WEIGHTS},
        }


def _back(pk: int) -> str:
    return reverse("listings:library-patent", kwargs={"pk": pk}) + "#potential"


@require_http_methods(["GET", "POST"])
@keepers
def screening(request: Request, pk: int) -> HttpResponse:
    """The office's own marks; the last ones count, all are kept."""
    card = own_patent(request, pk)
    known = selectors.potential_of(pk, viewer=request.actor)
    initial: dict[str, Any] = {"family_size": known.family_size, "cited_by": known.cited_by}
    if known.screening is not None:
        initial |= {**known.screening.marks, "note": known.screening.note}
    form = ScreeningForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def command() -> str:
            layering.screen(
                patent_id=pk,
                marks={code: data[code] for code in SCREENED},
                note=data["note"],
                family_size=data["family_size"],
                cited_by=data["cited_by"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已保存筛查，潜力已重新计算。"))
            return _back(pk)

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    context = {"card": card, "form": form, "known": known, "back": _back(pk)}
    status = 422 if form.errors else 200
    return render(request, "listings/layer_screening.html", context, status=status)


@require_http_methods(["GET", "POST"])
@keepers
def override(request: Request, pk: int) -> HttpResponse:
    """Put the patent in a layer by hand."""
    card = own_patent(request, pk)
    known = selectors.potential_of(pk, viewer=request.actor)
    form = OverrideForm(request.POST or None, initial={"layer": card.layer})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def command() -> str:
            layering.override_layer(
                patent_id=pk,
                layer=data["layer"],
                reason=data["reason"],
                until=data["until"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已人工调整分层，同事会收到通知。"))
            return _back(pk)

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    context = {"card": card, "form": form, "known": known, "back": _back(pk)}
    status = 422 if form.errors else 200
    return render(request, "listings/layer_override.html", context, status=status)


@require_POST
@keepers
def revoke(request: Request, pk: int) -> HttpResponse:
    """Let the score decide again."""
    own_patent(request, pk)

    def command() -> str:
        layering.revoke_override(patent_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已撤销人工分层，按得分重新分层。"))
        return _back(pk)

    return submit_once(request, command)


@require_http_methods(["GET", "POST"])
@for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU, Role.AUDITOR, Role.SYSADMIN)
def rules(request: Request) -> HttpResponse:
    """The rules by region; a bureau sets its own."""
    now = timezone.now()
    may_set = allowed(request.actor, Permission.SET_LAYER_RULE)
    form = RuleForm(request.POST or None, initial=_proposal(request.actor, now=now))
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            layering.set_rule(**form.values(), by=request.actor, now=timezone.now())
            messages.success(request, _("已设定。从生效日起，地区内的专利分批重新评分。"))
            return reverse("listings:layer-rules")

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    context = {
        "rows": [_rule_row(card) for card in selectors.rules(on=legal_day(now))],
        "labels": LABELS,
        "form": form if may_set else None,
    }
    status = 422 if form.errors else 200
    return render(request, "listings/layer_rules.html", context, status=status)


def _proposal(actor: Actor, *, now: datetime) -> dict[str, Any]:
    """The rule in force where the actor works, to start from."""
    region = actor.region if actor.has(Role.BUREAU) else ""
    known = selectors.rule_in_force(region, on=legal_day(now))
    return {
        "region": region,
        "valid_from": legal_day(now),
        **known.weights,
        "a_from": known.a_from,
        "b_from": known.b_from,
        "neutral": known.neutral,
        "evidence": known.evidence,
    }


def _rule_row(card: RuleCard) -> dict[str, Any]:
    place = reference.region_name(card.region.ljust(6, "0")) if card.region else _("全国")
    if card.id is None:
        place = _("平台默认")
    return {"card": card, "place": place, "weights": list(card.weights.values())}


urlpatterns = [
    path("library/patents/<int:pk>/screening/", screening, name="screening"),
    path("library/patents/<int:pk>/layer/", override, name="layer-override"),
    path("library/patents/<int:pk>/layer/revoke/", revoke, name="layer-revoke"),
    path("library/rules/", rules, name="layer-rules"),
]
