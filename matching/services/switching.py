"""From what a full run has found to what people see: all of it in one transaction, or nothing.

A shard writes drafts, which nobody reads. When the last is done they take the place of the lists:
up to `SWAP_FROM` of them by statements upon the rows, more by filling and indexing a second table
that then takes the first one's name, which is a matter of milliseconds. What incremental runs have
looked at since the run began is looked at once more on top of the new lists, so no change that
came meanwhile is lost. Readers see the old lists until the commit, then the new ones. A pair that
stays keeps its row's number, so its address, and its first moment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection

from matching import engine
from matching.models import MatchDraft, Run, RunItem
from matching.services.measuring import measure
from matching.services.runs import among, owner, whole
from matching.types import Demand, DemandKind, Ranked

_COLUMNS = (
    "run_id, need_id, subscription_id, organisation_id, patent_id, supplier_id, ticks, reasons"
)
# The demands the run stands for, but for those that were touched since: their lists are newer.
_SCOPE = """
CREATE TEMPORARY TABLE switched ON COMMIT DROP AS
SELECT substr(key, 1, 1) AS kind, substr(key, 2)::bigint AS demand_id
FROM matching_runshard shard, jsonb_array_elements_text(shard.keys) AS key
WHERE shard.run_id = %(run)s AND key <> ALL(%(touched)s)
  AND CASE substr(key, 1, 1)
      WHEN 'n' THEN EXISTS (SELECT FROM matching_need n WHERE n.id = substr(key, 2)::bigint)
      ELSE EXISTS (SELECT FROM matching_subscription s WHERE s.id = substr(key, 2)::bigint)
      END
"""
_LEAVING = """
DELETE FROM matching_match m USING switched s
WHERE m.{column} = s.demand_id AND s.kind = %(kind)s
  AND NOT EXISTS (
    SELECT FROM matching_matchdraft d
    WHERE d.run_id = %(run)s AND d.{column} = m.{column} AND d.patent_id = m.patent_id)
"""
_ENTERING = """
INSERT INTO matching_match ({column}, organisation_id, patent_id, supplier_id, ticks, reasons,
                            engine_id, first_at, computed_at)
SELECT d.{column}, d.organisation_id, d.patent_id, d.supplier_id, d.ticks, d.reasons,
       %(engine)s, %(now)s, %(now)s
FROM matching_matchdraft d JOIN switched s ON s.demand_id = d.{column} AND s.kind = %(kind)s
WHERE d.run_id = %(run)s AND EXISTS (SELECT FROM listings_patent p WHERE p.id = d.patent_id)
ORDER BY d.{column}, d.patent_id
ON CONFLICT ({column}, patent_id) DO UPDATE SET
    ticks = excluded.ticks, reasons = excluded.reasons, engine_id = excluded.engine_id,
    computed_at = excluded.computed_at, supplier_id = excluded.supplier_id,
    organisation_id = excluded.organisation_id, off_at = NULL
"""
_LOOKED_AT = """
UPDATE matching_{table} d SET matched_at = %(now)s
FROM switched s WHERE s.demand_id = d.id AND s.kind = %(kind)s
"""


def draft(
    run: Run,
    live: Mapping[str, engine.Demand],
    lists: Mapping[str, Sequence[Ranked]],
    suppliers: Mapping[int, int | None],
) -> int:
    """Write what was found beside what people see; how many rows."""
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY matching_matchdraft ({_COLUMNS}) FROM STDIN") as copy,
    ):
        for key, ranked in lists.items():
            demand, seeker = Demand.of_key(key), owner(live[key])
            ids = (demand.id, None) if demand.kind is DemandKind.NEED else (None, demand.id)
            for row in ranked:
                said = json.dumps(row.reasons, ensure_ascii=False)
                supplier = suppliers.get(row.patent_id)
                copy.write_row((run.pk, *ids, seeker, row.patent_id, supplier, row.ticks, said))
                count += 1
    return count


SWAP_FROM = 50_000
_FILL = """
INSERT INTO matching_match_next (id, need_id, subscription_id, organisation_id, patent_id,
    supplier_id, ticks, reasons, engine_id, first_at, computed_at)
SELECT coalesce(m.id, nextval('matching_match_id_seq')), d.need_id, d.subscription_id,
       d.organisation_id, d.patent_id, d.supplier_id, d.ticks, d.reasons, %(engine)s,
       coalesce(m.first_at, %(now)s), %(now)s
FROM matching_matchdraft d
LEFT JOIN matching_match m ON m.{column} = d.{column} AND m.patent_id = d.patent_id
WHERE d.run_id = %(run)s AND d.{column} IS NOT NULL
  AND EXISTS (SELECT FROM matching_{table} t WHERE t.id = d.{column})
  AND EXISTS (SELECT FROM listings_patent p WHERE p.id = d.patent_id)
"""
# Lists of demands that the run does not stand for, and rows entered since: as they are.
_KEEP = """
INSERT INTO matching_match_next
SELECT m.* FROM matching_match m
WHERE CASE WHEN m.need_id IS NULL THEN 's' || m.subscription_id ELSE 'n' || m.need_id END
      NOT IN (SELECT jsonb_array_elements_text(keys) FROM matching_runshard WHERE run_id = %(run)s)
"""


def prepare(run: Run, *, now: datetime) -> bool:
    """Fill the second table where the run has found many; whether it did. Nobody waits for it."""
    if run.matches < SWAP_FROM:
        return False
    given: dict[str, Any] = {"run": run.pk, "engine": run.engine_id, "now": now}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT set_config('work_mem', '256MB', true), matching_next_open()")
        for kind in DemandKind:
            cursor.execute(_FILL.format(column=f"{kind.value}_id", table=kind.value), given)
        cursor.execute("SELECT matching_next_index()")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return True


def switch(run: Run, *, now: datetime, prepared: bool = False) -> None:
    """Show what the run has found; the caller holds the runs' lock and the row."""
    assert run.engine is not None
    patents, demands = touched_since(run)
    (_swap if prepared else _replace)(run, demands, now=now)
    drop_drafts(run)
    _catch_up(run, patents, demands, now=now)


def _swap(run: Run, demands: list[Demand], *, now: datetime) -> None:
    """The second table becomes the first; what is touched is looked at by the caller."""
    given: dict[str, Any] = {"run": run.pk, "now": now}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(_KEEP, given)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT matching_next_switch()")
        for kind in DemandKind:
            cursor.execute(
                f"UPDATE matching_{kind.value} d SET matched_at = %(now)s"
                " FROM matching_runshard s, jsonb_array_elements_text(s.keys) AS key"
                " WHERE s.run_id = %(run)s AND substr(key, 1, 1) = %(kind)s"
                " AND d.id = substr(key, 2)::bigint",
                {**given, "kind": kind.value[0]},
            )


def _replace(run: Run, demands: list[Demand], *, now: datetime) -> None:
    """The drafts' rows take the place of the lists', one by one."""
    given: dict[str, Any] = {"run": run.pk, "engine": run.engine_id, "now": now}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.switched")
        cursor.execute(_SCOPE, {**given, "touched": sorted(d.key for d in demands)})
        cursor.execute("CREATE INDEX ON switched (demand_id, kind)")
        cursor.execute("ANALYZE switched")
        for kind in DemandKind:
            column, mine = f"{kind.value}_id", {**given, "kind": kind.value[0]}
            cursor.execute(_LEAVING.format(column=column), mine)
            cursor.execute(_ENTERING.format(column=column), mine)
            cursor.execute(_LOOKED_AT.format(table=kind.value), mine)


def touched_since(run: Run) -> tuple[frozenset[int], list[Demand]]:
    """The patents and demands that incremental runs have looked at since this one began."""
    items = RunItem.objects.filter(run__pulse__gt=run.since or 0).values_list("kind", "ref")
    found = set(items)
    patents = frozenset(ref for kind, ref in found if kind == RunItem.PATENT)
    asked = [Demand(DemandKind(kind), ref) for kind, ref in sorted(found) if kind != RunItem.PATENT]
    return patents, asked


def _catch_up(run: Run, patents: frozenset[int], demands: list[Demand], *, now: datetime) -> None:
    """Look again at what changed meanwhile, on top of the lists just switched to.

    Their pushes were decided when they were looked at first.
    """
    assert run.engine is not None
    done, _ = whole(run.engine, demands, now=now)
    if patents:
        among(run.engine, patents, skip=frozenset(done), now=now)
        measure(patents, run=run, now=now)


def drop_drafts(run: Run) -> None:
    """Throw away what a run has found."""
    MatchDraft.objects.filter(run=run)._raw_delete(using=DEFAULT_DB_ALIAS)
