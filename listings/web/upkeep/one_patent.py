"""One patent's annuities, the decision to keep it or not, and the calendar feed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import money
from core.days import legal_day
from core.errors import Missing
from core.idempotency.web import submit_once, submitted
from core.people.types import Role
from core.text import calendars
from core.web.types import Request
from listings import selectors
from listings.rules.annuities import LAPSE_ARTICLE
from listings.selectors.upkeep import annuities, annuity_records
from listings.selectors.upkeep.annuities import Due
from listings.services import upkeep
from listings.types import PatentCard
from listings.web.doors import keepers, own_patent
from listings.web.upkeep.annuities import line
from listings.web.upkeep.annuity_forms import CorrectForm, DropForm, PayForm, ReductionForm


def _page(pk: int) -> str:
    return reverse("listings:annuity-patent", kwargs={"pk": pk})


@require_http_methods(["GET", "POST"])
@keepers
def patent(request: Request, pk: int) -> HttpResponse:
    """What was paid, what comes, and the next payment to be recorded."""
    card, now = own_patent(request, pk), timezone.now()
    on = legal_day(now)
    form = PayForm(request.POST or None, initial={"paid_on": on})

    def command() -> str:
        upkeep.record_payment(patent_id=pk, by=request.actor, now=now, **form.cleaned_data)
        messages.success(request, _("已登记缴费。"))
        return _page(pk)

    if request.method == "POST":
        done = submitted(request, form, command)
        if done is not None:
            return done
    return _shown(request, card, pay_form=form)


def _shown(request: Request, card: PatentCard, **forms: Any) -> HttpResponse:
    on = legal_day(timezone.now())
    found = annuity_records.keeping(card.id, viewer=request.actor, on=on)
    context: dict[str, Any] = {
        "card": card,
        "found": found,
        "line": line(found.due, card, on) if found.due else None,
        "lapse_article": LAPSE_ARTICLE,
        "to_come": sum(quote.total for quote in found.years),
        "pay_form": PayForm(initial={"paid_on": on}),
        "reduction_form": ReductionForm(),
    } | forms
    failed = any(form.errors for form in forms.values())
    return render(request, "listings/annuity_patent.html", context, status=422 if failed else 200)


@require_POST
@keepers
def reduce(request: Request, pk: int) -> HttpResponse:
    """State a reduction of fees."""
    card, form = own_patent(request, pk), ReductionForm(request.POST)

    def command() -> str:
        upkeep.state_reduction(
            patent_ids=[pk], by=request.actor, now=timezone.now(), **form.cleaned_data
        )
        messages.success(request, _("已登记费用减缴，金额已重新计算。"))
        return _page(pk)

    return submitted(request, form, command) or _shown(request, card, reduction_form=form)


@require_POST
@keepers
def end_reduction(request: Request, pk: int, reduction_id: int) -> HttpResponse:
    """A reduction that no longer counts."""
    own_patent(request, pk)
    upkeep.end_reduction(reduction_id=reduction_id, by=request.actor, now=timezone.now())
    messages.success(request, _("这项费用减缴不再计入。"))
    return redirect("listings:annuity-patent", pk=pk)


@require_http_methods(["GET", "POST"])
@keepers
def correct(request: Request, pk: int) -> HttpResponse:
    """Take a wrong record back."""
    row = annuity_records.payment(pk, viewer=request.actor)
    form = CorrectForm(request.POST or None)

    def command() -> str:
        upkeep.correct_payment(
            payment_id=pk,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已更正，“年费缴至”恢复到登记之前。"))
        return _page(row.patent_id)

    if request.method == "POST":
        done = submitted(request, form, command)
        if done is not None:
            return done
    context = {"row": row, "form": form, "back": _page(row.patent_id)}
    status = 422 if form.errors else 200
    return render(request, "listings/annuity_correct.html", context, status=status)


@require_http_methods(["GET", "POST"])
@keepers
def drop(request: Request, pk: int) -> HttpResponse:
    """Decide to maintain it no longer."""
    card, form = own_patent(request, pk), DropForm(request.POST or None)

    def command() -> str:
        upkeep.drop(patent_id=pk, by=request.actor, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("已决定不再维持，不再提醒，也不计入预算。"))
        return _page(pk)

    if request.method == "POST":
        done = submitted(request, form, command)
        if done is not None:
            return done
    on = legal_day(timezone.now())
    found = annuity_records.keeping(pk, viewer=request.actor, on=on)
    context = {"card": card, "form": form, "found": found, "back": _page(pk)}
    status = 422 if form.errors else 200
    return render(request, "listings/annuity_drop.html", context, status=status)


@require_POST
@keepers
def keep(request: Request, pk: int) -> HttpResponse:
    """Take that decision back."""
    own_patent(request, pk)

    def command() -> str:
        upkeep.keep(patent_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已恢复维持。"))
        return _page(pk)

    return submit_once(request, command)


@require_http_methods(["GET", "POST"])
@keepers
def feed(request: Request) -> HttpResponse:
    """The secret address of the calendar: made anew, shown once, or stopped."""
    secret = ""
    if request.method == "POST":
        if request.POST.get("do") == "revoke":
            upkeep.revoke_feed(by=request.actor, now=timezone.now())
            messages.success(request, _("日历地址已停用，旧地址不再可用。"))
            return redirect("listings:annuity-feed")
        secret = upkeep.open_feed(by=request.actor, now=timezone.now())
    url = ""
    if secret:
        where = reverse("listings:annuity-ics", kwargs={"secret": secret})
        url = request.build_absolute_uri(where)
    context = {"url": url, "feed": annuity_records.feed_of(viewer=request.actor)}
    response = render(request, "listings/annuity_feed.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_GET
def ics(request: Request, secret: str) -> HttpResponse:
    """The calendar as calendar programs read it; the secret is the key, no login."""
    now = timezone.now()
    on = legal_day(now)
    reader = annuity_records.feed_reader(secret, on=on)
    if not reader.has(Role.OFFICE, Role.BROKER):
        raise Missing("这个日历地址已停用或不存在。")
    upkeep.note_reading(secret=secret, now=now)
    found = annuities.calendar(viewer=reader, on=on)
    rows = [row for row in found.rows if row.due_on and row.counts]
    cards = selectors.cards({row.patent_id for row in rows}, viewer=reader)
    days = [
        _day(row, cards[row.patent_id], request.build_absolute_uri)
        for row in rows
        if row.patent_id in cards
    ]
    text = calendars.calendar("年费日历", days, stamp=now)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="annuities.ics"'
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Robots-Tag"] = "noindex"
    return response


def _day(row: Due, card: PatentCard, absolute: Callable[[str], str]) -> calendars.Day:
    """The due day; for what is late the last day of grace."""
    assert row.due_on is not None
    assert row.grace_until is not None
    late = row.group == "late"
    year = f"第 {row.quote.year} 年度" if row.quote else ""
    parts = row.quote.lines if row.quote else ()
    return calendars.Day(
        uid=f"annuity-{card.id}-{row.due_on:%Y%m%d}-{'grace' if late else 'due'}@patentops",
        on=row.grace_until if late else row.due_on,
        summary=f"{'滞纳期届满' if late else '年费到期'}：{card.title} {year}"
        + (f" {money.yuan(row.total)}" if row.quote else ""),
        description="\n".join(
            [
                card.printed,
                *(f"{part.label}：{money.yuan(part.amount)}（{part.article}）" for part in parts),
            ]
        ),
        url=absolute(_page(card.id)),
        alarms=(30, 7),
    )


urlpatterns = [
    path("library/annuities/patents/<int:pk>/", patent, name="annuity-patent"),
    path("library/annuities/patents/<int:pk>/reductions/", reduce, name="annuity-reduce"),
    path(
        "library/annuities/patents/<int:pk>/reductions/<int:reduction_id>/end/",
        end_reduction,
        name="annuity-reduction-end",
    ),
    path("library/annuities/patents/<int:pk>/drop/", drop, name="annuity-drop"),
    path("library/annuities/patents/<int:pk>/keep/", keep, name="annuity-keep"),
    path("library/annuities/payments/<int:pk>/correct/", correct, name="annuity-correct"),
    path("library/annuities/feed/", feed, name="annuity-feed"),
    path("library/annuities/feed/<slug:secret>.ics", ics, name="annuity-ics"),
]
