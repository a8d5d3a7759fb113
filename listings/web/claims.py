"""Pages of claims on patents that another office keeps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.idempotency.web import submit_once
from core.people.types import Role
from core.web.doors import for_roles
from core.web.forms import attempt
from core.web.types import Request
from listings import services
from listings.selectors import claims as selectors

A_PAGE = 25
TONES = {"open": "warn", "refused": "muted", "withdrawn": "muted"}
keepers = for_roles(Role.OFFICE, Role.BROKER)
readers = for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU, Role.SYSADMIN, Role.AUDITOR)


class ClaimForm(forms.Form):
    """A patent that another office registered, and why it is ours."""

    number = forms.CharField(
        label=gettext_lazy("申请号/专利号"),
        max_length=60,
        help_text=gettext_lazy("已由其他单位登记在库的号码，例如 201710601862.3。"),
    )
    grounds = forms.CharField(
        label=gettext_lazy("主张理由"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("例如转让登记、合并更名、证书持有情况；对方和主管部门会看到。"),
    )


def page_of(pk: int) -> str:
    return reverse("listings:claim", kwargs={"pk": pk})


@require_GET
@readers
def claims(request: Request) -> HttpResponse:
    """What waits, and what was settled."""
    state = request.GET.get("state", "open")
    rows = selectors.claims(viewer=request.actor, state=state)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    here = reverse("listings:claims")
    tabs = [
        {"label": word, "url": f"{here}?state={code}", "current": state == code}
        for code, word in (("open", _("待处理")), ("settled", _("已处理")))
    ]
    context = {
        "page": page,
        "rows": [{"claim": row, "tone": TONES.get(row.state, "ok")} for row in page],
        "tabs": tabs,
        "state": state,
        "may_open": request.actor.has(Role.OFFICE, Role.BROKER),
    }
    return render(request, "listings/claims.html", context)


@require_http_methods(["GET", "POST"])
@keepers
def new_claim(request: Request) -> HttpResponse:
    """Claim one patent by its number."""
    form = ClaimForm(request.POST or None, initial={"number": request.GET.get("number", "")})
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            pk = services.open_claim(
                number=form.cleaned_data["number"],
                grounds=form.cleaned_data["grounds"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已提出。对方和所在地主管部门会收到通知。"))
            return page_of(pk)

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(request, "listings/claim_new.html", {"form": form}, status=status)


@require_GET
@readers
def claim(request: Request, pk: int) -> HttpResponse:
    """Both sides' words, and what the viewer may do."""
    row = selectors.claim(pk, viewer=request.actor)
    moves = selectors.moves_of(row, viewer=request.actor)
    context: dict[str, Any] = {
        "claim": row,
        "tone": TONES.get(row.state, "ok"),
        "moves": moves,
        "decides": any(move == "refuse" for move, _word in moves),
        "may_argue": selectors.may_argue(row, viewer=request.actor),
        "is_claimant": row.claimant_id in request.actor.acts_for,
        "facts": [
            {"label": _("现登记单位"), "value": row.holder.name},
            {"label": _("主张单位"), "value": row.claimant.name},
            {"label": _("专利"), "value": row.patent.title},
            {"label": _("申请号/专利号"), "value": row.patent.number},
        ],
    }
    return render(request, "listings/claim.html", context)


@require_POST
@keepers
def argue(request: Request, pk: int) -> HttpResponse:
    """Say why, for one's own side."""
    text = request.POST.get("text", "")
    services.argue(claim_id=pk, text=text, by=request.actor, now=timezone.now())
    messages.success(request, _("已保存。"))
    return redirect("listings:claim", pk=pk)


@require_POST
@readers
def settle(request: Request, pk: int) -> HttpResponse:
    """Withdraw, concede, or decide."""

    def command() -> str:
        services.settle_claim(
            claim_id=pk,
            move=request.POST.get("move", ""),
            reason=request.POST.get("reason", ""),
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已处理，双方会收到通知。"))
        return page_of(pk)

    return submit_once(request, command)


urlpatterns = [
    path("library/claims/", claims, name="claims"),
    path("library/claims/new/", new_claim, name="claim-new"),
    path("library/claims/<int:pk>/", claim, name="claim"),
    path("library/claims/<int:pk>/argue/", argue, name="claim-argue"),
    path("library/claims/<int:pk>/settle/", settle, name="claim-settle"),
]
