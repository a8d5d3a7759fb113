"""What workers have read, put together into one arena: the same in whatever parts it came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.engine.across import joined
from matching.engine.arena import STEPS, Arena, Part
from matching.engine.blocks import IMPACT
from matching.engine.clusters import clustered

_COMMON = 0.10  # terms in more of the stock than this find nobody: left out of the postings


def build(parts: Sequence[Part], *, seed: int = 0) -> Arena:
    """One arena from what the workers have read."""
    keys = np.concatenate([np.zeros(0, np.int64), *(p.keys for p in parts)])
    by_key = np.argsort(keys, kind="stable")
    meaning = _by_key(parts, by_key)
    centres, label = clustered(meaning, seed)
    order = np.argsort(label, kind="stable")
    rows = by_key[order]  # row of the arena -> row of the parts
    terms, impacts = _terms(parts, rows)
    heads, holders, steps = postings(impacts)
    facts = [fact for p in parts for fact in p.facts]
    known = _fact_columns([facts[row] for row in rows.tolist()])
    sizes = [len(p.keys) for p in parts]
    known["side"]["foreign"] = joined([p.foreign for p in parts], sizes).of(rows)
    return Arena(
        keys=keys[rows],
        meaning=meaning[order],
        starts=impacts.indptr.astype(np.int64),
        columns=impacts.indices,
        impacts=impacts.data,
        terms=terms,
        heads=heads,
        holders=holders,
        steps=steps,
        centres=centres,
        cluster=label[order].astype(np.int32),
        **known,
    )


def _by_key(parts: Sequence[Part], by_key: NDArray[np.int64]) -> NDArray[np.int16]:
    """The vectors of all parts in the order of keys, without a copy in between."""
    target = np.empty(len(by_key), np.int64)
    target[by_key] = np.arange(len(by_key))
    width = parts[0].meaning.shape[1] if parts else 0
    meaning = np.empty((len(by_key), width), np.int16)
    at = 0
    for part in parts:
        meaning[target[at : at + len(part.keys)]] = part.meaning
        at += len(part.keys)
    return meaning


def _terms(
    parts: Sequence[Part], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], sparse.csr_matrix]:
    """The vocabulary, and each row's impacts by column in the arena's order."""
    known = np.unique(np.concatenate([np.zeros(0, np.int64), *(p.terms for p in parts)]))
    heads, columns, impacts = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)], []
    for part in parts:
        place = np.searchsorted(known, part.terms).astype(np.int32)
        columns.append(np.concatenate([place, place + np.int32(len(known))])[part.columns])
        impacts.append(part.impacts)
        heads.append(part.ends[1:] + heads[-1][-1])
    matrix = sparse.csr_matrix(
        (
            np.concatenate([np.zeros(0, np.int16), *impacts]),
            np.concatenate(columns),
            np.concatenate(heads),
        ),
        shape=(len(rows), 2 * len(known)),
    )
    return known, matrix[rows]


def postings(
    impacts: sparse.csr_matrix,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int16]]:
    """Which rows each column stands in, without the columns that nearly all rows have."""
    by_column = impacts.tocsc()
    sizes = np.diff(by_column.indptr)
    kept = sizes <= max(_COMMON * impacts.shape[0], 1_000)
    heads = np.concatenate([[0], np.cumsum(np.where(kept, sizes, 0))]).astype(np.int64)
    found = by_column[:, np.flatnonzero(kept)]
    steps = np.rint(np.arange(IMPACT + 1) * (STEPS / IMPACT)).astype(np.int16)
    return heads, found.indices, steps[found.data]


def _fact_columns(facts: list[tuple[Any, ...]]) -> dict[str, Any]:
    kinds, kind = _coded([f[0] for f in facts])
    modes, mode = _coded([f[4] for f in facts])
    regions, region = _coded([f[5] for f in facts])
    names, name = _coded([f[8] for f in facts])
    return {
        "kind": kind,
        "owner": _floats([f[1] for f in facts]),
        "trl": _floats([f[2] for f in facts]),
        "price": _floats([f[3] for f in facts]),
        "mode": mode,
        "region": region,
        "listed": _floats([f[6] for f in facts]),
        "side": {
            "kinds": kinds,
            "modes": modes,
            "regions": regions,
            "hidden_from": {row: f[7] for row, f in enumerate(facts) if f[7]},
            "names": names,
            "name": name if len(names) > 1 else None,
        },
    }


def _coded(values: list[Any]) -> tuple[list[Any], NDArray[np.int32]]:
    codes: dict[Any, int] = {}
    found = [codes.setdefault(value, len(codes)) for value in values]
    return list(codes), np.asarray(found, np.int32)


def _floats(values: list[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if v is None else float(v) for v in values], np.float64)
