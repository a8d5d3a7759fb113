"""Offer sheets at the office: the list, the desk where one is written, and its review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Conflict, DomainError, Missing
from core.idempotency.web import submit_once
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import for_roles
from core.web.forms import attempt
from core.web.types import Request
from listings import selectors, services
from listings.rules import plain_words, sheet_text, sheets
from listings.selectors import office
from listings.selectors.offering import sheets as reading
from listings.selectors.offering.sheets import STATES, SheetCard
from listings.types import Action, PatentCard, hard
from listings.web.doors import keepers
from listings.web.library import attempt_but_conflict, with_version
from listings.web.offering.sheet_forms import FileForm, PolicyForm, ReviewForm, Sheet
from listings.web.offering.sheet_words import LABELS, changes

A_PAGE = 30
for_office = for_roles(Role.OFFICE)
STATE_TONES = {
    "to_write": "muted",
    "in_review": "wait",
    "returned": "danger",
    "ready": "info",
    "live": "ok",
}


@require_GET
@keepers
def index(request: Request) -> HttpResponse:
    """The stock's sheets by where they stand, each with how whole it is."""
    known = dict(STATES)
    counts = reading.sheet_counts(viewer=request.actor)
    asked = request.GET.get("state", "")
    state = asked if asked in known else next((c for c in _ORDER if counts[c]), "to_write")
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    rows = reading.sheet_rows(viewer=request.actor, state=state, text=text)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    here = reverse("listings:sheets")
    context = {
        "page": page,
        "lines": reading.sheet_lines(list(page)),
        "state": state,
        "state_label": known[state],
        "tone": STATE_TONES[state],
        "text": text,
        "tabs": [
            {
                "url": f"{here}?state={code}",
                "label": label,
                "count": counts[code],
                "current": code == state,
            }
            for code, label in STATES
        ],
        "policy": reading.policy(request.actor.organisation_id),
        "may_set": allowed(request.actor, Permission.REVIEW_SHEET),
    }
    return render(request, "listings/sheets.html", context)


_ORDER = ("in_review", "returned", "to_write", "ready", "live")


@require_http_methods(["GET", "POST"])
@for_office
def settings(request: Request) -> HttpResponse:
    """Whether sheets of this organisation are reviewed before they go public."""
    known = reading.policy(request.actor.organisation_id)
    initial = {"review_required": bool(known and known.review_required)}
    form = PolicyForm(request.POST or None, initial=initial)
    if request.method == "POST":
        form = PolicyForm(request.POST)
        form.is_valid()

        def command() -> bool:
            services.set_sheet_policy(
                review_required=form.cleaned_data["review_required"],
                by=request.actor,
                now=timezone.now(),
            )
            return True

        if attempt(form, command):
            messages.success(request, _("已保存。"))
            return redirect("listings:sheets")
    return render(request, "listings/sheet_settings.html", {"form": form})


def _mine(request: Request, pk: int) -> tuple[PatentCard, SheetCard]:
    """A patent of the actor's own stock with its sheet; another's is missing."""
    sheet = reading.sheet(pk, viewer=request.actor)
    return selectors.card(pk, viewer=request.actor), sheet


@require_http_methods(["GET", "POST"])
@keepers
def edit(request: Request, pk: int) -> HttpResponse:
    """Write the sheet: saved in any state of wholeness, and never lost to somebody else's save."""
    card, sheet = _mine(request, pk)
    typed = Sheet(request.POST if request.method == "POST" else None, sheet.offer,
                  version=sheet.version)  # fmt: skip
    blockers = office.abilities(pk, at=timezone.now())[Action.PUBLISH]
    context: dict[str, Any] = {"card": card, "blockers": blockers}
    context["may_publish"] = not hard(blockers)
    status = 200
    if request.method == "POST":
        status = 422
        valid = typed.is_valid()
        if request.POST.get("then") == "check":
            status = 200
        elif valid:
            answer, status = _save(request, pk, sheet, typed, context)
            if answer is not None:
                return answer
    return _desk(request, pk, typed, context, status)


def _save(
    request: Request, pk: int, sheet: SheetCard, typed: Sheet, context: dict[str, Any]
) -> tuple[HttpResponse | None, int]:
    """The redirect after a save; or None and the status of the page that says why not."""

    def command() -> str:
        common: dict[str, Any] = {
            "offer": typed.offer(), "by": request.actor, "now": timezone.now(),
        }  # fmt: skip
        if (listing_id := sheet.listing_id) is None:
            listing_id = services.draft_listing(patent_id=pk, **common)
        else:
            version = typed.form.cleaned_data["version"]
            services.edit_listing(listing_id=listing_id, version=version, **common)
        return _after(request, pk, listing_id)

    try:
        saved = attempt_but_conflict(typed.form, lambda: submit_once(request, command))
    except Conflict:
        latest = reading.sheet(pk, viewer=request.actor)
        theirs, mine = sheet_text.stored(latest.offer), sheet_text.stored(typed.offer())
        if mine["trl"] is None:
            mine["trl"] = theirs["trl"]
        context["conflict"] = changes(theirs, mine | {"files": theirs["files"]})
        typed.form.data = with_version(request, latest.version)
        return None, 409
    return saved, 422


def _after(request: Request, pk: int, listing_id: int) -> str:
    """Saved; then published or handed in as asked. A refusal of that leaves the save standing."""
    steps: dict[str, tuple[Callable[..., Any], str, str]] = {
        "publish": (
            services.publish_listing,
            _("已挂牌，所有人现在都能看到。"),
            _("推介表已保存，但还不能挂牌：%(why)s"),
        ),
        "submit": (
            services.submit_sheet,
            _("推介表已保存并提交审核，同事会收到提醒。"),
            _("推介表已保存，但没有提交：%(why)s"),
        ),
    }
    there = reverse("listings:library-patent", kwargs={"pk": pk})
    then = request.POST.get("then", "")
    if then not in steps:
        messages.success(request, _saved_words(reading.sheet(pk, viewer=request.actor)))
        return there
    command, done, refused = steps[then]
    try:
        command(listing_id=listing_id, by=request.actor, now=timezone.now())
    except DomainError as refusal:
        messages.warning(request, refused % {"why": refusal.message})
    else:
        messages.success(request, done)
    return there


def _saved_words(sheet: SheetCard) -> str:
    if sheet.waits:
        return _("已存为第 %(n)s 版。公众看到的仍是第 %(live)s 版，审核通过后才会更新。") % {
            "n": sheet.head,
            "live": sheet.live,
        }
    return _("推介表已保存。")


def _desk(
    request: Request, pk: int, typed: Sheet, context: dict[str, Any], status: int
) -> HttpResponse:
    sheet = reading.sheet(pk, viewer=request.actor)
    offer = typed.as_far_as_it_goes() if typed.form.is_bound else sheet.offer
    context |= {
        "sheet": sheet,
        "form": typed.form,
        "first": [(typed.form[name], sheets.GUIDES[name]) for name in typed.form.first],
        "second": [(typed.form[name], sheets.GUIDES[name]) for name in typed.form.second],
        "gains": typed.gains,
        "gains_guide": sheets.GUIDES["gains"],
        "contrasts": typed.contrasts,
        "contrasts_guide": sheets.GUIDES["contrasts"],
        "file_form": FileForm(),
        **helper(offer),
    }
    return render(request, "listings/sheet_edit.html", context, status=status)


def helper(offer: Any) -> dict[str, Any]:
    """What the writing guide says of a sheet."""
    return {
        "whole": sheets.completeness(offer),
        "total": sheets.TOTAL,
        "findings": [
            {"label": LABELS[f.field], "field": f.field, "message": f.message}
            for f in plain_words.findings(offer)
        ],
    }


@require_POST
@keepers
def check(request: Request, pk: int) -> HttpResponse:
    """What the guide says of the text being typed; nothing is stored."""
    _card, sheet = _mine(request, pk)
    typed = Sheet(request.POST, sheet.offer, version=sheet.version)
    return render(request, "listings/_sheet_helper.html", helper(typed.as_far_as_it_goes()))


def _listing_of(sheet: SheetCard) -> int:
    if sheet.listing_id is None:
        raise Missing("这件专利还没有推介表，请先填写。")
    return sheet.listing_id


@require_POST
@keepers
def submit(request: Request, pk: int) -> HttpResponse:
    """Hand the saved text in for review."""
    _card, sheet = _mine(request, pk)

    def command() -> str:
        services.submit_sheet(listing_id=_listing_of(sheet), by=request.actor, now=timezone.now())
        messages.success(request, _("已提交审核，同事会收到提醒。"))
        return reverse("listings:library-patent", kwargs={"pk": pk})

    try:
        return submit_once(request, command)
    except DomainError as refusal:
        if refusal.status not in {409, 422}:
            raise
        messages.error(request, refusal.message)
        return redirect("listings:offer-edit", pk=pk)


@require_http_methods(["GET", "POST"])
@keepers
def review(request: Request, pk: int) -> HttpResponse:
    """The version handed in, beside the public one; a colleague's word on it."""
    card, sheet = _mine(request, pk)
    form = ReviewForm(
        request.POST if request.method == "POST" else None, initial={"version": sheet.head}
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            done = attempt(form, lambda: submit_once(request, _verdict(request, pk, sheet, form)))
            if done is not None:
                return done
            latest = reading.sheet(pk, viewer=request.actor).head or 0
            form.data = with_version(request, latest)
    texts = {v.number: v for v in reading.sheet_versions(pk, viewer=request.actor)}
    head, live = texts.get(sheet.head or 0), texts.get(sheet.live or 0)
    names = {file.id: file.name for file in _every_file(sheet, texts)}
    own = sheet.written_by_viewer
    context = {
        "card": card,
        "sheet": sheet,
        "form": form,
        "changes": changes(live.content if live else None, head.content, names) if head else [],
        "reviews": reading.reviews(_listing_of(sheet)),
        "open": sheet.state == sheets.SheetState.IN_REVIEW,
        "own": own,
        "may_review": allowed(request.actor, Permission.REVIEW_SHEET)
        and not (own and sheet.others_can_review),
        "may_publish": not hard(office.abilities(pk, at=timezone.now())[Action.PUBLISH]),
        "published": sheet.listing_status in {"listed", "suspended"},
        **helper(sheet.offer),
    }
    return render(request, "listings/sheet_review.html", context, status=status)


def _every_file(sheet: SheetCard, texts: dict[int, Any]) -> list[Any]:
    wanted = {key for text in texts.values() for key in text.content["files"]}
    return reading.files(_listing_of(sheet), sorted(wanted)) if wanted else []


def _verdict(request: Request, pk: int, sheet: SheetCard, form: ReviewForm) -> Callable[[], str]:
    verdict, data = request.POST.get("verdict", ""), form.cleaned_data
    common: dict[str, Any] = {
        "listing_id": _listing_of(sheet),
        "version": data["version"],
        "remarks": data["remarks"],
        "by": request.actor,
        "now": timezone.now(),
    }

    def command() -> str:
        if verdict == "return":
            services.send_back_sheet(**common)
            messages.success(request, _("已退回，作者会收到您的意见。"))
        elif verdict in {"approve", "publish"}:
            services.approve_sheet(**common, publish=verdict == "publish")
            messages.success(request, _("已审核通过。"))
        else:
            raise Missing("没有这个操作，请用页面上的按钮提交。")
        return reverse("listings:library-patent", kwargs={"pk": pk})

    return command


@require_GET
@keepers
def versions(request: Request, pk: int) -> HttpResponse:
    """Every saved text: who, when, what changed; two of them side by side."""
    card, sheet = _mine(request, pk)
    found = reading.sheet_versions(pk, viewer=request.actor)
    texts = {version.number: version for version in found}
    chosen = texts.get(_whole(request.GET.get("v"))) or (found[0] if found else None)
    against = texts.get(_whole(request.GET.get("with")))
    if against is None and chosen is not None:
        against = texts.get(chosen.number - 1)
    names = {file.id: file.name for file in _every_file(sheet, texts)} if found else {}
    context = {
        "card": card,
        "sheet": sheet,
        "versions": [(v, "、".join(LABELS.get(n, n) for n in v.changed)) for v in found],
        "chosen": chosen,
        "against": against,
        "changes": changes(against.content if against else None, chosen.content, names)
        if chosen
        else [],
    }
    return render(request, "listings/sheet_versions.html", context)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0


@require_POST
@keepers
def restore(request: Request, pk: int, number: int) -> HttpResponse:
    """Go on from an older text."""
    _card, sheet = _mine(request, pk)

    def command() -> str:
        services.restore_sheet(
            listing_id=_listing_of(sheet), number=number, by=request.actor, now=timezone.now()
        )
        messages.success(request, _("已恢复到第 %(n)s 版的内容，存为新版本。") % {"n": number})
        return reverse("listings:sheet-versions", kwargs={"pk": pk})

    return submit_once(request, command)


@require_POST
@keepers
def add_file(request: Request, pk: int) -> HttpResponse:
    """Put a file beside the sheet."""
    _card, sheet = _mine(request, pk)
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():

        def command() -> str:
            services.add_sheet_file(
                listing_id=_listing_of(sheet),
                file=form.cleaned_data["file"],
                caption=form.cleaned_data["caption"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("附件已添加。"))
            return reverse("listings:offer-edit", kwargs={"pk": pk}) + "#files"

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    for problems in form.errors.values():
        for problem in problems:
            messages.error(request, str(problem))
    return redirect(reverse("listings:offer-edit", kwargs={"pk": pk}) + "#files")


@require_POST
@keepers
def remove_file(request: Request, pk: int, file_id: int) -> HttpResponse:
    """Take a file off the sheet."""
    _card, sheet = _mine(request, pk)
    services.remove_sheet_file(
        listing_id=_listing_of(sheet), file_id=file_id, by=request.actor, now=timezone.now()
    )
    messages.success(request, _("附件已移除，旧版本里仍可查到。"))
    return redirect(reverse("listings:offer-edit", kwargs={"pk": pk}) + "#files")


_OFFER = "library/patents/<int:pk>/offer/"
urlpatterns = [
    path("library/sheets/", index, name="sheets"),
    path("library/sheets/settings/", settings, name="sheet-settings"),
    path(_OFFER, edit, name="offer-edit"),
    path(f"{_OFFER}check/", check, name="sheet-check"),
    path(f"{_OFFER}submit/", submit, name="sheet-submit"),
    path(f"{_OFFER}review/", review, name="sheet-review"),
    path(f"{_OFFER}versions/", versions, name="sheet-versions"),
    path(f"{_OFFER}versions/<int:number>/restore/", restore, name="sheet-restore"),
    path(f"{_OFFER}files/", add_file, name="sheet-file-add"),
    path(f"{_OFFER}files/<int:file_id>/remove/", remove_file, name="sheet-file-remove"),
]
