"""What the engine knows about the stock as a whole, frozen: one engine version.

Scores depend on the two texts and on this, on nothing else; so a version can be stored, loaded
elsewhere and put back, and a match found today by one patent's change equals the one the next
full run finds.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.text.encoder import DIMENSIONS
from matching.engine import kindred
from matching.engine.bulk import bags_of
from matching.engine.terms import Bags
from matching.engine.types import Supply
from matching.engine.vectors import meaning, on_grid

TOPICS = 256
_TOPIC_TERMS = 60_000  # the most frequent terms that occur more than once
_TOPIC_SUPPLIES = 30_000  # enough to learn topics from
_FEWEST = 50  # below this there are no topics to learn
_LEAST_STOCK = 50  # fewer do not tell what is rare: one patent makes its own words common
_FORMAT = 1
_AT_ONCE = 20_000  # texts whose terms are counted in one go


@dataclass(frozen=True, eq=False)
class Corpus:
    """Term statistics and topics of one stock at one time."""

    name: str
    supplies: int
    mean_length: float  # terms of title and text
    mean_title: float
    terms: NDArray[np.int64]  # sorted
    frequencies: NDArray[np.int64]  # in how many supplies each term occurs
    topic_terms: NDArray[np.int64]  # sorted
    topics: NDArray[np.float32]  # one row for each topic term
    # Vectors and topics of a sample of the stock; none in a small one, or an older version.
    kindred: NDArray[np.float32] = field(default_factory=lambda: _nobody())

    @classmethod
    def freeze(cls, supplies: Iterable[Supply], *, name: str = "") -> Corpus:
        """The statistics of this stock; the same stock in any order gives the same."""
        stock = sorted(supplies, key=lambda supply: str(supply.key))
        titles = whole = 0.0
        terms, frequencies = np.zeros(0, np.int64), np.zeros(0, np.int64)
        for start in range(0, len(stock), _AT_ONCE):
            part = stock[start : start + _AT_ONCE]
            titles += bags_of([supply.title for supply in part]).lengths.sum()
            bags = bags_of([f"{supply.title}\n{supply.text}" for supply in part])
            whole += bags.lengths.sum()
            terms, frequencies = _more(terms, frequencies, bags.numbers)
        size = max(len(stock), 1)
        topic_terms, topics = _learn(stock, terms, frequencies)
        frozen = cls(
            name=name,
            supplies=len(stock),
            mean_length=max(whole / size, 1.0),
            mean_title=max(titles / size, 1.0),
            terms=terms,
            frequencies=frequencies,
            topic_terms=topic_terms,
            topics=topics,
        )
        return replace(frozen, kindred=frozen._placed(kindred.sampled(stock)))

    def _placed(self, sample: Sequence[Supply]) -> NDArray[np.float32]:
        """Where these supplies lie: vectors and topics abreast, in whole numbers."""
        if not sample:
            return _nobody()
        titles, texts = [s.title for s in sample], [s.text for s in sample]
        whole = bags_of([f"{s.title}\n{s.text}" for s in sample])
        return np.hstack([meaning(titles, texts), on_grid(self.topic_vectors(whole))])

    def rarity(self, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """The inverse document frequency of each term; highest for one never seen."""
        found = _lookup(self.terms, numbers)
        seen = np.where(found >= 0, np.append(self.frequencies, 0)[found], 0)
        ratio = (max(self.supplies, _LEAST_STOCK) - seen + 0.5) / (seen + 0.5)
        return np.asarray(np.log(1 + np.maximum(ratio, 0.0)), dtype=np.float64)

    def topic_vectors(self, bags: Bags) -> NDArray[np.float32]:
        """Where these texts lie among the topics: unit rows, or zeros."""
        found = _lookup(self.topic_terms, bags.numbers)
        known = found >= 0
        rows = np.repeat(np.arange(len(bags)), np.diff(bags.ends))[known]
        values = (1 + np.log(bags.counts[known])) * self.rarity(bags.numbers[known])
        matrix = sparse.csr_matrix(
            (values.astype(np.float32), (rows, found[known])),
            shape=(len(bags), len(self.topic_terms)),
        )
        sums = np.asarray(matrix @ self.topics, dtype=np.float32)
        lengths = np.sqrt((sums * sums).sum(axis=1, keepdims=True))
        return np.asarray(sums / np.where(lengths > 0, lengths, np.float32(1)), np.float32)

    @property
    def digest(self) -> str:
        """Names this version: equal statistics, equal digest."""
        state = hashlib.sha256(
            json.dumps([_FORMAT, self.supplies, self.mean_length, self.mean_title]).encode()
        )
        for part in (self.terms, self.frequencies, self.topic_terms, self.topics):
            state.update(np.ascontiguousarray(part).tobytes())
        if len(self.kindred):
            state.update(self.kindred.astype(np.int16).tobytes())
        return state.hexdigest()[:16]

    def to_bytes(self) -> bytes:
        """For storage; `from_bytes` gives an equal corpus."""
        buffer = io.BytesIO()
        facts = json.dumps(
            {
                "format": _FORMAT,
                "name": self.name,
                "supplies": self.supplies,
                "mean_length": self.mean_length,
                "mean_title": self.mean_title,
            }
        )
        np.savez_compressed(
            buffer,
            facts=np.frombuffer(facts.encode("utf-8"), np.uint8),
            terms=self.terms,
            frequencies=self.frequencies,
            topic_terms=self.topic_terms,
            topics=self.topics.astype(np.float16),
            kindred=self.kindred.astype(np.int16),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Corpus:
        """The corpus that `to_bytes` wrote."""
        with np.load(io.BytesIO(data)) as stored:
            facts = json.loads(stored["facts"].tobytes())
            if facts.pop("format") != _FORMAT:
                raise ValueError("This corpus was written by another engine.")
            return cls(
                **facts,
                terms=stored["terms"],
                frequencies=stored["frequencies"],
                topic_terms=stored["topic_terms"],
                topics=stored["topics"].astype(np.float32),
                kindred=stored["kindred"].astype(np.float32) if "kindred" in stored else _nobody(),
            )


def _nobody() -> NDArray[np.float32]:
    return np.zeros((0, DIMENSIONS + TOPICS), np.float32)


def _lookup(known: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each number stands in the sorted array, or -1."""
    if not len(known):
        return np.full(len(numbers), -1, dtype=np.int64)
    found = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return np.where(known[found] == numbers, found, -1)


def _more(
    terms: NDArray[np.int64], frequencies: NDArray[np.int64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """In how many texts each term occurs, these texts' terms added."""
    seen, counts = np.unique(numbers, return_counts=True)
    every, inverse = np.unique(np.concatenate([terms, seen]), return_inverse=True)
    sums = np.zeros(len(every), np.int64)
    sums[inverse[: len(terms)]] = frequencies
    sums[inverse[len(terms) :]] += counts
    return every, sums


def _learn(
    stock: list[Supply], known_terms: NDArray[np.int64], frequencies: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Latent topics of the stock: which terms keep company (LSA)."""
    shared = np.flatnonzero(frequencies > 1)
    order = np.lexsort((known_terms[shared], -frequencies[shared]))
    chosen = np.sort(shared[order[:_TOPIC_TERMS]])
    terms = known_terms[chosen]
    step = -(-len(stock) // _TOPIC_SUPPLIES) or 1
    sample = bags_of([f"{supply.title}\n{supply.text}" for supply in stock[::step]])
    if len(sample) < _FEWEST or len(terms) < _FEWEST:
        return np.zeros(0, np.int64), np.zeros((0, TOPICS), np.float32)
    found = _lookup(terms, sample.numbers)
    known = found >= 0
    rows = np.repeat(np.arange(len(sample)), np.diff(sample.ends))[known]
    seen = frequencies[chosen].astype(np.float64)
    rarity = np.log(1 + (len(stock) - seen + 0.5) / (seen + 0.5))
    values = (1 + np.log(sample.counts[known])) * rarity[found[known]]
    matrix = sparse.csr_matrix((values, (rows, found[known])), shape=(len(sample), len(terms)))
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix = sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix
    from scipy.sparse.linalg import svds  # slow to import, and few processes freeze a corpus

    count = min(TOPICS, len(sample) // 2, len(terms) // 2)
    start = np.random.default_rng(0).standard_normal(min(matrix.shape))
    _, _, axes = svds(matrix, k=count, v0=start)
    topics = np.zeros((len(terms), TOPICS), dtype=np.float32)
    # Rounded as it is stored, so that a corpus and its stored copy score alike.
    topics[:, :count] = axes.T.astype(np.float16)
    return terms, topics
