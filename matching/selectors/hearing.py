"""Whom a patent reaches where there are too many demands to hold as objects.

Each process reads all live demands once into arrays. Demands touched later are left out of the
arrays and held beside them, so that a posted need costs one reading of one need. Of the receivers
a patent fits, only those whose list it enters matter: full lists tell their last score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from django.db import connection

from matching import engine, rules
from matching.engine.audience import Audience
from matching.engine.blocks import supply_block
from matching.engine.types import TICKS
from matching.models import EngineVersion, Need, RunItem, Subscription
from matching.selectors import feeding, meanings
from matching.types import Demand, DemandKind

TOUCHED = 5_000  # demands changed since, beside which the arrays still serve
_AT_ONCE = 5_000
_LAST = """
SELECT {column}, min(ticks) FROM matching_match
WHERE {column} = ANY(%s) GROUP BY 1 HAVING count(*) >= %s
"""


@dataclass(slots=True)
class Hearing:
    """One process's arrays of the demands, and what changed since."""

    scorer: tuple[int, str]
    pulse: int
    audience: Audience
    checked: int = 0
    touched: frozenset[str] = frozenset()
    beside: engine.DemandBlock | None = field(default=None)


_hearing: Hearing | None = None


def is_needed() -> bool:
    """Whether there are too many demands to hold as objects; an estimate is enough."""
    least: int = settings.MATCHING_AUDIENCE_FROM
    if not least:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(greatest(reltuples, 0)) FROM pg_class WHERE oid = ANY(%s::regclass[])",
            [[Need._meta.db_table, Subscription._meta.db_table]],
        )
        row = cursor.fetchone()
    return bool(row) and row[0] >= least


def reached(
    version: EngineVersion,
    bare: engine.Engine,
    pulse: int,
    patents: Iterable[engine.Supply],
    most: int,
) -> dict[str, list[engine.Hit]]:
    """By demand the patents that enter its list, without reasons."""
    hearing = _up_to_date(version, bare, pulse)
    found: dict[str, list[engine.Hit]] = {}
    least = int(rules.FLOOR * TICKS)
    for supply in patents:
        ticks = hearing.audience.ticks(supply)
        for row in np.flatnonzero(ticks >= least).tolist():
            key = str(hearing.audience.keys[row])
            if key not in hearing.touched:
                hit = engine.Hit(supply.key, int(ticks[row]), ())
                found.setdefault(key, []).append(hit)
        for key, points in _beside(hearing, bare, supply):
            if points >= least:
                found.setdefault(key, []).append(engine.Hit(supply.key, points, ()))
    last = _last(found, most)
    entering = {
        key: [h for h in hits if h.ticks >= last.get(key, 0)] for key, hits in found.items()
    }
    return {key: engine.merge([hits], most) for key, hits in entering.items() if hits}


def _beside(hearing: Hearing, bare: engine.Engine, supply: engine.Supply) -> list[tuple[str, int]]:
    single = supply_block([supply], bare.corpus)
    if hearing.beside is None or not len(single):
        return []
    ticks = bare.ticks(hearing.beside, single)[:, 0].tolist()
    return [(str(d.key), t) for d, t in zip(hearing.beside.demands, ticks, strict=True)]


def _last(keys: Mapping[str, object], most: int) -> dict[str, int]:
    """The score at the end of each of these lists that is full."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for kind in DemandKind:
            ids = [d.id for d in map(Demand.of_key, keys) if d.kind is kind]
            for at in range(0, len(ids), _AT_ONCE):
                statement = _LAST.format(column=f"{kind.value}_id")
                cursor.execute(statement, [ids[at : at + _AT_ONCE], most])
                found |= {Demand(kind, pk).key: ticks for pk, ticks in cursor.fetchall()}
    return found


def _up_to_date(version: EngineVersion, bare: engine.Engine, pulse: int) -> Hearing:
    global _hearing
    named = (version.pk, f"{version.as_of} {version.corpus_digest}")
    hearing = _hearing
    if hearing is None or hearing.scorer != named or pulse < hearing.pulse:
        hearing = _hearing = _read(version, bare, named, pulse)
    if pulse != max(hearing.pulse, hearing.checked):
        touched = _touched(hearing.pulse)
        if len(touched) > TOUCHED:
            hearing = _hearing = _read(version, bare, named, pulse)
        else:
            demands = feeding.demands([Demand.of_key(key) for key in touched]) if touched else {}
            hearing.touched, hearing.checked = touched, pulse
            hearing.beside = bare.read(demands.values()) if demands else None
    return hearing


def _touched(since: int) -> frozenset[str]:
    items = RunItem.objects.filter(run__pulse__gt=since).exclude(kind=RunItem.PATENT)
    rows = set(items.values_list("kind", "ref"))
    return frozenset(Demand(DemandKind(kind), ref).key for kind, ref in rows)


def _read(
    version: EngineVersion, bare: engine.Engine, named: tuple[int, str], pulse: int
) -> Hearing:
    audience = Audience(
        _every(), bare.corpus, bare.weights, today=version.as_of,
        hears_foreign=meanings.are_kept(len(feeding.live_keys())),
    )  # fmt: skip
    return Hearing(named, pulse, audience)


def _every() -> Iterable[engine.Demand]:
    """All live demands, some at a time, so that they are never all objects at once."""
    every = feeding.live_keys()
    for at in range(0, len(every), _AT_ONCE):
        part = [Demand.of_key(key) for key in every[at : at + _AT_ONCE]]
        yield from feeding.demands(part).values()


def forget() -> None:
    """Drop this process's arrays."""
    global _hearing
    _hearing = None
