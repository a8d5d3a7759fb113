"""The office's workbench: its stock, each patent's record, legal events, the offer sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.days import legal_day
from core.errors import Conflict, Missing
from core.idempotency.web import submit_once
from core.web.forms import attempt
from core.web.types import Request
from listings import filters, selectors, services
from listings.selectors import office
from listings.selectors.face import face
from listings.selectors.offering import sheets
from listings.selectors.ownership import rights
from listings.selectors.register import events
from listings.selectors.upkeep import annuity_records
from listings.types import (
    Action,
    Consent,
    HolderCard,
    HolderInput,
    HolderKind,
    PatentCard,
    hard,
)
from listings.web import presenting, scores
from listings.web.doors import keepers
from listings.web.doors import own_patent as _mine
from listings.web.forms import (
    EventForm,
    HoldersForm,
    NewPatentForm,
    PatentForm,
    ReasonForm,
    initial_of,
)

A_PAGE = 30
SHEET_TONES = {"writing": "muted", "in_review": "wait", "returned": "danger", "approved": "ok"}
MOVES = {
    "publish": services.publish_listing,
    "resume": services.resume_listing,
    "withdraw": services.withdraw_listing,
}
DONE = {
    "publish": lazy("已挂牌，所有人现在都能看到。"),
    "suspend": lazy("已暂停，公开页面上暂时看不到。"),
    "resume": lazy("已恢复挂牌。"),
    "withdraw": lazy("已撤回挂牌。"),
}


@require_GET
@keepers
def library(request: Request) -> HttpResponse:
    """The stock as a table: number, state, layer, offer."""
    asked = {
        name: request.GET.get(name, "")[:200] for name in ("q", "status", "layer", "offer", "sort")
    }
    rows = office.filtered_stock(
        viewer=request.actor,
        text=asked["q"].replace("\x00", ""),
        status=asked["status"],
        layer=asked["layer"],
        offer=asked["offer"],
        sort=asked["sort"],
    )
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    counts = office.stock_by_status(viewer=request.actor)
    context = {
        "rows": [_line(card) for card in office.cards_of(page, viewer=request.actor)],
        "page": page,
        "asked": asked,
        "statuses": office.STATUSES,
        "layers": office.LAYERS,
        "offers": office.OFFERS,
        "total": sum(counts.values()),
        "granted": counts.get("granted", 0),
        "unverified": counts.get("unverified", 0),
        "is_narrowed": any(asked.values()),
    }
    return render(request, "listings/library.html", context)


def _line(card: PatentCard) -> dict[str, Any]:
    return {
        "card": card,
        "status_label": filters.word_for("status", card.status),
        "status_tone": presenting.STATUS_TONES.get(card.status, "muted"),  # type: ignore[call-overload]
        "offer_label": dict(office.OFFERS).get(card.listing_status, ""),
        "layer_label": presenting.layer_of(card),
        "price": presenting.price_of(card) if card.listing_id else "",
    }


@require_http_methods(["GET", "POST"])
@keepers
def new_patent(request: Request) -> HttpResponse:
    """Register one patent by hand."""
    form = NewPatentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            pk = services.register_patent(
                data=form.as_input(),
                organisation_id=request.actor.organisation_id,
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已登记。"))
            return reverse("listings:library-patent", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(request, "listings/patent_new.html", {"form": form}, status=status)


@require_GET
@keepers
def patent(request: Request, pk: int) -> HttpResponse:
    """One patent as its keepers see it: where it stands and what is to be done next."""
    card, now = _mine(request, pk), timezone.now()
    known = face(pk, viewer=request.actor, at=now)
    able = presenting.abilities(known.abilities)
    item = selectors.inventory_item(pk, viewer=request.actor)
    due = annuity_records.next_dues([pk], viewer=request.actor, on=legal_day(now)).get(pk)
    context = {
        "card": card,
        "line": _line(card),
        "facts": presenting.facts(card),
        "holders": known.holders,
        "inventor_rights": rights.rights_in_force(pk, on=legal_day(now)),
        "doubts": events.doubts_of(pk, viewer=request.actor),
        "history": presenting.history(known.history),
        "bindings": [presenting.binding(b) for b in known.encumbrances],
        "publish_blockers": known.abilities[Action.PUBLISH],
        "may_publish": not hard(known.abilities[Action.PUBLISH]),
        "abilities": able,
        "free": presenting.free_of(able),
        "item": item,
        "item_label": item.get_status_display() if item else "",
        "layer_label": presenting.layer_of(card),
        "annuity": selectors.annuity_of(pk, at=now),
        "annuity_quote": due.quote if due else None,
        "potential": scores.panel(pk, viewer=request.actor),
        "reason_form": ReasonForm(),
        "sheet": (sheet := sheets.sheet(pk, viewer=request.actor)),
        "sheet_tone": SHEET_TONES[sheet.state],
    }
    return render(request, "listings/library_patent.html", context)


@require_http_methods(["GET", "POST"])
@keepers
def edit_patent(request: Request, pk: int) -> HttpResponse:
    """Correct the record. When somebody saved meanwhile, both values are shown and none is lost."""
    card = _mine(request, pk)
    form = PatentForm(request.POST or None, initial=initial_of(card))
    status = 200
    context: dict[str, Any] = {"card": card, "form": form}
    if request.method == "POST":
        status = 422
        if form.is_valid():
            version = form.cleaned_data["version"]

            def command() -> str:
                services.correct_patent(
                    patent_id=pk,
                    changes=form.values(),
                    version=version,
                    by=request.actor,
                    now=timezone.now(),
                )
                messages.success(request, _("已保存。"))
                return reverse("listings:library-patent", kwargs={"pk": pk})

            try:
                done = attempt_but_conflict(form, lambda: submit_once(request, command))
                if done is not None:
                    return done
            except Conflict:
                status = 409
                latest = selectors.card(pk, viewer=request.actor)
                context["conflict"] = differing(form, initial_of(latest))
                form.data = with_version(request, latest.version)
    return render(request, "listings/patent_edit.html", context, status=status)


def attempt_but_conflict(
    form: django_forms.BaseForm, command: Callable[[], HttpResponse]
) -> HttpResponse | None:
    """As `attempt`, but a lost race is the caller's to show."""
    raced: list[Conflict] = []

    def watched() -> HttpResponse | None:
        try:
            return command()
        except Conflict as conflict:
            if conflict.code != "edited-meanwhile":
                raise
            raced.append(conflict)
            return None

    found = attempt(form, watched)
    if raced:
        raise raced[0]
    return found


def with_version(request: Request, version: int) -> QueryDict:
    """What was sent, now knowing the state it is to be put over."""
    data = request.POST.copy()
    data["version"] = str(version)
    return data


def differing(form: django_forms.BaseForm, latest: dict[str, Any]) -> list[dict[str, Any]]:
    """Fields where what is stored now and what was typed are not the same."""
    found = []
    for name, field in form.fields.items():
        if name == "version":
            continue
        typed = form.data.get(name, "")
        if isinstance(field, django_forms.MultipleChoiceField):
            typed = "、".join(form.data.getlist(name))  # type: ignore[attr-defined]
        stored = latest.get(name, "")
        stored_text = (
            "、".join(map(str, stored)) if isinstance(stored, list | tuple) else str(stored or "")
        )
        if str(typed).strip() != stored_text.strip():
            found.append({"label": field.label, "stored": stored_text, "typed": typed})
    return found


@require_http_methods(["GET", "POST"])
@keepers
def new_event(request: Request, pk: int) -> HttpResponse:
    """Record a legal event of the gazette."""
    card = _mine(request, pk)
    form = EventForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def command() -> str:
            services.record_legal_event(
                patent_id=pk,
                code=data["code"],
                occurred_on=data["occurred_on"],
                reference=data["reference"],
                detail=form.detail(),
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已登记法律事件，法律状态已重新计算。"))
            return reverse("listings:library-patent", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(request, "listings/event_new.html", {"card": card, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
@keepers
def edit_holders(request: Request, pk: int) -> HttpResponse:
    """Replace the patentees, one per line."""
    card = _mine(request, pk)
    known = {holder.name: holder for holder in selectors.holders(pk, viewer=request.actor)}
    form = HoldersForm(
        request.POST or None,
        initial={"names": "\n".join(known), "version": card.version},
    )
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            services.set_holders(
                patent_id=pk,
                holders=[_holder(name, known) for name in form.name_list()],
                version=form.cleaned_data["version"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("专利权人已更新。"))
            return reverse("listings:library-patent", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(
        request, "listings/holders_edit.html", {"card": card, "form": form}, status=status
    )


def _holder(name: str, known: dict[str, HolderCard]) -> HolderInput:
    """Somebody new, or a patentee of before with all that is known of it."""
    old = known.get(name)
    if old is None:
        return HolderInput(name)
    kind, consent = HolderKind(old.kind), Consent(old.consent)
    return HolderInput(name, kind, old.share, consent, old.organisation_id)


@require_POST
@keepers
def move_listing(request: Request, pk: int, move: str) -> HttpResponse:
    """Publish, suspend, resume or withdraw."""
    if move not in DONE:
        raise Missing("没有这个操作。")
    _mine(request, pk)
    listing = selectors.live_listing(pk, viewer=request.actor)
    if listing is None:
        raise Missing("这件专利还没有推介表，请先填写。")

    def command() -> str:
        if move == "suspend":
            form = ReasonForm(request.POST)
            reason = form.cleaned_data["reason"] if form.is_valid() else ""
            services.suspend_listing(
                listing_id=listing.pk,
                reason=reason or "持有单位暂停",
                by=request.actor,
                now=timezone.now(),
            )
        else:
            MOVES[move](listing_id=listing.pk, by=request.actor, now=timezone.now())
        messages.success(request, DONE[move])
        return reverse("listings:library-patent", kwargs={"pk": pk})

    return submit_once(request, command)


@require_POST
@keepers
def move_item(request: Request, pk: int, move: str) -> HttpResponse:
    """Admit to the library, or put aside."""
    if move not in {"admit", "archive"}:
        raise Missing("没有这个操作。")
    _mine(request, pk)

    def command() -> str:
        if move == "archive":
            reason = request.POST.get("reason", "")[:200]
            services.archive(patent_id=pk, reason=reason, by=request.actor, now=timezone.now())
            messages.success(request, _("已归档。"))
        else:
            services.admit(patent_id=pk, by=request.actor, now=timezone.now())
            messages.success(request, _("已入库。"))
        return reverse("listings:library-patent", kwargs={"pk": pk})

    return submit_once(request, command)
