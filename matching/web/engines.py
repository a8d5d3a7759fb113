"""Pages of the engine's versions: what learning brought, and which version is in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, Missing
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import for_roles
from core.web.types import Request
from matching.rules import learning as limits
from matching.selectors import learning as asked
from matching.services import learning
from matching.types import LearningOutcome
from matching.web.doors import page_of

if TYPE_CHECKING:
    from matching.models import EngineVersion, LearningAttempt

for_readers = for_roles(Role.SYSADMIN, Role.AUDITOR)
NAMES: dict[str, Any] = {
    "lexical": lazy("技术词"),
    "semantic": lazy("整体意思"),
    "topic": lazy("主题"),
    "taxonomy": lazy("分类与行业"),
    "trl": lazy("成熟度"),
    "price": lazy("价格与预算"),
    "licence_mode": lazy("许可方式"),
    "region": lazy("地区"),
    "freshness": lazy("新近"),
    "rated": lazy("对这件专利的评价"),
    "field": lazy("对这个领域的评价"),
    "holder": lazy("对这家权利人的评价"),
    "dislike": lazy("差评倍数"),
}
TONES = {
    LearningOutcome.SHADOW: "wait",
    LearningOutcome.IN_FORCE: "ok",
    LearningOutcome.REJECTED: "warn",
}
MOVES: dict[str, tuple[Callable[..., Any], Any]] = {
    "force": (learning.put_in_force, lazy("新版本已投入使用，全部匹配随后按它重算。")),
    "reject": (learning.reject_trial, lazy("已放弃这个试用版本，线上匹配不变。")),
    "back": (learning.put_back, lazy("已退回到这个版本，全部匹配随后按它重算。")),
}


@require_GET
@for_readers
def index(request: Request) -> HttpResponse:
    """All versions, the newest attempts to learn, and how much there is to learn from."""
    page = page_of(request, asked.versions(viewer=request.actor))
    context = {
        "page": page,
        "rows": [_described(row) for row in page],
        "attempts": asked.attempts(viewer=request.actor)[:5],
        "counted": asked.counted(),
        "limits": limits,
        "may_run": allowed(request.actor, Permission.RUN_MATCHING),
    }
    return render(request, "matching/engines.html", context)


@require_GET
@for_readers
def detail(request: Request, pk: int) -> HttpResponse:
    """One version: its weights before and after, how it was tried, what its scores have meant."""
    row = _version(request, pk)
    attempt: LearningAttempt | None = getattr(row, "attempt", None)
    baseline = attempt.baseline if attempt is not None else None
    report = attempt.report if attempt is not None else {}
    shown = _described(row)
    context = {
        **shown,
        "attempt": attempt,
        "weights": [
            (NAMES.get(name, name), before, after)
            for name, before, after in asked.changes(row, baseline)
        ],
        "baseline": baseline,
        "trials": [
            (label, report[key])
            for key, label in (
                ("held_out", _("留出的企业（交叉验证）")),
                ("shadow", _("试用期间的新评价")),
            )
            if report.get(key, {}).get("receivers")
        ],
        "lists": report.get("lists"),
        "curves": asked.calibrations(row.pk),
        "may_run": allowed(request.actor, Permission.RUN_MATCHING),
    }
    return render(request, "matching/engine.html", context)


@require_POST
@for_roles(Role.SYSADMIN)
def learn(request: Request) -> HttpResponse:
    """Look now instead of on Sunday."""
    row = learning.learn(by=request.actor, now=timezone.now())
    messages.success(request, said(row))
    if row.version_id is not None:
        return redirect("matching:engine", pk=row.version_id)
    return redirect("matching:engines")


def said(row: LearningAttempt) -> str:
    """What came of an attempt, in a sentence."""
    if row.outcome == LearningOutcome.TOO_FEW:
        return _(
            "现有 %(n)d 条评价、来自 %(f)d 家企业；满 %(a)d 条、%(b)d 家才调整权重，"
            "先用实测的默认值。"
        ) % {
            "n": row.ratings, "f": row.firms, "a": limits.LEAST_RATINGS, "b": limits.LEAST_FIRMS,
        }  # fmt: skip
    if row.outcome == LearningOutcome.NO_GAIN:
        return _("评价够了，但学到的权重在留出的企业上没有更好，线上版本不变。")
    if row.outcome == LearningOutcome.SHADOW:
        return _("有一个版本正在影子评估：它与线上版本并行排序，不影响任何人看到的匹配。")
    if row.outcome == LearningOutcome.IN_FORCE:
        return _("试用版本在新评价上更好，已自动投入使用。")
    return _("试用版本在新评价上没有更好，已放弃，线上匹配不变。")


@require_POST
@for_roles(Role.SYSADMIN)
def move(request: Request, pk: int, move: str) -> HttpResponse:
    """Put in force, give up, or go back to."""
    _version(request, pk)
    if move not in MOVES:
        raise Missing(_("没有这个操作。"))
    command, done = MOVES[move]
    try:
        command(version_id=pk, by=request.actor, now=timezone.now())
    except DomainError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, str(done))
    return redirect("matching:engine", pk=pk)


def _version(request: Request, pk: int) -> EngineVersion:
    row = asked.version(pk, viewer=request.actor)
    if row is None:
        raise Missing(_("没有这个引擎版本。"))
    return row


def _described(row: EngineVersion) -> dict[str, Any]:
    """A version with its state in words and what may be done to it."""
    attempt: LearningAttempt | None = getattr(row, "attempt", None)
    if row.is_active:
        state, tone = _("使用中"), "ok"
    elif attempt is not None:
        state, tone = attempt.get_outcome_display(), TONES.get(LearningOutcome(attempt.outcome), "")
        if attempt.outcome == LearningOutcome.IN_FORCE:
            state, tone = _("曾使用"), ""
    else:
        state, tone = _("曾使用"), ""
    on_trial = attempt is not None and attempt.outcome == LearningOutcome.SHADOW
    was_used = attempt is None or attempt.outcome == LearningOutcome.IN_FORCE
    return {
        "version": row,
        "state": state,
        "tone": tone,
        "on_trial": on_trial,
        "can_go_back": was_used and not row.is_active,
    }


urlpatterns = [
    path("matching/engines/", index, name="engines"),
    path("matching/engines/learn/", learn, name="engine-learn"),
    path("matching/engines/<int:pk>/", detail, name="engine"),
    path("matching/engines/<int:pk>/<slug:move>/", move, name="engine-move"),
]
