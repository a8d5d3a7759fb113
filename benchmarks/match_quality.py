"""How well does the engine rank? Judged needs against documents, beside honest baselines.

    python benchmarks/match_quality.py --needs needs.jsonl --docs docs.jsonl --qrels qrels.tsv

Needs and documents are JSON lines with `id`, `title` and, where there is one, `text` or
`abstract` and `keywords`. The judgements are tab-separated: `qid docid grade`, with a header;
repeated pairs are averaged. Without server and network.

The protocol: each need's judged documents are reranked and scored by nDCG@10 with gain
2**grade - 1, over needs with at least five judged documents and two different grades. Searching
all documents gives Recall@100 at grade 2 and above; AUC tells judged documents of grade 2 and
above from the rest, need by need. Intervals are paired bootstraps over the same needs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.match_learned import held_out
from core.text import tokens, words
from matching.engine import Demand, Engine, Supply, Weights

Scores = NDArray[np.float64]
Record = dict[str, Any]

TITLE_WEIGHTS = (1.0, 2.0, 3.0, 5.0, 10.0)
K1S = (0.6, 1.2, 2.0, 3.0)
BS = (0.3, 0.5, 0.75, 0.9)
RESAMPLES = 20_000
TOP = 1_000
DRAWS = 20


@dataclass(frozen=True)
class Pool:
    """One need's judged documents."""

    need: int
    documents: NDArray[np.int64]
    grades: Scores

    @property
    def counts(self) -> bool:
        return len(self.grades) >= 5 and len(np.unique(self.grades)) >= 2


def read_records(path: Path) -> list[Record]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def title_of(record: Record) -> str:
    return str(record.get("title") or "")


def text_of(record: Record) -> str:
    """The description; failing that the keywords, if they say more than the title."""
    text = str(record.get("text") or record.get("abstract") or "")
    extra = [str(word) for word in record.get("keywords") or ()]
    if not text and "".join(extra) != title_of(record):
        return " ".join(word for word in extra if word not in title_of(record))
    return text


def read_pools(path: Path, needs: list[Record], documents: list[Record]) -> list[Pool]:
    """The judgements that name a known need and a known document."""
    need_at = {str(record["id"]): place for place, record in enumerate(needs)}
    document_at = {str(record["id"]): place for place, record in enumerate(documents)}
    grades: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in path.read_text("utf-8").splitlines()[1:]:
        need, document, grade = line.split("\t")[:3]
        if need in need_at and document in document_at:
            grades[need_at[need]][document_at[document]].append(float(grade))
    return [
        Pool(
            need=need,
            documents=np.array(sorted(judged), dtype=np.int64),
            grades=np.array([np.mean(judged[place]) for place in sorted(judged)]),
        )
        for need, judged in sorted(grades.items())
    ]


# --- Measures -------------------------------------------------------------------------------


def ndcg(scores: Scores, pools: Sequence[Pool], depth: int = 10) -> Scores:
    """nDCG of each counted need; equal scores stand in the order of the documents."""
    found = []
    for pool in pools:
        gains = 2.0**pool.grades - 1
        order = np.argsort(-scores[pool.need, pool.documents], kind="stable")
        discount = 1 / np.log2(np.arange(2, min(depth, len(gains)) + 2))
        best = np.sort(gains)[::-1][: len(discount)] @ discount
        found.append(gains[order][: len(discount)] @ discount / best)
    return np.array(found)


def auc(scores: Scores, pools: Sequence[Pool]) -> float:
    """How often a document of grade 2 and above stands before one below, mean over needs."""
    found = []
    for pool in pools:
        values = scores[pool.need, pool.documents]
        good, rest = values[pool.grades >= 2], values[pool.grades < 2]
        if len(good) and len(rest):
            above = (good[:, None] > rest).mean() + (good[:, None] == rest).mean() / 2
            found.append(above)
    return float(np.mean(found)) if found else float("nan")


def recall(scores: Scores, pools: Sequence[Pool], depth: int = 100) -> float:
    """The share of documents of grade 2 and above among the first `depth` of all."""
    found = []
    for pool in pools:
        good = pool.documents[pool.grades >= 2]
        if len(good):
            first = np.argsort(-scores[pool.need], kind="stable")[:depth]
            found.append(np.isin(good, first).mean())
    return float(np.mean(found)) if found else float("nan")


def interval(difference: Scores) -> tuple[float, float]:
    """The 95 % interval of a mean paired difference, by bootstrap over needs."""
    generator = np.random.default_rng(0)
    picks = generator.integers(0, len(difference), (RESAMPLES, len(difference)))
    low, high = np.quantile(difference[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


# --- Scorers --------------------------------------------------------------------------------


def fitted(documents: list[Record], weights: Weights) -> Engine:
    """The platform's own engine, exactly as the server runs it."""
    return Engine(weights).fit(
        Supply(key=place, title=title_of(record), text=text_of(record))
        for place, record in enumerate(documents)
    )


def demands_of(needs: list[Record]) -> list[Demand]:
    return [
        Demand(key=place, title=title_of(record), text=text_of(record))
        for place, record in enumerate(needs)
    ]


def engine_scores(needs: list[Record], documents: list[Record], weights: Weights) -> Scores:
    """What it says of every pair, in ticks."""
    _, _, ticks = fitted(documents, weights).scores(demands_of(needs))
    return ticks.astype(np.float64)


class Bm25:
    """Plain BM25 over any tokens; a need's title counts `title` times its text."""

    def __init__(
        self, needs: list[Record], documents: list[Record], split: Callable[[str], list[str]]
    ) -> None:
        vocabulary: dict[str, int] = {}
        whole = [Counter(split(f"{title_of(r)}\n{text_of(r)}")) for r in documents]
        for bag in whole:
            for token in bag:
                vocabulary.setdefault(token, len(vocabulary))
        self.documents = _matrix(whole, vocabulary)
        self.titles = _matrix((Counter(split(title_of(r))) for r in needs), vocabulary)
        self.texts = _matrix((Counter(split(text_of(r))) for r in needs), vocabulary)
        frequency = np.bincount(self.documents.indices, minlength=len(vocabulary))
        self.rarity = np.log(1 + (len(documents) - frequency + 0.5) / (frequency + 0.5))

    def scores(self, title: float, k1: float, b: float) -> Scores:
        impact = self.documents.copy()
        lengths = np.asarray(self.documents.sum(axis=1)).ravel()
        each = np.repeat(lengths / lengths.mean(), np.diff(impact.indptr))
        impact.data = impact.data * (k1 + 1) / (impact.data + k1 * (1 - b + b * each))
        query = (title * self.titles + self.texts) @ sparse.diags(self.rarity)
        return np.asarray((query @ impact.T).toarray(), dtype=np.float64)

    def best(self, pools: Sequence[Pool]) -> tuple[Scores, str]:
        """The best of a small grid on these very judgements: a baseline that cannot complain."""
        tried = (
            (float(ndcg(self.scores(*setting), pools).mean()), setting)
            for setting in product(TITLE_WEIGHTS, K1S, BS)
        )
        _, (title, k1, b) = max(tried)
        return self.scores(title, k1, b), f"title x{title:g}, k1 {k1:g}, b {b:g}"


def _matrix(bags: Iterable[Counter[str]], vocabulary: dict[str, int]) -> sparse.csr_matrix:
    ends, columns, values = [0], [], []
    for bag in bags:
        for token, count in bag.items():
            if token in vocabulary:
                columns.append(vocabulary[token])
                values.append(float(count))
        ends.append(len(columns))
    shape = (len(ends) - 1, len(vocabulary))
    return sparse.csr_matrix((values, columns, ends), shape=shape)


def write_run(path: Path, scores: Scores, pools: Sequence[Pool], needs: list[Record],
              documents: list[Record]) -> None:  # fmt: skip
    """Every judged pair and each need's first thousand: `qid docid score`."""
    judged = {pool.need: set(pool.documents.tolist()) for pool in pools}
    with path.open("w", encoding="utf-8") as out:
        for need, record in enumerate(needs):
            order = np.argsort(-scores[need], kind="stable")
            first = order[:TOP].tolist()
            rest = sorted(judged.get(need, set()) - set(first), key=lambda d: -scores[need, d])
            for document in (*first, *rest):
                score = scores[need, document] / 10_000
                out.write(f"{record['id']}\t{documents[document]['id']}\t{score:.4f}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--needs", type=Path, required=True)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--qrels", type=Path, required=True)
    parser.add_argument("--run", type=Path, help="write the engine's scores here")
    chosen = parser.parse_args()
    needs, documents = read_records(chosen.needs), read_records(chosen.docs)
    every = read_pools(chosen.qrels, needs, documents)
    pools = [pool for pool in every if pool.counts]
    print(
        f"{len(needs)} needs, {len(documents)} documents; {len(every)} needs judged, "
        f"{len(pools)} with at least 5 judged documents and 2 grades"
    )
    if not pools:
        print("Nothing to score: no need has enough judged documents.")
        return 1
    ready = fitted(documents, Weights())
    engine = ready.scores(demands_of(needs))[2].astype(np.float64)
    by_words, words_setting = Bm25(needs, documents, words).best(pools)
    by_characters, characters_setting = Bm25(needs, documents, tokens).best(pools)
    generator = np.random.default_rng(0)
    luck = [generator.random(engine.shape) for _ in range(DRAWS)]
    rows = (
        ("engine", [engine], "default weights"),
        ("BM25 characters + bigrams", [by_characters], characters_setting),
        ("BM25 words", [by_words], words_setting),
        ("random", luck, f"mean of {DRAWS} draws"),
    )
    ours = ndcg(engine, pools)
    print(f"{'':27}{'nDCG@10':>8} {'engine minus this, 95 %':>27} {'AUC':>6} {'R@100':>6}  setting")
    for name, runs, setting in rows:
        theirs = np.mean([ndcg(scores, pools) for scores in runs], axis=0)
        area = np.mean([auc(scores, every) for scores in runs])
        found = np.mean([recall(scores, every) for scores in runs])
        gap = ""
        if name != "engine":
            low, high = interval(ours - theirs)
            gap = f"{(ours - theirs).mean():+.4f} [{low:+.4f}, {high:+.4f}]"
        print(f"{name:27}{theirs.mean():8.4f} {gap:>27} {area:6.3f} {found:6.3f}  {setting}")
    learned, setting = held_out(ready, demands_of(needs), pools)
    low, high = interval(ours - learned)
    gap = f"{(ours - learned).mean():+.4f} [{low:+.4f}, {high:+.4f}]"
    print(
        f"{'learned (cross-validated)':27}{learned.mean():8.4f} {gap:>27} {'':6} {'':6}  {setting}"
    )
    low, high = interval(learned - ndcg(by_characters, pools))
    gap = f"{(learned - ndcg(by_characters, pools)).mean():+.4f} [{low:+.4f}, {high:+.4f}]"
    print(f"{'':27}{'':8} {gap:>27} is learned minus BM25 characters")
    if chosen.run:
        write_run(chosen.run, engine, every, needs, documents)
        print(f"Scores written to {chosen.run}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
