"""What to do today for the patents of each layer; requests for services and their answers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.idempotency.web import submit_once
from core.people.types import Role
from core.web.doors import for_roles, login_needed
from core.web.forms import attempt, day_input
from core.web.types import Request
from listings import filters, services
from listings.rules.promotion import KIND_WORDS, REVIEW_IN
from listings.selectors import office
from listings.selectors.layers import promotion as selectors
from listings.services.layers import promotion
from listings.web.doors import keepers, own_patent
from listings.web.picking import keys

A_PAGE = 30
STATES = {"open": lazy("待答复"), "answered": lazy("已答复"), "closed": lazy("已办结")}
OFFERS = dict(office.OFFERS)
STATE_TONES = {"open": "wait", "answered": "ok", "closed": "muted"}
LEADS = {
    "A": lazy("A 层重点推广：先挂牌没上架的，再推送在架的，按潜力从高到低。"),
    "B": lazy("B 层培育：补齐缺的依据，请评估、经纪或概念验证帮一把。"),
    "C": lazy("C 层储备：不急着推广的归档，到复核日再看一次。"),
}


class ServiceForm(forms.Form):
    """What is asked of whom."""

    kind = forms.ChoiceField(
        label=lazy("服务种类"), choices=[(k.value, words) for k, words in KIND_WORDS.items()]
    )
    provider = forms.TypedChoiceField(label=lazy("服务机构"), coerce=int)
    wish = forms.CharField(
        label=lazy("希望得到什么"), max_length=500, widget=forms.Textarea(attrs={"rows": 4})
    )
    examples = {"wish": lazy("用于质押贷款的价值评估报告，一个月内")}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        groups = [(KIND_WORDS[kind], found) for kind, found in selectors.providers().items()]
        self.fields["provider"].choices = [  # type: ignore[attr-defined]
            ("", _("请选择")),
            *[(words, found) for words, found in groups if found],
        ]


class AnswerForm(forms.Form):
    """What the provider can do."""

    answer = forms.CharField(
        label=lazy("答复"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=lazy("写明能提供什么、费用和时间。"),
    )


class CloseForm(forms.Form):
    """What came of it."""

    outcome = forms.CharField(label=lazy("结果"), max_length=500)
    examples = {"outcome": lazy("已取得评估报告，估值 120 万元")}


class ReviewForm(forms.Form):
    """A day on which to look again."""

    review_on = forms.DateField(label=lazy("下次复核"), widget=day_input())


@require_GET
@keepers
def worklist(request: Request) -> HttpResponse:
    """The work list of a layer."""
    now = timezone.now()
    layer = request.GET.get("layer", "A")
    layer = layer if layer in LEADS else "A"
    state = request.GET.get("state", "")
    rows = selectors.worklist(viewer=request.actor, layer=layer, state=state, at=now)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    counts = selectors.counts(viewer=request.actor, at=now)
    labels = {code: filters.word_for("layer", code) for code in LEADS}
    shown = selectors.candidates(page, at=now)
    context = {
        "layer": layer,
        "state": state if layer == "C" else "",
        "lead": LEADS[layer],
        "tabs": [
            {
                "url": f"?layer={code}",
                "label": labels[code],
                "count": counts[code],
                "current": code == layer,
            }
            for code in LEADS
        ],
        "counts": counts,
        "rows": [{"card": row, "offer": OFFERS.get(row.listing_status, "")} for row in shown],
        "any_to_list": any(row.listing_status != "listed" for row in shown),
        "page": page,
        "states": STATES,
        "review_on": (timezone.localdate(now) + REVIEW_IN).isoformat(),
    }
    return render(request, "listings/promotion.html", context)


def _chosen(request: Request) -> list[int]:
    return keys(request.POST.getlist("patents"))


@require_POST
@keepers
def publish(request: Request) -> HttpResponse:
    """Put the chosen patents on the board; matching pushes what it finds."""
    back, chosen = f"{reverse('listings:promotion')}?layer=A", _chosen(request)
    if not chosen:
        messages.warning(request, _("请先勾选要挂牌的专利。"))
        return redirect(back)

    def command() -> str:
        found = services.publish_stock(patent_ids=chosen, by=request.actor, now=timezone.now())
        if found.listed:
            messages.success(
                request, _("已挂牌 %(n)d 件，正在匹配并推送给企业。") % {"n": found.listed}
            )
        if found.refused:
            first = next(iter(found.refused.values()))
            why = "".join(blocker.message for blocker in first)
            messages.warning(
                request,
                _("%(n)d 件还不能挂牌，例如：%(why)s") % {"n": len(found.refused), "why": why},
            )
        if not found.listed and not found.refused:
            messages.warning(request, _("勾选的专利都已在架，没有需要挂牌的。"))
        return back

    return submit_once(request, command)


@require_POST
@keepers
def push(request: Request, pk: int) -> HttpResponse:
    """Have one patent put before firms again."""
    own_patent(request, pk)
    back = f"{reverse('listings:promotion')}?layer=A"

    def command() -> str:
        promotion.push_again(patent_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已重新匹配，合适且没看过的企业会收到推送。"))
        return back

    return _told(request, command, back)


def _told(request: Request, command: Any, back: str) -> HttpResponse:
    """A refusal is shown on the list where the button stands."""
    try:
        return submit_once(request, command)
    except DomainError as refusal:
        fields = getattr(refusal, "fields", {}) or {}
        said = "".join(message for found in fields.values() for message in found)
        messages.warning(request, said or refusal.message)
        return redirect(back)


@require_POST
@keepers
def archive(request: Request) -> HttpResponse:
    """Put the chosen patents aside until a review day."""
    back = f"{reverse('listings:promotion')}?layer=C"

    def command() -> str:
        done = promotion.archive_stock(
            patent_ids=_chosen(request),
            reason=request.POST.get("reason", ""),
            review_on=_day(request.POST.get("review_on", "")),
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已归档 %(n)d 件，到复核日会提醒。") % {"n": done})
        return back

    return _told(request, command, back)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
@keepers
def review(request: Request, pk: int) -> HttpResponse:
    """An archived patent, looked at again: back into the library, or another day."""
    card = own_patent(request, pk)
    form = ReviewForm(request.POST or None, initial={"review_on": timezone.localdate() + REVIEW_IN})
    back = f"{reverse('listings:promotion')}?layer=C&state=due"
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            promotion.put_off_review(
                patent_id=pk,
                review_on=form.cleaned_data["review_on"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("继续归档，已记下次复核日。"))
            return back

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    context = {"card": card, "form": form, "back": back}
    return render(request, "listings/promotion_review.html", context, status=status)


@require_http_methods(["GET", "POST"])
@keepers
def ask(request: Request, pk: int) -> HttpResponse:
    """Ask a provider for a service on a patent."""
    card = own_patent(request, pk)
    form = ServiceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def command() -> str:
            made = promotion.request_service(
                patent_id=pk,
                kind=data["kind"],
                provider_id=data["provider"],
                wish=data["wish"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已提出，服务机构会收到通知。"))
            return reverse("listings:service-request", kwargs={"pk": made})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(
        request, "listings/service_request_new.html", {"card": card, "form": form}, status=status
    )


@require_GET
@for_roles(Role.OFFICE, Role.BROKER, Role.VALUER, Role.EXCHANGE, Role.AUDITOR)
def requests(request: Request) -> HttpResponse:
    """What was asked of, or by, the viewer's organisation."""
    state = request.GET.get("state", "")
    rows = selectors.service_requests(viewer=request.actor, state=state)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": [_line(selectors.service_card(row)) for row in page],
        "page": page,
        "tabs": [
            {"url": f"?state={code}", "label": label, "current": code == state}
            for code, label in {"": _("全部"), **STATES}.items()
        ],
    }
    return render(request, "listings/service_requests.html", context)


def _line(card: selectors.ServiceCard) -> dict[str, Any]:
    return {
        "card": card,
        "kind": dict(KIND_WORDS)[card.kind],  # type: ignore[index]
        "state": STATES[card.state],
        "tone": STATE_TONES[card.state],
    }


@require_http_methods(["GET", "POST"])
@login_needed
def one_request(request: Request, pk: int) -> HttpResponse:
    """One request: the provider answers, the office closes."""
    card = selectors.service_request(pk, viewer=request.actor)
    may_answer = card.provider_id in request.actor.acts_for and card.state == "open"
    may_close = card.office_id in request.actor.acts_for and card.state != "closed"
    sent = request.POST.get("act", "")
    answer = AnswerForm(request.POST if sent == "answer" else None)
    close = CloseForm(request.POST if sent == "close" else None)
    form = {"answer": answer, "close": close}.get(sent)
    if form is not None and form.is_valid():
        data = form.cleaned_data

        def command() -> str:
            common: dict[str, Any] = {"request_id": pk, "by": request.actor, "now": timezone.now()}
            if sent == "answer":
                promotion.answer_service(answer=data["answer"], **common)
                messages.success(request, _("已答复，对方会收到通知。"))
            else:
                promotion.close_service(outcome=data["outcome"], **common)
                messages.success(request, _("已办结。"))
            return reverse("listings:service-request", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    context = {
        **_line(card),
        "answer_form": answer if may_answer else None,
        "close_form": close if may_close else None,
        "is_office": card.office_id in request.actor.acts_for,
    }
    wrong = request.method == "POST"
    return render(request, "listings/service_request.html", context, status=422 if wrong else 200)


urlpatterns = [
    path("library/promotion/", worklist, name="promotion"),
    path("library/promotion/publish/", publish, name="promotion-publish"),
    path("library/promotion/archive/", archive, name="promotion-archive"),
    path("library/promotion/<int:pk>/push/", push, name="promotion-push"),
    path("library/promotion/<int:pk>/review/", review, name="promotion-review"),
    path("library/patents/<int:pk>/services/", ask, name="service-ask"),
    path("service-requests/", requests, name="service-requests"),
    path("service-requests/<int:pk>/", one_request, name="service-request"),
]
