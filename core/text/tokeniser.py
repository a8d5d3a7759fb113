"""Text into tokens: the one reading of Chinese and Latin text that search and matching share.

Characters and bigrams beat dictionary words on Chinese technical titles, need no dictionary and
answer one-character queries, so they carry search and the lexical signal. Dictionary words
(rjieba) are for people's eyes and for the word vectors.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

import rjieba

# One alternative per script: a run of Chinese characters, or a run of letters and digits of any
# other script. Everything else separates.
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_LONGEST = 64  # PostgreSQL refuses lexemes above 2 KB; no real word comes near this
_TERMS = Path(__file__).with_name("terms.txt")
_GENERIC = Path(__file__).with_name("generic.txt")
_TERM_FREQUENCY = 500  # enough for a term to win over the words it is made of


def normalise(text: str) -> str:
    """Full-width and compatibility forms folded (NFKC), lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def runs(text: str) -> list[str]:
    """The unbroken runs of Chinese characters and of other letters and digits."""
    return [run[:_LONGEST] if not is_han(run[0]) else run for run in _RUN.findall(normalise(text))]


def is_han(character: str) -> bool:
    """Is this one character Chinese?"""
    return (
        "\u4e00" <= character <= "\u9fff"
        or "\u3400" <= character <= "\u4dbf"
        or "\U00020000" <= character <= "\U0003134f"
        or character == "\u3007"
    )


def tokens(text: str) -> list[str]:
    """Each Chinese character, each bigram within a run, each other word; repeats are kept."""
    found: list[str] = []
    for run in runs(text):
        if is_han(run[0]):
            found.extend(run)
            found.extend(first + second for first, second in pairwise(run))
        else:
            found.append(run)
    return found


def search_tokens(text: str) -> list[str]:
    """What is indexed for search: the distinct tokens, sorted.

    Letters and digits only, so `array_to_tsvector` takes them as they are.
    """
    return sorted(set(tokens(text)))


def query_tokens(text: str) -> list[str]:
    """What a query must find, all of it: bigrams, or the character itself where it stands alone.

    Every one of them is among the `search_tokens` of a text that contains the query's words.
    """
    found: dict[str, None] = {}
    for run in runs(text):
        if is_han(run[0]) and len(run) > 1:
            found.update(dict.fromkeys(first + second for first, second in pairwise(run)))
        else:
            found[run] = None
    return list(found)


@cache
def _segmenter() -> rjieba.Jieba:
    segmenter = rjieba.Jieba()
    for term in technical_terms():
        segmenter.add_word(term, _TERM_FREQUENCY, "n")
    return segmenter


@cache
def technical_terms() -> tuple[str, ...]:
    """Our own list of technical words that a general dictionary lacks."""
    return tuple(_TERMS.read_text("utf-8").lower().split())


@cache
def generic_words() -> frozenset[str]:
    """Words said of every technology ("method", "system", "improve"), so telling little."""
    return frozenset(_GENERIC.read_text("utf-8").split())


def word_edges(text: str) -> frozenset[int]:
    """Where in a text a Chinese word begins or ends, by the same dictionary; the text as it is."""
    edges: set[int] = set()
    for run in _RUN.finditer(text):
        at = run.start()
        edges.add(at)
        if is_han(run.group()[0]):
            for word in _segmenter().cut(run.group(), hmm=False):
                at += len(word)
                edges.add(at)
        else:
            edges.add(run.end())
    return frozenset(edges)


def is_word(text: str, start: int, end: int, edges: frozenset[int]) -> bool:
    """Whether this stretch is whole words of the text, or begins or ends a Chinese one.

    石墨 begins 石墨烯; 气体 is no part of 天然气体积, nor LED of "controlled".
    """
    if start in edges and end in edges:
        return True
    inside = any(at in edges for at in range(start + 1, end))
    return not inside and is_han(text[start]) and (start in edges or end in edges)


def words(text: str) -> list[str]:
    """Readable dictionary words and Latin words, in order, without punctuation."""
    found: list[str] = []
    for run in runs(text):
        if is_han(run[0]):
            found.extend(_segmenter().cut(run, hmm=False))
        else:
            found.append(run)
    return found
