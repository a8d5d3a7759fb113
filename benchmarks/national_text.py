"""Made-up patents that read like patents: words by topic, with the frequencies that words have.

The words are those of `core/text` (its own technical terms and their neighbours in the table of
vectors), in 64 topics by k-means; inside a topic the word of rank r is picked with 1/r. Titles
begin with 一种 in six of ten, a third ends in 方法: as in the gazette, the commonest bigrams stand
in most titles. Everything follows from the seed and the patent's place, in any order, on any core.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

TABLE = Path(__file__).parents[1] / "core" / "text"
TOPICS = 64
CHINESE, ENGLISH = 7_000, 2_400
SEED = 680_000
ENGLISH_SHARE = 0.02
OUTSIDE = 0.25  # picks from all topics
SUBCLASSES = (
    *("A01B", "A01G", "A01K", "A23L", "A41D", "A47J", "A61B", "A61F", "A61K", "A61M", "A62C"),
    *("B01D", "B01F", "B01J", "B02C", "B05B", "B07C", "B08B", "B21D", "B22F", "B23K", "B23P"),
    *("B24B", "B25J", "B29C", "B32B", "B60L", "B60R", "B61L", "B62D", "B63B", "B64C", "B65B"),
    *("B65G", "C01B", "C02F", "C04B", "C05G", "C07C", "C07D", "C08L", "C09D", "C10L", "C12N"),
    *("C21D", "C22C", "D01F", "D06M", "E01C", "E02D", "E04B", "E21B", "F02M", "F04D", "F16H"),
    *("F21V", "F24F", "F25B", "G01N", "G06F", "G06T", "H01M", "H02J", "H04L"),
)
HEADS = (
    *(("方法", 0.20), ("装置", 0.17), ("系统", 0.12), ("制备方法", 0.08), ("设备", 0.07)),
    *(("机构", 0.06), ("结构", 0.05), ("工艺", 0.03), ("材料", 0.03), ("组合物", 0.02)),
    *(("控制方法", 0.03), ("检测方法", 0.03), ("检测装置", 0.03), ("加工设备", 0.02)),
    *(("生产线", 0.01), ("夹具", 0.02), ("组件", 0.02), ("", 0.01)),
)
OPENERS = (("一种", 0.62), ("", 0.30), ("新型", 0.05), ("一种新型", 0.03))
LINKS = (
    *(("基于{}的", 0.20), ("用于{}的", 0.20), ("具有{}功能的", 0.06), ("带{}的", 0.05)),
    *(("便于{}的", 0.06), ("", 0.43)),
)
TAILS = (("", 0.80), ("及其制备方法", 0.05), ("及其应用", 0.05), ("及系统", 0.05), ("和装置", 0.05))
CLAUSES = (
    *("包括{}和{}，", "所述{}与{}固定连接，", "通过{}对{}进行处理，", "将{}加入{}中，"),
    *("在{}上设置{}，", "采用{}代替{}，", "利用{}检测{}，", "{}位于{}的一侧，"),
)
GAINS = (
    *("提高了{}的效率。", "降低了{}的成本。", "改善了{}的稳定性。", "解决了{}容易损坏的问题。"),
    *("延长了{}的使用寿命。", "使{}更加方便、安全。"),
)
ENGLISH_HEADS = ("method", "system", "apparatus", "device", "process", "composition", "sensor")


@dataclass(frozen=True)
class Words:
    """The words of each topic, the commonest first; and all of them."""

    chinese: tuple[tuple[str, ...], ...]
    english: tuple[tuple[str, ...], ...]
    everything: tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """One patent's words."""

    topic: int
    title: str
    abstract: str
    is_english: bool


def _near(
    names: list[str], vectors: NDArray[np.float32], terms: NDArray[np.float32], most: int
) -> list[int]:
    """The places of the words that lie nearest to technical terms."""
    close = np.sort(vectors @ terms.T, axis=1)[:, -5:].mean(axis=1)
    return [int(place) for place in np.argsort(-close, kind="stable")[:most]]


@cache
def words() -> Words:
    """The vocabulary, the same on every machine."""
    with np.load(TABLE / "vectors.npz") as stored:
        names = stored["words"].tobytes().decode("utf-8").split("\n")
        vectors = stored["vectors"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    row = {name: place for place, name in enumerate(names)}
    own = [row[term] for term in (TABLE / "terms.txt").read_text("utf-8").split() if term in row]
    han = [n for n, name in enumerate(names) if name[0] >= "\u4e00" and 2 <= len(name) <= 4]
    latin = [n for n, name in enumerate(names) if name.isascii() and name.isalpha()]
    latin = [n for n in latin if len(names[n]) > 3]
    chosen = [han[n] for n in _near(names, vectors[han], vectors[own], CHINESE)]
    chosen = list(dict.fromkeys([*own, *chosen]))
    foreign = [latin[n] for n in _near(names, vectors[latin], vectors[own], ENGLISH)]
    centres, labels = kmeans2(vectors[chosen], TOPICS, minit="++", seed=SEED, iter=20)
    places = np.argmax(vectors[foreign] @ centres.T, axis=1)
    rng = np.random.default_rng(SEED)
    chinese: list[list[str]] = [[] for _ in range(TOPICS)]
    english: list[list[str]] = [[] for _ in range(TOPICS)]
    for n in rng.permutation(len(chosen)):
        chinese[labels[n]].append(names[chosen[n]])
    for n in rng.permutation(len(foreign)):
        english[places[n]].append(names[foreign[n]])
    everything = tuple(names[chosen[n]] for n in rng.permutation(len(chosen)))
    return Words(
        tuple(tuple(topic or everything[:50]) for topic in chinese),
        tuple(tuple(topic or ("sensor", "valve", "battery")) for topic in english),
        everything,
    )


class Writer:
    """Writes one block of patents from its own generator."""

    def __init__(self, block: int) -> None:
        self.rng = np.random.default_rng([SEED, block])
        self.words = words()
        self._draws: NDArray[np.float64] = np.empty(0)
        self._at = 0

    def draw(self) -> float:
        if self._at == len(self._draws):
            self._draws, self._at = self.rng.random(1 << 16), 0
        self._at += 1
        return float(self._draws[self._at - 1])

    def rank(self, size: int) -> int:
        """A place below `size`, the place r with a weight of about 1/(r+1)."""
        return min(size - 1, int((size + 1) ** self.draw()) - 1)

    def one(self, options: tuple[tuple[str, float], ...]) -> str:
        left = self.draw()
        for value, weight in options:
            left -= weight
            if left < 0:
                return value
        return options[0][0]

    def word(self, topic: int) -> str:
        everything = self.words.everything
        if self.draw() < OUTSIDE:
            return everything[self.rank(len(everything))]
        own = self.words.chinese[topic]
        return own[self.rank(len(own))]

    def text(self) -> Text:
        topic = self.rank(TOPICS)
        if self.draw() < ENGLISH_SHARE:
            return self.english(topic)
        subject = self.word(topic) + self.word(topic)
        link = self.one(LINKS).format(self.word(topic))
        title = self.one(OPENERS) + link + subject + self.one(HEADS) + self.one(TAILS)
        clauses = [
            CLAUSES[int(self.draw() * len(CLAUSES))].format(self.word(topic), self.word(topic))
            for _ in range(3 + int(self.draw() * 4))
        ]
        gain = GAINS[int(self.draw() * len(GAINS))].format(self.word(topic))
        abstract = f"本发明公开了{title}，属于{self.word(topic)}技术领域，{''.join(clauses)}{gain}"
        return Text(topic, title, abstract, is_english=False)

    def english(self, topic: int) -> Text:
        own = self.words.english[topic]

        def word() -> str:
            return own[self.rank(len(own))]

        head = ENGLISH_HEADS[int(self.draw() * len(ENGLISH_HEADS))]
        title = f"{word()} {word()} {head} for {word()}".capitalize()
        body = ". ".join(f"The {word()} is coupled to the {word()} of the {head}" for _ in range(4))
        return Text(topic, title, f"A {title.lower()}. {body}.", is_english=True)
