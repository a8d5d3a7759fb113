"""Pages of claims on patents that another office keeps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.idempotency.web import submit_once, submitted
from core.people.types import Role
from core.web.doors import for_roles
from core.web.forms import attempt
from core.web.types import Request
from listings import services
from listings.selectors import claims as selectors
from listings.selectors.cards import cards, printed
from listings.web.doors import keepers

A_PAGE = 25
HANDED_OVER = gettext_lazy(
    "专利已由主张单位管理；已有的许可、质押不受影响，原来的挂牌已经暂停，由新单位核对后恢复。"
)
LEFT = {  # what the result means from here on
    "moved": HANDED_OVER,
    "conceded": HANDED_OVER,
    "shared": gettext_lazy(
        "主张单位已列入专利权人，专利仍由现登记单位管理；转让、质押和独占、排他许可须经全体共有人同意。"
    ),
    "refused": gettext_lazy("专利没有变更。对裁定不服的，可以向人民法院起诉。"),
    "withdrawn": gettext_lazy("主张方已经撤回，专利没有变更。"),
}
TONES = {"open": "warn", "refused": "muted", "withdrawn": "muted"}
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


class ArgueForm(forms.Form):
    """One side's words."""

    text = forms.CharField(
        label=gettext_lazy("答复"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("对方和主管部门会看到。"),
    )


class SettleForm(forms.Form):
    """What to do with it, and why."""

    move = forms.ChoiceField(label=gettext_lazy("处理办法"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("说明"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "双方可见。移交后专利由主张方管理；已有的许可、质押不受影响，"
            "正在挂牌的会先暂停，由新单位确认。"
        ),
    )

    def __init__(self, *args: Any, moves: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["move"].choices = moves  # type: ignore[attr-defined]
        if any(move == "refuse" for move, _word in moves):
            self.fields["reason"].label = _("依据")
            self.fields["reason"].required = True


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
    return _page(request, selectors.claim(pk, viewer=request.actor))


def _page(
    request: Request,
    row: Any,
    *,
    argued: ArgueForm | None = None,
    settled: SettleForm | None = None,
) -> HttpResponse:
    """The claim with its forms; those given were refused and keep what was typed."""
    moves = selectors.moves_of(row, viewer=request.actor)
    own = row.grounds if row.claimant_id in request.actor.acts_for else row.answer
    argue_form = argued or ArgueForm(initial={"text": own})
    if row.claimant_id in request.actor.acts_for:
        argue_form.fields["text"].label = _("补充主张理由")
    context: dict[str, Any] = {
        "claim": row,
        "tone": TONES.get(row.state, "ok"),
        "left": LEFT.get(row.state, ""),
        "decides": any(move == "refuse" for move, _word in moves),
        "argue_form": argue_form if selectors.may_argue(row, viewer=request.actor) else None,
        "settle_form": (settled or SettleForm(moves=moves)) if moves else None,
        "facts": [
            {"label": _("现登记单位"), "value": row.holder.name},
            {"label": _("主张单位"), "value": row.claimant.name},
            {"label": _("专利"), "value": row.patent.title, "url": _patent_page(request, row)},
            {"label": _("申请号/专利号"), "value": printed(row.patent)},
        ],
    }
    status = 422 if argued or settled else 200
    return render(request, "listings/claim.html", context, status=status)


def _patent_page(request: Request, row: Any) -> str:
    """Where this reader sees the patent: at its desk, on the board, or nowhere."""
    if row.patent.organisation_id in request.actor.acts_for and request.actor.has(
        Role.OFFICE, Role.BROKER
    ):
        return reverse("listings:library-patent", kwargs={"pk": row.patent_id})
    if cards([row.patent_id], viewer=request.actor):
        return reverse("listings:patent", kwargs={"pk": row.patent_id})
    return ""


@require_POST
@keepers
def argue(request: Request, pk: int) -> HttpResponse:
    """Say why, for one's own side."""
    row = selectors.claim(pk, viewer=request.actor)
    form = ArgueForm(request.POST)

    def command() -> str:
        text = request.POST.get("text", "")
        services.argue(claim_id=pk, text=text, by=request.actor, now=timezone.now())
        messages.success(request, _("已保存。"))
        return page_of(pk)

    if not selectors.may_argue(row, viewer=request.actor):
        return submit_once(request, command)  # the service says why not
    return submitted(request, form, command) or _page(request, row, argued=form)


@require_POST
@readers
def settle(request: Request, pk: int) -> HttpResponse:
    """Withdraw, concede, or decide."""
    row = selectors.claim(pk, viewer=request.actor)
    moves = selectors.moves_of(row, viewer=request.actor)
    form = SettleForm(request.POST, moves=moves)

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

    asked = request.POST.get("move")
    if not moves or (asked and asked not in dict(moves)):
        return submit_once(request, command)  # the service says why not
    return submitted(request, form, command) or _page(request, row, settled=form)


urlpatterns = [
    path("library/claims/", claims, name="claims"),
    path("library/claims/new/", new_claim, name="claim-new"),
    path("library/claims/<int:pk>/", claim, name="claim"),
    path("library/claims/<int:pk>/argue/", argue, name="claim-argue"),
    path("library/claims/<int:pk>/settle/", settle, name="claim-settle"),
]
