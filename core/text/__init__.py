"""Tokens and vectors of text, without Django: search and matching share them."""

from core.text.encoder import DIMENSIONS, encode
from core.text.tokeniser import (
    generic_words,
    is_word,
    normalise,
    query_tokens,
    search_tokens,
    tokens,
    word_edges,
    words,
)

__all__ = [
    "DIMENSIONS",
    "encode",
    "generic_words",
    "is_word",
    "normalise",
    "query_tokens",
    "search_tokens",
    "tokens",
    "word_edges",
    "words",
]
