"""Tokens and vectors of text, without Django: search and matching share them."""

from core.text.encoder import DIMENSIONS, encode
from core.text.tokeniser import (
    generic_words,
    normalise,
    query_tokens,
    search_tokens,
    tokens,
    words,
)

__all__ = [
    "DIMENSIONS",
    "encode",
    "generic_words",
    "normalise",
    "query_tokens",
    "search_tokens",
    "tokens",
    "words",
]
