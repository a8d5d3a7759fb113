"""Do texts meet across languages? The same thing's title in Chinese and in English.

    python benchmarks/match_languages.py --zh ipc_zh.tsv --en ipc_en.tsv

Two tab-separated files with a column `code` and a title in `title_zh` and `title_en`. Notes in
brackets are stripped, since they quote other symbols. Each title looks for its own translation
among all; MRR is the mean of 1/rank. It also says how many texts a core encodes in a second, for
the word vectors that all texts have and for the sentence rows that count where languages differ.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.text import encode, sentences

_NOTE = re.compile(r"[（(\[{][^（()）\[\]{}]*[)）\]}]")
_AT_ONCE = 1_000


def stripped(title: str) -> str:
    """Without notes in brackets, also nested ones."""
    shorter = _NOTE.sub("", title)
    return stripped(shorter) if shorter != title else title.strip()


def titles(path: Path, column: str) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as rows:
        found = {r["code"]: stripped(r[column]) for r in csv.DictReader(rows, delimiter="\t")}
    return {code: title for code, title in found.items() if title}


def reciprocal_ranks(asked: NDArray[np.float32], among: NDArray[np.float32]) -> NDArray[np.float64]:
    """1/rank of each row's own partner; a tie counts as half a place."""
    found = []
    for start in range(0, len(asked), _AT_ONCE):
        near = asked[start : start + _AT_ONCE] @ among.T
        own = near[np.arange(len(near)), np.arange(start, start + len(near))][:, None]
        found.append(1 / (1 + (near > own).sum(axis=1) + ((near == own).sum(axis=1) - 1) / 2))
    return np.concatenate(found) if found else np.zeros(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zh", type=Path, required=True)
    parser.add_argument("--en", type=Path, required=True)
    chosen = parser.parse_args()
    chinese, english = titles(chosen.zh, "title_zh"), titles(chosen.en, "title_en")
    codes = [code for code in chinese if code in english]
    if not codes:
        print("No code has a title in both files.")
        return 1
    for name, encoded in (("word vectors", encode), ("sentence rows", read)):
        encoded(["first 第一"])  # tables are read once
        started = time.process_time()
        left = encoded([chinese[code] for code in codes])
        right = encoded([english[code] for code in codes])
        speed = 2 * len(codes) / (time.process_time() - started)
        print(f"{name}: {len(codes)} titles in both languages, {speed:,.0f} a second of CPU")
        for way, ranks in (
            ("Chinese to English", reciprocal_ranks(left, right)),
            ("English to Chinese", reciprocal_ranks(right, left)),
        ):
            first, ten = (ranks == 1).mean(), (ranks >= 0.1).mean()
            print(f"  {way}: MRR {ranks.mean():.3f}, first {first:.3f}, among ten {ten:.3f}")
    return 0


def read(texts: list[str]) -> NDArray[np.float32]:
    """The sentence rows of these titles, as the engine holds them against each other."""
    return sentences.rows([sentences.sentence(text) for text in texts]).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
