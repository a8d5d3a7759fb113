"""Pages of pledges: the checker for anyone, and the records of those concerned."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import Invalid, Missing
from core.idempotency.web import submitted
from core.people.types import Role
from core.permissions import Permission, allowed, require
from core.web.doors import for_roles, login_needed, tabs_of
from core.web.types import Request
from pledges import rules, selectors, services
from pledges.types import PledgeInput
from pledges.web.forms import ConsentForm, PledgeForm, ReleaseForm

PAGE = 20


@require_GET
def start(request: Request) -> HttpResponse:
    """What pledging needs, and the checker."""
    return render(
        request,
        "pledges/start.html",
        {"may_record": allowed(request.actor, Permission.RECORD_PLEDGE)},
    )


@require_GET
def check(request: Request) -> HttpResponse:
    """Whether the patent of a number can be pledged today, with every reason against it."""
    number = request.GET.get("number", "").strip()[:100]
    context: dict[str, object] = {
        "number": number,
        "may_record": allowed(request.actor, Permission.RECORD_PLEDGE),
    }
    status = 200
    if number:
        try:
            context["found"] = selectors.check(number, viewer=request.actor, at=timezone.now())
        except Missing as problem:
            context["problem"], status = problem.message, 404
    htmx = bool(request.htmx)
    page = "pledges/check.html#result" if htmx else "pledges/check.html"
    return render(request, page, context, status=200 if htmx else status)


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """The pledges that concern the actor."""
    parts = [*rules.STATUS_LABELS.items(), ("ending", _("一个月内到期"))]
    chosen, tabs = tabs_of(request, parts)
    if chosen == "ending":
        by = timezone.localdate() + rules.SOON
        rows = selectors.pledges(viewer=request.actor, ends_by=by)
    else:
        rows = selectors.pledges(viewer=request.actor, status=chosen)
    return render(
        request,
        "pledges/records.html",
        {
            "page_obj": Paginator(rows, PAGE).get_page(request.GET.get("page")),
            "tabs": tabs,
            "may_record": allowed(request.actor, Permission.RECORD_PLEDGE),
        },
    )


@require_http_methods(["GET", "POST"])
@for_roles(Role.BANK)
def record(request: Request) -> HttpResponse:
    """A bank records a registered pledge."""
    today = timezone.localdate()
    form = PledgeForm(
        request.POST if request.method == "POST" else None,
        grounds=rules.CONFIRMABLE,
        initial={
            "numbers": request.GET.get("number", "")[:100],
            "registered_on": today,
            "starts_on": today,
        },
    )

    def run() -> str:
        known = form.cleaned_data
        done = services.record_pledge(
            data=PledgeInput(
                patent_ids=_patents(request, known["numbers"]),
                debtor_name=known["debtor_name"],
                principal=known["principal"],
                starts_on=known["starts_on"],
                ends_on=known["ends_on"],
                register_number=known["register_number"],
                registered_on=known["registered_on"],
                confirmed=tuple(known["confirmed"]),
            ),
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("质押 %(number)s 已登记。") % {"number": done.register_number})
        if warning := rules.number_warning(done.register_number):
            messages.warning(request, warning)
        return reverse("pledges:pledge", args=[done.pk])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    return render(
        request,
        "pledges/record.html",
        {"form": form},
        status=422 if form.is_bound and form.errors else 200,
    )


def _patents(request: Request, numbers: list[str]) -> tuple[int, ...]:
    """The patents behind these numbers; Invalid that names every number not found."""
    found = {number: selectors.patent_by(number, viewer=request.actor) for number in numbers}
    missing = [number for number, card in found.items() if card is None]
    if missing:
        message = _("没有找到这些专利，请核对号码：%(numbers)s")
        raise Invalid(fields={"numbers": [message % {"numbers": "、".join(missing)[:300]}]})
    return tuple(card.id for card in found.values() if card is not None)


@require_GET
@login_needed
def pledge(request: Request, pledge_id: int) -> HttpResponse:
    """One pledge: its patents, what the pledgee agreed to, and its end."""
    row = selectors.pledge(pledge_id, viewer=request.actor)
    held = row.status == rules.PledgeStatus.REGISTERED
    return render(
        request,
        "pledges/pledge.html",
        {
            "row": row,
            "items": [
                (item, [(a, selectors.action_label(a.action)) for a in item.agreements.all()])
                for item in row.items.all()
            ],
            "may_release": held and allowed(request.actor, Permission.RELEASE_PLEDGE, on=row),
            "may_consent": held and allowed(request.actor, Permission.CONSENT_AS_PLEDGEE, on=row),
            "days_left": (row.ends_on - timezone.localdate()).days,
        },
    )


@require_http_methods(["GET", "POST"])
@login_needed
def consent(request: Request, pledge_id: int) -> HttpResponse:
    """The pledgee agrees to an act."""
    row = selectors.pledge(pledge_id, viewer=request.actor)
    require(request.actor, Permission.CONSENT_AS_PLEDGEE, on=row)
    patents = [
        (str(i.patent_id), f"{i.patent_number} {i.patent_title}"[:80]) for i in row.items.all()
    ]
    form = ConsentForm(request.POST if request.method == "POST" else None, patents=patents)

    def run() -> str:
        services.consent(
            pledge_id=pledge_id,
            patent_id=int(form.cleaned_data["patent"]),
            action=form.cleaned_data["action"],
            reference=form.cleaned_data["reference"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("同意已登记，专利权人已收到通知。"))
        return reverse("pledges:pledge", args=[pledge_id])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    return render(
        request,
        "pledges/consent.html",
        {"row": row, "form": form},
        status=422 if form.is_bound and form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@login_needed
def release(request: Request, pledge_id: int) -> HttpResponse:
    """The pledge ended."""
    row = selectors.pledge(pledge_id, viewer=request.actor)
    require(request.actor, Permission.RELEASE_PLEDGE, on=row)
    form = ReleaseForm(
        request.POST if request.method == "POST" else None,
        initial={"released_on": timezone.localdate()},
    )

    def run() -> str:
        services.release_pledge(
            pledge_id=pledge_id,
            ending=form.cleaned_data["ending"],
            released_on=form.cleaned_data["released_on"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("质押已解除，专利可以重新办理许可和转让。"))
        return reverse("pledges:pledge", args=[pledge_id])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    return render(
        request,
        "pledges/release.html",
        {"row": row, "form": form},
        status=422 if form.is_bound and form.errors else 200,
    )
