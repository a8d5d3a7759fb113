"""Patents and receivers of national number, spliced from the real texts of ../shared/data.

A made-up patent takes the clauses of one real abstract and of two that lie near it in meaning, and
every eighth word is exchanged for one that the table of vectors holds for akin; its title joins
halves of two real titles. Receivers are four subscriptions (a few keywords) to one need (some
sentences of two near ones). Everything follows from the seed and the block's number. Nothing of
it is written into the project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.text import encode, generic_words, words
from matching.engine import Demand, Supply
from matching.engine.taxonomy import INDUSTRY_CLASSES

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SEED = 450_680
SUPPLIES, DEMANDS, HOLDERS = 680_000, 450_000, 2_700
BLOCK = 2_000
TODAY = date(2026, 11, 20)
_NEAR = 40
_EXCHANGED = 0.12
_NEEDS = 0.2  # the rest are subscriptions
_CLAUSE = re.compile(r"[^，；。,;]+[，；。,;]?")
_MODES = ("exclusive", "sole", "ordinary", "open", "transfer")


def read(name: str) -> list[dict[str, Any]]:
    with (SHARED / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _nearest(vectors: NDArray[np.float32], others: NDArray[np.float32], most: int) -> Any:
    return np.argsort(-(vectors @ others.T), axis=1, kind="stable")[:, :most]


class Sources:
    """The real texts cut into clauses and words, and which of them lie near which."""

    def __init__(self) -> None:
        patents = read("patents_zh.jsonl") + read("patents_zh_g06f.jsonl")[::3]
        classed = read("patents_zh_ipc.jsonl")
        needs = read("needs_zh.jsonl")
        achievements = read("achievements_zh.jsonl")
        self.titles = [p["title"] for p in patents]
        self.clauses = [self._cut(p["abstract"]) for p in patents]
        vectors = encode([f"{p['title']} {p['abstract'][:200]}" for p in patents])
        self.near = _nearest(vectors, vectors, _NEAR)
        self.classed_titles = [p["title"] for p in classed]
        self.ipc = [tuple(p["ipc"][:3]) for p in classed]
        self.near_classed = _nearest(vectors, encode(self.classed_titles), _NEAR)
        self.needs = [n["title"] for n in needs]
        self.need_clauses = [self._cut(n["text"][:1500]) for n in needs]
        need_vectors = encode([f"{n['title']} {n['text'][:300]}" for n in needs])
        self.near_needs = _nearest(need_vectors, need_vectors, 12)
        self.near_need_patents = _nearest(need_vectors, vectors, _NEAR)
        self.keywords = [a["keywords"] for a in achievements if a["keywords"]]
        self.title_words = [
            [w for w in words(t) if len(w) > 1 and w not in generic_words()] or [t]
            for t in self.titles + self.classed_titles
        ]
        self.akin = self._akin()
        divisions = sorted(INDUSTRY_CLASSES)
        self.industries = {
            cls: [d for d in divisions if cls in INDUSTRY_CLASSES[d]]
            for cls in {code[:3] for codes in self.ipc for code in codes}
        }
        rows = (SHARED / "taxonomy" / "gbt2260_cn_divisions.tsv").read_text("utf-8").splitlines()
        self.regions = [c for c in (r.split("\t")[0] for r in rows[1:]) if c[-2:] != "00"]

    @staticmethod
    def _cut(text: str) -> list[list[str]]:
        return [_spelled(clause) for clause in _CLAUSE.findall(text)] or [[text]]

    def _akin(self) -> dict[str, list[str]]:
        """For the words of the sources, the ten nearest of them."""
        seen: dict[str, int] = {}
        for clauses in self.clauses + self.need_clauses:
            for clause in clauses:
                for word in clause:
                    seen[word] = seen.get(word, 0) + 1
        known = sorted(w for w, n in seen.items() if len(w) > 1 and n > 1)
        vectors = encode(known)
        found = {}
        for start in range(0, len(known), 1_000):
            near = _nearest(vectors[start : start + 1_000], vectors, 11)
            for word, row in zip(known[start : start + 1_000], near, strict=True):
                found[word] = [known[n] for n in row if known[n] != word][:10]
        return found


def _spelled(clause: str) -> list[str]:
    """The clause in words, punctuation kept."""
    found: list[str] = []
    at = 0
    for word in words(clause):
        place = clause.lower().find(word, at)
        if place < 0:
            continue
        if place > at:
            found.append(clause[at:place])
        found.append(clause[place : place + len(word)])
        at = place + len(word)
    if at < len(clause):
        found.append(clause[at:])
    return found


@cache
def sources() -> Sources:
    return Sources()


class Splicer:
    """One block's generator of chance and what it writes with it."""

    def __init__(self, kind: int, block: int) -> None:
        self.rng = np.random.default_rng([SEED, kind, block])
        self.of = sources()
        self._draws: list[float] = []

    def draw(self) -> float:
        if not self._draws:
            self._draws = self.rng.random(1 << 15).tolist()
        return self._draws.pop()

    def below(self, size: int) -> int:
        return int(self.draw() * size)

    def close(self, size: int) -> int:
        """A rank below `size`, the first ones more often."""
        return min(size - 1, int((size + 1) ** self.draw()) - 1)

    def one(self, items: Sequence[Any]) -> Any:
        return items[self.below(len(items))]

    def said(self, clause: list[str]) -> str:
        akin = self.of.akin
        return "".join(
            self.one(akin[w]) if w in akin and akin[w] and self.draw() < _EXCHANGED else w
            for w in clause
        )

    def title(self, base: int) -> tuple[str, int]:
        """Halves of two real titles, and the classed patent that the second is of."""
        classed = int(self.of.near_classed[base][self.close(_NEAR)])
        first, second = self.of.titles[base], self.of.classed_titles[classed]
        if self.draw() < 0.5:
            first, second = second, first
        head, _, _ = first.partition("的")
        _, mark, tail = second.rpartition("的")
        return (head + mark + tail if mark else head[: len(head) // 2 + 2] + second[-8:]), classed

    def abstract(self, base: int) -> str:
        near = self.of.near[base]
        others = [base, base, int(near[self.close(_NEAR)]), int(near[self.close(_NEAR)])]
        parts = []
        for place in range(4 + self.below(7)):
            clauses = self.of.clauses[self.one(others)]
            parts.append(self.said(clauses[min(place, len(clauses) - 1)]))
        return "".join(parts)

    def supply(self, key: int) -> Supply:
        base = self.below(len(self.of.titles))
        title, classed = self.title(base)
        ipc = self.of.ipc[classed]
        industries = self.of.industries.get(ipc[0][:3]) if ipc else None
        holder = 1 + self.close(HOLDERS)
        return Supply(
            key=key,
            title=title,
            text=self.abstract(base),
            ipc=ipc,
            industry_codes=(self.one(industries),) if industries and self.draw() < 0.7 else (),
            region=self.of.regions[holder % len(self.of.regions)],
            trl=3 + self.below(7) if self.draw() < 0.6 else None,
            price=Decimal(int(10 ** (4 + 3 * self.draw()))) if self.draw() < 0.4 else None,
            licence_mode=self.one(_MODES) if self.draw() < 0.8 else "",
            listed_on=TODAY - timedelta(days=self.close(1_500)),
            organisation_id=holder,
        )

    def demand(self, key: int) -> Demand:
        return self.need(key) if self.draw() < _NEEDS else self.subscription(key)

    def need(self, key: int) -> Demand:
        base = self.below(len(self.of.needs))
        near = [base, base, int(self.of.near_needs[base][self.close(12)])]
        parts = []
        for _ in range(2 + self.below(6)):
            parts.append(self.said(self.one(self.of.need_clauses[self.one(near)])))
        patent = int(self.of.near_need_patents[base][self.close(_NEAR)])
        title = "".join(self.one(self.of.title_words[patent]) for _ in range(1 + self.below(2)))
        classed = int(self.of.near_classed[patent][self.close(_NEAR)])
        return self._wanting(key, title + self.of.needs[base][-8:], "".join(parts), (), classed)

    def subscription(self, key: int) -> Demand:
        if self.draw() < 0.5:
            found = self.one(self.of.keywords)
            words_, classed = found[: 1 + self.below(3)], self.below(len(self.of.ipc))
        else:
            classed = self.below(len(self.of.ipc))
            found = self.of.title_words[len(self.of.titles) + classed]
            words_ = [self.one(found) for _ in range(1 + self.below(3))]
        keywords = tuple(dict.fromkeys(words_))
        return self._wanting(key, " ".join(keywords), "", keywords, classed)

    def _wanting(
        self, key: int, title: str, text: str, keywords: tuple[str, ...], classed: int
    ) -> Demand:
        ipc = self.of.ipc[classed]
        industries = self.of.industries.get(ipc[0][:3]) if ipc else None
        return Demand(
            key=key,
            title=title,
            text=text,
            keywords=keywords,
            ipc=ipc[:1] if self.draw() < 0.4 else (),
            industry_codes=(self.one(industries),) if industries and self.draw() < 0.6 else (),
            region=self.one(self.of.regions) if self.draw() < 0.5 else "",
            trl=3 + self.below(5) if self.draw() < 0.3 else None,
            budget=Decimal(int(10 ** (4 + 3 * self.draw()))) if self.draw() < 0.3 else None,
            licence_modes=(self.one(_MODES),) if self.draw() < 0.3 else (),
            organisation_id=10_000 + key,
        )


def supplies(start: int, stop: int) -> Iterator[Supply]:
    """The patents of these places, whole blocks at a time."""
    for block in range(start // BLOCK, -(-stop // BLOCK)):
        splicer = Splicer(1, block)
        for key in range(block * BLOCK, (block + 1) * BLOCK):
            supply = splicer.supply(key + 1)
            if start <= key < stop:
                yield supply


def demands(start: int, stop: int) -> Iterator[Demand]:
    """The receivers of these places."""
    for block in range(start // BLOCK, -(-stop // BLOCK)):
        splicer = Splicer(2, block)
        for key in range(block * BLOCK, (block + 1) * BLOCK):
            demand = splicer.demand(key + 1)
            if start <= key < stop:
                yield demand
