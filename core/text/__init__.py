"""Tokens and vectors of text, without Django: search and matching share them."""

from core.text.encoder import DIMENSIONS, encode
from core.text.tokeniser import normalise, query_tokens, search_tokens, tokens, words

__all__ = [
    "DIMENSIONS",
    "encode",
    "normalise",
    "query_tokens",
    "search_tokens",
    "tokens",
    "words",
]
