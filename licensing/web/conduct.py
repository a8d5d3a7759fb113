"""Pages of conduct notes 信用记录: one's own, the bureau's, and the other side's of a contract."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import Missing
from core.people.types import Actor
from core.permissions import Permission, require
from core.web.doors import login_needed, tabs_of
from core.web.forms import day_input
from core.web.types import Request
from licensing import selectors
from licensing.rules import conduct as rules
from licensing.rules.conduct import ConductStatus
from licensing.selectors import conduct as questions
from licensing.selectors import deals
from licensing.services import conduct as services
from licensing.types import Side
from licensing.web.contract_steps import ContractStep, WhyForm, of_bureau, open_steps, take_step
from licensing.web.doors import answer_form, page_of, sent

LINES = forms.Textarea(attrs={"rows": 4})
_S = ConductStatus
SORTS = ("deal", "licence")


class AnswerForm(forms.Form):
    """The party's words beside the note."""

    answer = forms.CharField(label="说明", max_length=2000, widget=LINES,
                             help_text="与记录一起显示给查看的对方。")  # fmt: skip


class AppealForm(forms.Form):
    """Why it should be struck."""

    appeal = forms.CharField(label="申诉理由和证据", max_length=2000, widget=LINES,
                             help_text="例如付款凭证号、确认函；每条记录申诉一次。")  # fmt: skip


class DecisionForm(forms.Form):
    """Whether the appeal is right."""

    verdict = forms.ChoiceField(
        label="处理结果",
        widget=forms.RadioSelect,
        choices=[("uphold", "申诉成立，撤销记录"), ("dismiss", "申诉不成立，记录有效")],
    )
    decision = forms.CharField(label="处理意见", max_length=2000, widget=LINES)


class CorrectionForm(forms.Form):
    """What it should say."""

    happened_on = forms.DateField(label="发生日", widget=day_input())
    fact = forms.CharField(label="更正后的事实", max_length=2000, widget=LINES)
    reason = forms.CharField(label="更正的理由", max_length=2000, widget=LINES)


class StatementForm(forms.Form):
    """What a bureau notes, on which grounds."""

    organisation_id = forms.TypedChoiceField(
        label="记在哪一方", coerce=int, widget=forms.RadioSelect
    )
    kind = forms.ChoiceField(
        label="事项",
        widget=forms.RadioSelect,
        choices=[(k.value, rules.KIND_LABELS[k]) for k in sorted(rules.STATED)],
    )
    happened_on = forms.DateField(label="发生日", widget=day_input())
    fact = forms.CharField(label="事实", max_length=2000, widget=LINES)
    source = forms.CharField(
        label="依据", max_length=200, help_text="核查笔录、处理决定的名称和文号。"
    )


def of_subject(row: Any) -> Side:
    """The affair of the party it is about."""
    return Side(row.organisation_id)


def _decide(*, note_id: int, verdict: str, decision: str, by: Actor, now: datetime) -> object:
    uphold = verdict == "uphold"
    return services.decide_appeal(note_id=note_id, uphold=uphold, decision=decision, by=by, now=now)


LIVE = frozenset(s.value for s in rules.LIVE)
STEPS: dict[str, ContractStep] = {
    step.name: step
    for step in (
        ContractStep("appeal", "向主管部门申诉", "申诉已提交，处理后会通知您。", AppealForm,
                     services.appeal_conduct, frozenset({_S.TOLD, _S.IN_FORCE}),
                     Permission.ANSWER_CONDUCT, of_subject,
                     when=lambda _actor, row: row.appealed_at is None),
        ContractStep("answer", "写说明", "说明已保存。", AnswerForm, services.answer_conduct, LIVE,
                     Permission.ANSWER_CONDUCT, of_subject),
        ContractStep("decide", "处理申诉", "已处理，当事人会收到通知。", DecisionForm, _decide,
                     frozenset({_S.APPEALED}), Permission.STATE_CONDUCT, of_bureau),
        ContractStep("correct", "更正记录", "已更正，当事人重新核对后生效。", CorrectionForm,
                     services.correct_conduct, LIVE, Permission.STATE_CONDUCT, of_bureau,
                     lead="原内容留在历史里；更正后重新告知当事人。"),
        ContractStep("strike", "撤销记录", "已撤销。", WhyForm, services.strike_conduct, LIVE,
                     Permission.STATE_CONDUCT, of_bureau, danger=True),
    )
}  # fmt: skip


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """One's own notes and who looked them up; a bureau's are those of its region."""
    chosen, tabs = tabs_of(request, rules.CONDUCT_LABELS.items())
    rows = questions.notes(viewer=request.actor, status=chosen)
    context = {
        "page_obj": page_of(request, rows),
        "tabs": tabs,
        "looks": questions.looks(request.actor.acts_for),
    }
    return render(request, "licensing/conduct.html", context)


@require_GET
@login_needed
def detail(request: Request, note_id: int) -> HttpResponse:
    """One note with its source, its answer, its appeal and its history."""
    row = questions.note(note_id, viewer=request.actor)
    steps = open_steps(STEPS, request, row)
    context = {"row": row, "steps": steps, "revisions": row.revisions.all()}
    return render(request, "licensing/conduct_note.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def step(request: Request, note_id: int, name: str) -> HttpResponse:
    """One step of it."""
    row = questions.note(note_id, viewer=request.actor)
    back = reverse("licensing:conduct-note", args=[row.pk])
    first = {"happened_on": row.happened_on, "fact": row.fact, "answer": row.answer}
    return take_step(request, STEPS, name, row, key="note_id", back=back, initial=first)


def _which(sort: str, contract_id: int) -> dict[str, Any]:
    if sort not in SORTS:
        raise Missing("没有这种合同。")
    return {f"{sort}_id": contract_id}


@require_GET
@login_needed
def other_side(request: Request, sort: str, contract_id: int) -> HttpResponse:
    """The other side's record, for a party of a live contract; the look is kept."""
    side, rows = services.look_up(**_which(sort, contract_id), by=request.actor, now=timezone.now())
    back = reverse(f"licensing:{sort}", args=[contract_id])
    context = {"side": side, "rows": rows, "back": back}
    return render(request, "licensing/conduct_of.html", context)


@require_http_methods(["GET", "POST"])
@login_needed
def state(request: Request, sort: str, contract_id: int) -> HttpResponse:
    """The bureau notes a breach or a false report."""
    which = _which(sort, contract_id)
    found: Any = deals.deal if sort == "deal" else selectors.licence
    row = found(contract_id, viewer=request.actor)
    require(request.actor, Permission.STATE_CONDUCT, on=Side(None, row.region))
    form = StatementForm(*sent(request))
    pair = (row.holder, row.taker) if sort == "deal" else (row.licensor, row.licensee)
    form.fields["organisation_id"].choices = [(o.pk, o.name) for o in pair]  # type: ignore[attr-defined]

    def run() -> str:
        made = services.state_conduct(
            **which, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, "已记录并告知当事人，答复期满后生效。")
        return reverse("licensing:conduct-note", args=[made.pk])

    step = {
        "title": "写入信用记录",
        "lead": "只写查实的事实和依据；当事人先收到告知，可以说明和申诉。",
    }
    back = reverse(f"licensing:{sort}", args=[contract_id])
    context = {"row": row, "step": step, "back": back}
    return answer_form(request, form, run, "licensing/conduct_state.html", context)


urlpatterns = [
    path("conduct/", index, name="conduct"),
    path("conduct/of/<slug:sort>/<int:contract_id>/", other_side, name="conduct-of"),
    path("conduct/state/<slug:sort>/<int:contract_id>/", state, name="conduct-state"),
    path("conduct/<int:note_id>/", detail, name="conduct-note"),
    path("conduct/<int:note_id>/<slug:name>/", step, name="conduct-step"),
]
