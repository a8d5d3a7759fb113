"""The page on which a firm sees, allows, mends and ends its implicit demand."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.idempotency.web import submitted
from core.web.types import Request
from matching.rules import implicit as rules
from matching.selectors import implicit as selectors
from matching.services import implicit as services
from matching.web.doors import for_demand_side, numbers_of
from matching.web.forms import long_text

USES = [
    ("industries", lazy("本单位登记的行业")),
    ("products", lazy("下面填写的产品与业务")),
    ("patents", lazy("本单位在平台上的专利（名称和分类）")),
]


class ProfileForm(forms.Form):
    """What the platform may use."""

    uses = forms.MultipleChoiceField(
        label=lazy("可以使用哪些信息"),
        choices=USES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    products = forms.CharField(
        label=lazy("产品与业务"),
        required=False,
        max_length=rules.LONGEST_PRODUCTS,
        widget=long_text(3, rules.LONGEST_PRODUCTS),
        help_text=lazy("例：工商业储能柜、电池热管理部件。"),
    )
    agreed = forms.BooleanField(label=lazy("我已阅读上面的说明，代表本单位同意"), required=False)


@require_http_methods(["GET", "POST"])
@for_demand_side
def profile(request: Request) -> HttpResponse:
    """What is used and what for, what was gathered, and the way out."""
    row = selectors.demand_profile(viewer=request.actor)
    initial = {"uses": row.uses, "products": row.products} if row else {"uses": list(rules.USES)}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":

        def run() -> str:
            data = form.cleaned_data
            services.consent(
                uses=data["uses"],
                products=data["products"],
                agreed=data["agreed"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已保存，画像已更新；随时可以在本页停用。"))
            return reverse("matching:demand-profile")

        if answer := submitted(request, form, run):
            return answer
    context = {
        "form": form,
        "row": row,
        "reading": selectors.reading_consent(viewer=request.actor),
        "readings": selectors.readings(viewer=request.actor),
        "days": rules.KEPT_FOR.days,
    }
    status = 422 if form.is_bound else 200
    return render(request, "matching/demand_profile.html", context, status=status)


@require_POST
@for_demand_side
def act(request: Request, what: str) -> HttpResponse:
    """Withdraw, allow or stop readings, forget one."""
    now = timezone.now()
    try:
        if what == "withdraw":
            services.withdraw(by=request.actor, now=now)
            told = _("已停用：画像、由它得出的匹配和全部阅读记录都已删除。")
        elif what == "allow":
            services.allow_reading(by=request.actor, now=now)
            told = _("从现在起，您打开过的推荐会用于本单位的画像。")
        elif what == "stop":
            services.stop_reading(by=request.actor, now=now)
            told = _("您的阅读记录已全部删除，不再记录。")
        else:
            for trace_id in numbers_of(request.POST.getlist("reading"))[:1]:
                services.forget_reading(trace_id=trace_id, by=request.actor, now=now)
            told = _("已删除。")
        messages.success(request, told)
    except DomainError as refusal:
        if refusal.status != 409:
            raise
        messages.error(request, refusal.message)
    return redirect("matching:demand-profile")


urlpatterns = [
    path("subscriptions/profile/", profile, name="demand-profile"),
    path("subscriptions/profile/withdraw/", act, {"what": "withdraw"}, name="demand-profile-end"),
    path("subscriptions/profile/allow/", act, {"what": "allow"}, name="reading-allow"),
    path("subscriptions/profile/stop/", act, {"what": "stop"}, name="reading-stop"),
    path("subscriptions/profile/forget/", act, {"what": "forget"}, name="reading-forget"),
]
