"""Pages of full runs: how far they are, and steering them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, Missing
from core.idempotency.web import submit_once
from core.people.types import Actor, Role
from core.web.doors import for_roles
from core.web.types import Request
from matching import services
from matching.selectors import running
from matching.services.cutting import size_for
from matching.services.full import LARGEST_SHARD, LEAST_SHARD
from matching.types import RunState
from matching.web.doors import page_of

if TYPE_CHECKING:
    from matching.models import Run

for_operators = for_roles(Role.SYSADMIN)
_TONES = {
    RunState.RUNNING: "wait",
    RunState.FINISHED: "ok",
    RunState.PAUSED: "warn",
    RunState.FAILED: "danger",
}
_COMMANDS: dict[str, tuple[Callable[..., Any], Any]] = {
    "pause": (
        services.pause_run,
        lazy("已暂停：正在计算的分片做完即止，不再开始新的；线上匹配不变。"),
    ),
    "resume": (services.resume_run, lazy("已继续，余下的分片重新派发。")),
    "cancel": (services.cancel_run, lazy("已取消：算出的结果全部丢弃，线上匹配保持原样。")),
}


class RecutForm(forms.Form):
    """How many demands a shard is to take."""

    size = forms.IntegerField(
        label=lazy("每片需求数"),
        min_value=LEAST_SHARD,
        max_value=LARGEST_SHARD,
        help_text=lazy("越小进度越细、重做越少；越大启动开销越省。只改还没开始的分片。"),
    )


@require_http_methods(["GET", "POST"])
@for_operators
def index(request: Request) -> HttpResponse:
    """All full runs; starting one."""
    if request.method == "POST":
        return _start(request)
    now = timezone.now()
    page = page_of(request, running.full_runs(viewer=request.actor))
    found = running.progress([run.pk for run in page], now=now)
    context = {
        "page": page,
        "rows": [_described(run, found.get(run.pk)) for run in page],
        "under_way": running.under_way(viewer=request.actor),
    }
    return render(request, "matching/running.html", context)


def _start(request: Request) -> HttpResponse:
    def command() -> str:
        run = services.start_full_run(by=request.actor, now=timezone.now())
        return reverse("matching:run", args=[run.pk])

    try:
        answer = submit_once(request, command)
    except DomainError as problem:
        messages.error(request, problem.message)
        return redirect("matching:running")
    messages.success(request, _("全量匹配已开始。全部分片算完才会切换，在那之前线上匹配不变。"))
    return answer


@require_GET
@for_operators
def detail(request: Request, pk: int) -> HttpResponse:
    """One run and its progress."""
    return _shown(request, _run(pk, request.actor), RecutForm())


@require_POST
@for_operators
def recut(request: Request, pk: int) -> HttpResponse:
    """Cut what is left otherwise."""
    run = _run(pk, request.actor)
    form = RecutForm(request.POST)
    if form.is_valid():
        try:
            services.recut_run(
                run_id=pk, size=form.cleaned_data["size"], by=request.actor, now=timezone.now()
            )
        except DomainError as problem:
            form.add_error(None, problem.message)
        else:
            messages.success(request, _("余下的需求已按新的大小重新分片。"))
            return redirect("matching:run", pk=pk)
    return _shown(request, run, form, status=422)


@require_POST
@for_operators
def steer(request: Request, pk: int, move: str) -> HttpResponse:
    """Pause, go on, or give up."""
    _run(pk, request.actor)
    if move not in _COMMANDS:
        raise Missing(_("没有这个操作。"))
    command, done = _COMMANDS[move]
    try:
        command(run_id=pk, by=request.actor, now=timezone.now())
    except DomainError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, str(done))
    return redirect("matching:run", pk=pk)


def _shown(request: Request, run: Run, form: RecutForm, *, status: int = 200) -> HttpResponse:
    found = running.progress([run.pk], now=timezone.now()).get(run.pk)
    is_under_way = run.state in (RunState.RUNNING, RunState.PAUSED)
    if not form.is_bound:
        form.initial = {"size": size_for(run.demands)}
    context = {
        **_described(run, found),
        "form": form,
        "is_under_way": is_under_way,
        "is_polled": run.state == RunState.RUNNING or (found and found.working),
    }
    page = "matching/run.html#state" if request.htmx else "matching/run.html"
    response = render(request, page, context, status=status)
    if request.htmx and not is_under_way:
        response["HX-Refresh"] = "true"  # what could be steered is over
    return response


def _described(run: Run, found: running.Progress | None) -> dict[str, Any]:
    # One that a command ran bears its beginning as its end; its shards know when they were done.
    last_done = found.last_done if found else None
    ended = max(filter(None, (run.finished_at, last_done))) if run.finished_at else timezone.now()
    return {
        "run": run,
        "progress": found,
        "tone": _TONES.get(RunState(run.state), ""),
        "took": spelled(ended - run.started_at) if run.started_at else "",
        "left": spelled(found.left) if found and found.left is not None else "",
        "by": _("系统") if run.requested_by == Actor.system().key else _("管理员"),
    }


def spelled(span: timedelta) -> str:
    """A duration in the two largest of its units."""
    seconds = max(int(span.total_seconds()), 0)
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    if hours:
        return _("%(h)d 小时 %(m)d 分") % {"h": hours, "m": minutes}
    if minutes:
        return _("%(m)d 分 %(s)d 秒") % {"m": minutes, "s": rest}
    return _("%(s)d 秒") % {"s": rest}


def _run(pk: int, viewer: Actor) -> Run:
    run = running.run_of(pk, viewer=viewer)
    if run is None:
        raise Missing(_("没有这次运行，它可能已被清理。"))
    return run


urlpatterns = [
    path("matching/runs/", index, name="running"),
    path("matching/runs/<int:pk>/", detail, name="run"),
    path("matching/runs/<int:pk>/recut/", recut, name="run-recut"),
    path("matching/runs/<int:pk>/<slug:move>/", steer, name="run-steer"),
]
