"""Pages of events 活动: the list, one event, its calendar entry, and what its people do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
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
from matching.rules import gatherings as rules
from matching.selectors import gatherings as asked
from matching.services import attending
from matching.services import gatherings as services
from matching.types import GatheringKind, GatheringOutcome, GatheringStatus, SignUpStatus
from matching.web.doors import form_data, page_of
from matching.web.gathering_forms import (
    KINDS,
    OUTCOMES,
    CancelForm,
    GatheringForm,
    MeetingForm,
    ResultForm,
    SignUpForm,
)

TABS = (("coming", lazy("即将举办")), ("past", lazy("往期")), ("mine", lazy("我的")))
TONES = {"draft": "muted", "open": "ok", "held": "info", "cancelled": "muted"}
STATUSES: dict[str, Any] = {
    "draft": lazy("草稿"),
    "open": lazy("报名中"),
    "held": lazy("已举办"),
    "cancelled": lazy("已取消"),
}
KIND_NAMES = dict(KINDS)
OUTCOME_NAMES = dict(OUTCOMES)
for_organisers = for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU)
GONE = "没有这场活动，或它还没有发布。"


@require_GET
def index(request: Request) -> HttpResponse:
    """Events to come, past ones, and one's own."""
    state = request.GET.get("state", "coming")
    state = state if state in asked.STATES else "coming"
    kind = request.GET.get("kind", "")
    kind = kind if kind in {k.value for k in GatheringKind} else ""
    now = timezone.now()
    page = page_of(request, asked.gatherings(viewer=request.actor, state=state, kind=kind, now=now))
    tabs = [
        {"url": f"?state={name}", "label": label, "current": name == state}
        for name, label in TABS
        if name != "mine" or not request.actor.is_anonymous
    ]
    context = {
        "page": page,
        "rows": [line(row) for row in page],
        "tabs": tabs,
        "state": state,
        "may_run": allowed(request.actor, Permission.RUN_GATHERING),
    }
    return render(request, "matching/gatherings.html", context)


def line(row: Any) -> dict[str, Any]:
    """An event as lists and its own page show it."""
    return {
        "row": row,
        "kind": KIND_NAMES[row.kind],
        "status": STATUSES[row.status],
        "tone": TONES[row.status],
        "left": None if row.capacity is None else max(0, row.capacity - row.taken),
    }


def found(request: Request, pk: int) -> Any:
    row = asked.gathering(pk, viewer=request.actor)
    if row is None:
        raise Missing(_(GONE))
    return row


@require_GET
def detail(request: Request, pk: int) -> HttpResponse:
    """One event: what is shown, how to come, and for those who come or organise, their part."""
    return page(request, found(request, pk))


def page(request: Request, row: Any, *, status: int = 200, **forms: Form) -> HttpResponse:
    viewer, now = request.actor, timezone.now()
    mine = asked.my_sign_up(row, viewer=viewer)
    runs = row.organisation_id in viewer.acts_for and allowed(viewer, Permission.RUN_GATHERING)
    confirmed = mine is not None and mine.status == SignUpStatus.CONFIRMED
    items = asked.items(row, viewer=viewer)
    slots = _slots(row)
    coming = list(asked.sign_ups(row, viewer=viewer)) if runs else []
    firms = [
        (s.organisation_id, s.organisation.name)
        for s in coming
        if s.status == SignUpStatus.CONFIRMED
    ]
    partners = asked.partners(row, viewer=viewer) if slots else []
    open_now = rules.may_sign_up(row.status, now=now, until=row.sign_up_until, ends_at=row.ends_at)
    initial = {"attendees": mine.attendees, "seats": mine.seats} if mine else None
    context = {
        **line(row),
        "items": items,
        "mine": mine,
        "runs": runs,
        "confirmed": confirmed or runs,
        "may_come": open_now and allowed(viewer, Permission.ATTEND_GATHERING),
        "is_open": open_now,
        "is_active": mine is not None and mine.status in {"asked", "confirmed"},
        "sign_up_form": forms.get("sign_up") or SignUpForm(initial=initial),
        "sign_ups": coming,
        "meetings": [
            (m, m.asked_id in viewer.acts_for) for m in asked.meetings(row, viewer=viewer)
        ],
        "meeting_form": forms.get("meeting") or MeetingForm(partners=partners, slots=slots),
        "may_meet": bool(partners) and row.status == GatheringStatus.OPEN,
        "may_note": runs and bool(items) and bool(firms) and row.starts_at <= now
        and row.status in {"open", "held"},
        "result_form": forms.get("result")
        or ResultForm(items=[(i.id, i.title) for i in items], firms=firms),
        "results": _results(row, items) if runs else [],
        "counts": [(OUTCOME_NAMES[c], n) for c, n in sorted(asked.result_counts(row).items())],
        "cancel_form": forms.get("cancel") or CancelForm(),
        "may_edit": runs
        and (row.status == "draft" or (row.status == "open" and now < row.starts_at)),
        "may_finish": runs and row.status == "open" and row.starts_at <= now,
    }  # fmt: skip
    return render(request, "matching/gathering.html", context, status=status)


def _slots(row: Any) -> list[tuple[int, str]]:
    found = rules.slots(row.starts_at, row.ends_at, row.slot_minutes)
    return [
        (place, f"{timezone.localtime(start):%m-%d %H:%M}–{timezone.localtime(end):%H:%M}")
        for place, (start, end) in enumerate(found)
    ]


def _results(row: Any, items: list[asked.ItemCard]) -> list[tuple[Any, str, Any]]:
    titles = {item.id: item.title for item in items}
    return [
        (result, titles.get(result.item_id, ""), OUTCOME_NAMES[result.outcome])
        for result in asked.results(row)
    ]


@require_GET
def calendar(request: Request, pk: int) -> HttpResponse:
    """The event for a calendar program."""
    row = found(request, pk)
    text = rules.ics(
        {
            "uid": f"gathering-{row.pk}@patentops",
            "summary": row.title,
            "description": row.summary[:500],
            "location": row.place,
            "url": f"{settings.PUBLIC_URL}/gatherings/{row.pk}/",
        },
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        stamp=row.published_at or row.created_at,
        cancelled=row.status == GatheringStatus.CANCELLED,
    )
    answer = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="gathering-{row.pk}.ics"'
    return answer


@require_http_methods(["GET", "POST"])
@for_organisers
def new(request: Request) -> HttpResponse:
    """Prepare an event; nobody else sees it before it is published."""
    form = GatheringForm(form_data(request))

    def run() -> str:
        row = services.draft_gathering(data=form.value(), by=request.actor, now=timezone.now())
        messages.success(request, _("活动已保存为草稿。核对无误后发布。"))
        return reverse("matching:gathering", kwargs={"pk": row.pk})

    answer = submitted(request, form, run) if request.method == "POST" else None
    status = 422 if form.is_bound else 200
    return answer or render(request, "matching/gathering_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@for_organisers
def edit(request: Request, pk: int) -> HttpResponse:
    """Change an event that is not over."""
    row = found(request, pk)
    if row.organisation_id not in request.actor.acts_for:
        raise Missing(_(GONE))
    form = GatheringForm(form_data(request), initial=GatheringForm.of(row))

    def run() -> str:
        services.edit_gathering(
            gathering_id=pk,
            data=form.value(),
            version=form.cleaned_data["version"] or 0,
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("已保存。"))
        return reverse("matching:gathering", kwargs={"pk": pk})

    answer = submitted(request, form, run) if request.method == "POST" else None
    status = 422 if form.is_bound else 200
    return answer or render(
        request, "matching/gathering_form.html", {"form": form, "row": row}, status=status
    )


def filled(
    request: Request, pk: int, name: str, form: Form, run: Callable[[], object], done: str
) -> HttpResponse:
    """A small form of the event's page: done and back to it, or the page with the reasons."""

    def ran() -> bool:
        run()
        return True

    if form.is_valid() and attempt(form, ran):
        messages.success(request, done)
        return redirect("matching:gathering", pk=pk)
    return page(request, found(request, pk), status=422, **{name: form})


@require_POST
@login_needed
def move(request: Request, pk: int, move: str) -> HttpResponse:
    """Publish, finish or cancel."""
    now, by = timezone.now(), request.actor
    if move == "cancel":
        form = CancelForm(request.POST)
        return filled(
            request, pk, "cancel", form,
            lambda: services.cancel_gathering(
                gathering_id=pk, because=form.cleaned_data["because"], by=by, now=now
            ),
            _("活动已取消，已通知报名的单位。"),
        )  # fmt: skip
    if move == "publish":
        services.publish_gathering(gathering_id=pk, by=by, now=now)
        messages.success(request, _("活动已发布，可以报名了。"))
    elif move == "finish":
        services.finish_gathering(gathering_id=pk, by=by, now=now)
        messages.success(request, _("已登记为举办完毕，请登记各项成果。"))
    else:
        raise Missing(_("没有这项操作。"))
    return redirect("matching:gathering", pk=pk)


@require_POST
@login_needed
def sign_up(request: Request, pk: int) -> HttpResponse:
    """Come, or change who comes."""
    found(request, pk)
    form = SignUpForm(request.POST)
    return filled(
        request, pk, "sign_up", form,
        lambda: attending.sign_up(
            gathering_id=pk,
            attendees=form.cleaned_data["attendees"],
            seats=form.cleaned_data["seats"],
            by=request.actor,
            now=timezone.now(),
        ),
        _("报名已提交，结果会在“消息”里告诉您。"),
    )  # fmt: skip


@require_POST
@login_needed
def decide(request: Request, pk: int, move: str) -> HttpResponse:
    """Let somebody in or not; or leave."""
    if move not in rules.SIGN_UP_MOVES:
        raise Missing(_("没有这项操作。"))
    entry = attending.decide_sign_up(sign_up_id=pk, move=move, by=request.actor, now=timezone.now())
    messages.success(request, _("已处理。"))
    return redirect("matching:gathering", pk=entry.gathering_id)


@require_POST
@login_needed
def ask_meeting(request: Request, pk: int) -> HttpResponse:
    """Ask another who comes for a slot."""
    row = found(request, pk)
    form = MeetingForm(
        request.POST, partners=asked.partners(row, viewer=request.actor), slots=_slots(row)
    )
    return filled(
        request, pk, "meeting", form,
        lambda: attending.ask_meeting(
            gathering_id=pk,
            asked_id=form.cleaned_data["asked"],
            slot=form.cleaned_data["slot"],
            topic=form.cleaned_data["topic"],
            by=request.actor,
            now=timezone.now(),
        ),
        _("约见已提出，等对方答复。"),
    )  # fmt: skip


@require_POST
@login_needed
def answer_meeting(request: Request, pk: int, move: str) -> HttpResponse:
    """Accept, decline or call off a meeting."""
    if move not in rules.MEETING_MOVES:
        raise Missing(_("没有这项操作。"))
    try:
        meeting = attending.answer_meeting(
            meeting_id=pk, move=move, by=request.actor, now=timezone.now()
        )
    except DomainError as problem:
        if problem.code != "slot-taken":
            raise
        messages.error(request, problem.message)
        return redirect("matching:gatherings")
    messages.success(request, _("已答复。"))
    return redirect("matching:gathering", pk=meeting.gathering_id)


@require_POST
@login_needed
def note_result(request: Request, pk: int) -> HttpResponse:
    """What came of an item with a firm."""
    row = found(request, pk)
    items = [(i.id, i.title) for i in asked.items(row, viewer=request.actor)]
    firms = [
        (s.organisation_id, s.organisation.name)
        for s in asked.sign_ups(row, viewer=request.actor).filter(status="confirmed")
    ]
    services.require_organiser(gathering_id=pk, by=request.actor)
    form = ResultForm(request.POST, items=items, firms=firms)
    return filled(
        request, pk, "result", form,
        lambda: services.note_result(
            item_id=form.cleaned_data["item"],
            organisation_id=form.cleaned_data["organisation"],
            outcome=GatheringOutcome(form.cleaned_data["outcome"]),
            note=form.cleaned_data["note"],
            by=request.actor,
            now=timezone.now(),
        ),
        _("成果已登记。"),
    )  # fmt: skip


urlpatterns = [
    path("gatherings/", index, name="gatherings"),
    path("gatherings/new/", new, name="gathering-new"),
    path("gatherings/<int:pk>/", detail, name="gathering"),
    path("gatherings/<int:pk>/calendar.ics", calendar, name="gathering-calendar"),
    path("gatherings/<int:pk>/edit/", edit, name="gathering-edit"),
    path("gatherings/<int:pk>/sign-up/", sign_up, name="gathering-sign-up"),
    path("gatherings/<int:pk>/meetings/", ask_meeting, name="gathering-meet"),
    path("gatherings/<int:pk>/results/", note_result, name="gathering-result"),
    path("gatherings/<int:pk>/<slug:move>/", move, name="gathering-move"),
    path("gatherings/sign-ups/<int:pk>/<slug:move>/", decide, name="sign-up-decide"),
    path("gatherings/meetings/<int:pk>/<slug:move>/", answer_meeting, name="meeting-answer"),
]
