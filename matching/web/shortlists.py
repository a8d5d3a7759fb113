"""Pages of service institutions' lists: made, sent and followed; read, rated and refused."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, Missing
from core.idempotency.web import submitted
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import for_roles, login_needed
from core.web.forms import attempt
from core.web.types import Request
from listings import selectors as listings
from matching import selectors
from matching.rules.shortlists import ShortlistStatus
from matching.selectors import shortlists as asked
from matching.services import shortlist_rating
from matching.services import shortlists as services
from matching.types import Rejection, Verdict
from matching.web import words
from matching.web.doors import form_data, numbers_of, page_of
from matching.web.explaining import shown as explained
from matching.web.shortlist_forms import ShortlistForm, WithdrawForm, row_of
from matching.web.verdicts import VerdictForm, said

TONES = {"draft": "muted", "sent": "ok", "withdrawn": "muted"}
STATUSES: dict[str, Any] = {
    "draft": lazy("草稿"),
    "sent": lazy("已发送"),
    "withdrawn": lazy("已撤回"),
}
SIDES = (("received", lazy("收到的")), ("sent", lazy("我们做的")))
for_makers = for_roles(Role.OFFICE, Role.BROKER)
for_both_sides = for_roles(Role.ENTERPRISE, Role.OFFICE, Role.BROKER, Role.BUREAU)


@require_GET
@for_both_sides
def index(request: Request) -> HttpResponse:
    """The lists one has made, and those one has got."""
    makes = allowed(request.actor, Permission.ANSWER_NEED)
    gets = request.actor.has(Role.ENTERPRISE, Role.BROKER, Role.BUREAU)
    sides = [(code, label) for code, label in SIDES if (makes if code == "sent" else gets)]
    side = request.GET.get("side", "")
    side = side if side in dict(sides) else ("sent" if makes else "received")
    page = page_of(request, asked.shortlists(viewer=request.actor, side=side))
    faces = {
        face.pk: face for face in selectors.faces({row.need for row in page}, viewer=request.actor)
    }
    context = {
        "page": page,
        "rows": [
            {
                "row": row,
                "need": faces[row.need_id],
                "status": STATUSES[row.status],
                "tone": TONES[row.status],
            }
            for row in page
        ],
        "side": side,
        "tabs": [
            {"url": f"?side={code}", "label": label, "current": code == side}
            for code, label in sides
        ]
        if len(sides) > 1
        else [],
    }
    return render(request, "matching/shortlists.html", context)


@require_http_methods(["GET", "POST"])
@for_makers
def write(request: Request, pk: int) -> HttpResponse:
    """A list for a need: a new one, or on with the draft that is there."""
    need = selectors.need(pk, viewer=request.actor)
    if not asked.may_answer(need, viewer=request.actor):
        messages.error(request, _("这条需求现在不能推荐：它没有在征集，或是贵单位自己的。"))
        return redirect("matching:need", pk=pk)
    kept = asked.own_of_need(pk, viewer=request.actor)
    if kept is not None and kept.status != ShortlistStatus.DRAFT:
        return redirect("matching:shortlist", pk=kept.pk)
    form = _form(request, kept)
    if request.method == "POST":

        def run() -> str:
            now = timezone.now()
            if kept is None:
                row = services.draft_shortlist(
                    need_id=pk, data=form.value(), by=request.actor, now=now
                )
            else:
                row = services.edit_shortlist(
                    shortlist_id=kept.pk,
                    data=form.value(),
                    version=form.cleaned_data["version"] or 0,
                    by=request.actor,
                    now=now,
                )
            if "more" in request.POST:
                messages.success(request, _("草稿已保存，下面多出了空行。"))
                return reverse("matching:shortlist-write", kwargs={"pk": pk})
            messages.success(request, _("草稿已保存。核对无误后发送。"))
            return reverse("matching:shortlist", kwargs={"pk": row.pk})

        if answer := submitted(request, form, run):
            return answer
    context = {
        "need": selectors.face(need, viewer=request.actor),
        "form": form,
        "kept": kept,
        "candidates": asked.candidates(need, viewer=request.actor),
        "is_agent": need.organisation_id in request.actor.acts_for,
    }
    status = 422 if form.is_bound else 200
    return render(request, "matching/shortlist_form.html", context, status=status)


def _form(request: Request, kept: Any) -> ShortlistForm:
    data = form_data(request)
    if data is not None:
        return ShortlistForm(data, viewer=request.actor)
    items = services.as_input(kept).picks if kept else ()
    added = [pk for pk in numbers_of(request.GET.getlist("add")) if pk < 2**53][:20]
    ids = [pick.patent_id for pick in items]
    cards = listings.cards([*ids, *added], viewer=request.actor)
    rows = [
        row_of(cards.get(pick.patent_id), pick.patent_id, place=at, reason=pick.reason)
        for at, pick in enumerate(items, start=1)
    ]
    for pk in dict.fromkeys(added):
        if pk in cards and pk not in ids:
            rows.append(row_of(cards[pk], pk, place=len(rows) + 1, reason=""))
    initial = {"note": kept.note, "version": kept.version} if kept else {}
    return ShortlistForm(viewer=request.actor, initial=initial, rows=rows)


@require_GET
@login_needed
def detail(request: Request, pk: int) -> HttpResponse:
    """One list: its maker sees how far it got, the firm rates line by line."""
    services.read_shortlist(shortlist_id=pk, by=request.actor, now=timezone.now())
    return _page(request, pk)


def _page(request: Request, pk: int, *, status: int = 200, **forms: Form) -> HttpResponse:
    sheet = asked.sheet(pk, viewer=request.actor)
    row = sheet.row
    makes = sheet.is_mine and allowed(request.actor, Permission.ANSWER_NEED)
    context = {
        "sheet": sheet,
        "row": row,
        "need": selectors.face(row.need, viewer=request.actor),
        "sees_need": _sees_need(request, row.need_id),
        "status": STATUSES[row.status],
        "tone": TONES[row.status],
        "lines": [line(one) for one in sheet.lines],
        "may_send": makes and row.status == ShortlistStatus.DRAFT,
        "most": asked.sender_week(row.sender_id),
        "may_withdraw": makes and row.status != ShortlistStatus.WITHDRAWN,
        "may_rate": sheet.is_firm
        and row.status == ShortlistStatus.SENT
        and allowed(request.actor, Permission.RATE_MATCH),
        "may_stop": sheet.is_firm and allowed(request.actor, Permission.RATE_MATCH),
        "rejections": words.REJECTIONS.items(),
        "withdraw_form": forms.get("withdraw") or WithdrawForm(),
        "send_form": forms.get("send"),
    }
    return render(request, "matching/shortlist.html", context, status=status)


def _sees_need(request: Request, need_id: int) -> bool:
    return selectors.needs(viewer=request.actor).filter(pk=need_id).exists()


def line(one: asked.Line) -> dict[str, Any]:
    """One patent of a list as pages show it."""
    card = one.patent
    return {
        "line": one,
        "card": card,
        "meta": [card.organisation_name, words.trl_of(card.trl), words.price_of(card)]
        if card
        else [],
        "engine": explained(one.engine) if one.engine else None,
        "reason_label": words.REJECTIONS.get(one.rejection, ""),
    }


@require_POST
@login_needed
def move(request: Request, pk: int, move: str) -> HttpResponse:
    """Send it, take it back, or have no more from its maker."""
    by, now = request.actor, timezone.now()
    if move == "withdraw":
        form = WithdrawForm(request.POST)

        def withdraw() -> bool:
            because = form.cleaned_data["because"]
            services.withdraw_shortlist(shortlist_id=pk, because=because, by=by, now=now)
            return True

        if not (form.is_valid() and attempt(form, withdraw)):
            return _page(request, pk, status=422, withdraw=form)
        messages.success(request, _("已撤回。"))
    elif move == "send":
        blank = Form(request.POST)

        def send() -> bool:
            services.send_shortlist(shortlist_id=pk, by=by, now=now)
            return True

        if not (blank.is_valid() and attempt(blank, send)):
            return _page(request, pk, status=422, send=blank)
        messages.success(request, _("清单已发给企业，对方打开和评价时会通知您。"))
    elif move == "stop":
        services.stop_sender(shortlist_id=pk, by=by, now=now)
        messages.success(request, _("好的，不再接收这家机构的清单；随时可以恢复。"))
    elif move == "resume":
        services.resume_sender(shortlist_id=pk, by=by, now=now)
        messages.success(request, _("已恢复接收这家机构的清单。"))
    else:
        raise Missing(_("没有这项操作。"))
    return redirect("matching:shortlist", pk=pk)


@require_http_methods(["GET", "POST"])
@login_needed
def rate(request: Request, pk: int, item: int) -> HttpResponse:
    """One tap (感兴趣, or a reason against), or the long form."""
    sheet = asked.sheet(pk, viewer=request.actor)
    one = next((x for x in sheet.lines if x.id == item), None)
    if one is None or not sheet.is_firm:
        raise Missing(_("这一件已经不在清单里，或它不对贵单位开放。"))
    evaluation = asked.evaluation_of(item, viewer=request.actor)
    form = VerdictForm(initial=said(evaluation))
    if request.method == "POST":
        is_long = "prospect" in request.POST
        form = VerdictForm(request.POST) if is_long else form
        verdict = None if is_long else _tapped(request)
        if not is_long:
            try:
                _rate(request, item, verdict)
            except DomainError as refusal:
                if refusal.status != 409:
                    raise
                messages.error(request, refusal.message)
            else:
                messages.success(request, _("评价已保存，下次推荐会据此调整。"))
            return redirect(reverse("matching:shortlist", kwargs={"pk": pk}) + f"#item-{item}")
        if form.is_valid() and attempt(form, lambda: _rate(request, item, form.value())):
            messages.success(request, _("评价已保存，下次推荐会据此调整。"))
            return redirect("matching:shortlist", pk=pk)
    context = {"sheet": sheet, "row": sheet.row, "item": line(one), "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "matching/shortlist_rate.html", context, status=status)


def _tapped(request: Request) -> Verdict:
    reason = request.POST.get("reason", "")
    if reason and reason not in words.REJECTIONS:
        raise Missing(_("没有这个原因，请从列表中选择。"))
    return Verdict(interested=not reason, reason=Rejection(reason) if reason else None)


def _rate(request: Request, item: int, verdict: Any) -> bool:
    shortlist_rating.rate_item(item_id=item, verdict=verdict, by=request.actor, now=timezone.now())
    return True


urlpatterns = [
    path("shortlists/", index, name="shortlists"),
    path("needs/<int:pk>/shortlist/", write, name="shortlist-write"),
    path("shortlists/<int:pk>/", detail, name="shortlist"),
    path("shortlists/<int:pk>/items/<int:item>/", rate, name="shortlist-rate"),
    path("shortlists/<int:pk>/<slug:move>/", move, name="shortlist-move"),
]
