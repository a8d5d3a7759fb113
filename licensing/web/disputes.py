"""Pages of disputes 合同纠纷: the list, a new one, one dispute with its steps and papers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.attachments.web import download
from core.errors import Missing
from core.permissions import Permission, require
from core.web.doors import login_needed, tabs_of
from core.web.types import Request
from licensing import selectors
from licensing.rules import disputes as rules
from licensing.selectors import deals, pools
from licensing.selectors import disputes as questions
from licensing.services import disputes as services
from licensing.services import mediation
from licensing.web import settlement_sums
from licensing.web.contract_steps import open_steps, take_step
from licensing.web.dispute_forms import DisputeForm, MinutesForm
from licensing.web.dispute_steps import MEDIATOR, STEPS, parts_of
from licensing.web.doors import answer_form, page_of, sent
from licensing.web.papers import paper_pdf

if TYPE_CHECKING:
    from licensing.models import Dispute

MINE = "mine"


@dataclass(frozen=True)
class Sort:
    """One sort of contract."""

    find: Callable[..., Any]
    lines: Callable[[Any], list[tuple[str, str]]]
    key: str
    title: Callable[[Any], str]


# The contracts there are: how one is asked for, what it may be about, how it is called on a page.
SORTS: dict[str, Sort] = {
    "deal": Sort(deals.deal, lambda _row: [], "deal_id", lambda row: row.patent_title),
    "licence": Sort(
        selectors.licence, questions.lines_for, "licence_id", lambda row: row.patent_title
    ),
    "pool-licence": Sort(
        pools.licence, questions.lines_of_pool, "pool_licence_id", lambda row: row.pool.name
    ),
}


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """The disputes the actor may see; those that wait for it first among the tabs."""
    labels = [(MINE, "等我办理"), *rules.DISPUTE_LABELS.items()]
    chosen, tabs = tabs_of(request, labels)
    rows = (
        questions.waiting_rows(viewer=request.actor)
        if chosen == MINE
        else questions.disputes(viewer=request.actor, status=chosen)
    )
    context = {"page_obj": page_of(request, rows), "tabs": tabs}
    return render(request, "licensing/disputes.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def new(request: Request, sort: str, contract_id: int) -> HttpResponse:
    """A party brings a dispute about a contract."""
    known = SORTS.get(sort)
    if known is None:
        raise Missing("没有这种合同。")
    row = known.find(contract_id, viewer=request.actor)
    require(request.actor, Permission.RUN_DISPUTE, on=row)
    lines = known.lines(row)
    form = DisputeForm(*sent(request), lines=lines, initial={"line": request.GET.get("line", "")})

    def run() -> str:
        made = services.open_dispute(
            matter=form.matter(),
            **{known.key: contract_id},
            evidence=form.cleaned_data["evidence"],
            evidence_note=form.cleaned_data["evidence_note"],
            by=request.actor,
            now=timezone.now(),
        )
        messages.success(request, "纠纷已提出，对方会收到通知并在期限内答复。")
        return reverse("licensing:dispute", args=[made.pk])

    back = reverse(f"licensing:{sort}", args=[contract_id])
    context = {"row": row, "title": known.title(row), "back": back}
    return answer_form(request, form, run, "licensing/dispute_new.html", context)


@require_GET
@login_needed
def detail(request: Request, dispute_id: int) -> HttpResponse:
    """One dispute: where it stands, what is next and by whom, and all that was said."""
    row = questions.dispute(dispute_id, viewer=request.actor)
    inside = questions.is_inside(row, request.actor)
    proposals = list(row.proposals.all()) if inside else []
    steps = open_steps(STEPS, request, row)
    context = {
        "row": row,
        "inside": inside,
        "party": questions.side_of(row, request.actor),
        "steps": [s for s in steps if not s.danger],
        "exits": [s for s in steps if s.danger],
        "proposals": [(p, questions.money_lines(p, row)) for p in proposals],
        "sessions": row.sessions.all() if inside else [],
        "papers": row.papers.select_related("attachment") if inside else [],
        "leads": MEDIATOR in parts_of(row, request.actor),
        "days_left": questions.days_left(row, now=timezone.now()),
        "timeline": _timeline(row),
        "held": _held(row),
        "sums": settlement_sums.shown_of(request, row.pk),
        "where_to_ask": rules.where_to_ask(open_licence=row.open_licence),
    }
    return render(request, "licensing/dispute.html", context)


def _held(row: Dispute) -> str:
    if not (row.is_open and row.can_hold):
        return ""
    if not row.has_sum:
        return rules.STOPPED_WORDS if row.holds else rules.AGAIN_WORDS_ENDING
    return rules.HELD_WORDS if row.holds else rules.AGAIN_WORDS


def _timeline(row: Dispute) -> list[dict[str, Any]]:
    names = {"holder": row.holder.name, "taker": row.taker.name}
    asker = names.get(row.mediation_side, "")
    events: list[tuple[datetime | None, str, str]] = [
        (row.opened_at, f"{names[row.side]}提出", ""),
        (row.answered_at, "对方答复", ""),
        (row.mediation_asked_at, f"{asker}申请调解", ""),
        (row.consented_at, "对方同意调解", ""),
        (row.named_at, "指定调解员", row.mediator_name),
        (row.closed_at, row.get_status_display(), ""),
    ]
    dated = sorted(((at, title, text) for at, title, text in events if at), key=lambda e: e[0])
    return [{"at": at, "title": title, "text": text} for at, title, text in dated]


@require_http_methods(["GET", "POST"])
@login_needed
def step(request: Request, dispute_id: int, name: str) -> HttpResponse:
    """One step of it."""
    row = questions.dispute(dispute_id, viewer=request.actor)
    leaves = name == "stand-down" and MEDIATOR in parts_of(row, request.actor)
    there = reverse("licensing:dispute", args=[row.pk])
    made = questions.waiting_proposal(row) if name in ("verdict", "propose") else None
    shown = made if made and questions.is_inside(row, request.actor) else None
    return take_step(
        request,
        STEPS,
        name,
        row,
        key="dispute_id",
        back=reverse("licensing:disputes") if leaves else there,
        initial={"version": made.version} if made else None,
        template="licensing/dispute_step.html",
        more={"proposal": shown, "money": questions.money_lines(shown, row) if shown else []},
    )


@require_http_methods(["GET", "POST"])
@login_needed
def minutes(request: Request, session_id: int) -> HttpResponse:
    """The mediator writes down what came of a session."""
    meeting = questions.session(session_id, viewer=request.actor)
    row = meeting.dispute
    require(request.actor, Permission.MEDIATE_DISPUTE)
    form = MinutesForm(*sent(request))
    back = reverse("licensing:dispute", args=[row.pk])

    def run() -> str:
        mediation.note_session(
            session_id=session_id, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, "笔录已登记，双方会收到通知。")
        return back

    step = {"title": "登记调解笔录", "lead": str(meeting)}
    context = {"row": row, "step": step, "back": back}
    return answer_form(request, form, run, "licensing/dispute_step.html", context)


@require_GET
@login_needed
def paper(request: Request, dispute_id: int, paper_id: int) -> HttpResponse:
    """A piece of evidence, for the parties and the mediator."""
    return download(questions.paper(dispute_id, paper_id, viewer=request.actor).attachment)


@require_GET
@login_needed
def pdf(request: Request, dispute_id: int) -> HttpResponse:
    """The settlement as both accepted it."""
    row = questions.dispute(dispute_id, viewer=request.actor)
    if row.document is None:
        raise Missing("双方还没有达成协议，没有协议书。")
    return paper_pdf(request, row.document)


ID = "disputes/<int:dispute_id>/"
urlpatterns = [
    path("disputes/", index, name="disputes"),
    path("disputes/new/<slug:sort>/<int:contract_id>/", new, name="dispute-new"),
    path("disputes/sessions/<int:session_id>/minutes/", minutes, name="dispute-minutes"),
    path(ID, detail, name="dispute"),
    path(f"{ID}settlement.pdf", pdf, name="dispute-pdf"),
    path(f"{ID}papers/<int:paper_id>/", paper, name="dispute-paper"),
    path(f"{ID}<slug:name>/", step, name="dispute-step"),
]
