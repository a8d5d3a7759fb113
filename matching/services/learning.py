"""Learning from ratings: a look every week, a version in shadow, and who may put it in force."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from matching.engine import Weights, calibration, learning
from matching.models import Calibration, EngineVersion, LearningAttempt
from matching.rules import learning as rules
from matching.selectors import learning as asked
from matching.services import active_engine, put_back_engine, start_full_run
from matching.services.cutting import in_turn
from matching.types import LearningOutcome

SYSTEM = Actor.system()


@transaction.atomic
def learn(*, by: Actor, now: datetime) -> LearningAttempt:
    """Look whether the ratings teach better weights than those in force, and write down what came.

    A version on trial is judged first, by the ratings given since; while it stays on trial no
    other one is made. What scores have meant is measured anew each time.
    """
    require(by, Permission.RUN_MATCHING)
    in_turn()
    live = active_engine(now=now)
    calibrate(live, now=now)
    trial = asked.shadow()
    if trial is not None:
        return _judge(trial, by=by, now=now)
    ratings = asked.rated()
    firms = len({one.organisation_id for one in ratings})
    facts: dict[str, Any] = {
        "baseline": live, "ratings": len(ratings), "firms": firms, "made_at": now,
        "made_by": by.key,
    }  # fmt: skip
    if not rules.enough(len(ratings), firms):
        return _written(LearningOutcome.TOO_FEW, facts, {}, by=by, now=now)
    steep = asked.steepness()
    judged, prior = asked.judged(ratings, steep), asked.weights_of(live)
    held_out = learning.compared(*learning.cross_validated(judged, prior))
    report = {"steepness": round(steep, 3), "held_out": asdict(held_out)}
    weights = learning.learn(judged, prior)
    if held_out.gain <= 0 or np.allclose(weights, prior, atol=0.01):
        return _written(LearningOutcome.NO_GAIN, facts, report, by=by, now=now)
    version = _shadow(live, weights, by=by, now=now)
    report["lists"] = asdict(asked.moved(version))
    facts["version"] = version
    return _written(LearningOutcome.SHADOW, facts, report, by=by, now=now)


def _shadow(
    live: EngineVersion, weights: learning.Numbers, *, by: Actor, now: datetime
) -> EngineVersion:
    """A version with these weights and the statistics in force, not in force itself."""
    chosen = live.weights | dict(zip(rules.LEARNED, np.floor(weights * 100) / 100, strict=True))
    return EngineVersion.objects.create(
        weights=asdict(Weights(**{name: float(value) for name, value in chosen.items()})),
        corpus=live.corpus,
        corpus_digest=live.corpus_digest,
        corpus_size=live.corpus_size,
        as_of=live.as_of,
        note=_("从评价学习"),
        created_at=now,
        created_by=by.key,
    )


def _judge(trial: LearningAttempt, *, by: Actor, now: datetime) -> LearningAttempt:
    """A shadow version on the ratings given since it was made: in force, given up, or go on."""
    assert trial.version is not None
    assert trial.baseline is not None
    fresh = asked.judged(asked.rated(since=trial.made_at), trial.report.get("steepness", 0.0))
    found = learning.tried(fresh, asked.weights_of(trial.baseline), asked.weights_of(trial.version))
    trial.report = trial.report | {"shadow": asdict(found), "judged_at": now.isoformat()}
    trial.save(update_fields=["report"])
    if rules.may_take_over(receivers=found.receivers, gain=found.gain, low=found.low):
        return put_in_force(version_id=trial.version.pk, by=by, now=now)
    if found.receivers >= rules.SHADOW_RECEIVERS and found.gain <= 0:
        return reject_trial(version_id=trial.version.pk, by=by, now=now)
    return trial


def _written(
    outcome: LearningOutcome, facts: dict[str, Any], report: dict[str, Any], *, by: Actor,
    now: datetime,
) -> LearningAttempt:  # fmt: skip
    row = LearningAttempt.objects.create(outcome=outcome, report=report, **facts)
    audit.record(
        "engine.learned", subject=row, by=by, at=now,
        changes={"outcome": outcome, "ratings": row.ratings, "firms": row.firms},
    )  # fmt: skip
    if outcome == LearningOutcome.SHADOW:
        _tell(row, _("匹配引擎学到一个新版本，正在影子评估"), now=now)
    return row


@transaction.atomic
def put_in_force(*, version_id: int, by: Actor, now: datetime) -> LearningAttempt:
    """A version on trial takes over, with the word statistics of today's."""
    require(by, Permission.RUN_MATCHING)
    in_turn()
    row = _on_trial(version_id)
    assert row.version is not None
    live = EngineVersion.objects.filter(is_active=True).first()
    if live is not None and live.corpus_digest != row.version.corpus_digest:
        for name in ("corpus", "corpus_digest", "corpus_size"):
            setattr(row.version, name, getattr(live, name))
        row.version.save(update_fields=["corpus", "corpus_digest", "corpus_size"])
    EngineVersion.objects.filter(is_active=True).update(is_active=False)
    EngineVersion.objects.filter(pk=version_id).update(
        is_active=True, as_of=live.as_of if live is not None else row.version.as_of
    )
    _decide(row, LearningOutcome.IN_FORCE, by=by, now=now)
    _tell(row, _("匹配引擎的新版本已投入使用"), now=now)
    rerank(by=by, now=now)
    return row


@transaction.atomic
def reject_trial(*, version_id: int, by: Actor, now: datetime) -> LearningAttempt:
    """A version on trial is given up; it stays in the list and is never in force."""
    require(by, Permission.RUN_MATCHING)
    row = _on_trial(version_id)
    _decide(row, LearningOutcome.REJECTED, by=by, now=now)
    _tell(row, _("匹配引擎的试用版本已放弃"), now=now)
    return row


@transaction.atomic
def put_back(*, version_id: int, by: Actor, now: datetime) -> EngineVersion:
    """An earlier version takes over again, and every list is ranked by it."""
    require(by, Permission.RUN_MATCHING)
    known = EngineVersion.objects.defer("corpus").get(pk=version_id)
    if known.is_active:
        raise Conflict(_("这个版本正在使用。"), code="engine-in-force")
    tried = LearningAttempt.objects.filter(version_id=version_id).first()
    if tried is not None and tried.outcome != LearningOutcome.IN_FORCE:
        raise Conflict(_("这个版本没有投入使用过，不能退回到它。"), code="engine-never-in-force")
    version = put_back_engine(version_id=version_id, by=by, now=now)
    rerank(by=by, now=now)
    return version


def rerank(*, by: Actor, now: datetime) -> bool:
    """Start a full run with the version now in force; False while another is under way."""
    try:
        with transaction.atomic():
            start_full_run(by=by, now=now)
    except Conflict:
        return False  # tonight's takes the version in force
    return True


def _on_trial(version_id: int) -> LearningAttempt:
    row = (
        LearningAttempt.objects.select_for_update(of=("self",))
        .select_related("version")
        .get(version_id=version_id)
    )
    if rules.decided(row.outcome):
        raise Conflict(_("这个版本已经有了结论，刷新页面看最新状态。"), code="trial-decided")
    return row


def _decide(row: LearningAttempt, outcome: LearningOutcome, *, by: Actor, now: datetime) -> None:
    row.outcome, row.decided_at, row.decided_by = outcome, now, by.key
    row.save(update_fields=["outcome", "decided_at", "decided_by"])
    assert row.version is not None
    audit.record(f"engine.{outcome.value}", subject=row.version, by=by, at=now)


def _tell(row: LearningAttempt, title: str, *, now: datetime) -> None:
    """Those who run the platform hear of it."""
    notices.notify(
        users=people.users_with(Role.SYSADMIN),
        kind="engine.progress",
        key=f"learning:{row.pk}:{row.outcome}",
        title=title,
        url=reverse("matching:engine", args=[row.version_id]),
        now=now,
    )


# --- what scores have meant ------------------------------------------------------------------


def calibrate(version: EngineVersion, *, now: datetime) -> list[Calibration]:
    """Measure what this version's scores have meant, in general and where data suffice by
    industry; what no longer rests on enough ratings is dropped."""
    Calibration.objects.filter(engine=version).delete()
    ratings = asked.rated_by(version.pk)
    groups = {"": ratings}
    for one in ratings:
        if one.industry:
            groups.setdefault(one.industry, []).append(one)
    found = []
    for industry, rows in sorted(groups.items()):
        firms = [one.organisation_id for one in rows]
        if not rules.enough_to_calibrate(len(rows), len(set(firms))):
            continue
        scores = np.array([one.score for one in rows])
        useful = np.array([float(one.useful) for one in rows])
        table = calibration.checks(scores, useful, firms)
        error = calibration.error(table)
        found.append(
            Calibration(
                engine=version, industry=industry, ratings=len(rows), firms=len(set(firms)),
                steps=[asdict(step) for step in calibration.curve(scores, useful)],
                checks=[asdict(check) for check in table],
                error=error, holds=error <= rules.MOST_ERROR, fitted_at=now,
            )
        )  # fmt: skip
    return Calibration.objects.bulk_create(found)
