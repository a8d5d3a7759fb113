"""What people read: each signal's part of a score, with the words or codes behind it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.text import encode, generic_words, is_word, normalise, word_edges, words
from matching.engine import need, taxonomy
from matching.engine.corpus import Corpus
from matching.engine.terms import counted
from matching.engine.types import Demand, Reason, Supply

_MOST_WORDS = 6
_TRANSLATED = 3  # pairs of words shown
_ALIKE = 0.5  # cosine from which two words are taken for each other's translation
_LOOKED_AT = 12  # the most telling words of the need that are compared
_TITLE_WORDS = 24  # with the first words of the foreign text
# Said of anything in needs and patents alike: they count like all text, but prove nothing to a
# reader. Seen in the lists of real needs.
_SAID = (
    "以上 以下 以内 相比 相对 针对 关于 因素 程度 减少 选择 经过 不可避免 成为 避免 能力 "
    "明显 其他 其它 难以 百分比 各种 并且 导致 产生 无法 没有 容易 以便 较低 过程中 结果 "
    "作为 最大限度 大限度 限度 特点 重要 然后 或者 可能 获得 良好 带来 措施 多种 发展 考虑 完善 "
    "包含 含有 时间 二次 部位 作用 最优 改善 减小 常规 范围 对象 生产成本 成本低 产品质量 原理 "
    "运行 人工 初始 自然 参数 分析 支持 价值 状态 组成 空间"
)
_FILLERS = frozenset(_SAID.split())
# 九个, 每公斤; not 三氧化硫, 三层 or 一次风, which name things.
_COUNTED = re.compile(
    r"每.*|[一二三四五六七八九十百千万两几数半]+(?:个|件|种|次|台|套|年|月|天|倍|吨|家|项|公斤|小时|分钟)"
)


def reason(
    kind: str, name: str, value: float, weight: float, ticks: int,
    demand: Demand, supply: Supply, wanted: Sequence[str],
) -> Reason:  # fmt: skip
    """The reason for one signal of one pair."""
    code = name
    evidence: tuple[str, ...] = ()
    if name == "lexical":
        code, evidence = "shared-words", shared_words(wanted, supply)
    elif name == "across":
        code, evidence = "translated-meaning", translated_words(wanted, supply)
    elif name == "semantic":
        code = "close-meaning"
    elif name == "topic":
        code = "same-topic"
    elif name == "taxonomy":
        code, evidence = _meeting(demand, supply)
    elif kind == "structure":
        code, evidence = _structure(name, value, demand, supply)
    elif kind == "behaviour":
        code, evidence = _behaviour(name, value, demand, supply)
    return Reason(
        signal=kind, code=code, value=value, weight=weight, ticks=ticks, evidence=evidence
    )


def telling_words(demand: Demand, corpus: Corpus) -> list[str]:
    """The words of a need that tell it from others, the most telling first."""
    title = normalise(" ".join((demand.title, *demand.keywords)))
    counts = Counter(words(title) + words(title) + words(need.asked(demand.text)))
    skipped = _FILLERS | generic_words()
    weighed = []
    for word, count in counts.items():
        if len(word) >= 2 and not (word.isdigit() or word in skipped or _COUNTED.fullmatch(word)):
            # A word is at most as frequent as its rarest pair of characters.
            numbers = np.asarray(sorted(counted(word)), dtype=np.int64)
            rarity = float(corpus.rarity(numbers).max(initial=0.0))
            weighed.append((-rarity * min(count, 3), word))
    return [word for _, word in sorted(weighed)]


def shared_words(wanted: Sequence[str], supply: Supply) -> tuple[str, ...]:
    """The first of the wanted words that the supply has too, none of them inside another.

    Of a compound that it does not say as a whole, the longest part that it says as a word:
    电池 of 燃料电池.
    """
    text = _Said(normalise(f"{supply.title}\n{supply.text}"))
    chosen: list[str] = []
    for word in wanted:
        said = word if text.says(word) else text.part_of(word)
        if said and not any(said in longer for longer in chosen):
            chosen = [shorter for shorter in chosen if shorter not in said] + [said]
            if len(chosen) == _MOST_WORDS:
                break
    return tuple(chosen)


def _splits(rest: str) -> bool:
    """Whether what a part leaves of its compound is words or an affix; 容器 leaves 超级电."""
    return len(rest) < 2 or all(len(word) > 1 for word in words(rest))


class _Said:
    """What a text says, asked word by word."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spoken = frozenset(words(text))
        self._edges: frozenset[int] | None = None

    def says(self, word: str) -> bool:
        """As a word or at the beginning or end of one."""
        if word in self.spoken:
            return True
        return not word.isascii() and word in self.text and self._stands(word)

    def part_of(self, word: str) -> str:
        """The longest part of a compound that is a word here, nothing if it proves nothing."""
        if word.isascii():
            return ""
        for size in range(len(word) - 1, 1, -1):
            for at in range(len(word) - size, -1, -1):
                part = word[at : at + size]
                if part in self.spoken and _splits(word[:at]) and _splits(word[at + size :]):
                    return "" if part in _FILLERS or part in generic_words() else part
        return ""

    def _stands(self, word: str) -> bool:
        if self._edges is None:
            self._edges = word_edges(self.text)
        at = self.text.find(word)
        while at >= 0 and not is_word(self.text, at, at + len(word), self._edges):
            at = self.text.find(word, at + 1)
        return at >= 0


def translated_words(wanted: Sequence[str], supply: Supply) -> tuple[str, ...]:
    """Words of the need beside the foreign ones that say the same: "电池 – battery"."""
    asked = [word for word in wanted if not word.isascii()][:_LOOKED_AT]
    offered = [
        word
        for word in dict.fromkeys(words(normalise(f"{supply.title}\n{supply.text}")))
        if len(word) > 2 and word not in generic_words() and not word.isdigit()
    ][:_TITLE_WORDS]
    if not asked or not offered:
        return ()
    near = encode(asked) @ encode(offered).T
    chosen: list[str] = []
    taken: set[int] = set()
    for row, word in enumerate(asked):
        best = int(near[row].argmax())
        if near[row, best] >= _ALIKE and best not in taken and len(chosen) < _TRANSLATED:
            taken.add(best)
            chosen.append(f"{word} – {offered[best]}")
    return tuple(chosen)


def _meeting(demand: Demand, supply: Supply) -> tuple[str, tuple[str, ...]]:
    wanted = taxonomy.wanted(demand.ipc, demand.industry_codes)
    offered = taxonomy.offered(supply.ipc, supply.industry_codes)
    for level, _, code in taxonomy.LEVELS:
        both = wanted[level] & offered[level]
        if both:
            return code, tuple(sorted(both))
    return "same-ipc", ()


def _structure(
    name: str, value: float, demand: Demand, supply: Supply
) -> tuple[str, tuple[str, ...]]:
    good = value > 0
    if name == "trl":
        return ("mature-enough" if good else "too-early"), (str(supply.trl), str(demand.trl))
    if name == "price":
        code = "price-within-budget" if good else "price-above-budget"
        return code, (str(supply.price), str(demand.budget))
    if name == "licence_mode":
        return ("licence-mode-fits" if good else "licence-mode-differs"), (supply.licence_mode,)
    if name == "region":
        length = {0.4: 2, 0.7: 4, 1.0: 6}[value]
        return "same-region", (supply.region[:length],)
    return "fresh", (str(supply.listed_on),)


def _behaviour(
    name: str, value: float, demand: Demand, supply: Supply
) -> tuple[str, tuple[str, ...]]:
    if name == "rated":
        return "rated-before", (str(supply.key),)
    liking = "liked" if value > 0 else "disliked"
    if name == "field":
        known = taxonomy.subclasses(supply.ipc) & frozenset(demand.taste.subclasses)
        return f"{liking}-field", tuple(sorted(known))
    return f"{liking}-holder", tuple(h for h in supply.holders if h in demand.taste.holders)
