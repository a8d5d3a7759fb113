"""The engine fitted with what is on the board, kept per process and brought up to date cheaply.

A process fits once. Each incremental run takes effect under an exclusive lock and gets the next
`pulse`; a process that fitted at pulse c asks which patents later pulses touched, hides them in
its big fit and ranks them in a small one beside it. The two lists merge into exactly what one
fit of everything would give, since word statistics are frozen with the engine version.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from django.db.models import Max

from matching import engine, rules
from matching.engine import Engine
from matching.engine.national import National
from matching.models import EngineVersion, Run, RunItem
from matching.selectors import feeding, grand, hearing
from matching.types import Demand

FEW = 20  # patents that are held against the demands one by one, as read once
REFIT_AT = 300  # touched patents that a small fit beside the big one may hold


@dataclass(slots=True)
class _Fit:
    """One process's fit of everything, and of what changed since."""

    scorer: tuple[int, str]  # engine version and its day
    pulse: int
    everything: Engine | National
    checked: int = 0
    touched: frozenset[int] = field(default_factory=frozenset)
    beside: Engine | None = None
    suppliers: dict[int, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Each demand's best patents, best first, and who holds each patent."""

    lists: dict[str, list[engine.Hit]]
    suppliers: dict[int, int | None]


@dataclass(slots=True)
class _Readers:
    """One process's reading of every live demand: what a changed patent is held against."""

    version: int
    pulse: int
    demands: dict[str, engine.Demand]
    block: engine.DemandBlock


_fit: _Fit | None = None
_readers: _Readers | None = None


def scorer(version: EngineVersion) -> Engine:
    """The version's engine with its frozen statistics and nothing fitted."""
    return Engine(weights(version), today=version.as_of).use(_corpus(version.pk))


@lru_cache(maxsize=2)
def _corpus(version_id: int) -> engine.Corpus:
    """A version's statistics, which never change: 14 MB for 2,000 patents, so read once."""
    stored = EngineVersion.objects.values_list("corpus", flat=True).get(pk=version_id)
    return engine.Corpus.from_bytes(bytes(stored))


def weights(version: EngineVersion) -> engine.Weights:
    """The weights a version keeps; what a later engine added stays at its default."""
    return engine.Weights(**version.weights)


def latest_pulse() -> int:
    """The number of the last incremental run that took effect."""
    return Run.objects.aggregate(last=Max("pulse"))["last"] or 0


def rank(version: EngineVersion, wanted: Iterable[engine.Demand]) -> Ranking:
    """Each demand's best patents of all that are on the board."""
    fit, asked = _up_to_date(version), list(wanted)
    hidden = [replace(d, hidden=d.hidden | fit.touched) for d in asked] if fit.touched else asked
    lists = _ranked(fit.everything, hidden)
    if fit.beside is not None:
        for key, extra in _ranked(fit.beside, asked).items():
            lists[key] = engine.merge([lists[key], extra], keep())
    return Ranking(lists, fit.suppliers)


def audience(version: EngineVersion, keys: Collection[str]) -> dict[str, engine.Demand]:
    """Those of these demands that are live, by key; asked for under the run's lock."""
    if hearing.is_needed():
        return feeding.demands([Demand.of_key(key) for key in sorted(keys)])
    live = _read(version).demands
    return {key: live[key] for key in keys if key in live}


def fits(version: EngineVersion, supply: engine.Supply) -> list[engine.Hit]:
    """The live demands that a thing not on the board would fit; it leaves no trace anywhere."""
    readers = _read(version)
    if not readers.demands:
        return []
    return scorer(version).rank_demands(supply, readers.block, floor=rules.FLOOR)


def rank_among(version: EngineVersion, patents: list[engine.Supply]) -> Ranking:
    """Each live demand's best of these patents only; where demands are many, of those that enter
    its list."""
    if hearing.is_needed():
        reached = hearing.reached(version, scorer(version), latest_pulse(), patents, keep())
        return Ranking(reached, _suppliers(patents))
    readers = _read(version)
    if not patents or not readers.demands:
        return Ranking({}, {})
    bare = scorer(version)
    if len(patents) > FEW:
        fitted = bare.fit(patents, corpus=bare.corpus)
        return Ranking(_ranked(fitted, list(readers.demands.values())), _suppliers(patents))
    lists: dict[str, list[engine.Hit]] = {}
    for supply in patents:
        for hit in bare.rank_demands(supply, readers.block, floor=rules.FLOOR):
            found = engine.Hit(supply.key, hit.ticks, hit.reasons)
            lists.setdefault(str(hit.key), []).append(found)
    best = {key: engine.merge([hits], keep()) for key, hits in lists.items()}
    return Ranking(best, _suppliers(patents))


def _read(version: EngineVersion) -> _Readers:
    """This process's reading of the demands, unless a later run touched one."""
    global _readers
    now, readers = latest_pulse(), _readers
    if readers is not None and readers.version == version.pk and readers.pulse <= now:
        later = RunItem.objects.filter(run__pulse__gt=readers.pulse).exclude(kind=RunItem.PATENT)
        if readers.pulse == now or not later.exists():
            readers.pulse = now
            return readers
    demands = feeding.demands()
    _readers = _Readers(version.pk, now, demands, scorer(version).read(demands.values()))
    return _readers


def _ranked(fitted: Engine | National, wanted: list[engine.Demand]) -> dict[str, list[engine.Hit]]:
    found = fitted.rank_all(wanted, limit=keep(), floor=rules.FLOOR)
    return {str(key): hits for key, hits in found}


def _suppliers(patents: Iterable[engine.Supply]) -> dict[int, int | None]:
    return {int(supply.key): supply.organisation_id for supply in patents}


def _up_to_date(version: EngineVersion) -> _Fit:
    """This process's fit, brought to the latest pulse; ask under the run's lock."""
    global _fit
    now, named = latest_pulse(), (version.pk, f"{version.as_of} {version.corpus_digest}")
    fit = _fit
    if fit is None or fit.scorer != named or now < fit.pulse:
        fit = _fit = _everything(version, named, now)
    if now != max(fit.pulse, fit.checked):
        touched = frozenset(
            RunItem.objects.filter(kind=RunItem.PATENT, run__pulse__gt=fit.pulse).values_list(
                "ref", flat=True
            )
        )
        most = grand.TOUCHED if isinstance(fit.everything, National) else REFIT_AT
        if len(touched) > most:
            fit = _fit = _everything(version, named, now)
        else:
            fit.touched, fit.checked = touched, now
            bare = scorer(version)
            patents = list(feeding.supplies(touched)) if touched else []
            fit.beside = bare.fit(patents, corpus=bare.corpus) if patents else None
            fit.suppliers |= _suppliers(patents)
    return fit


def keep() -> int:
    """How many rows a list holds."""
    return grand.KEEP if grand.is_needed() else rules.KEEP


def _everything(version: EngineVersion, named: tuple[int, str], now: int) -> _Fit:
    if grand.is_needed():
        corpus = _corpus(version.pk)
        mapped, pulse = grand.arena_of(version, corpus, now)
        national = National(mapped, corpus, weights(version), today=version.as_of)
        owners = zip(mapped.keys.tolist(), mapped.owner.tolist(), strict=True)
        holders = {key: None if math.isnan(owner) else int(owner) for key, owner in owners}
        return _Fit(named, pulse, national, suppliers=holders)
    bare, patents = scorer(version), list(feeding.supplies())
    fitted = bare.fit(patents, corpus=bare.corpus)
    return _Fit(named, now, fitted, suppliers=_suppliers(patents))


def forget() -> None:
    """Drop this process's fit (tests, and commands that are done with it)."""
    global _fit, _readers
    _fit = _readers = None
    hearing.forget()
    _corpus.cache_clear()
