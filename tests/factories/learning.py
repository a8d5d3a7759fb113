"""Ratings to learn from, and versions on trial, written straight into the database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import numpy as np

from core.people.models import Organisation
from listings.models import Patent
from matching import services
from matching.engine import Weights
from matching.models import EngineVersion, Evaluation, Judgement, Lead, LearningAttempt
from matching.rules.learning import LEARNED
from tests.factories import core
from tests.factories import listings as board
from tests.factories.matching import NOON


def patents(count: int) -> list[Patent]:
    """Patents that nobody looks at closely: their rows alone."""
    keeper = core.office()
    return [board.patent(keeper) for _ in range(count)]


def firms(count: int) -> list[Organisation]:
    return Organisation.objects.bulk_create(
        [
            Organisation(name=f"试学企业{n}", kind="enterprise", region="310115")
            for n in range(count)
        ]
    )


def ratings(
    of: list[Organisation],
    about: list[Patent],
    *,
    liking: str = "topic",
    at: datetime = NOON,
    version: EngineVersion | None = None,
    seed: int = 0,
) -> int:
    """Each firm rates each patent, and likes what is strong in one signal; how many ratings."""
    rng = np.random.default_rng(seed)
    engine = version or services.active_engine(now=NOON)
    leads = Lead.objects.bulk_create(
        [Lead(organisation=o, patent=p, created_at=at) for o in of for p in about]
    )
    values = [{name: round(float(rng.random()), 3) for name in LEARNED} for _ in leads]
    said = Evaluation.objects.bulk_create(
        [
            Evaluation(
                lead=lead, prospect=1 + min(int(found[liking] * 5), 4),
                interested=found[liking] > 0.5, rated_at=at, rated_by="user:1",
            )
            for lead, found in zip(leads, values, strict=True)
        ]
    )  # fmt: skip
    Judgement.objects.bulk_create(
        [
            Judgement(
                evaluation=row, engine=engine, demand_key="n1", place=1 + n % len(about),
                ticks=int(found[liking] * 900_000), values=found, taken_at=at, industry="38",
            )
            for n, (row, found) in enumerate(zip(said, values, strict=True))
        ]
    )  # fmt: skip
    return len(said)


def trial(at: datetime = NOON) -> LearningAttempt:
    """A version on trial that gives the topic more, beside the one in force."""
    live = services.active_engine(now=NOON)
    changed = Weights(lexical=22.0, topic=41.0)
    version = EngineVersion.objects.create(
        weights=asdict(changed), corpus=live.corpus, corpus_digest=live.corpus_digest,
        corpus_size=live.corpus_size, as_of=live.as_of, note="从评价学习",
        created_at=at, created_by="system",
    )  # fmt: skip
    return LearningAttempt.objects.create(
        version=version, baseline=live, outcome="shadow", ratings=500, firms=50,
        report={
            "steepness": 0.4,
            "held_out": {
                "receivers": 50, "before": 0.7, "after": 0.74, "low": 0.01, "high": 0.07,
            },
            "lists": {"lists": 20, "changed": 6, "kept": 0.9},
        },
        made_at=at, made_by="system",
    )  # fmt: skip


WEEK = timedelta(days=7)
