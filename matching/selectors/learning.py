"""What there is to learn from, how a shadow version does beside the one in force, and what a
score has meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
from django.db.models import Count, Exists, OuterRef, QuerySet

from core.people.types import Actor, Role
from matching import rules
from matching.engine import Weights, calibration, learning
from matching.models import (
    Calibration,
    EngineVersion,
    Judgement,
    Lead,
    LearningAttempt,
    Match,
    Need,
    Subscription,
)
from matching.rules import learning as limits
from matching.types import Demand, DemandKind

SAMPLE = 200  # live lists that a before/after table looks at
TOP = 10
MOST_PLACES = 5_000
READERS = (Role.SYSADMIN, Role.AUDITOR)


@dataclass(frozen=True, slots=True)
class Rated:
    """One judgement as plain numbers."""

    organisation_id: int
    industry: str
    place: int
    score: float
    values: dict[str, float]
    gain: float
    useful: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Moved:
    """How live lists would change."""

    lists: int
    changed: int  # whose first ten are not the same ten
    kept: float  # share of the first ten that stay among them


def versions(*, viewer: Actor) -> QuerySet[EngineVersion]:
    """Every version, newest first, for those who run the platform or audit it."""
    rows = EngineVersion.objects.defer("corpus").select_related("attempt", "attempt__baseline")
    return rows.order_by("-pk") if viewer.has(*READERS) else rows.none()


def version(pk: int, *, viewer: Actor) -> EngineVersion | None:
    return versions(viewer=viewer).filter(pk=pk).first()


def attempts(*, viewer: Actor) -> QuerySet[LearningAttempt]:
    """Every attempt to learn, newest first."""
    rows = LearningAttempt.objects.defer("version__corpus").order_by("-made_at", "-pk")
    return rows if viewer.has(*READERS) else rows.none()


def shadow() -> LearningAttempt | None:
    """The attempt whose version is on trial now."""
    rows = LearningAttempt.objects.filter(outcome="shadow").select_related("version", "baseline")
    return rows.defer("version__corpus", "baseline__corpus").order_by("-pk").first()


def rated(*, since: datetime | None = None) -> list[Rated]:
    """Every first rating of a match, with what came of it."""
    rows = Judgement.objects.all()
    return _rated(rows if since is None else rows.filter(taken_at__gt=since))


def rated_by(version_id: int) -> list[Rated]:
    """Those whose score this version gave."""
    return _rated(Judgement.objects.filter(engine_id=version_id))


def _rated(rows: QuerySet[Judgement]) -> list[Rated]:
    return [
        Rated(
            organisation_id=row.evaluation.lead.organisation_id,
            industry=row.industry,
            place=row.place,
            score=row.ticks / 10_000,
            values={name: float(value) for name, value in row.values.items()},
            gain=limits.gain(
                row.evaluation.prospect,
                contacted=row.evaluation.lead.contacted_at is not None,
                deal=row.evaluation.lead.deal_at is not None,
            ),
            useful=limits.useful(
                row.evaluation.prospect,
                contacted=row.evaluation.lead.contacted_at is not None,
                deal=row.evaluation.lead.deal_at is not None,
            ),
            weight=0.5 if row.evaluation.is_implied else 1.0,
        )
        for row in rows.select_related("evaluation__lead").order_by("pk").iterator()
    ]


def judged(ratings: Iterable[Rated], steep: float) -> list[learning.Judged]:
    """Each receiver's ratings as the engine learns from them, position bias weighed out."""
    mine: dict[int, list[Rated]] = defaultdict(list)
    for one in ratings:
        mine[one.organisation_id].append(one)
    return [
        learning.Judged(
            cluster=key,
            values=np.array([[r.values.get(n, 0.0) for n in limits.LEARNED] for r in rows]),
            gains=np.array([row.gain for row in rows]),
            weights=np.array([row.weight for row in rows])
            * learning.propensity_weights(np.array([float(row.place) for row in rows]), steep),
        )
        for key, rows in sorted(mine.items())
    ]


def steepness() -> float:
    """How fast attention fades down the lists, from what was opened of what stood where."""
    rows = _standing(MOST_PLACES)
    lists: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for key, ticks, seen, _reasons in rows:
        lists[key].append((ticks, seen))
    places, scores, opened = [], [], []
    for found in lists.values():
        if any(seen for _ticks, seen in found):  # somebody reads this list
            for place, (ticks, seen) in enumerate(sorted(found, key=lambda r: -r[0]), start=1):
                places.append(float(place))
                scores.append(ticks / 10_000)
                opened.append(seen)
    return learning.steepness(np.array(places), np.array(scores), np.array(opened, dtype=np.bool_))


def _standing(most: int) -> list[tuple[str, int, bool, list[dict[str, object]]]]:
    """Matches in live lists: the list, the score, whether it was opened, the reasons."""
    opened = Lead.objects.filter(
        organisation_id=OuterRef("organisation_id"),
        patent_id=OuterRef("patent_id"),
        viewed_at__isnull=False,
    )
    rows = Match.objects.filter(off_at__isnull=True).annotate(seen=Exists(opened))
    return [
        (f"n{need}" if need else f"s{subscription}", ticks, seen, reasons)
        for need, subscription, ticks, seen, reasons in rows.order_by("-pk").values_list(
            "need_id", "subscription_id", "ticks", "seen", "reasons"
        )[:most]
    ]


def weights_of(version: EngineVersion) -> learning.Numbers:
    """The weights that can be learned, in their order."""
    return np.array([float(version.weights.get(n, 0.0)) for n in limits.LEARNED])


def moved(candidate: EngineVersion) -> Moved:
    """How the live lists would change: their stored signals weighed anew, ranked, compared."""
    lists: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for key, ticks, _seen, reasons in _standing(SAMPLE * rules.KEEP):
        lists[key].append((ticks, _again(reasons, candidate.weights)))
    changed, kept, looked = 0, 0.0, 0
    for rows in list(lists.values())[:SAMPLE]:
        now = sorted(range(len(rows)), key=lambda n: (-rows[n][0], n))[:TOP]
        then = sorted(range(len(rows)), key=lambda n: (-rows[n][1], n))[:TOP]
        looked += 1
        changed += set(now) != set(then)
        kept += len(set(now) & set(then)) / len(now)
    return Moved(looked, changed, kept / looked if looked else 1.0)


def _again(reasons: Iterable[Mapping[str, object]], weights: Mapping[str, float]) -> float:
    """A stored match's points by other weights; what cannot be learned keeps its points."""
    total = 0.0
    for row in reasons:
        name = next(iter(limits.signal_values([row])), None)
        ticks = float(str(row["ticks"])) / 10_000
        value = float(str(row["value"]))
        total += value * weights.get(name, 0.0) if name is not None else ticks
    return total


def changes(
    version: EngineVersion, baseline: EngineVersion | None
) -> list[tuple[str, float, float]]:
    """Each weight before and after."""
    before = baseline.weights if baseline is not None else {}
    names = [one.name for one in fields(Weights)]
    return [(n, float(before.get(n, 0.0)), float(version.weights.get(n, 0.0))) for n in names]


def useful_of_ten(match_id: int, *, viewer: Actor) -> int | None:
    """Of ten matches with this one's score, about how many were rated useful; None if unknown."""
    row = Match.objects.visible_to(viewer).filter(pk=match_id).first()
    if row is None:
        return None
    industry = industry_of(row.demand)
    curves = Calibration.objects.filter(engine_id=row.engine_id, holds=True)
    rows = {one.industry: one for one in curves.filter(industry__in={"", industry})}
    for key in dict.fromkeys((industry, "")):
        if key in rows:
            steps = [calibration.Step(**step) for step in rows[key].steps]
            step = calibration.at(steps, row.ticks / 10_000)
            if step is not None:
                return limits.of_ten(step.useful)
    return None


def industry_of(demand: Demand) -> str:
    """The division of GB/T 4754 that a need or subscription names first, or nothing."""
    model = Need if demand.kind is DemandKind.NEED else Subscription
    codes = model._default_manager.filter(pk=demand.id).values_list("industry_codes", flat=True)
    found = codes.first() or []
    digits = next((code.lstrip("ABCDEFGHIJKLMNOPQRST")[:2] for code in found), "")
    return digits if len(digits) == 2 and digits.isdigit() else ""


def counted() -> tuple[int, int]:
    """How many ratings there are to learn from, and of how many organisations."""
    found = Judgement.objects.aggregate(
        ratings=Count("pk"), firms=Count("evaluation__lead__organisation_id", distinct=True)
    )
    return found["ratings"], found["firms"]


def calibrations(version_id: int) -> list[Calibration]:
    """What a version's scores have meant: in general first, then by industry."""
    return list(Calibration.objects.filter(engine_id=version_id).order_by("industry"))
