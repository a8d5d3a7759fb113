"""Why a match fits, for rows that were written without saying: said when somebody reads them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from matching import engine
from matching.models import EngineVersion, Match
from matching.selectors import arena, feeding


def reasons_of(hit: engine.Hit) -> list[dict[str, Any]]:
    """A hit's reasons as rows keep them."""
    return [
        {
            "signal": r.signal,
            "code": r.code,
            "value": round(float(r.value), 6),
            "weight": round(float(r.weight), 6),
            "ticks": int(r.ticks),
            "evidence": list(r.evidence),
        }
        for r in hit.reasons
    ]


def explain(rows: Collection[Match]) -> None:
    """Give the rows without reasons theirs, in memory; a constant number of queries.

    Where a text has changed since and no longer comes to the row's score, the row stays bare: the
    run that the change has called for will replace it.
    """
    bare = [row for row in rows if row.ticks and not row.reasons]
    if not bare:
        return
    demands = feeding.demands({row.demand for row in bare})
    supplies = {int(s.key): s for s in feeding.supplies({row.patent_id for row in bare})}
    ids = {row.engine_id for row in bare}
    versions = EngineVersion.objects.defer("corpus").in_bulk(ids)
    scorers = {pk: arena.scorer(version) for pk, version in versions.items()}
    for row in bare:
        demand, supply = demands.get(row.demand.key), supplies.get(row.patent_id)
        if demand is None or supply is None:
            continue
        hit = scorers[row.engine_id].explain(demand, supply)
        if hit is not None and hit.ticks == row.ticks:
            row.reasons = reasons_of(hit)
